"""A seeded day at full speed, without a broker, becomes finished visits: where each shopper was, what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from beacon_sim.day import WARM_UP_MIN, DaySettings, StoreDay
from beacon_sim.floor import Point
from beacon_sim.population import Persona, Population
from beacon_sim.radio import RadioSettings
from beacon_sim.shopper import Shopper
from beacon_sim.trip import Halt
from offer_engine.core.store_map import StoreMap

START_MS = 1_772_442_000_000  # Monday 2 March 2026, 09:00 UTC: any day would do
MINUTE_MS = 60_000
LOOK_MS = 10_000  # how often the door is looked at; nobody is in and out in less
LAST_OUT_MIN = 180  # after the last arrival that counts, whoever is still inside is left out
SEEN_MS = 60_000  # nobody listens to the beacons, so they are asked once a minute: a day takes a third of the time


@dataclass(frozen=True, slots=True)
class Visit:
    """One finished visit."""

    persona: Persona
    since_ms: int  # virtual time of coming in
    until_ms: int  # and of going out
    at_ms: NDArray[np.float64]  # (corners,), rising: the times of the corners of the whole way
    points: NDArray[np.float64]  # (corners, 2), metres
    walking_s: float
    walked_m: float
    halts: tuple[Halt, ...]
    queued_s: float | None  # None: bought nothing
    paid_at: Point | None

    @property
    def minutes(self) -> float:
        """From the door to the door."""
        return (self.until_ms - self.since_ms) / MINUTE_MS

    @property
    def bought(self) -> tuple[Point, ...]:
        """Where things were put into the cart, in order."""
        return tuple(halt.at for halt in self.halts if halt.sku is not None)

    @property
    def products(self) -> int:
        """How many different things were bought."""
        return len({halt.sku for halt in self.halts if halt.sku is not None})

    def places(self, at_ms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where the shopper was at each of the times, of shape (times, 2)."""
        x, y = (np.interp(at_ms, self.at_ms, self.points[:, axis]) for axis in (0, 1))
        return np.stack((x, y), axis=1)


@dataclass(frozen=True, slots=True)
class Day:
    """What one day came to."""

    seed: int
    minutes: int
    arrivals: int  # in these minutes
    visits: tuple[Visit, ...]  # of everyone who was ever inside in these minutes, and is out again

    @property
    def came(self) -> tuple[Visit, ...]:
        """The visits that began in these minutes; among all of them, those who stay long are too many."""
        return tuple(visit for visit in self.visits if visit.since_ms > 0)


def run_day(
    store: StoreMap,
    people: Population,
    *,
    seed: int,
    minutes: int,
    arrivals_per_min: float,
    warm_up_min: float = WARM_UP_MIN,
    is_considerate: bool = True,
) -> Day:
    """Simulate one day of `minutes`, and on until those who came then are out."""
    day = StoreDay(
        store,
        _hardly_seen(people),
        seed=seed,
        start_ms=START_MS,
        publish=_to_nobody,
        settings=DaySettings(
            arrivals_per_min,
            warm_up_min,
            radio=RadioSettings(noise="none", lost_every_s=0, dead_share=0),
            is_considerate=is_considerate,
        ),
    )
    inside: dict[int, Shopper] = {}  # of those who count: here before the last minute was over
    visits = list[Visit]()
    seen = 0
    for now_ms in range(0, (minutes + LAST_OUT_MIN) * MINUTE_MS, LOOK_MS):
        day.run_until(now_ms)
        here = {id(shopper): shopper for shopper in day.inside()}
        visits += [_visit(shopper) for key, shopper in inside.items() if key not in here]
        if now_ms <= minutes * MINUTE_MS:
            seen += len(here.keys() - inside.keys()) if now_ms else 0
            inside = here
        else:
            inside = {key: shopper for key, shopper in inside.items() if key in here}
            if not inside:
                break
    return Day(seed, minutes, seen, tuple(visits))


def _visit(shopper: Shopper) -> Visit:
    walks = shopper.diary.walks
    at_ms = np.array([at for walk in walks for at in walk.at_ms], dtype=np.float64)
    points = np.array([point for walk in walks for point in walk.points], dtype=np.float64)
    queued_ms = shopper.diary.queued_ms
    return Visit(
        persona=shopper.persona,
        since_ms=round(walks[0].at_ms[0]),
        until_ms=walks[-1].ends_ms,
        at_ms=at_ms,
        points=points,
        walking_s=sum(walk.at_ms[-1] - walk.at_ms[0] for walk in walks) / 1000,
        walked_m=sum(walk.length_m for walk in walks),
        halts=tuple(shopper.diary.halts),
        queued_s=None if queued_ms is None else queued_ms / 1000,
        paid_at=shopper.diary.paid_at,
    )


def _hardly_seen(people: Population) -> Population:
    def walk_in(number: int, rng: Generator) -> Persona:
        return replace(people.walk_in(number, rng), fix_ms=SEEN_MS)

    return replace(people, booked=(), walk_in=walk_in)


def _to_nobody(topic: str, payload: bytes, qos: int) -> None:
    """Nobody listens: visits are read off the shoppers themselves."""
    del topic, payload, qos


def crowd(day: Day, step_ms: int = 500, chunk_ms: int = 5 * MINUTE_MS) -> Iterator[NDArray[np.float64]]:
    """Where everybody was in the day's minutes, in chunks of shape (times, shoppers, 3): x, y, and 1 while walking.

    NaN stands for not inside.
    """
    for begin in range(0, day.minutes * MINUTE_MS, chunk_ms):
        times = np.arange(begin, begin + chunk_ms, step_ms, dtype=np.float64)
        there = [visit for visit in day.visits if visit.since_ms < times[-1] and visit.until_ms > begin]
        places = np.full((len(times), len(there), 3), np.nan)
        for number, visit in enumerate(there):
            inside = (times >= visit.since_ms) & (times < visit.until_ms)
            now = times[inside]
            places[inside, number, :2] = visit.places(now)
            places[inside, number, 2] = np.hypot(*(visit.places(now + 1) - visit.places(now)).T) > 1e-6
        yield places
