"""Turns a store's aisles into stretches between shelves with a mouth at either end, and says who turns back in them.

Aisles are entered and left by the same end more often than they are walked through (Larson, Bradlow and Fader, 2005):
the wide ways are where one knows one's way, and a thing between the shelves is fetched and brought back there. So one
who comes out of an aisle prefers the mouth by which they came, as long as the way is not much longer for it. A
promotion area across an aisle is a wide way too, and cuts it in two.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import shapely
from shapely import Polygon

from beacon_sim.floor import Floor, Path, Point, path_through
from offer_engine.core.store_map import StoreMap

MOUTH_M = 0.75  # from an aisle's end out to where its mouth is
LEAST_M = 3.0  # shorter stretches are gaps
TURN_BACK_M = 16.0  # how much longer the way may be for leaving by the mouth one came in by: as an aisle is long


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of an aisle between shelves."""

    bounds: tuple[float, float, float, float]
    mouths: tuple[Point, Point]


@dataclass(frozen=True, slots=True)
class Aisles:
    """Every stretch of a store, and in which of them a cell of the floor lies."""

    stretches: tuple[Stretch, ...]
    at: Mapping[Point, Stretch]


def find_aisles(store: StoreMap, floor: Floor) -> Aisles:
    """The stretches of all zones that are aisles."""
    crossings = shapely.union_all([zone.area for zone in store.zones.values() if zone.kind == "promo"])
    found = list[Stretch]()
    at = dict[Point, Stretch]()
    for zone in store.zones.values():
        parts = shapely.get_parts(zone.area.difference(crossings)) if zone.kind == "aisle" else ()
        for part in parts:
            if (stretch := _stretch(part, floor)) is not None:
                found.append(stretch)
                inside = floor.cells[shapely.contains_xy(part, floor.cells[:, 0], floor.cells[:, 1])]
                at |= {(float(x), float(y)): stretch for x, y in inside}
    return Aisles(tuple(found), at)


def _stretch(area: Polygon, floor: Floor) -> Stretch | None:
    """The stretch along the longer side of its bounds; None when it is too short for one."""
    west, south, east, north = area.bounds
    if max(east - west, north - south) < LEAST_M:
        return None
    middle = area.centroid
    if north - south >= east - west:
        ends = (middle.x, south - MOUTH_M), (middle.x, north + MOUTH_M)
    else:
        ends = (west - MOUTH_M, middle.y), (east + MOUTH_M, middle.y)
    return Stretch(area.bounds, (floor.near(*ends[0]), floor.near(*ends[1])))


def way_out(floor: Floor, aisles: Aisles, here: Point, goal: Point, mouth: Point | None) -> Path:
    """The way from `here` to `goal`: out of an aisle by the `mouth` one came in by, unless that is much longer."""
    direct = floor.route(here, goal)
    stretch = aisles.at.get(here)
    if stretch is None or mouth not in stretch.mouths or aisles.at.get(goal) is stretch:
        return direct
    at_most_m = direct.length_m + TURN_BACK_M
    if _mouth_passed(stretch, direct.points) == mouth or math.dist(here, mouth) + math.dist(mouth, goal) > at_most_m:
        return direct
    onward = floor.route(mouth, goal)
    if shapely.box(*stretch.bounds).intersects(shapely.LineString([mouth, *onward.points])):
        return direct  # it leads through the aisle again
    back = path_through([*floor.route(here, mouth).points, *onward.points])
    return back if back.length_m <= at_most_m else direct


def mouth_of(aisles: Aisles, way: Path) -> Point | None:
    """By which mouth a way comes into the stretch in which it ends; None when it ends elsewhere or began there."""
    stretch = aisles.at.get(way.points[-1])
    if stretch is None or aisles.at.get(way.points[0]) is stretch:
        return None
    return _mouth_passed(stretch, way.points[::-1])


def _mouth_passed(stretch: Stretch, points: Sequence[Point]) -> Point:
    """The mouth nearest to the first of the points that is outside the stretch."""
    west, south, east, north = stretch.bounds
    outside = ((x, y) for x, y in points if not (west <= x <= east and south <= y <= north))
    first = next(outside, points[-1])
    return min(stretch.mouths, key=lambda mouth: math.dist(mouth, first))
