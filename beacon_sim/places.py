"""Turns a store map into the places where shoppers stand: in front of each product, at the tills, at the doors.

The products of a zone stand on the shelves of that zone, in the catalogue's order of category and sku from west to
east, so that alike things are near one another. A till is used at the end nearest to the way out, and its queue lines
up along the way back into the shop.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from beacon_sim.floor import Floor, Path, Point, path_through
from offer_engine.core.store_map import Fixture, Opening, StoreMap, Zone

REACH_M = 0.8  # an arm's length from where one stands to the shelf
LLOYD_STEPS = 30  # far more than it takes to settle
SPOTS_PER_ZONE = 8  # stops in front of the shelves of one zone; more make no difference to what beacons can see
QUEUE_STEP_M = 0.8  # from one person in a queue to the next
QUEUE_CLOSE_M = 0.5  # nobody stands as near as this to another in the queue
QUEUE_SPOTS = 8  # from there on people stand at the end together


@dataclass(frozen=True, slots=True)
class TillPlace:
    """Where one stands at a till, and in its queue."""

    key: str
    service: Point
    queue: tuple[Point, ...]  # from the one who is next to the last


@dataclass(frozen=True, slots=True)
class Places:
    """Every place that a shopper walks to."""

    by_sku: Mapping[str, Point]
    by_zone: Mapping[str, tuple[Point, ...]]  # where one looks round in a zone
    ways_in: tuple[Point, ...]
    ways_out: tuple[Point, ...]
    tills: tuple[TillPlace, ...]  # at least one: without a till one pays at the door


def find_places(store: StoreMap, floor: Floor) -> Places:
    """Find where to stand for everything in the store."""
    by_zone = {zone.key: _zone_spots(store, floor, zone) for zone in store.zones.values()}
    ways_out = _doors(floor, [door for door in store.openings if door.direction != "in"])
    tills = tuple(_till(floor, fixture, ways_out) for fixture in store.fixtures if fixture.kind == "till")
    return Places(
        by_sku=_product_spots(store, by_zone),
        by_zone=by_zone,
        ways_in=_doors(floor, [door for door in store.openings if door.direction != "out"]),
        ways_out=ways_out,
        tills=tills or (TillPlace("door", ways_out[0], ()),),
    )


def _doors(floor: Floor, doors: Sequence[Opening]) -> tuple[Point, ...]:
    middles = [door.line.interpolate(0.5, normalized=True) for door in doors]
    return tuple(floor.near(middle.x, middle.y) for middle in middles)


def _zone_spots(store: StoreMap, floor: Floor, zone: Zone) -> tuple[Point, ...]:
    """Up to `SPOTS_PER_ZONE` places in front of the zone's shelves, well spread, from west to east."""
    own = [fixture.area for fixture in store.fixtures if fixture.zone == zone.key]
    shelves = own or [fixture.area for fixture in store.fixtures if fixture.area.distance(zone.area) <= REACH_M]
    inside = floor.cells[floor.is_reachable & shapely.contains_xy(zone.area, floor.cells[:, 0], floor.cells[:, 1])]
    if not len(inside):
        middle = zone.area.representative_point()
        return (floor.near(middle.x, middle.y),)
    reachable = inside[_within(inside, shapely.union_all(shelves), REACH_M)] if shelves else inside
    spots = _spread(reachable if len(reachable) else inside, SPOTS_PER_ZONE)
    return tuple(sorted((float(x), float(y)) for x, y in spots))


def _within(points: NDArray[np.float64], shelves: BaseGeometry, reach_m: float) -> NDArray[np.bool_]:
    near: NDArray[np.bool_] = shapely.dwithin(shelves, shapely.points(points), reach_m)
    return near


def _spread(points: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """At most `count` of the points, each in the middle of its part: people stop all along a shelf, not at its ends.

    Lloyd's algorithm (IEEE Transactions on Information Theory 28, 1982), begun on points that are far apart.
    """
    chosen = [0]
    gap = np.hypot(*(points - points[0]).T)
    while len(chosen) < min(count, len(points)):
        chosen.append(int(np.argmax(gap)))
        gap = np.minimum(gap, np.hypot(*(points - points[chosen[-1]]).T))
    middles = points[chosen]
    for _ in range(LLOYD_STEPS):
        part = np.argmin(_squared(points, middles), axis=1)
        middles = np.array([points[part == number].mean(axis=0) for number in np.unique(part)])
    spots: NDArray[np.float64] = points[np.unique(np.argmin(_squared(points, middles), axis=0))]
    return spots


def _squared(points: NDArray[np.float64], middles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared distances, (points, middles)."""
    squared: NDArray[np.float64] = ((points[:, None] - middles[None]) ** 2).sum(axis=2)
    return squared


def _product_spots(store: StoreMap, by_zone: Mapping[str, Sequence[Point]]) -> dict[str, Point]:
    """Where to stand for each product: those of a zone shared out evenly over its spots, category by category."""
    placed: dict[str, Point] = {}
    for key, spots in by_zone.items():
        stocked = sorted(
            (product for product in store.products.values() if product.zone == key),
            key=lambda product: (product.category, product.sku),
        )
        for rank, product in enumerate(stocked):
            placed[product.sku] = spots[rank * len(spots) // len(stocked)]
    return placed


def _till(floor: Floor, fixture: Fixture, ways_out: Sequence[Point]) -> TillPlace:
    """The till's end nearest to a way out; the queue goes along the till to its other end, then on into the shop."""
    beside = floor.cells[floor.is_reachable & _within(floor.cells, fixture.area, REACH_M)]
    centre = fixture.area.centroid
    if not len(beside):
        beside = np.array([floor.near(centre.x, centre.y)])
    exits = np.array(ways_out)
    far = np.hypot(*(beside[:, None, :] - exits[None, :, :]).transpose(2, 0, 1)).min(axis=1)
    nearest = beside[int(np.argmin(far))]
    service = (float(nearest[0]), float(nearest[1]))
    along = beside[floor.in_sight(service, beside)]
    far_end = along[int(np.argmax(np.hypot(*(along - service).T)))]
    corner = (float(far_end[0]), float(far_end[1]))
    middle = floor.level.representative_point()
    line = path_through([service, *floor.route(corner, floor.near(middle.x, middle.y)).points])
    return TillPlace(fixture.key, service, _queue(line))


def _queue(line: Path) -> tuple[Point, ...]:
    """Up to `QUEUE_SPOTS` places behind the beginning of the line, up to where it would come back upon itself."""
    standing = [line.at(0.0)]
    for step in range(1, min(QUEUE_SPOTS, int(line.length_m / QUEUE_STEP_M)) + 1):
        spot = line.at(step * QUEUE_STEP_M)
        if any(math.dist(spot, other) < QUEUE_CLOSE_M for other in standing):
            break
        standing.append(spot)
    return tuple(standing[1:])
