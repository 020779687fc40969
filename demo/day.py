"""`python -m demo.day`: a whole store day at full speed, simulator and engine in lockstep in one process.

The same service, the same wire, without sockets: every message is encoded, handed to the engine, recorded and answered
before the next thing happens in the store. So one seed gives one day, byte for byte, down to each decision record; the
SHA-256 that is printed says so. Chance lives in the simulator's seed, time in the events.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from beacon_sim.cast import load_cast
from beacon_sim.completejourney import completejourney_population
from beacon_sim.crowd import arrivals_for
from beacon_sim.day import DaySettings, StoreDay
from beacon_sim.habits import habits_population
from beacon_sim.pocket import PhoneLink
from beacon_sim.population import Persona, Population
from beacon_sim.radio import SHOWCASE_SIGMA_M, RadioSettings
from offer_engine.api.phones import greeting, handle, put
from offer_engine.core.context import World, build_world
from offer_engine.errors import MessageError
from offer_engine.history import Purchase
from offer_engine.ledger import Batch, Ledger
from offer_engine.messages import Hello, parse_engine_message, parse_topic
from offer_engine.push import Phone, Phones
from offer_engine.service import Service
from offer_engine.store_files import check
from phone_client.events import Event
from phone_client.session import Session

START_MS = 1_772_442_000_000  # Monday 2 March 2026, 09:00 UTC: one day for everybody, whenever it is run
HISTORY_DAYS = 180
STEP_MS = 1000  # how often the engine's timers are looked at, in virtual time

OnEvent = Callable[[Event], None]


@dataclass(slots=True)
class Pocket:
    """A phone without a socket: its session, and its queue in the engine."""

    session: Session
    phone: Phone
    tell: OnEvent


@dataclass(slots=True)
class Lockstep:
    """An engine whose every consequence happens before the call that caused it returns."""

    service: Service
    ledger: Ledger
    waiting: list[Callable[[], None]] = field(default_factory=list)
    pockets: dict[str, Pocket] = field(default_factory=dict)
    published: int = 0
    now_ms: int = 0

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        """Hand over one message of the store, and let everything follow from it."""
        del qos
        self.published += 1
        self.service.receive(topic, payload)
        self.settle(parse_topic(self.service.world.store.store, topic)[0])

    def open_phone(self, persona: Persona, tell: OnEvent) -> PhoneLink:
        """Switch a shopper's phone on."""
        shopper = persona.shopper
        session = Session(shopper, token="")
        pocket = Pocket(session, self.service.phones.connect(shopper), tell)
        self.pockets[shopper] = pocket
        for message in session.connected():
            if isinstance(message, Hello):
                for answer in greeting(self.service, message):
                    put(pocket.phone, answer)
        session.wake = lambda: self.settle(shopper)
        self.settle(shopper)
        return PhoneLink(session, lambda: self._close(shopper))

    def _close(self, shopper: str) -> None:
        pocket = self.pockets.pop(shopper)
        pocket.session.wake = lambda: None
        self.service.phones.disconnect(pocket.phone)

    def tick(self) -> None:
        """Let the engine's timers run, and deliver what they bring."""
        self.service.tick()
        for shopper in list(self.pockets):
            self.settle(shopper)

    def settle(self, shopper: str) -> None:
        """Commit what waits, then carry messages between a phone and the engine until both are silent."""
        self._commit()
        pocket = self.pockets.get(shopper)
        while pocket is not None and (self._upward(pocket) or self._downward(pocket)):
            self._commit()

    def _commit(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()

    def _upward(self, pocket: Pocket) -> bool:
        said = pocket.session.outbox()
        for message in said:
            try:
                answer = handle(pocket.session.shopper, message, self.service)
            except MessageError:
                continue  # the phone spoke of what the engine does not hold, as over a socket
            if answer is not None:
                put(pocket.phone, answer)
        return bool(said)

    def _downward(self, pocket: Pocket) -> bool:
        text = pocket.phone.take()
        if text is None:
            return False
        for event in pocket.session.received(parse_engine_message(text), self.service.now_ms()):
            pocket.tell(event)
        return True


def lockstep(world: World, ledger: Ledger) -> Lockstep:
    """Build an engine in lockstep on a ledger."""
    waiting: list[Callable[[], None]] = []

    def record(batch: Batch, done: Callable[[], None]) -> None:
        ledger.write(batch)
        done()

    service = Service(world, ledger, record=record, phones=Phones(), soon=waiting.append, wall_ms=None)
    return Lockstep(service, ledger, waiting)


def run_day(
    world: World,
    people: Population,
    *,
    seed: int,
    minutes: int,
    settings: DaySettings,
    step: Callable[[], None] = lambda: None,
) -> Lockstep:
    """Simulate `minutes` of a store day, calling `step` after each virtual second; the engine as it is then."""
    ledger = Ledger(":memory:")
    ledger.import_purchases(
        Purchase(row.shopper, row.at_ms, row.basket, row.sku, row.qty, row.price_cents)
        for row in people.history(START_MS, HISTORY_DAYS)
    )
    engine = lockstep(world, ledger)
    day = StoreDay(
        world.store,
        people,
        seed=seed,
        start_ms=START_MS,
        publish=engine.publish,
        open_phone=engine.open_phone,
        settings=settings,
    )
    for at_ms in range(0, minutes * 60_000 + 1, STEP_MS):
        day.run_until(at_ms)
        engine.tick()
        step()
    return engine


def digest(ledger: Ledger) -> str:
    """SHA-256 over every decision record, in the order of event time."""
    seen = sha256()
    for record in ledger.all_decisions():
        seen.update(record.encode())
        seen.update(b"\n")
    return seen.hexdigest()


def main(
    *,
    store: Annotated[Path, typer.Option(help="the store's folder")] = Path("maps/demo-market"),
    seed: Annotated[int, typer.Option(help="the same seed gives the same day")] = 7,
    minutes: Annotated[int, typer.Option(min=1, help="how long the day lasts")] = 60,
    shoppers: Annotated[float, typer.Option(min=0, help="how many are in the store at a time")] = 60,
    population: Annotated[Literal["cast", "completejourney"], typer.Option(help="who comes to shop")] = "cast",
    out: Annotated[Path | None, typer.Option(help="write every decision record here, one JSON a line")] = None,
) -> None:
    """Run a whole store day at full speed and print what it came to; the same seed prints the same SHA-256."""
    console = Console(stderr=True)
    store_map, rules = check(store)
    people = (
        completejourney_population(store)
        if population == "completejourney"
        else habits_population(store_map, seed=seed, cast=load_cast(store_map))
    )
    arrivals = arrivals_for(store_map, people, seed, shoppers)
    settings = DaySettings(arrivals, radio=RadioSettings(sigma_m=SHOWCASE_SIGMA_M))
    started = perf_counter()
    with _progress(console, minutes * 60) as step:
        world = build_world(store_map, rules)
        engine = run_day(world, people, seed=seed, minutes=minutes, settings=settings, step=step)
    _show(engine, perf_counter() - started, minutes)
    if out is not None:
        out.write_text("".join(f"{record}\n" for record in engine.ledger.all_decisions()), encoding="utf-8")


@contextmanager
def _progress(console: Console, seconds: int) -> Iterator[Callable[[], None]]:
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("store day", total=seconds)
        yield lambda: bar.advance(task)


def _show(engine: Lockstep, took_s: float, minutes: int) -> None:
    counts = engine.service.counts
    table = Table(show_header=False, box=None)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    rows: list[tuple[str, object]] = [
        ("store time", f"{minutes} min in {took_s:.1f} s, {minutes * 60 / took_s:.0f} times real time"),
        ("messages", f"{engine.published:,}, {engine.published / took_s:,.0f} a second"),
        ("decisions", sum(counts.outcomes.values())),
        ("offers sent", counts.outcomes["offer"]),
        ("controls", counts.outcomes["holdout"]),
        ("shown", counts.receipts["shown"]),
        ("accepted", counts.receipts["accepted"]),
        ("redeemed", counts.redeemed),
        ("refused messages", dict(counts.refused) or 0),
    ]
    for label, value in rows:
        table.add_row(label, str(value))
    Console().print(table)
    print(f" decisions' SHA-256 {digest(engine.ledger)}")  # one line at any width, to compare and to grep


if __name__ == "__main__":
    typer.run(main)
