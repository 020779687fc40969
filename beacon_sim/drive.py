"""How fast virtual time passes: a day is run by a real clock at any speed, or as fast as its readers can follow.

The day itself knows nothing of this. Where the machine cannot keep up, virtual time falls behind the clock and catches
up when it can; no event is left out.
"""

import asyncio
from collections.abc import Callable

from beacon_sim.day import StoreDay
from beacon_sim.shopper import PHONE_LEAD_MS

TICK_S = 0.005  # the shortest wait between two looks at the clock: more events than 200 a second go in batches
LOOK_S = 0.05  # the longest, so that a stop is obeyed and phones are heard soon
BURST_MS = 1_000  # virtual time between two looks at anything else, at full speed or while catching up
BACKLOG = 5_000  # messages that may wait for the broker before virtual time waits as well


async def drive(
    day: StoreDay,
    *,
    speed: float | None,
    clock_s: Callable[[], float],
    start_s: float,
    until_ms: float,
    backlog: Callable[[], int],
) -> None:
    """Run a day until virtual time `until_ms`.

    Args:
        day: what to run.
        speed: virtual seconds per second, > 0; None: as fast as possible.
        clock_s: a clock in seconds.
        start_s: what that clock shows at virtual time zero; ignored at full speed.
        until_ms: where to end, ms since the day's start; infinity: never.
        backlog: how many messages wait to be sent.
    """
    day.run_until(-PHONE_LEAD_MS - 1)
    while day.now_ms < until_ms:
        due_ms = day.now_ms + BURST_MS if speed is None else round((clock_s() - start_s) * 1000 * speed)
        if backlog() < BACKLOG:
            day.run_until(round(min(due_ms, day.now_ms + BURST_MS, until_ms)))
        if speed is None or due_ms > day.now_ms:
            await asyncio.sleep(TICK_S if backlog() >= BACKLOG else 0)
        else:
            await asyncio.sleep(min(max((day.next_ms - due_ms) / 1000 / speed, TICK_S), LOOK_S))
