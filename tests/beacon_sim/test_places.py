"""Where shoppers stand: in reach of what they buy, beside the tills, by the doors."""

import math
from itertools import pairwise

import pytest
import shapely

from beacon_sim.floor import Floor
from beacon_sim.places import REACH_M, find_places
from tests.beacon_sim.days import STORES, store_of


@pytest.mark.parametrize("name", STORES)
def test_every_product_is_in_reach_of_its_place(name: str) -> None:
    """One stands inside the product's zone, an arm's length from a shelf if it has any, and not in the shelf."""
    store = store_of(name)
    places = find_places(store, Floor(store))
    shelves = shapely.union_all([fixture.area for fixture in store.fixtures])
    assert places.by_sku.keys() == store.products.keys()
    for sku, place in places.by_sku.items():
        here = shapely.Point(place)
        assert store.zones[store.products[sku].zone].area.covers(here), sku
        has_shelf = store.zones[store.products[sku].zone].area.distance(shelves) == 0
        assert here.distance(shelves) > 0, sku
        assert here.distance(shelves) <= REACH_M or not has_shelf, sku


@pytest.mark.parametrize("name", STORES)
def test_like_products_stand_together(name: str) -> None:
    """The products of a category are on neighbouring places of their zone."""
    store = store_of(name)
    places = find_places(store, Floor(store))
    for zone, spots in places.by_zone.items():
        stocked = [product for product in store.products.values() if product.zone == zone]
        ranges = []
        for category in sorted({product.category for product in stocked}):
            used = [spots.index(places.by_sku[p.sku]) for p in stocked if p.category == category]
            ranges.append((min(used), max(used)))
        assert all(before[1] <= after[0] for before, after in pairwise(ranges))


@pytest.mark.parametrize("name", STORES)
def test_queues_stand_on_the_floor_with_room_between_people(name: str) -> None:
    """Each till has a place to pay and a queue whose places are apart and not in a shelf."""
    store = store_of(name)
    places = find_places(store, Floor(store))
    shelves = shapely.union_all([fixture.area for fixture in store.fixtures])
    assert places.tills
    for till in places.tills:
        line = [till.service, *till.queue]
        assert all(not shapely.Point(place).intersects(shelves) for place in line)
        assert all(math.dist(here, there) > 0.4 for here, there in pairwise(line))
