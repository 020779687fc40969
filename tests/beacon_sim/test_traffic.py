"""Traffic in a real floor plan: nobody stands on another's spot, and woven walks keep off the shelves."""

import math
from itertools import combinations

import pytest
import shapely

from beacon_sim.day import DaySettings
from beacon_sim.floor import Floor
from beacon_sim.places import find_places
from beacon_sim.traffic import ELBOW_M, ROOM_M, Traffic
from beacon_sim.walk import stand
from tests.beacon_sim.days import MINUTE_MS, STORES, a_day, store_of


@pytest.fixture(scope="module")
def floor() -> Floor:
    """The demo market's floor."""
    return Floor(store_of("demo-market"))


def test_who_comes_to_a_shelf_where_somebody_stands_stands_beside_them(floor: Floor) -> None:
    """Four for the same wine stand apart, in the wine department, near where it is."""
    store = store_of("demo-market")
    traffic = Traffic(store, floor)
    wanted = find_places(store, floor).by_sku["silver-oak-cabernet"]
    spots = []
    for who in ("s-0001", "s-0002", "s-0003", "s-0004"):
        spots.append(traffic.spot(who, wanted))
        traffic.moves(who, stand(spots[-1], 0))
    assert spots[0] == wanted
    assert all(math.dist(one, other) >= ELBOW_M for one, other in combinations(spots, 2))
    assert all(math.dist(spot, wanted) <= ROOM_M for spot in spots)
    assert all(store.zones["wine"].area.covers(shapely.Point(spot)) for spot in spots)


def test_a_place_is_free_again_when_its_owner_has_left(floor: Floor) -> None:
    """The next one stands where the product is."""
    traffic = Traffic(store_of("demo-market"), floor)
    wanted = find_places(store_of("demo-market"), floor).by_sku["silver-oak-cabernet"]
    traffic.moves("s-0001", stand(wanted, 0))
    assert traffic.spot("s-0002", wanted) != wanted
    traffic.leaves("s-0001")
    assert traffic.spot("s-0002", wanted) == wanted


def test_two_who_meet_in_an_aisle_do_not_walk_through_each_other(floor: Floor) -> None:
    """One comes up the aisle while the other comes down."""
    traffic = Traffic(store_of("demo-market"), floor)
    south, north = floor.near(14.25, 8.0), floor.near(14.25, 16.0)
    up = traffic.walk("s-0001", floor.route(south, north), 1.0, 0)
    traffic.moves("s-0001", up)
    down = traffic.walk("s-0002", floor.route(north, south), 1.0, 0)
    assert min(math.dist(up.place(at_ms), down.place(at_ms)) for at_ms in range(0, 8_000, 100)) > 0.4


@pytest.mark.parametrize("name", STORES)
def test_nobody_walks_through_a_shelf_or_another(name: str) -> None:
    """Five minutes of a busy store: every walk keeps off the shelves, and people are rarely nearer than 0.4 m."""
    day, _ = a_day(name, settings=DaySettings(arrivals_per_min=3.0 if name == "demo-market" else 1.0, warm_up_min=20))
    day.run_until(-1)
    shelves = shapely.union_all([fixture.area for fixture in day.shop.store.fixtures])
    shapely.prepare(shelves)
    near = seen = 0
    for now_ms in range(0, 5 * MINUTE_MS, 1_000):
        day.run_until(now_ms)
        places = [shopper.place() for shopper in day.inside()]
        near += sum(any(math.dist(a, b) < 0.4 for b in places if b is not a) for a in places)
        seen += len(places)
        assert not shapely.intersects_xy(shelves, *zip(*places, strict=True)).any()
    walks = [walk.points for shopper in day.inside() for walk in shopper.diary.walks if len(walk.points) > 1]
    assert len(walks) > 20
    assert not shapely.intersects(shelves, [shapely.LineString(points) for points in walks]).any()
    assert near / seen < 0.05
