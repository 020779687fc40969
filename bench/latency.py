"""A steady 5,000 positions a second become two delays, publish to subscriber and to phone, and a count of losses.

Both are measured on the same messages in the same run: a bare subscriber beside the engine says what the broker takes,
the phones say what broker and engine take together. All clocks are this machine's monotonic clock.
"""

import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench.paced import Publisher, await_received, flood_broker, plan, received, stream
from bench.stores import stops
from bench.subjects import EngineOptions, RunningEngine, cpu_s, engine, get_json, phones, prepare_ledger, subscriber
from bench.throughput import START_MS, baskets
from bench.walk import Feed, Pace, feed, shopper_name, walk
from bench.wire import publish
from demo.broker import embedded_broker
from demo.child import Child, stop
from offer_engine.core.store_map import StoreMap
from offer_engine.messages import Basket, encode, shopper_topic

SHOPPERS = 500
PACE = Pace(SHOPPERS, period_ms=100, stand_s=7.0)  # 500 shoppers ten times a second: 5,000/s
UNTIMED_MS = 6000  # everybody comes in at once: histories are read, first visits written; left out
STALL_S = 4.0
BASKETS_PER_S = 50
WINDOW = 20_000  # positions that the flood through the broker may be ahead


@dataclass(frozen=True, slots=True)
class Delay:
    """Percentiles of a delay, ms."""

    p50_ms: float
    p99_ms: float
    count: int


@dataclass(frozen=True, slots=True)
class Latency:
    """What the broker takes, what broker and engine take, on one run."""

    broker: Delay
    phone: Delay
    unmatched: int  # offers that no position completed: a timer did
    cpu_us: float  # of the engine, a position


@dataclass(frozen=True, slots=True)
class Stall:
    """What a stalled engine has lost once it runs again."""

    positions_sent: int
    positions_lost: int
    baskets_sent: int
    baskets_lost: int


@dataclass(frozen=True, slots=True)
class Through:
    """The engine's throughput behind the embedded broker."""

    per_s: float
    cpu_us: float
    lost: int


def delay(delays_ns: Sequence[int]) -> Delay:
    """Nearest-rank percentiles.

    >>> delay([3_000_000, 1_000_000, 2_000_000])
    Delay(p50_ms=2.0, p99_ms=3.0, count=3)
    """
    ranked = sorted(delays_ns)
    if not ranked:
        return Delay(float("nan"), float("nan"), 0)

    def rank(share: float) -> float:
        return ranked[min(int(share * len(ranked)), len(ranked) - 1)] / 1e6

    return Delay(rank(0.5), rank(0.99), len(ranked))


def steady(store: StoreMap, seconds: int, seed: int) -> Feed:
    """A walk of 500 shoppers at 5,000 positions a second."""
    return feed(store.store, walk(stops(store), PACE, seconds * 1000 // PACE.period_ms, seed), PACE)


def latency(store: StoreMap, store_folder: Path, folder: Path, fed: Feed) -> Latency:
    """Stream a feed past a bare subscriber and the engine at once."""
    folder.mkdir(parents=True)
    prepare_ledger(folder / "ledger.db", store, SHOPPERS, time.time_ns() // 1_000_000)
    with embedded_broker(folder / "broker") as url, engine(folder, store_folder, _port(url), EngineOptions()) as up:
        _await_broker(up)
        with (
            phones(folder, up.port, SHOPPERS) as collect,
            subscriber("raw", _port(url), store.store, folder) as bare,
        ):
            publisher = Publisher(_port(url), "bench-positions")
            planned = plan(fed)
            publisher.send(b"".join(baskets(store, SHOPPERS, planned.start_ms)))
            before_s = cpu_s(up.child)
            sent = stream(publisher, planned)
            time.sleep(1)  # for the last offers to arrive
            used_s = cpu_s(up.child) - before_s
            publisher.close()
            left = _left(fed, planned.start_ms, sent)
            broker = _broker_delays(bare, folder, left)
            offers = collect()
    known = [(at - left[shopper, ts]) for shopper, ts, at in offers if (shopper, ts) in left]
    late = sum(ts >= planned.start_ms + UNTIMED_MS for _, ts, _ in offers)
    return Latency(delay(broker), delay(known), late - len(known), used_s / len(sent) * 1e6)


def _left(fed: Feed, start_ms: int, sent: list[int]) -> dict[tuple[str, int], int]:
    """When each position left, by shopper and event time; the first seconds are left out."""
    rows = zip(fed.shopper, fed.after_ms, sent, strict=True)
    return {(shopper_name(number), start_ms + after): at for number, after, at in rows if after >= UNTIMED_MS}


def _broker_delays(bare: Child, folder: Path, left: dict[tuple[str, int], int]) -> list[int]:
    stop(bare, 20)
    arrived = msgspec.json.decode((folder / "raw.json").read_bytes(), type=list[tuple[str, int, int]])
    return [at - left[shopper, ts] for shopper, ts, at in arrived if (shopper, ts) in left]


def stall(store: StoreMap, store_folder: Path, folder: Path, fed: Feed) -> Stall:
    """Freeze the engine for 4 s in the middle of a stream, with baskets at QoS 1 all along; count what is missing."""
    folder.mkdir(parents=True)
    prepare_ledger(folder / "ledger.db", store, SHOPPERS, time.time_ns() // 1_000_000)
    with embedded_broker(folder / "broker") as url, engine(folder, store_folder, _port(url), EngineOptions()) as up:
        _await_broker(up)
        publisher = Publisher(_port(url), "bench-positions")
        before = received(up)
        planned = plan(fed)
        seconds = fed.after_ms[-1] / 1000
        shopping = _Shopping(store, Publisher(_port(url), "bench-baskets"), round(seconds * BASKETS_PER_S))
        freezing = threading.Timer(0.5 + seconds / 4, _freeze, [up.child.process.pid])
        shopping.start()
        freezing.start()
        stream(publisher, planned)
        shopping.join()
        freezing.join()
        positions, messages = await_received(up, before[0] + len(planned.packets), before[1] + shopping.sent)
        publisher.close()
    return Stall(
        len(planned.packets),
        len(planned.packets) - (positions - before[0]),
        shopping.sent,
        shopping.sent - (messages - before[1]),
    )


def _freeze(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    time.sleep(STALL_S)
    os.kill(pid, signal.SIGCONT)


class _Shopping(threading.Thread):
    """Baskets at QoS 1, evenly spread."""

    def __init__(self, store: StoreMap, publisher: Publisher, count: int) -> None:
        """So many baskets in all."""
        super().__init__(name="baskets")
        self.sent = 0
        self._store = store
        self._publisher = publisher
        self._count = count

    def run(self) -> None:
        """Send them, one shopper after the other."""
        for number in range(self._count):
            topic = shopper_topic(self._store.store, shopper_name(number % SHOPPERS), "basket")
            basket = encode(Basket(time.time_ns() // 1_000_000, number // SHOPPERS, []))
            self._publisher.send(publish(topic, basket, number % 60_000 + 1))
            self.sent += 1
            time.sleep(1 / BASKETS_PER_S)
        self._publisher.close()


def through_broker(store: StoreMap, store_folder: Path, folder: Path, fed: Feed) -> Through:
    """Flood the engine by way of the embedded broker."""
    folder.mkdir(parents=True)
    prepare_ledger(folder / "ledger.db", store, SHOPPERS, time.time_ns() // 1_000_000)
    with embedded_broker(folder / "broker") as url, engine(folder, store_folder, _port(url), EngineOptions()) as up:
        _await_broker(up)
        with phones(folder, up.port, SHOPPERS):
            publisher = Publisher(_port(url), "bench-positions")
            planned = plan(fed, lead_ms=START_MS)
            publisher.send(b"".join(baskets(store, SHOPPERS, planned.start_ms)))
            before, before_s = received(up)[0], cpu_s(up.child)
            per_s = flood_broker(publisher, up, planned.packets, WINDOW)
            used_s = cpu_s(up.child) - before_s
            taken = received(up)[0] - before
            publisher.close()
    return Through(per_s, used_s / len(planned.packets) * 1e6, len(planned.packets) - taken)


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])


def _await_broker(up: RunningEngine) -> None:
    while get_json(up.port, "/healthz")["broker"] != "connected":
        time.sleep(0.02)
    time.sleep(0.2)  # for the subscriptions, which follow at once
