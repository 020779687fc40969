"""The floor compiled for tracking: where somebody who stands or walks in one cell can be one second later.

A shopper stands, or walks in one of a few headings; both go on more often than they change, and that memory is what
tells somebody in front of a shelf from somebody who passes it. People stop within an arm's length of a shelf, hardly
ever in the open. A step of the walk reaches the cells within 1.7 m that have no shelf in between, the likelier the
nearer it is to a shopper's pace and heading; what walls and shelves cut off is shared among the cells that are left.

Pace: 0.95 m/s with a cart (measured: docs/simulator.md); cells are those of `geometry.floor_grid`.
"""

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from offer_engine.core.geometry import FloorGrid, floor_grid
from offer_engine.core.store_map import StoreMap, Zone

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]
Exact = npt.NDArray[np.float64]

STEP_S = 1.0  # one step of the walk
PACE_M_PER_S = 0.95  # of shoppers with carts
PACE_SPREAD_M_PER_S = 0.35  # between shoppers, within one walk, and from the width of a cell
REACH_M = 1.7  # longest step
HEADINGS = 4
HEADING_FOCUS = 4.0  # von Mises concentration of a step about its heading
FAINT_SHARE = 0.06  # steps this much less likely than the likeliest are left out
OPEN_SHARE = 0.35  # at least this share of a step counts as open; the rest is lost against the shelves
GO_SHARE, TURN_SHARE = 0.07, 0.10  # per second: set out, take another heading
STOP_SHELF_SHARE, STOP_OPEN_SHARE, STOP_SHARE = 0.12, 0.01, 0.07  # stop at a shelf, elsewhere, where none is drawn
SHELF_M = 0.75  # from where one stands to the shelf
MAX_CELLS = 60_000  # 15,000 m2 to walk on: beyond, the tables take more than 25 MB


@dataclass(frozen=True, slots=True, eq=False)
class WalkModel:
    """Cells with their neighbours, the weights of a step, and which zones each cell is part of.

    Modes are numbered 0 for standing and 1 to HEADINGS for walking. Cell number `cells`, one past the last, is nowhere.
    """

    key: int  # of the floor's shape: a belief about another floor means nothing here
    cells: int
    all: Places  # every cell's number, rising
    x: Exact  # (cells,) centres, m
    y: Exact
    square: Exact  # (cells, 3): x^2 + y^2, x and y, of which every squared distance is a weighted sum
    number: Places  # (rows, cols) of the whole grid: the cell's number, -1 where nobody can stand
    row: Places  # (cells,)
    col: Places
    reach_cells: int  # longest step
    came_from: Places  # (cells, HEADINGS * steps): index into a flat (HEADINGS, cells + 1) array
    weight: Exact  # (HEADINGS, steps) of each step
    length_sq: Exact  # (HEADINGS, steps) in m2
    per_open: Floats  # (1 + HEADINGS, cells): what each mass is multiplied with before it spreads
    stop: Floats  # (cells,) share of those who walk that stop here, per step
    zones: tuple[str, ...]
    zone_of: Places  # (cells, overlaps) zone numbers; `len(zones)` for none
    zone_share: Floats  # (cells, overlaps) share of the cell that lies in the zone


def compile_walk(store: StoreMap, zones: Mapping[str, Zone]) -> WalkModel | None:
    """Compile a store's floor, or None where it has too many cells for it."""
    grid = floor_grid(store.level, [fixture.area for fixture in store.fixtures])
    rows, cols = np.nonzero(grid.walkable)
    cells = len(rows)
    if not 0 < cells <= MAX_CELLS:
        return None
    number = np.full(grid.walkable.shape, -1, dtype=np.intp)
    number[rows, cols] = np.arange(cells)
    x: Exact = np.asarray(grid.origin_x + grid.cell_m * (cols + 0.5), dtype=np.float64)
    y: Exact = np.asarray(grid.origin_y + grid.cell_m * (rows + 0.5), dtype=np.float64)
    came_from, weight, length_sq, per_open = _steps(grid, rows, cols, number)
    keys, zone_of, zone_share = _zones(grid, rows, cols, zones)
    return WalkModel(
        key=zlib.crc32(number.tobytes()),
        cells=cells,
        all=np.arange(cells),
        x=x,
        y=y,
        square=np.column_stack([x * x + y * y, x, y]),
        number=number,
        row=rows,
        col=cols,
        reach_cells=math.floor(REACH_M / grid.cell_m),
        came_from=came_from,
        weight=weight,
        length_sq=length_sq,
        per_open=per_open,
        stop=_stops(store, grid, rows, cols),
        zones=keys,
        zone_of=zone_of,
        zone_share=zone_share,
    )


def changed(model: WalkModel, cells: Places, mass: Floats) -> Floats:
    """The mass of `cells`, (1 + HEADINGS, cells), after one second's stops, starts and turns, all still in place."""
    return GOING @ mass + (STOPPING @ mass) * model.stop.take(cells)


def _going() -> Floats:
    """Share of each mode that turns into each where nobody stops, as [to, from]."""
    to_each = TURN_SHARE / (HEADINGS - 1)
    going = np.full((1 + HEADINGS, 1 + HEADINGS), to_each)
    np.fill_diagonal(going, 1 - TURN_SHARE)
    going[0, :], going[:, 0] = 0.0, GO_SHARE / HEADINGS
    going[0, 0] = 1 - GO_SHARE
    return going.astype(np.float32)


def _stopping() -> Floats:
    """What the share of those who walk that stops adds to and takes from each mode, as [to, from]."""
    stopping = -_going()
    stopping[:, 0] = 0.0
    stopping[0, 1:] = 1.0
    return stopping


GOING, STOPPING = _going(), _stopping()


def _offsets(cell_m: float) -> tuple[Places, Places, Exact]:
    """Rows and columns, each (HEADINGS, steps), that a step in each heading may move by, and their weights."""
    reach = math.floor(REACH_M / cell_m)
    north, east = (side.ravel() for side in np.mgrid[-reach : reach + 1, -reach : reach + 1])
    length = np.hypot(north, east) * cell_m
    pace = np.exp(-((length - PACE_M_PER_S * STEP_S) ** 2) / (2 * PACE_SPREAD_M_PER_S**2)) * (length <= REACH_M)
    heading = 2 * np.pi * np.arange(HEADINGS)[:, None] / HEADINGS
    turned = np.where(length > 0, np.cos(np.arctan2(north, east) - heading) - 1, 0.0)
    weight = pace * np.exp(HEADING_FOCUS * turned)
    steps = int((weight > FAINT_SHARE * weight.max()).sum(axis=1).max())
    kept = np.argsort(-weight, axis=1, kind="stable")[:, :steps]
    chosen = np.take_along_axis(weight, kept, axis=1)
    return north[kept], east[kept], chosen / chosen.sum(axis=1, keepdims=True)


def _steps(grid: FloorGrid, rows: Places, cols: Places, number: Places) -> tuple[Places, Exact, Exact, Floats]:
    """For each cell and heading the cells it may be reached from, with the steps' weights and squared lengths."""
    north, east, weight = _offsets(grid.cell_m)
    cells, pad = len(rows), math.floor(REACH_M / grid.cell_m)
    padded = np.pad(number, pad, constant_values=-1)
    came_from = np.empty((cells, *weight.shape), dtype=np.intp)
    leaves = np.zeros((HEADINGS, cells + 1))
    for heading, step in np.ndindex(weight.shape):
        dr, dc = int(north[heading, step]), int(east[heading, step])
        source = padded[rows + pad - dr, cols + pad - dc].copy()
        for part in range(1, max(abs(dr), abs(dc))):
            share = part / max(abs(dr), abs(dc))
            between = padded[rows + pad - round(dr * share), cols + pad - round(dc * share)]
            source[between < 0] = -1
        source[source < 0] = cells
        leaves[heading] += np.bincount(source, minlength=cells + 1) * weight[heading, step]
        came_from[:, heading, step] = heading * (cells + 1) + source
    per_open = np.ones((1 + HEADINGS, cells))
    per_open[1:] = 1 / np.maximum(leaves[:, :cells], OPEN_SHARE)
    length_sq: Exact = np.asarray(north**2 + east**2, dtype=np.float64) * grid.cell_m**2
    return came_from.reshape(cells, -1), weight, length_sq, per_open.astype(np.float32)


def _stops(store: StoreMap, grid: FloorGrid, rows: Places, cols: Places) -> Floats:
    if not store.fixtures:
        return np.full(len(rows), STOP_SHARE, dtype=np.float32)
    centres = shapely.points(grid.origin_x + grid.cell_m * (cols + 0.5), grid.origin_y + grid.cell_m * (rows + 0.5))
    distance_m = shapely.distance(centres, shapely.union_all([fixture.area for fixture in store.fixtures]))
    return np.where(distance_m <= SHELF_M, STOP_SHELF_SHARE, STOP_OPEN_SHARE).astype(np.float32)


def _zones(
    grid: FloorGrid, rows: Places, cols: Places, zones: Mapping[str, Zone]
) -> tuple[tuple[str, ...], Places, Floats]:
    """For each cell the zones that it is part of, and by which share of its area."""
    west, south = grid.origin_x + grid.cell_m * cols, grid.origin_y + grid.cell_m * rows
    boxes = shapely.box(west, south, west + grid.cell_m, south + grid.cell_m)
    tree = shapely.STRtree(boxes)
    keys = tuple(sorted(zones))
    found: list[list[tuple[int, float]]] = [[] for _ in rows]
    for zone, key in enumerate(keys):
        touched = tree.query(zones[key].area, predicate="intersects")
        shares = shapely.area(shapely.intersection(boxes[touched], zones[key].area)) / grid.cell_m**2
        for cell, share in zip(touched.tolist(), shares.tolist(), strict=True):
            if share > 0:
                found[cell].append((zone, share))
    overlaps = max(1, *map(len, found))
    zone_of = np.full((len(rows), overlaps), len(keys))
    zone_share = np.zeros((len(rows), overlaps), dtype=np.float32)
    for cell, parts in enumerate(found):
        for place, (zone, share) in enumerate(parts):
            zone_of[cell, place], zone_share[cell, place] = zone, share
    return keys, zone_of, zone_share
