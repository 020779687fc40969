"""What is measured of a day's visits: one function a figure, from visits to a number between two sources' numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from beacon_sim.aisles import Stretch
from beacon_sim.floor import Floor
from bench.store.tours import shortest_m
from bench.store.visits import Day, Visit, crowd

ARM_M = 0.75  # floor within an arm's length of the way counts as visited
TOO_NEAR_M = 0.4
INTO_AISLE_M = 1.0  # who does not come as far as this into an aisle has not been in it
STEP_MS = 250.0
DRAWN = 40  # visits for figures that take long to work out, from each day
NO_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class AislePass:
    """One time in one stretch of an aisle."""

    is_same_end: bool  # left by the end at which it was entered
    has_stop: bool  # stood still in it


def mean(values: Iterable[float]) -> float:
    """The mean, NaN of nothing."""
    found = np.fromiter(values, dtype=np.float64)
    return float(found.mean()) if len(found) else float("nan")


def median(values: Iterable[float]) -> float:
    """The median, NaN of nothing."""
    found = np.fromiter(values, dtype=np.float64)
    return float(np.median(found)) if len(found) else float("nan")


def basket_mode(visits: Sequence[Visit]) -> float:
    """The most common number of different things in a basket."""
    return float(np.bincount([visit.products for visit in visits]).argmax())


def drawn(visits: Sequence[Visit], seed: int) -> list[Visit]:
    """`DRAWN` of the visits, the same each time."""
    chosen = np.random.default_rng(seed).permutation(len(visits))[:DRAWN]
    return [visits[number] for number in sorted(chosen.tolist())]


def covered_share(visit: Visit, floor: Floor) -> float:
    """Share of the walkable floor that came within an arm's length."""
    cells = shapely.points(floor.cells[floor.is_reachable])
    return float(shapely.dwithin(shapely.LineString(visit.points), cells, ARM_M).mean())


def over_shortest(visit: Visit, floor: Floor) -> float:
    """Way walked over the shortest tour past what was bought, the till and the door; at least about 1."""
    start, end = (tuple(visit.points[number].tolist()) for number in (0, -1))
    stops = dict.fromkeys((*visit.bought, *((visit.paid_at,) if visit.paid_at else ())))
    return visit.walked_m / shortest_m(floor, (start[0], start[1]), tuple(stops), (end[0], end[1]))


def aisle_passes(visit: Visit, stretches: Sequence[Stretch]) -> list[AislePass]:
    """Every time in a stretch of an aisle, but for those who looked only round its corner."""
    times = np.arange(visit.since_ms, visit.until_ms, STEP_MS)
    places = visit.places(times)
    passes = list[AislePass]()
    for stretch in stretches:
        west, south, east, north = stretch.bounds
        inside = (places[:, 0] >= west) & (places[:, 0] <= east) & (places[:, 1] >= south) & (places[:, 1] <= north)
        edges = np.flatnonzero(np.diff(np.concatenate(([False], inside, [False]))))
        along = int(north - south >= east - west)
        low, high = (south, north) if along else (west, east)
        for first, after in edges.reshape(-1, 2).tolist():
            if first and after < len(places):
                found = _pass(places[first:after], (places[first:after, along] - low) / (high - low), high - low)
                passes += [found] if found else []
    return passes


def _pass(places: NDArray[np.float64], share: NDArray[np.float64], length_m: float) -> AislePass | None:
    """What `share` of the way from one end to the other, moment by moment, comes to."""
    entered_high, left_high = bool(share[0] > 0.5), bool(share[-1] > 0.5)
    if np.abs(share - entered_high).max() * length_m < INTO_AISLE_M:
        return None
    stood = (np.hypot(*np.diff(places, axis=0).T) < 1e-6).any()
    return AislePass(entered_high == left_high, bool(stood))


@dataclass(frozen=True, slots=True)
class Nearness:
    """How much of their time shoppers are nearer than 0.4 m to another, and on what they are then."""

    share: float
    standing: float  # of the pairs too near: both stand
    passing: float  # one walks
    meeting: float  # both walk
    inside: float  # people in the store, in the mean


def nearness(day: Day) -> Nearness:
    """Nearness over the day, looked at twice a second."""
    too_near = time = 0
    pairs = np.zeros(3)
    moments = 0
    for chunk in crowd(day):
        x, y, walking = chunk[..., 0], chunk[..., 1], np.nan_to_num(chunk[..., 2])
        apart = np.hypot(x[:, :, None] - x[:, None], y[:, :, None] - y[:, None])
        own = np.arange(apart.shape[1])
        apart[:, own, own] = np.inf
        near = apart < TOO_NEAR_M
        too_near += int(near.any(axis=2).sum())
        time += int((~np.isnan(x)).sum())
        moments += len(x)
        on_foot = walking[:, :, None] + walking[:, None]
        pairs += [(near & (on_foot == number)).sum() for number in range(3)]
    shares = pairs / max(pairs.sum(), 1)
    standing, passing, meeting = shares.tolist()
    return Nearness(too_near / max(time, 1), standing, passing, meeting, time / max(moments, 1))
