"""Aisles: where their mouths are, and that one who comes out prefers the mouth by which they came."""

import pytest

from beacon_sim.aisles import Aisles, find_aisles, mouth_of, way_out
from beacon_sim.floor import Floor, path_through
from tests.beacon_sim.days import store_of

IN_PASTA = (14.25, 11.25)  # nearer to the south end of the south half of the first aisle, whose ends are y 8.5 and 16.5


@pytest.fixture(scope="module")
def floor() -> Floor:
    """The demo market's floor."""
    return Floor(store_of("demo-market"))


@pytest.fixture(scope="module")
def aisles(floor: Floor) -> Aisles:
    """Its aisles."""
    return find_aisles(store_of("demo-market"), floor)


def test_an_aisle_that_a_wide_way_crosses_is_two_stretches(aisles: Aisles) -> None:
    """Eight aisles, each with a south and a north half, and a mouth at either end of each, outside the shelves."""
    assert len(aisles.stretches) == 16
    for stretch in aisles.stretches:
        _, south, _, north = stretch.bounds
        (_, below), (_, above) = stretch.mouths
        assert below < south < north < above
    assert aisles.at[IN_PASTA].bounds == (13.0, 8.5, 15.5, 16.5)
    assert (30.25, 31.25) not in aisles.at


def test_a_shop_without_long_aisles_has_no_stretch_too_short() -> None:
    """The corner shop's one aisle is one stretch."""
    store = store_of("corner-shop")
    assert len(find_aisles(store, Floor(store)).stretches) == 1


def test_one_leaves_by_the_mouth_one_came_in_by(floor: Floor, aisles: Aisles) -> None:
    """Whoever came from the south goes back south, though north is nearer, but not to what lies far in the north."""
    stretch = aisles.at[IN_PASTA]
    south, north = stretch.mouths
    here, goal, far = floor.near(14.25, 13.25), floor.near(17.75, 12.25), floor.near(14.25, 31.25)
    came = mouth_of(aisles, floor.route(floor.near(12.0, 7.5), here))
    assert came == south
    assert way_out(floor, aisles, here, goal, south).points[1][1] < here[1]
    assert way_out(floor, aisles, here, goal, north) == floor.route(here, goal)
    assert way_out(floor, aisles, here, far, south) == floor.route(here, far)


def test_within_an_aisle_and_outside_nothing_changes(floor: Floor, aisles: Aisles) -> None:
    """From shelf to shelf one goes straight, and on the wide ways too."""
    south, _ = aisles.at[IN_PASTA].mouths
    here, there, outside = floor.near(14.25, 10.25), floor.near(14.25, 15.25), floor.near(11.0, 30.0)
    assert way_out(floor, aisles, here, there, south) == floor.route(here, there)
    assert way_out(floor, aisles, outside, here, south) == floor.route(outside, here)
    assert mouth_of(aisles, path_through([here, there])) is None
    assert mouth_of(aisles, floor.route(here, outside)) is None


def test_the_wide_ways_are_preferred(floor: Floor) -> None:
    """A way between two halves of the store goes round by the wide ways where that is not much longer."""
    south, north = floor.near(12.25, 7.5), floor.near(12.25, 28.5)
    assert all(x < 13.0 for x, _ in floor.route(south, north).points)
