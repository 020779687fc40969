"""Turns the floor's outline and what stands on it into a grid of cells that people can walk on.

Routes, reachability and tracking all ask the same question, "can somebody stand here?", so it is answered once, on a
regular grid, for all cells together. Half a metre resolves every aisle a trolley fits through and keeps a supermarket
at a few thousand cells. Coordinates are metres in the store's frame, x east, y north; row 0 is the southernmost.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy import ndimage
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

CELL_M = 0.5  # half of the narrowest passage that a shopper with a trolley uses
CLEARANCE_M = 0.2  # half of a slim person's depth: nobody's centre comes nearer to a shelf

BoolGrid = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class FloorGrid:
    """Which cells of the floor can be walked on; cell (row, col) covers `cell_m` squared."""

    origin_x: float  # west edge of column 0, m
    origin_y: float  # south edge of row 0, m
    cell_m: float
    walkable: BoolGrid  # (rows, cols), read-only


def floor_grid(
    level: Polygon, obstacles: Sequence[BaseGeometry], *, cell_m: float = CELL_M, clearance_m: float = CLEARANCE_M
) -> FloorGrid:
    """Rasterise `level`: a cell is walkable if its centre is on the floor and `clearance_m` or more off every obstacle.

    The shelf from x = 0.6 to 0.9 keeps everyone's centre out of 0.4 to 1.1, where only the centres at 0.75 lie:

    >>> grid = floor_grid(shapely.box(0, 0, 2, 1), [shapely.box(0.6, 0, 0.9, 1)], cell_m=0.5, clearance_m=0.2)
    >>> grid.walkable.astype(int)
    array([[1, 0, 1, 1],
           [1, 0, 1, 1]])
    """
    west, south, east, north = level.bounds
    cols, rows = math.ceil((east - west) / cell_m), math.ceil((north - south) / cell_m)
    xs, ys = np.meshgrid(west + cell_m * (np.arange(cols) + 0.5), south + cell_m * (np.arange(rows) + 0.5))
    blocked = shapely.union_all([obstacle.buffer(clearance_m) for obstacle in obstacles])
    for area in (level, blocked):
        shapely.prepare(area)
    walkable: BoolGrid = shapely.contains_xy(level, xs, ys) & ~shapely.contains_xy(blocked, xs, ys)
    walkable.setflags(write=False)
    return FloorGrid(west, south, cell_m, walkable)


def cell_of(grid: FloorGrid, x: float, y: float) -> tuple[int, int]:
    """Row and column of the cell under a point; a point off the grid is taken to the nearest border cell.

    >>> cell_of(floor_grid(shapely.box(0, 0, 2, 1), []), 1.2, 0.5)
    (1, 2)
    """
    rows, cols = grid.walkable.shape
    row = math.floor((y - grid.origin_y) / grid.cell_m)
    col = math.floor((x - grid.origin_x) / grid.cell_m)
    return min(max(row, 0), rows - 1), min(max(col, 0), cols - 1)


def centre_of(grid: FloorGrid, row: int, col: int) -> tuple[float, float]:
    """The point (x, y) in the middle of a cell.

    >>> centre_of(floor_grid(shapely.box(0, 0, 2, 1), []), 1, 2)
    (1.25, 0.75)
    """
    return grid.origin_x + grid.cell_m * (col + 0.5), grid.origin_y + grid.cell_m * (row + 0.5)


def nearest_walkable(grid: FloorGrid, x: float, y: float, *, within_m: float = 2.0) -> tuple[int, int] | None:
    """The walkable cell whose centre is nearest to a point, if any is within `within_m`; ties go to the lowest cell."""
    row, col = cell_of(grid, x, y)
    reach = math.ceil(within_m / grid.cell_m) + 1
    south, west = max(row - reach, 0), max(col - reach, 0)
    rows, cols = np.nonzero(grid.walkable[south : row + reach + 1, west : col + reach + 1])
    if not rows.size:
        return None
    east_m = grid.origin_x + grid.cell_m * (cols + west + 0.5) - x
    north_m = grid.origin_y + grid.cell_m * (rows + south + 0.5) - y
    distance_m = np.hypot(east_m, north_m)
    best = int(distance_m.argmin())
    return (int(rows[best]) + south, int(cols[best]) + west) if distance_m[best] <= within_m else None


def reachable(grid: FloorGrid, x: float, y: float) -> BoolGrid:
    """The cells, (rows, cols), that can be walked to from a point; all False where nobody can stand within 2 m of it.

    Steps go to the four neighbours. Diagonal steps would add nothing but slips between two shelves that touch at a
    corner.

    >>> grid = floor_grid(shapely.box(0, 0, 2, 1), [shapely.box(0.6, 0, 0.9, 1)])
    >>> reachable(grid, 0.0, 0.5).astype(int)
    array([[1, 0, 0, 0],
           [1, 0, 0, 0]])
    """
    start = nearest_walkable(grid, x, y)
    if start is None:
        return np.zeros_like(grid.walkable)
    patches, _ = ndimage.label(grid.walkable)
    island: BoolGrid = patches == patches[start]
    return island
