"""Ways through the store: round the shelves, never through them, and as straight as the shelves allow."""

from itertools import combinations

import numpy as np
import pytest
import shapely

from beacon_sim.floor import Floor, path_through
from beacon_sim.places import find_places
from tests.beacon_sim.days import STORES, store_of


@pytest.mark.parametrize("name", STORES)
def test_no_way_between_any_two_stops_touches_a_shelf_or_leaves_the_store(name: str) -> None:
    """For every pair of places where shoppers stop, the way between them keeps off every shelf and inside the walls."""
    store = store_of(name)
    floor = Floor(store)
    places = find_places(store, floor)
    tills = [place for till in places.tills for place in (till.service, *till.queue[:1])]
    stops = {*places.by_sku.values(), *places.ways_in, *places.ways_out, *tills}
    stops |= {place for spots in places.by_zone.values() for place in spots[:2]}
    pairs = list(combinations(sorted(stops), 2))
    ways = [shapely.LineString(floor.route(here, there).points) for here, there in pairs]
    shelves = shapely.union_all([fixture.area for fixture in store.fixtures])
    shapely.prepare(shelves)
    crossed = np.flatnonzero(shapely.intersects(shelves, ways))
    assert not len(crossed), f"through a shelf: {[pairs[number] for number in crossed[:3]]}"
    assert shapely.covers(store.level, ways).all()
    assert all(way.coords[-1] == there for way, (_, there) in zip(ways, pairs, strict=True))


def test_a_way_is_pulled_tight() -> None:
    """Between two places in sight of each other the way is the straight line."""
    floor = Floor(store_of("demo-market"))
    here, there = floor.near(11.0, 30.0), floor.near(35.0, 30.0)
    way = floor.route(here, there)
    assert way.points == (here, there)


@pytest.mark.parametrize("name", STORES)
def test_a_way_may_begin_anywhere_on_another(name: str) -> None:
    """One who turns round half way between two stops finds a way that is as clean as any."""
    store = store_of(name)
    floor = Floor(store)
    places = find_places(store, floor)
    first, *rest = sorted(set(places.by_sku.values()))
    shelves = shapely.union_all([fixture.area for fixture in store.fixtures])
    for goal in rest[::3]:
        way = floor.route(first, goal)
        for share in (0.21, 0.5, 0.83):
            turned = floor.route(way.at(share * way.length_m), rest[0])
            assert not shapely.LineString([*turned.points, turned.points[-1]]).intersects(shelves)


def test_a_path_measures_itself() -> None:
    """A path knows its length, its place after any distance, and stays at its ends beyond them."""
    path = path_through([(0.0, 0.0), (3.0, 0.0), (3.0, 0.0), (3.0, 4.0)])
    assert path.length_m == 7.0
    assert [path.at(walked) for walked in (-1.0, 0.0, 3.0, 5.0, 9.0)] == [
        (0.0, 0.0),
        (0.0, 0.0),
        (3.0, 0.0),
        (3.0, 2.0),
        (3.0, 4.0),
    ]
