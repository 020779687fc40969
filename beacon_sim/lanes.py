"""Turns a walk along a way into one that keeps clear of people: which lane beside the way to be in, moment by moment.

Beside the way are lanes, 0.3 m apart. At a moment every half second one is in one of them, and from one moment to the
next at most one lane further. Of all ways to change lanes the least unpleasant is taken (Viterbi's algorithm): near
others is bad, a little to the right of the way is good, and staying in a lane is better than weaving. So people who
meet pass on the right, the faster overtakes the slower, and one walks round those who stand at a shelf.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from beacon_sim.walk import Walk

Floats = NDArray[np.float64]
Places = list[tuple[float, float]]

LANE_M = 0.3
MOST = 2  # lanes to the left and to the right of the way
RIGHT = 1  # the lane one keeps to, where others are
STEP_MS, LEAST_STEP_MS = 500.0, 250.0  # between two moments, about; no lane is changed in less
NEAR_M, TOUCH_M = 0.6, 0.45  # from others: unpleasant, and in each other's way
NEAR_COST, TOUCH_COST = 0.5, 5.0  # of a moment of it
ASIDE_COST, CHANGE_COST = 0.03, 0.06  # of a moment one lane from the preferred one; of changing lanes
WAY_COST = 20.0  # of a moment on the way itself, at most: it is never shut
OF_INTEREST_M = MOST * LANE_M + NEAR_M  # others who stay farther from the way do not matter
FORESEEN = 6  # moments before and after others are near in which one may change lanes for them

_OFFSETS = np.arange(-MOST, MOST + 1) * LANE_M
_ASIDE = np.abs(np.arange(-MOST, MOST + 1) - RIGHT) * ASIDE_COST
_AT_ENDS = np.where(_OFFSETS == 0, 0.0, math.inf)


@dataclass(frozen=True, slots=True)
class Course:
    """A walk cut into moments about half a second long, and at its corners."""

    at_ms: list[float]
    middle: Places
    right: Places  # unit vectors to the right of the way
    is_corner: list[bool]


def weave(
    walk: Walk,
    others: Callable[[Floats], Floats],
    room_m: Floats,
    is_free: Callable[[Floats], NDArray[np.bool_]],
) -> Walk:
    """The walk, in the same time, with the lane of least discomfort at each moment; it begins and ends as before.

    Args:
        walk: along the middle.
        others: where everybody else is at times of shape (moments,): places of shape (moments, others, 2).
        room_m: how much farther to keep from each of them than from anybody, >= 0.
        is_free: which places, of shape (..., 2), can be walked on.
    """
    course = _course(walk)
    middle = np.array(course.middle)
    met = others(np.array(course.at_ms))
    apart = _apart(middle, met) - room_m
    when = np.flatnonzero((apart[1:-1] < NEAR_M).any(axis=1)) + 1  # at either end one stands where one stands
    if not len(when):
        return walk
    first, last = max(int(when[0]) - FORESEEN, 0), min(int(when[-1]) + FORESEEN, len(middle) - 1)
    stretch = slice(first, last + 1)
    matters = (apart[stretch] < OF_INTEREST_M).any(axis=0)
    places = middle[stretch, None] + _OFFSETS[:, None] * np.array(course.right)[stretch, None]
    cost = _discomfort(_apart(places, met[stretch, matters]) - room_m[matters]) + _ASIDE
    cost[~is_free(places)] = math.inf
    cost[:, MOST] = np.minimum(cost[:, MOST], WAY_COST)
    cost[[0, -1]] = _AT_ENDS
    lanes = _least_unpleasant(cost.tolist(), course.at_ms[stretch])
    return _in_lanes(course, [MOST] * first + lanes + [MOST] * (len(middle) - 1 - last))


def _course(walk: Walk) -> Course:
    at_ms, middle, right, is_corner = list[float](), list[tuple[float, float]](), list[tuple[float, float]](), [True]
    before: tuple[float, float] | None = None
    for (start_ms, here), (end_ms, there) in pairwise(zip(walk.at_ms, walk.points, strict=True)):
        east, north = there[0] - here[0], there[1] - here[1]
        length_m = math.hypot(east, north)
        side = (north / length_m, -east / length_m)
        steps = max(round((end_ms - start_ms) / STEP_MS), 1)
        for step in range(steps):
            at_ms.append(start_ms + (end_ms - start_ms) * step / steps)
            middle.append((here[0] + east * step / steps, here[1] + north * step / steps))
            right.append(side if step or before is None else _between(before, side))
        is_corner += [False] * (steps - 1) + [True]
        before = side
    if before is None:
        raise ValueError("who stands still has no lanes")
    return Course([*at_ms, walk.at_ms[-1]], [*middle, walk.points[-1]], [*right, before], is_corner)


def _between(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """The unit vector half way between two; the second one where they are opposite."""
    x, y = one[0] + other[0], one[1] + other[1]
    length = math.hypot(x, y)
    return (x / length, y / length) if length > 0.1 else other


def _apart(places: Floats, others: Floats) -> Floats:
    """Distances of places of shape (moments, 2) or (moments, lanes, 2) to all others, which come last."""
    gap = places[..., None, :] - (others if places.ndim == 2 else others[:, None])
    distance: Floats = np.hypot(gap[..., 0], gap[..., 1])
    return distance


def _discomfort(apart: Floats) -> Floats:
    """Of each moment in each lane, shape (moments, lanes), from the distances to all others."""
    near = np.maximum(NEAR_M - apart, 0.0) * (NEAR_COST / (NEAR_M - TOUCH_M))
    touch = np.maximum(TOUCH_M - apart, 0.0) * (TOUCH_COST / TOUCH_M)
    total: Floats = (near + touch).sum(axis=2)
    return total


def _least_unpleasant(cost: list[list[float]], at_ms: list[float]) -> list[int]:
    """The lane at each moment, 0 being the one farthest left."""
    best, came_from = cost[0], list[list[int]]()
    last = len(best) - 1
    for here, (before_ms, now_ms) in zip(cost[1:], pairwise(at_ms), strict=True):
        may_change = now_ms - before_ms >= LEAST_STEP_MS
        total, came = list[float](), list[int]()
        for lane, unpleasant in enumerate(here):
            least, least_from = best[lane], lane
            if may_change:
                if lane and best[lane - 1] + CHANGE_COST < least:
                    least, least_from = best[lane - 1] + CHANGE_COST, lane - 1
                if lane < last and best[lane + 1] + CHANGE_COST < least:
                    least, least_from = best[lane + 1] + CHANGE_COST, lane + 1
            total.append(least + unpleasant)
            came.append(least_from)
        best = total
        came_from.append(came)
    lanes = [best.index(min(best))]
    for came in reversed(came_from):
        lanes.append(came[lanes[-1]])
    return lanes[::-1]


def _in_lanes(course: Course, lanes: list[int]) -> Walk:
    """The walk in these lanes; moments on the straight between two others are left out."""
    at_ms, points = list[float](), list[tuple[float, float]]()
    last = len(lanes) - 1
    for number, lane in enumerate(lanes):
        if course.is_corner[number] or lane != lanes[number - 1] or lane != lanes[min(number + 1, last)]:
            (x, y), (east, north), aside = course.middle[number], course.right[number], (lane - MOST) * LANE_M
            at_ms.append(course.at_ms[number])
            points.append((x + aside * east, y + aside * north))
    return Walk(tuple(at_ms), tuple(points))
