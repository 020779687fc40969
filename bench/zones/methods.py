"""Five ways to turn fixes into zones: as they come, debounced, smoothed, by Kalman filter, and by the engine's belief.

The first four are what everybody tries first; they yield a place, which goes through the engine's own fence with the
numbers of the map file. *Raw, every change* is the same fence with all its waiting set to nothing.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from offer_engine.core import geofence
from offer_engine.core.belief import Belief, observe
from offer_engine.core.geofence import Fence, Transition
from offer_engine.core.sight import look
from offer_engine.core.store_map import Zone
from offer_engine.core.tracking import DEFAULT_ACCURACY_M, Dropped, Track, follow, jumped
from offer_engine.core.walk_model import WalkModel
from offer_engine.core.zone_index import ZoneIndex
from offer_engine.messages import Position

Place = tuple[int, float, float]  # ts, x, y
Smoother = Callable[[Iterable[Position]], Iterator[Place]]

SMOOTHING_S = 3.0  # time constant that did best on the tuning walks
KALMAN_WALK_M_PER_S2 = 0.3  # standard deviation of a shopper's acceleration, likewise
MEDIAN_OF_SIGMA = math.sqrt(2 * math.log(2))


def admitted(fixes: Iterable[Position]) -> Iterator[Position]:
    """The fixes that the engine's own gate lets through."""
    track: Track | None = None
    for fix in fixes:
        after = follow(track, fix)
        if isinstance(after, Dropped):
            track = jumped(track, fix) if after is Dropped.JUMP and track is not None else track
        else:
            track = after
            yield fix


def as_they_come(fixes: Iterable[Position]) -> Iterator[Place]:
    """No smoothing."""
    return ((fix.ts, fix.x, fix.y) for fix in fixes)


def smoothed(fixes: Iterable[Position]) -> Iterator[Place]:
    """Exponential smoothing in event time."""
    last: Place | None = None
    for fix in fixes:
        if last is None:
            last = (fix.ts, fix.x, fix.y)
        else:
            kept = math.exp(-(fix.ts - last[0]) / 1000 / SMOOTHING_S)
            last = (fix.ts, kept * last[1] + (1 - kept) * fix.x, kept * last[2] + (1 - kept) * fix.y)
        yield last


def kalman(fixes: Iterable[Position]) -> Iterator[Place]:
    """Constant velocity, white noise of the stated accuracy; x and y alike and independent (Bar-Shalom 2001, 6.2)."""
    state, spread, last_ts = np.zeros((2, 2)), np.zeros((2, 2)), 0
    for fix in fixes:
        seen = np.array([fix.x, fix.y])
        variance = ((fix.accuracy or DEFAULT_ACCURACY_M) / MEDIAN_OF_SIGMA) ** 2
        if last_ts == 0:
            state, spread = np.array([seen, [0.0, 0.0]]), np.diag([variance, 1.0])
        else:
            dt_s = (fix.ts - last_ts) / 1000
            move = np.array([[1.0, dt_s], [0.0, 1.0]])
            push = np.array([dt_s**2 / 2, dt_s]) * KALMAN_WALK_M_PER_S2
            state, spread = move @ state, move @ spread @ move.T + np.outer(push, push)
            gain = spread[:, 0] / (spread[0, 0] + variance)
            state = state + np.outer(gain, seen - state[0])
            spread = spread - np.outer(gain, spread[0])
        last_ts = fix.ts
        yield fix.ts, float(state[0, 0]), float(state[0, 1])


def fenced(index: ZoneIndex, places: Iterable[Place], end_ms: int) -> tuple[Transition, ...]:
    """The transitions of one trip that ends at `end_ms`."""
    fence, crossed, last_ts = Fence(), list[Transition](), 0
    for ts, x, y in places:
        fence, found = geofence.step(index, fence, last_ts or ts, ts, x, y)
        crossed += found
        last_ts = ts
    fence, found = geofence.advance(index.zones, fence, last_ts, end_ms)
    return (*crossed, *found, *geofence.end(fence, end_ms)[1])


def believed(
    model: WalkModel, zones: Mapping[str, Zone], fixes: Iterable[Position], end_ms: int
) -> tuple[Transition, ...]:
    """The transitions of one trip by the engine's belief."""
    return by_belief(model, zones, ((fix.ts, partial(_seen, model, fix)) for fix in fixes), end_ms)


def _seen(model: WalkModel, fix: Position, belief: Belief | None) -> Belief:
    return observe(model, belief, fix)


def by_belief(
    model: WalkModel,
    zones: Mapping[str, Zone],
    evidence: Iterable[tuple[int, Callable[[Belief | None], Belief]]],
    end_ms: int,
) -> tuple[Transition, ...]:
    """The transitions of one trip, whatever the evidence: each time with what it makes of the belief before."""
    fence, crossed, last_ts, belief = Fence(), list[Transition](), 0, None
    for ts, weigh in evidence:
        after = weigh(belief)
        if after is not belief:
            sight = look(model, after)
            fence, found = geofence.moved(zones, fence, last_ts or ts, ts, sight.inside, sight.near, sight.certain)
            crossed += found
        belief, last_ts = after, ts
    fence, found = geofence.advance(zones, fence, last_ts, end_ms)
    return (*crossed, *found, *geofence.end(fence, end_ms)[1])


def at_once(zones: Iterable[Zone]) -> dict[str, Zone]:
    """The zones with every wait and the exit margin taken out; dwell stays."""
    return {zone.key: replace(zone, min_inside_ms=0, min_outside_ms=0, exit_margin_m=0.0) for zone in zones}
