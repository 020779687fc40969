"""Turns a floor plan that was read into what is wrong with how its parts fit together.

These are the mistakes that no single feature shows and that would otherwise come out as offers that never fire: a zone
outside the building or behind the shelves, two departments over one another, a door that nobody can come in by.
"""

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from offer_engine.core.floor_parse import Floor, zone_keys
from offer_engine.core.geometry import BoolGrid, FloorGrid, floor_grid, reachable
from offer_engine.core.record import did_you_mean
from offer_engine.core.store_map import Opening, Zone
from offer_engine.errors import Problem

LEVEL_M = (2.0, 1000.0)  # narrower is degrees taken for metres, wider is centimetres
DEGREES = 0.2  # no store of metres is smaller than this, and none of degrees is larger
OVERLAP_M2 = 0.01  # outlines that merely touch overlap by rounding
OUTSIDE_M2 = 0.01
SLIVER_M = 0.02  # and plans drawn in degrees of seven decimals are rounded to the centimetre: no strip this thin counts
DOOR_OFF_WALL_M = 0.5  # a door's line may be drawn on either face of the wall
GATEWAY_OFF_FLOOR_M = 20.0  # a receiver may hang in the storeroom next door


def check_floor(floor: Floor, problems: list[Problem]) -> None:
    """Add to `problems` whatever does not fit together."""
    if not floor.is_json:
        return
    if floor.level is None:
        problems.append(Problem(floor.file, 0, "features", "there is no usable level, the outline of the sales floor"))
        return
    if not _is_in_metres(floor, floor.level, problems):
        return
    _check_inside(floor, floor.level, problems)
    _check_overlaps(floor, problems)
    _check_fixture_zones(floor, problems)
    _check_openings(floor, floor.level, problems)
    _check_reach(floor, floor.level, problems)


def _note(floor: Floor, problems: list[Problem], kind: str, key: str, message: str, field: str = "geometry") -> None:
    problems.append(Problem(floor.file, floor.lines.get((kind, key), 0), field, message))


def _is_in_metres(floor: Floor, level: Polygon, problems: list[Problem]) -> bool:
    west, south, east, north = level.bounds
    low, high = LEVEL_M
    if low <= east - west <= high and low <= north - south <= high:
        return True
    line = min((line for (kind, _), line in floor.lines.items() if kind == "level"), default=0)
    message = (
        f"the level measures {east - west:g} by {north - south:g}; coordinates are metres, and a side must be from "
    )
    message += f"{low:g} to {high:g}"
    if max(east - west, north - south) < DEGREES:
        message += "; these look like degrees, of which `python -m offer_engine map import` makes metres"
    problems.append(Problem(floor.file, line, "geometry", message))
    return False


def _check_inside(floor: Floor, level: Polygon, problems: list[Problem]) -> None:
    areas: list[tuple[str, str, BaseGeometry]] = [("geofence", zone.key, zone.area) for zone in floor.zones.values()]
    areas += [("fixture", fixture.key, fixture.area) for fixture in floor.fixtures.values()]
    for kind, key, area in areas:
        outside_m2 = _beyond_rounding_m2(area.difference(level))
        if outside_m2 > OUTSIDE_M2:
            word = "zone" if kind == "geofence" else kind
            _note(floor, problems, kind, key, f"{word} '{key}' lies {outside_m2:.1f} m2 outside the level")
    for gateway in floor.gateways.values():
        away_m = level.distance(shapely.Point(gateway.x, gateway.y))
        if away_m > GATEWAY_OFF_FLOOR_M:
            _note(floor, problems, "x-beacon", gateway.key, f"gateway '{gateway.key}' is {away_m:.0f} m off the level")


def _check_overlaps(floor: Floor, problems: list[Problem]) -> None:
    """Departments and aisles share no floor: an offer's place must be one answer. Promotions may lie over both."""
    exclusive = [zone for zone in floor.zones.values() if zone.kind in {"dept", "aisle"}]
    if not exclusive:
        return
    areas = [zone.area for zone in exclusive]
    pairs = shapely.STRtree(areas).query(areas, predicate="intersects").T.tolist()
    for one, other in ((exclusive[a], exclusive[b]) for a, b in sorted(pairs) if a < b):
        overlap_m2 = _beyond_rounding_m2(one.area.intersection(other.area)) if one.floor == other.floor else 0.0
        if overlap_m2 > OVERLAP_M2:
            message = f"zone '{other.key}' overlaps zone '{one.key}' by {overlap_m2:.1f} m2; only promo zones may"
            _note(floor, problems, "geofence", other.key, message)


def _beyond_rounding_m2(area: BaseGeometry) -> float:
    """The area, or nothing where it is but a thin strip along an edge."""
    return 0.0 if area.buffer(-SLIVER_M / 2).is_empty else float(area.area)


def _check_fixture_zones(floor: Floor, problems: list[Problem]) -> None:
    known = zone_keys(floor)
    for fixture in floor.fixtures.values():
        if fixture.zone is not None and fixture.zone not in known:
            message = f"zone '{fixture.zone}' unknown{did_you_mean(fixture.zone, known)}"
            _note(floor, problems, "fixture", fixture.key, message, "properties.zone")


def _check_openings(floor: Floor, level: Polygon, problems: list[Problem]) -> None:
    for direction, verb in (("in", "come in"), ("out", "go out")):
        if not any(opening.direction in {direction, "both"} for opening in floor.openings.values()):
            message = f"there is no opening to {verb} by; one needs the direction '{direction}' or 'both'"
            problems.append(Problem(floor.file, 0, "features", message))
    for opening in floor.openings.values():
        off_m = level.exterior.distance(opening.line)
        if off_m > DOOR_OFF_WALL_M:
            message = f"opening '{opening.key}' stands {off_m:.1f} m off the level's outline; doors are in its walls"
            _note(floor, problems, "opening", opening.key, message)


def _check_reach(floor: Floor, level: Polygon, problems: list[Problem]) -> None:
    grid = floor_grid(level, [fixture.area for fixture in floor.fixtures.values()])
    entrances = [opening for opening in floor.openings.values() if opening.direction != "out"]
    if not entrances:
        return
    reached = np.zeros_like(grid.walkable)
    for opening in entrances:
        reached |= _reached_from(grid, opening)
    for opening in floor.openings.values():
        if not (_reached_from(grid, opening) & reached).any():
            message = f"opening '{opening.key}' cannot be walked to from an entrance; fixtures stand in the way"
            _note(floor, problems, "opening", opening.key, message)
    for zone in floor.zones.values():
        if not _touches(grid, grid.walkable, zone):
            message = f"zone '{zone.key}' lies wholly under fixtures; nobody can stand in it"
            _note(floor, problems, "geofence", zone.key, message)
        elif not _touches(grid, reached, zone):
            message = f"zone '{zone.key}' cannot be walked to from an entrance; fixtures stand in the way"
            _note(floor, problems, "geofence", zone.key, message)


def _reached_from(grid: FloorGrid, opening: Opening) -> BoolGrid:
    middle = opening.line.interpolate(0.5, normalized=True)
    return reachable(grid, middle.x, middle.y)


def _touches(grid: FloorGrid, cells: BoolGrid, zone: Zone) -> bool:
    """Whether one of `cells` has its centre in the zone, or within half a cell of it: narrow zones miss centres."""
    area = zone.area.buffer(grid.cell_m / 2)
    west, south, east, north = area.bounds
    row, col = int((south - grid.origin_y) // grid.cell_m), int((west - grid.origin_x) // grid.cell_m)
    row, col = max(row, 0), max(col, 0)
    top, right = int((north - grid.origin_y) // grid.cell_m) + 1, int((east - grid.origin_x) // grid.cell_m) + 1
    rows, cols = np.nonzero(cells[row : max(top, 0), col : max(right, 0)])
    xs = grid.origin_x + grid.cell_m * (col + cols + 0.5)
    ys = grid.origin_y + grid.cell_m * (row + rows + 0.5)
    return bool(shapely.intersects_xy(area, xs, ys).any())
