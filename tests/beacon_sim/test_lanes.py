"""Lanes: who meets somebody passes on the right, who walks past somebody walks round, and nobody loses time."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from beacon_sim.floor import Point, path_through
from beacon_sim.lanes import LANE_M, MOST, TOUCH_M, Floats, weave
from beacon_sim.walk import Walk, stand, walk_along

SPEED_M_S = 1.0
EAST = walk_along(path_through([(0.0, 0.0), (12.0, 0.0)]), SPEED_M_S, 0)
ROUND_A_CORNER = walk_along(path_through([(0.0, 0.0), (5.0, 0.0), (5.0, 5.0)]), SPEED_M_S, 0)


def everywhere(places: Floats) -> NDArray[np.bool_]:
    """A floor without shelves."""
    return np.ones(places.shape[:-1], dtype=np.bool_)


def past(walk: Walk, *others: Walk, room_m: float = 0.0) -> Walk:
    """The walk past others on an open floor."""

    def at(times: Floats) -> Floats:
        return np.array([[other.place(at_ms) for other in others] for at_ms in times.tolist()]).reshape(
            len(times), len(others), 2
        )

    return weave(walk, at, np.full(len(others), room_m), everywhere)


def nearest_m(walk: Walk, others: Sequence[Walk]) -> float:
    """How near anybody comes while the walk lasts."""
    times = range(round(walk.at_ms[0]), walk.ends_ms, 50)
    return min(math.dist(walk.place(at_ms), other.place(at_ms)) for other in others for at_ms in times)


def test_who_meets_nobody_walks_straight_on() -> None:
    """Far from others a walk stays as it is."""
    assert past(EAST, stand((6.0, 5.0), 0)) is EAST
    assert past(EAST) is EAST


def test_two_who_meet_pass_on_the_right() -> None:
    """The one who goes east is then south of the one who comes, out of arm's reach, and both in the same time."""
    west = walk_along(path_through([(12.0, 0.0), (0.0, 0.0)]), SPEED_M_S, 0)
    woven = past(EAST, west)
    assert nearest_m(woven, [west]) >= TOUCH_M
    assert woven.place(6_000)[1] < 0
    assert (woven.at_ms[0], woven.at_ms[-1]) == (EAST.at_ms[0], EAST.at_ms[-1])
    assert (woven.points[0], woven.points[-1]) == (EAST.points[0], EAST.points[-1])


def test_the_faster_overtakes_the_slower() -> None:
    """One who catches up goes by beside the other."""
    slow = walk_along(path_through([(3.0, 0.0), (12.0, 0.0)]), 0.5, 0)
    woven = past(EAST, slow)
    assert nearest_m(EAST, [slow]) < 0.1
    assert nearest_m(woven, [slow]) >= TOUCH_M


def test_one_walks_round_who_stands_in_the_way_and_farther_round_a_cart() -> None:
    """Somebody on the way is passed at a distance, and a cart at a greater one."""
    there = stand((6.0, 0.1), 0)
    person, cart = past(EAST, there), past(EAST, there, room_m=0.15)
    assert TOUCH_M <= nearest_m(person, [there]) < nearest_m(cart, [there])


def test_lanes_turn_with_the_way() -> None:
    """Round a corner one stays as far beside the way as there are lanes, at most, and moves on steadily."""
    woven = past(ROUND_A_CORNER, stand((5.0, 0.2), 0), stand((2.5, 0.0), 0))
    places = [woven.place(at_ms) for at_ms in range(0, woven.ends_ms, 100)]
    steps = [math.dist(here, there) for here, there in pairwise(places)]
    assert max(steps) < 0.1 * SPEED_M_S * 2
    way = shapely.LineString(ROUND_A_CORNER.points)
    beside = [shapely.Point(place).distance(way) for place in places]
    assert max(beside) <= MOST * LANE_M * math.sqrt(2) + 0.01


def test_no_lane_leads_where_one_cannot_walk() -> None:
    """With shelves on the right one passes on the left."""

    def not_south(places: Floats) -> NDArray[np.bool_]:
        free: NDArray[np.bool_] = places[..., 1] > -0.1
        return free

    there: Point = (6.0, 0.0)
    woven = weave(EAST, lambda times: np.full((len(times), 1, 2), there), np.zeros(1), not_south)
    assert nearest_m(woven, [stand(there, 0)]) >= TOUCH_M
    assert all(y >= 0 for _, y in woven.points)


def test_where_there_is_no_room_people_squeeze_through() -> None:
    """In a passage as wide as one person the way is walked as it is."""

    def passage(places: Floats) -> NDArray[np.bool_]:
        free: NDArray[np.bool_] = np.abs(places[..., 1]) < 0.1
        return free

    woven = weave(EAST, lambda times: np.full((len(times), 1, 2), (6.0, 0.0)), np.zeros(1), passage)
    assert all(y == 0 for _, y in woven.points)
