"""How fast virtual time passes: by a clock at any speed, as fast as possible, and never past what readers can take."""

import asyncio
from collections.abc import Iterator

from beacon_sim.day import DaySettings
from beacon_sim.drive import BACKLOG, drive
from tests.beacon_sim.days import Heard, a_day

FEW = DaySettings(arrivals_per_min=0.5, warm_up_min=5)


def clock(step_s: float) -> Iterator[float]:
    """A clock that moves on by `step_s` whenever it is looked at."""
    now_s = 100.0
    while True:
        yield now_s
        now_s += step_s


def driven(speed: float | None, step_s: float = 0.05) -> tuple[Heard, int]:
    """Five virtual seconds at a speed; what was published, and how often the clock was looked at."""
    day, heard = a_day(settings=FEW)
    ticks, looks = clock(step_s), 0

    def clock_s() -> float:
        nonlocal looks
        looks += 1
        return next(ticks)

    pace = drive(day, speed=speed, clock_s=clock_s, start_s=100.5, until_ms=5_000, backlog=lambda: 0)
    asyncio.run(pace)
    return heard, looks


def test_every_speed_publishes_the_same() -> None:
    """Real time, twenty times that, and as fast as possible: the same messages in the same order."""
    real, _ = driven(10.0)
    fast, _ = driven(200.0)
    full, looks = driven(None)
    assert real.messages == fast.messages == full.messages
    assert real.messages
    assert looks == 0


def test_a_slow_machine_leaves_nothing_out() -> None:
    """When the clock jumps ahead by seconds, virtual time catches up event by event."""
    assert driven(1.0, step_s=3.0)[0].messages == driven(None)[0].messages


def test_virtual_time_waits_for_a_slow_broker() -> None:
    """While too many messages wait to be sent, nothing new happens."""
    day, heard = a_day(settings=FEW)
    waiting = [BACKLOG] * 20 + [0] * 1_000
    seen_while_full = []

    def backlog() -> int:
        if waiting[0]:
            seen_while_full.append(len(heard.messages))
        return waiting.pop(0)

    asyncio.run(drive(day, speed=None, clock_s=lambda: 0.0, start_s=0.0, until_ms=3_000, backlog=backlog))
    assert set(seen_while_full) == {0}
    assert heard.messages
