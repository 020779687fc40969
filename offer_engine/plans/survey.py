"""Turns a floor plan into what is worth knowing of it when nothing is wrong: sizes, counts, and what lies over what."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import shapely
from shapely import Polygon

from offer_engine.core.floor_parse import Floor
from offer_engine.core.geometry import floor_grid
from offer_engine.core.store_map import Zone

OVERLAP_M2 = 0.5  # less is a matter of drawing


def survey(floor: Floor, level: Polygon) -> list[str]:
    """Plain lines, the most important first."""
    west, south, east, north = level.bounds
    grid = floor_grid(level, [fixture.area for fixture in floor.fixtures.values()])
    walkable_m2 = float(np.count_nonzero(grid.walkable)) * grid.cell_m**2
    size = f"{east - west:.1f} × {north - south:.1f} m, {level.area:,.0f} m2"
    lines = [
        f"floor: {size}, of which {walkable_m2:,.0f} m2 to walk on",
        f"zones: {_counted(zone.kind for zone in floor.zones.values())}, all reached from an entrance",
        f"fixtures: {_counted(fixture.kind for fixture in floor.fixtures.values())}",
        f"doors: {_counted(opening.direction for opening in floor.openings.values())}",
        _gateways(floor, level),
    ]
    if floor.tie is None:
        lines.append("on earth: not tied; control points would say where the plan lies (docs/maps.md)")
    else:
        lon, lat = floor.tie.to_world(*level.centroid.coords[0])
        lines.append(f"on earth: {lat:.5f}, {lon:.5f} (latitude, longitude of its middle)")
    return lines + _overlaps(list(floor.zones.values()))


def _counted(kinds: Iterable[str]) -> str:
    counts = Counter(kinds)
    listed = ", ".join(f"{count} {kind}" for kind, count in counts.most_common())
    return f"{counts.total()} ({listed})" if counts else "none"


def _gateways(floor: Floor, level: Polygon) -> str:
    count = len(floor.gateways)
    if not count:
        return "gateways: none; positions have to come from elsewhere"
    return f"gateways: {count}, one for each {level.area / count:.0f} m2"


def _overlaps(zones: Sequence[Zone]) -> list[str]:
    areas = [zone.area for zone in zones]
    pairs = shapely.STRtree(areas).query(areas, predicate="intersects").T.tolist() if areas else []
    lines = []
    for one, other in ((zones[a], zones[b]) for a, b in sorted(pairs) if a < b):
        shared_m2 = one.area.intersection(other.area).area
        if shared_m2 > OVERLAP_M2 and one.floor == other.floor:
            lines.append(f"overlap: '{one.key}' ({one.kind}) and '{other.key}' ({other.kind}) share {shared_m2:.1f} m2")
    return lines
