"""One run of the store: the day with its ends, a broker, a file, the phones, driven by a clock until it is stopped."""

import asyncio
import contextlib
import random
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from beacon_sim.day import DaySettings, StoreDay
from beacon_sim.drive import drive
from beacon_sim.phones import Phones
from beacon_sim.population import Population
from beacon_sim.publish import BrokerAddress, MqttPublisher, Recorder
from beacon_sim.shopper import PHONE_LEAD_MS, Publish
from offer_engine.core.store_map import StoreMap

WARM_UP_S_PER_SHOPPER = 0.015  # of a slow machine's time to fill the store, so that the day does not begin late
STAY_MIN = 16.0  # of a shopper, for that estimate only
STATUS_EVERY_S = 0.5
PLAIN_STATUS_EVERY_S = 60.0  # where there is no terminal


@dataclass(frozen=True, slots=True)
class Run:
    """What one run was asked to do, checked."""

    store: StoreMap
    population: Population
    settings: DaySettings
    seed: int
    speed: float | None  # times real time, > 0; None: as fast as possible
    minutes: float | None  # of store time; None: until stopped
    start_ms: int | None  # event time of the day's start; None: when the run is ready
    broker: BrokerAddress | None
    record: Path | None
    phone_url: str | None  # None: nobody carries a phone
    phone_key: bytes


class Tally:
    """What has happened so far, in one line."""

    def __init__(self) -> None:
        self._messages = 0
        self._day: StoreDay | None = None
        self._phones: Phones | None = None

    def watch(self, day: StoreDay, phones: Phones | None) -> None:
        """Tell of this day from now on."""
        self._day, self._phones = day, phones

    def counting(self, ends: Sequence[Publish]) -> Publish:
        """A way to publish to all `ends` that counts messages."""

        def publish(topic: str, payload: bytes, qos: int) -> None:
            self._messages += 1
            for end in ends:
                end(topic, payload, qos)

        return publish

    def line(self) -> str:
        """Store time, people, messages, phones."""
        if self._day is None:
            return "the store is filling up"
        minutes, seconds = divmod(max(self._day.now_ms, 0) // 1000, 60)
        parts = [
            f"{minutes}:{seconds:02d} of store time",
            f"{len(self._day.inside())} people inside, {self._day.arrived} so far",
            f"{self._messages:,} messages",
        ]
        if self._phones is not None:
            parts.append(f"{self._phones.connected} phones, {self._phones.offers} offers shown")
        return " · ".join(parts)


async def run_store(asked: Run, *, clock_s: Callable[[], float], console: Console) -> None:
    """Run a day until its end, SIGINT or SIGTERM; `clock_s` is in seconds since the epoch."""
    stopped = asyncio.Event()
    tally = Tally()
    with contextlib.ExitStack() as ends:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
            ends.callback(loop.remove_signal_handler, number)
        publishers: list[Publish] = []
        mqtt = MqttPublisher(asked.broker, console.print) if asked.broker is not None else None
        if mqtt is not None:
            mqtt.start()
            ends.callback(mqtt.stop)
            publishers.append(mqtt.publish)
        if asked.record is not None:
            publishers.append(Recorder(ends.enter_context(asked.record.open("w", encoding="utf-8"))).publish)
        async with asyncio.TaskGroup() as tasks:
            day, start_s, phones = _prepare(asked, tally.counting(publishers), tasks, clock_s(), console)
            tally.watch(day, phones)
            driving = drive(
                day,
                speed=asked.speed,
                clock_s=clock_s,
                start_s=start_s,
                until_ms=float("inf") if asked.minutes is None else asked.minutes * 60_000,
                backlog=(lambda: mqtt.backlog) if mqtt else lambda: 0,
            )
            running = [
                tasks.create_task(driving, name="drive"),
                tasks.create_task(stopped.wait(), name="stop"),
            ]
            status = tasks.create_task(_show_status(tally, console), name="status")
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in (*running, status):
                task.cancel()
            if phones is not None:
                phones.close()
    console.print(f"the store is closed after {tally.line()}")


def _prepare(
    asked: Run, publish: Publish, tasks: asyncio.TaskGroup, now_s: float, console: Console
) -> tuple[StoreDay, float, Phones | None]:
    """The day, when it starts by the clock, and its phones as tasks of the group."""
    crowd = asked.settings.arrivals_per_min * STAY_MIN
    start_s = now_s + PHONE_LEAD_MS / 1000 / (asked.speed or 1.0) + WARM_UP_S_PER_SHOPPER * crowd
    start_ms = asked.start_ms if asked.start_ms is not None else round(start_s * 1000)
    phones = None
    if asked.phone_url is not None:
        phones = Phones(
            tasks,
            asked.phone_url,
            asked.phone_key,
            now_ms=lambda: start_ms + day.now_ms,
            jitter=random.Random(asked.seed).random,
            say=console.print,
        )
    day = StoreDay(
        asked.store,
        asked.population,
        seed=asked.seed,
        start_ms=start_ms,
        publish=publish,
        open_phone=phones.open if phones is not None else None,
        settings=asked.settings,
    )
    return day, start_s, phones


async def _show_status(tally: Tally, console: Console) -> None:
    """Keep one line up to date on a terminal; elsewhere print one now and then."""
    if not console.is_terminal:
        while True:
            await asyncio.sleep(PLAIN_STATUS_EVERY_S)
            console.print(tally.line())
    with console.status(tally.line(), refresh_per_second=4) as status:
        while True:
            status.update(tally.line())
            await asyncio.sleep(STATUS_EVERY_S)
