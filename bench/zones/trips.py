"""True walks out of the simulator: a seed becomes trips, each the true place of one shopper four times a second.

The walks are those of the simulated store itself, with its missions, looks round, queues and detours. They are made
once; every radio and every method then sees the same walks, so that differences between them are differences of method.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beacon_sim.cast import load_cast
from beacon_sim.day import DaySettings, StoreDay
from beacon_sim.habits import habits_population
from beacon_sim.radio import RadioSettings
from offer_engine.core.store_map import StoreMap

START_MS = 1_772_445_600_000  # 2 March 2026, 10:00 UTC: any time would do, this one is open
STEP_MS = 250  # between two true places
ARRIVALS_PER_MIN = 4.0  # brisk, so that queues form too


@dataclass(frozen=True, slots=True)
class Trip:
    """One shopper's true way through the store."""

    shopper: str
    start_ms: int
    places: NDArray[np.float64]  # (steps, 2), metres, one every STEP_MS


def walk_trips(store: StoreMap, *, seed: int, trips: int) -> tuple[Trip, ...]:
    """The first `trips` walk-ins of the day with this seed, from the door in to the door out.

    All of those who come first are taken, however long they stay: taking the first to leave would favour short trips.
    """
    radio = RadioSettings(noise="none", lost_every_s=0)
    day = StoreDay(
        store,
        habits_population(store, seed=seed, cast=load_cast(store)),
        seed=seed,
        start_ms=START_MS,
        publish=_to_nobody,
        settings=DaySettings(arrivals_per_min=ARRIVALS_PER_MIN, warm_up_min=0.0, radio=radio),
    )
    begun: dict[str, tuple[int, list[tuple[float, float]]]] = {}
    now_ms = 0
    while True:
        day.run_until(now_ms)
        inside = [shopper for shopper in day.inside() if shopper.persona.arrives_s is None]
        for shopper in inside:
            if shopper.persona.shopper in begun:
                begun[shopper.persona.shopper][1].append(shopper.place())
            elif len(begun) < trips:
                begun[shopper.persona.shopper] = (START_MS + now_ms, [shopper.place()])
        if len(begun) == trips and not any(shopper.persona.shopper in begun for shopper in inside):
            break
        now_ms += STEP_MS
    return tuple(Trip(shopper, start_ms, np.array(places)) for shopper, (start_ms, places) in begun.items())


def _to_nobody(topic: str, payload: bytes, qos: int) -> None:
    """Nobody listens: the walks are read off the shoppers themselves."""
    del topic, payload, qos
