"""A flood of positions becomes a rate and a cost: for bare subscribers, and for the whole engine at work.

Every subject gets the same packets from the same generator, up to the same mark. The engine's cost includes what it
does after the mark, until its last decision is on disk.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.direct import DirectBroker
from bench.stores import cart, stops
from bench.subjects import EngineOptions, cpu_s, engine, memory_mb, phones, prepare_ledger, subscriber
from bench.walk import Feed, Pace, chunks, feed, shopper_name, walk
from bench.wire import publish
from demo.child import Child
from offer_engine.core.store_map import StoreMap
from offer_engine.messages import Basket, encode, shopper_topic

GMQTT = EngineOptions()
After = TypeVar("After")

START_MS = -150_000  # from now: the engine believes a clock that is behind, not one that is ahead
SETTLED_S = 0.3  # no new decision for so long: the ledger has caught up


@dataclass(frozen=True, slots=True)
class Flood:
    """Positions to be handled before, and while, the clock runs."""

    store: StoreMap
    folder: Path  # of the store
    shoppers: int
    warm: Feed
    timed: Feed

    @property
    def mark_topic(self) -> str:
        """Whose baskets mark the end: a shopper who shares nothing."""
        return shopper_topic(self.store.store, "mark", "basket")


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast, and at what cost."""

    per_s: float
    cpu_us: float  # a position
    ended_ns: int  # monotonic time at which the last position was read


@dataclass(frozen=True, slots=True)
class EngineRate:
    """The engine's rate, and the proof that it did its work."""

    rate: Rate
    decision_share: float  # decisions per position
    offer_share: float
    pushed: int  # offer frames that arrived at phones
    offers: int  # offers on disk
    rss_mb: float
    rss_peak_mb: float
    behind_s: float  # from the last position read until the last decision was on disk


def flood(store: StoreMap, folder: Path, pace: Pace, steps: tuple[int, int], seed: int) -> Flood:
    """A walk through every zone, so many steps before and while the clock runs."""
    warm, timed = steps
    fed = feed(store.store, walk(stops(store), pace, warm + timed, seed), pace)
    edge = warm * pace.shoppers
    return Flood(store, folder, pace.shoppers, fed.part(0, edge), fed.part(edge))


def bare(kind: str, work: Flood, folder: Path) -> Rate:
    """The rate and cost of a bare subscriber."""
    folder.mkdir(parents=True)
    start_ms = _start_ms()
    warm, timed = chunks(work.warm.timed(start_ms)), chunks(work.timed.timed(start_ms))
    with DirectBroker(work.mark_topic) as broker, subscriber(kind, broker.port, work.store.store, folder) as child:
        broker.await_subscriber()
        broker.flood(warm)
        return _timed(broker, timed, len(work.timed.packets), start_ms, child, lambda: None)[0]


def whole(work: Flood, folder: Path, phone_count: int, options: EngineOptions = GMQTT) -> EngineRate:
    """The rate and cost of the engine with so many phones connected."""
    folder.mkdir(parents=True)
    start_ms, count = _start_ms(), len(work.timed.packets)
    warm, timed = chunks(work.warm.timed(start_ms)), chunks(work.timed.timed(start_ms))
    prepare_ledger(folder / "ledger.db", work.store, work.shoppers, start_ms)
    with DirectBroker(work.mark_topic) as broker, engine(folder, work.folder, broker.port, options) as running:
        broker.await_subscriber()
        with phones(folder, running.port, phone_count) as collect, closing(_read_only(running.db)) as ledger:
            broker.flood([*baskets(work.store, work.shoppers, start_ms), *warm])
            broker.mark(start_ms)
            before = _settled(ledger)
            rate, after = _timed(broker, timed, count, start_ms, running.child, lambda: _settled(ledger))
            rss_mb, rss_peak_mb = memory_mb(running.child), memory_mb(running.child, "VmHWM")
            pushed = len(collect())
    return EngineRate(
        rate,
        (after.decisions - before.decisions) / count,
        (after.offers - before.offers) / count,
        pushed,
        after.offers,
        rss_mb,
        rss_peak_mb,
        (after.at_ns - rate.ended_ns) / 1e9,
    )


def baskets(store: StoreMap, shoppers: int, start_ms: int) -> list[bytes]:
    """Everybody's cart, as packets."""
    payload = encode(Basket(start_ms, 1, cart(store)))
    topics = [shopper_topic(store.store, shopper_name(number), "basket") for number in range(shoppers)]
    return [publish(topic, payload) for topic in topics]


@dataclass(frozen=True, slots=True)
class Ledgered:
    """What is on disk, and since when (monotonic ns)."""

    decisions: int
    offers: int
    at_ns: int


def _start_ms() -> int:
    """The first event time of a flood; its last one is not in the future either."""
    return time.time_ns() // 1_000_000 + START_MS


def _timed(
    broker: DirectBroker, timed: list[bytes], count: int, start_ms: int, child: Child, settle: Callable[[], After]
) -> tuple[Rate, After]:
    """Flood, mark and settle; CPU counts until all is settled, the clock until the mark is acknowledged."""
    began_ns = broker.mark(start_ms)
    cpu_before_s = cpu_s(child)
    broker.flood(timed)
    ended_ns = broker.mark(start_ms)
    after = settle()
    used_s = cpu_s(child) - cpu_before_s
    return Rate(count / (ended_ns - began_ns) * 1e9, used_s / count * 1e6, ended_ns), after


def _read_only(db: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{db}?mode=ro", uri=True)


def _settled(ledger: sqlite3.Connection) -> Ledgered:
    """Decisions and offers on disk, once no more arrive."""
    found = Ledgered(-1, -1, time.monotonic_ns())
    while time.monotonic_ns() - found.at_ns < SETTLED_S * 1e9:
        row = ledger.execute("SELECT (SELECT count(*) FROM decisions), (SELECT count(*) FROM offers)").fetchone()
        if (row[0], row[1]) != (found.decisions, found.offers):
            found = Ledgered(int(row[0]), int(row[1]), time.monotonic_ns())
        time.sleep(SETTLED_S / 10)
    return found
