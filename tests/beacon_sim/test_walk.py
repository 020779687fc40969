"""A walk in time: where one is at each moment, how long it takes, and what is left of it when it is broken off."""

import pytest

from beacon_sim.floor import path_through
from beacon_sim.walk import Walk, stand, walk_along

WAY = path_through([(0.0, 0.0), (3.0, 0.0), (3.0, 4.0)])


def test_a_walk_is_where_its_speed_says() -> None:
    """At 2 m/s seven metres take 3.5 s; before and after one stands at the ends."""
    walk = walk_along(WAY, 2.0, 1_000)
    assert walk.ends_ms == 4_500
    assert walk.length_m == 7.0
    assert [walk.place(now_ms) for now_ms in (0, 1_000, 2_500, 3_500, 4_500, 9_000)] == [
        (0.0, 0.0),
        (0.0, 0.0),
        (3.0, 0.0),
        (3.0, 2.0),
        (3.0, 4.0),
        (3.0, 4.0),
    ]


@pytest.mark.parametrize(
    ("now_ms", "walked_m", "here"),
    [(1_000, 0.0, (0.0, 0.0)), (2_000, 2.0, (2.0, 0.0)), (2_500, 3.0, (3.0, 0.0)), (3_000, 4.0, (3.0, 1.0))],
)
def test_a_walk_broken_off_ends_where_one_is(now_ms: int, walked_m: float, here: tuple[float, float]) -> None:
    """What was walked is kept, and one stands where one was at that moment."""
    broken = walk_along(WAY, 2.0, 1_000).until(now_ms)
    assert broken.length_m == walked_m
    assert broken.place(60_000) == here
    assert broken.ends_ms == now_ms


def test_a_walk_that_is_over_is_not_broken_off() -> None:
    """Afterwards there is nothing to break off."""
    walk = walk_along(WAY, 2.0, 0)
    assert walk.until(3_500) is walk


def test_standing_is_a_walk_of_no_length() -> None:
    """One stands at the place at any time."""
    here = stand((1.0, 2.0), 500)
    assert here == Walk((500,), ((1.0, 2.0),))
    assert (here.length_m, here.place(0), here.place(9_999)) == (0.0, (1.0, 2.0), (1.0, 2.0))
