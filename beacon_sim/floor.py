"""Turns a store's floor into ways that people walk: from anywhere to any stop, round the shelves, never through them.

The walkable cells of the floor become a graph, kept to what can be reached from a door. Dijkstra runs once per
destination and yields, for every cell, the next one on the way there; the trees are cached, since shoppers share their
destinations. A metre in an aisle counts for two on a wide way. The chain of cells is then pulled tight like a string:
from each corner straight on to the furthest cell in sight, where *in sight* is an exact test against shelves widened
by half a body. So the lines look walked, not rasterised, and every stretch has been checked.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from shapely.geometry.base import BaseGeometry

from offer_engine.core.geometry import centre_of, floor_grid
from offer_engine.core.store_map import StoreMap

Point = tuple[float, float]

CELL_M = 0.5
CLEARANCE_M = 0.2  # cell centres keep this far from shelves and walls
SIGHT_M = 0.15  # pulled lines keep this far from shelves; below CLEARANCE_M, so that every cell has neighbours in sight
SNAP_M = 1.5  # a place off the graph joins it within this distance
FREE_M = 0.2  # side of the squares by which the floor is asked quickly where it is free
MARGIN_M = 2.0  # of such squares round the walls
AISLE_METRE = 2.0  # how long a metre between shelves seems: people keep to the wide ways (set so, see docs/store.md)


@dataclass(frozen=True, slots=True)
class Path:
    """A way to walk: its corners, and how far along each of them lies."""

    points: tuple[Point, ...]  # at least one
    along_m: tuple[float, ...]  # distance from the start to each corner, rising from 0

    @property
    def length_m(self) -> float:
        """Whole length in metres."""
        return self.along_m[-1]

    def at(self, walked_m: float) -> Point:
        """Place after `walked_m` metres; the ends beyond the ends.

        >>> path_through([(0.0, 0.0), (4.0, 0.0), (4.0, 2.0)]).at(5.0)
        (4.0, 1.0)
        """
        if walked_m >= self.along_m[-1]:
            return self.points[-1]
        leg = max(bisect_right(self.along_m, walked_m) - 1, 0)
        (x0, y0), (x1, y1) = self.points[leg], self.points[leg + 1]
        share = max(walked_m - self.along_m[leg], 0.0) / (self.along_m[leg + 1] - self.along_m[leg])
        return x0 + (x1 - x0) * share, y0 + (y1 - y0) * share


def path_through(points: Sequence[Point]) -> Path:
    """Make a path through `points`, leaving out repeats."""
    kept = [points[0]]
    along = [0.0]
    for point in points[1:]:
        step = math.dist(kept[-1], point)
        if step > 0.0:
            along.append(along[-1] + step)
            kept.append(point)
    return Path(tuple(kept), tuple(along))


class Floor:
    """Where one can walk in a store, with the ways found so far."""

    def __init__(self, store: StoreMap) -> None:
        shelves = [fixture.area for fixture in store.fixtures]
        self.level = store.level
        self._blocked = _blocked(store)
        grid = floor_grid(store.level, shelves, cell_m=CELL_M, clearance_m=CLEARANCE_M)
        rows, cols = np.nonzero(grid.walkable)
        centres = [centre_of(grid, int(row), int(col)) for row, col in zip(rows, cols, strict=True)]
        self.cells: NDArray[np.float64] = np.array(centres, dtype=np.float64)  # (nodes, 2), metres
        self._centres: list[Point] = centres
        self._node_of = {centre: node for node, centre in enumerate(centres)}
        number = np.full(grid.walkable.shape, -1, dtype=np.int32)
        number[rows, cols] = np.arange(len(rows), dtype=np.int32)
        self._graph = _graph(number, self.cells, self._blocked, _reluctance(store, self.cells))
        self._free_from = np.array(store.level.bounds[:2]) - MARGIN_M
        self._free = _free_spots(store.level.bounds, self._blocked)
        self._trees: dict[int, list[int]] = {}  # by destination: the next node on the way from each
        self._paths: dict[tuple[Point, Point], Path] = {}
        self.is_reachable = self._reachable(store)

    def _reachable(self, store: StoreMap) -> NDArray[np.bool_]:
        """Nodes that are connected with the first door that leads in; every loaded store has one."""
        door = next(opening for opening in store.openings if opening.direction != "out")
        middle = door.line.interpolate(0.5, normalized=True)
        _, labels = connected_components(self._graph, directed=False)
        nearest = int(np.argmin(np.hypot(*(self.cells - (middle.x, middle.y)).T)))
        reached: NDArray[np.bool_] = labels == labels[nearest]
        return reached

    def near(self, x: float, y: float) -> Point:
        """The reachable cell centre nearest to a place."""
        distances = np.where(self.is_reachable, np.hypot(self.cells[:, 0] - x, self.cells[:, 1] - y), np.inf)
        return self._centres[int(np.argmin(distances))]

    def in_sight(self, start: Point, goals: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of `goals`, of shape (n, 2), can be walked to from `start` in a straight line."""
        ends = np.empty((len(goals), 2, 2))
        ends[:, 0] = start
        ends[:, 1] = goals
        clear: NDArray[np.bool_] = ~shapely.intersects(self._blocked, shapely.linestrings(ends))
        return clear

    def is_clear(self, points: Sequence[Point]) -> bool:
        """Whether one can walk from each of `points` (two at least) to the next without touching a shelf or a wall."""
        return not bool(shapely.intersects(self._blocked, shapely.linestrings(points)))

    def is_free(self, places: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of `places`, of shape (..., 2), are on the floor and clear of shelves and walls.

        To the nearest 0.2 m; no place may lie farther than `MARGIN_M` outside the walls.
        """
        spots = ((places - self._free_from) / FREE_M).astype(np.intp)
        free: NDArray[np.bool_] = self._free[spots[..., 0], spots[..., 1]]
        return free

    def route(self, start: Point, goal: Point) -> Path:
        """The way from any place on the floor to `goal`, a cell centre as `near` returns it."""
        known = self._paths.get((start, goal))
        if known is None:
            known = path_through(self._pulled(self._chain(start, goal)))
            if start in self._node_of:  # other places are hardly ever asked for twice
                self._paths[start, goal] = known
        return known

    def ending_at(self, way: Path, spot: Point) -> Path:
        """The way, but to a spot that is in sight of its end: saves a tree of ways for every such spot."""
        if spot == way.points[-1]:
            return way
        before = way.points[-2] if len(way.points) > 1 else way.points[-1]
        is_short = bool(self.in_sight(before, np.array([spot]))[0])
        return path_through([*(way.points[:-1] or way.points if is_short else way.points), spot])

    def _joining_node(self, place: Point) -> int:
        """The nearest reachable node in sight of `place`, or the nearest of all when none is."""
        node = self._node_of.get(place)
        if node is not None and self.is_reachable[node]:
            return node
        distances = np.where(self.is_reachable, np.hypot(*(self.cells - place).T), np.inf)
        close = np.flatnonzero(distances <= SNAP_M)
        close = close[np.argsort(distances[close], kind="stable")]
        seen = close[self.in_sight(place, self.cells[close])] if len(close) else close
        return int(seen[0]) if len(seen) else int(np.argmin(distances))

    def _chain(self, start: Point, goal: Point) -> list[Point]:
        """Cell centres from `start` to `goal`, both included."""
        target = self._joining_node(goal)
        tree = self._trees.get(target)
        if tree is None:
            tree = dijkstra(self._graph, directed=False, indices=[target], return_predecessors=True)[1][0].tolist()
            self._trees[target] = tree
        node = self._joining_node(start)
        chain = [start]
        while node >= 0:
            chain.append(self._centres[node])
            node = tree[node]
        chain.append(goal)
        return chain

    def _pulled(self, chain: Sequence[Point]) -> list[Point]:
        """The chain with every corner left out that is not needed to stay clear of the shelves."""
        places = np.array(chain)
        kept = [chain[0]]
        at = 0
        while at < len(chain) - 1:
            seen = np.flatnonzero(self.in_sight(chain[at], places[at + 1 :]))
            at += int(seen[-1]) + 1 if len(seen) else 1
            kept.append(chain[at])
        return kept


def _blocked(store: StoreMap) -> BaseGeometry:
    """Everything that a walker's line must not touch: shelves widened by half a body, and all outside the walls."""
    shelves = [fixture.area.buffer(SIGHT_M, join_style="mitre") for fixture in store.fixtures]
    outside = store.level.envelope.buffer(10.0).difference(store.level.buffer(-SIGHT_M, join_style="mitre"))
    blocked: BaseGeometry = shapely.union_all([*shelves, outside])
    shapely.prepare(blocked)
    return blocked


def _free_spots(bounds: tuple[float, float, float, float], blocked: BaseGeometry) -> NDArray[np.bool_]:
    """Whether the middle of each little square is clear, by column and row; `MARGIN_M` round the floor is not."""
    west, south, east, north = bounds
    xs = np.arange(west - MARGIN_M, east + MARGIN_M, FREE_M) + FREE_M / 2
    ys = np.arange(south - MARGIN_M, north + MARGIN_M, FREE_M) + FREE_M / 2
    x, y = np.meshgrid(xs, ys, indexing="ij")
    free: NDArray[np.bool_] = ~shapely.intersects_xy(blocked, x, y)
    return free


def _reluctance(store: StoreMap, cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """How long a metre seems at each cell: `AISLE_METRE` between the shelves of an aisle, else 1."""
    crossings = shapely.union_all([zone.area for zone in store.zones.values() if zone.kind == "promo"])
    aisles = shapely.union_all([zone.area for zone in store.zones.values() if zone.kind == "aisle"])
    between: NDArray[np.bool_] = shapely.contains_xy(aisles.difference(crossings), cells[:, 0], cells[:, 1])
    return np.where(between, AISLE_METRE, 1.0)


def _graph(
    node: NDArray[np.int32], cells: NDArray[np.float64], blocked: BaseGeometry, reluctance: NDArray[np.float64]
) -> csr_array:
    """Neighbouring nodes, eight to a cell at most, that see each other; weights in metres as they seem."""
    heads, tails = [], []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        a = node[: node.shape[0] - down, max(0, -right) : node.shape[1] - max(0, right)].ravel()
        b = node[down:, max(0, right) : node.shape[1] - max(0, -right)].ravel()
        both = (a >= 0) & (b >= 0)
        heads.append(a[both])
        tails.append(b[both])
    head, tail = np.concatenate(heads), np.concatenate(tails)
    lines = shapely.linestrings(np.stack([cells[head], cells[tail]], axis=1))
    clear = ~shapely.intersects(blocked, lines)
    head, tail = head[clear], tail[clear]
    steps = np.hypot(*(cells[head] - cells[tail]).T) * (reluctance[head] + reluctance[tail]) / 2
    return csr_array((steps, (head, tail)), shape=(len(cells), len(cells)))
