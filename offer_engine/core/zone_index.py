"""The floor's zones compiled into a raster, so that the zones of a point are found in half a microsecond, exactly.

Each cell knows which areas cover it whole and which only touch it; only the latter need a point-in-polygon test.
Shapely compiles the raster once, when the map is loaded; asking is plain Python, since one call into shapely costs
more than the whole question (docs/adr/0004-zone-raster.md). The cost does not depend on the number of zones.

Areas are closed sets: a point on an edge is inside.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon, STRtree

from offer_engine.core.store_map import Zone

Keys = tuple[str, ...]
Ring = tuple[tuple[float, float, float, float], ...]  # edges x1, y1, x2, y2
Box = tuple[float, float, float, float]  # west, south, east, north

MAX_CELLS = 4_000_000  # a store of 1 km2 still gets its raster: the cells grow instead
_SLACK = 1e-9  # of a cell: rounding may put a point on a cell's border into the next cell, so neighbours know its areas
_NOWHERE: tuple[Keys, Keys] = ((), ())


@dataclass(frozen=True, slots=True)
class AreaIndex:
    """Areas by key over a raster of square cells; `cells` holds (keys that cover the cell, keys that touch it)."""

    origin_x: float
    origin_y: float
    per_m: float  # cells per metre
    columns: int
    rows: int
    cells: tuple[tuple[Keys, Keys], ...]
    rings: Mapping[str, tuple[Ring, ...]]
    boxes: Mapping[str, tuple[Box, ...]]  # of the areas that are made of upright rectangles; a fifth of the cost

    def at(self, x: float, y: float) -> Keys:
        """Keys of the areas that hold the point, sorted; one and the same tuple for all points of a plain cell."""
        column = int((x - self.origin_x) * self.per_m)
        row = int((y - self.origin_y) * self.per_m)
        if x < self.origin_x or y < self.origin_y or column >= self.columns or row >= self.rows:
            return ()
        sure, maybe = self.cells[row * self.columns + column]
        if not maybe:
            return sure
        found = [key for key in maybe if self._holds(key, x, y)]
        return tuple(sorted([*sure, *found])) if found else sure

    def crossed(self, x1: float, y1: float, x2: float, y2: float) -> Keys:
        """Keys of the areas that the straight way from one point to the other meets, its ends included; sorted.

        For the rare long step: it costs as much as the way has cells, some microseconds a metre.
        """
        found, doubtful = set[str](), set[str]()
        for sure, maybe in self._along(x1, y1, x2, y2):
            found.update(sure)
            doubtful.update(maybe)
        for key in doubtful - found:
            if any(_meets(ring, x1, y1, x2, y2) for ring in self.rings[key]) or self._holds(key, x1, y1):
                found.add(key)
        return tuple(sorted(found))

    def _along(self, x1: float, y1: float, x2: float, y2: float) -> set[tuple[Keys, Keys]]:
        """What the cells know that the way passes, column by column from west to east."""
        (west, a), (east, b) = sorted(((x1, y1), (x2, y2)))
        slope = (b - a) / (east - west) if east > west else 0.0
        cells = set[tuple[Keys, Keys]]()
        first, last = self._column(west), self._column(east)
        for column in range(max(first, 0), min(last, self.columns - 1) + 1):
            left = a if column == first else a + slope * (self.origin_x + column / self.per_m - west)
            right = b if column == last else a + slope * (self.origin_x + (column + 1) / self.per_m - west)
            low, high = self._row(min(left, right) - _SLACK), self._row(max(left, right) + _SLACK)
            for row in range(max(low, 0), min(high, self.rows - 1) + 1):
                cells.add(self.cells[row * self.columns + column])
        return cells

    def _column(self, x: float) -> int:
        return math.floor((x - self.origin_x) * self.per_m)

    def _row(self, y: float) -> int:
        return math.floor((y - self.origin_y) * self.per_m)

    def _holds(self, key: str, x: float, y: float) -> bool:
        boxes = self.boxes.get(key)
        if boxes is None:
            return _holds(self.rings[key], x, y)
        for west, south, east, north in boxes:  # noqa: SIM110  any() would cost as much as all the rest
            if west <= x <= east and south <= y <= north:
                return True
        return False


@dataclass(frozen=True, slots=True)
class ZoneIndex:
    """Where a point is: inside which zones, and near which (within the exit margin, so not yet outside)."""

    zones: Mapping[str, Zone]
    inside: AreaIndex
    near: AreaIndex
    floors: frozenset[int]  # storeys that any zone is on


def compile_zones(zones: Mapping[str, Zone]) -> ZoneIndex:
    """Compile the zones of one floor plan, which share its level."""
    margins = {key: _multi(zone.area.buffer(zone.exit_margin_m, quad_segs=4)) for key, zone in zones.items()}
    inside = compile_areas({key: zone.area for key, zone in zones.items()})
    return ZoneIndex(zones, inside, compile_areas(margins), frozenset(zone.floor for zone in zones.values()))


def compile_areas(areas: Mapping[str, MultiPolygon], cell_m: float = 0.5) -> AreaIndex:
    """Rasterise areas; cells are `cell_m` wide, wider only where the floor would need over four million of them."""
    if not areas:
        return AreaIndex(0.0, 0.0, 1.0, 0, 0, (), {}, {})
    west, south, east, north = shapely.total_bounds(list(areas.values()))
    cell_m = max(cell_m, float(np.sqrt((east - west) * (north - south) / MAX_CELLS)))
    columns = int((east - west) / cell_m) + 2  # one to spare, where rounding puts the last edge
    rows = int((north - south) / cell_m) + 2
    boxes = _boxes(float(west), float(south), cell_m, columns, rows)
    wider = _boxes(float(west), float(south), cell_m, columns, rows, slack_m=_SLACK * cell_m)
    keys = sorted(areas)
    sure: list[list[str]] = [[] for _ in range(rows * columns)]
    maybe: list[list[str]] = [[] for _ in range(rows * columns)]
    tree, wider_tree = STRtree(boxes), STRtree(wider)
    for key in keys:
        touched = set(wider_tree.query(areas[key], predicate="intersects").tolist())
        covered = set(tree.query(areas[key], predicate="covers").tolist())
        for cell in covered:
            sure[cell].append(key)
        for cell in touched - covered:
            maybe[cell].append(key)
    shared: dict[tuple[Keys, Keys], tuple[tuple[str, ...], tuple[str, ...]]] = {_NOWHERE: _NOWHERE}
    cells = tuple(
        shared.setdefault((tuple(a), tuple(b)), (tuple(a), tuple(b))) for a, b in zip(sure, maybe, strict=True)
    )
    rings = {key: tuple(_rings(areas[key])) for key in keys}
    upright = {key: found for key in keys if (found := _as_boxes(areas[key])) is not None}
    return AreaIndex(float(west), float(south), 1 / cell_m, columns, rows, cells, rings, upright)


def _boxes(
    west: float, south: float, cell_m: float, columns: int, rows: int, *, slack_m: float = 0.0
) -> NDArray[np.object_]:
    xs = west + cell_m * np.tile(np.arange(columns), rows)
    ys = south + cell_m * np.repeat(np.arange(rows), columns)
    boxes: NDArray[np.object_] = shapely.box(xs - slack_m, ys - slack_m, xs + cell_m + slack_m, ys + cell_m + slack_m)
    return boxes


def _multi(area: Polygon | MultiPolygon) -> MultiPolygon:
    return area if isinstance(area, MultiPolygon) else MultiPolygon([area])


def _as_boxes(area: MultiPolygon) -> tuple[Box, ...] | None:
    """The area as upright rectangles, None where it is more than that.

    >>> _as_boxes(MultiPolygon([shapely.box(0, 0, 2, 1)]))
    ((0.0, 0.0, 2.0, 1.0),)
    """
    if not all(polygon.equals(polygon.envelope) for polygon in area.geoms):
        return None
    return tuple((float(w), float(s), float(e), float(n)) for w, s, e, n in (each.bounds for each in area.geoms))


def _rings(area: MultiPolygon) -> Iterable[Ring]:
    for polygon in area.geoms:
        for ring in (polygon.exterior, *polygon.interiors):
            corners = [(float(x), float(y)) for x, y in ring.coords]
            yield tuple((x1, y1, x2, y2) for (x1, y1), (x2, y2) in pairwise(corners))


def _holds(rings: tuple[Ring, ...], x: float, y: float) -> bool:
    """Even-odd rule over every edge (Shimrat 1962), with points on an edge counted as inside.

    >>> square = (((0, 0, 2, 0), (2, 0, 2, 2), (2, 2, 0, 2), (0, 2, 0, 0)),)
    >>> _holds(square, 1, 1), _holds(square, 2, 1), _holds(square, 3, 1)
    (True, True, False)
    """
    odd = False
    for ring in rings:
        for x1, y1, x2, y2 in ring:
            side = (x - x1) * (y2 - y1) - (y - y1) * (x2 - x1)
            if side == 0 and min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2):
                return True
            if (y1 > y) != (y2 > y) and (side < 0) == (y2 < y1):
                odd = not odd
    return odd


def _meets(ring: Ring, x1: float, y1: float, x2: float, y2: float) -> bool:
    """Whether a straight way touches or crosses any edge of a ring.

    Two segments meet where the ends of each lie on different sides of the other, or on it (de Berg et al. 2008, 2.1).

    >>> _meets(((0, 0, 2, 0),), 1, -1, 1, 1), _meets(((0, 0, 2, 0),), 3, -1, 3, 1), _meets(((0, 0, 2, 0),), 2, 0, 3, 0)
    (True, False, True)
    """
    return any(
        _sides(x1, y1, x2, y2, ex1, ey1, ex2, ey2) <= 0
        and _sides(ex1, ey1, ex2, ey2, x1, y1, x2, y2) <= 0
        and min(x1, x2) <= max(ex1, ex2)
        and min(ex1, ex2) <= max(x1, x2)
        and min(y1, y2) <= max(ey1, ey2)
        and min(ey1, ey2) <= max(y1, y2)
        for ex1, ey1, ex2, ey2 in ring
    )


def _sides(  # noqa: PLR0913, PLR0917  two segments, each two points
    x1: float, y1: float, x2: float, y2: float, ax: float, ay: float, bx: float, by: float
) -> float:
    """Below zero where a and b lie on different sides of the line through the other two, zero where one is on it."""
    of_a = (x2 - x1) * (ay - y1) - (y2 - y1) * (ax - x1)
    of_b = (x2 - x1) * (by - y1) - (y2 - y1) * (bx - x1)
    return of_a * of_b
