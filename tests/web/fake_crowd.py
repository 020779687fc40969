"""A floor plan and a seed turned into people who walk round its shelves: dots to look at, nothing more.

Everyone heads for one of a few dozen places along shortest ways, stops there for a while, and goes on. Nobody shops;
the store's real people are `beacon_sim`'s.
"""

import random
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from offer_engine.core.geometry import FloorGrid, centre_of, floor_grid, nearest_walkable
from offer_engine.core.store_map import StoreMap

PLACES = 48  # where people may be going
STEP_M = 0.3  # a quarter of a second at 1.2 m/s
LANE_M = 0.35  # how far to the side of a path people keep, so that they do not walk in one line


@dataclass(slots=True)
class Walker:
    """One person: where they are, where they go next, and how long they still stand."""

    n: int
    x: float
    y: float
    cell: int  # where they are on the way, as an index into the walkable cells
    place: int  # where they are going, as an index into the places
    standing: int = 0  # ticks
    aside: tuple[float, float] = (0.0, 0.0)


@dataclass(slots=True)
class Crowd:
    """Everyone on the floor, and the way from everywhere to every place."""

    centres: list[tuple[float, float]]  # of the walkable cells, m
    next_cell: np.ndarray[tuple[int, int], np.dtype[np.int32]]  # (places, cells): the next cell towards a place
    goals: list[int]
    walkers: list[Walker]
    chance: random.Random

    def tick(self) -> list[tuple[int, float, float]]:
        """A quarter of a second passes; returns everyone as (n, x, y)."""
        for walker in self.walkers:
            self._step(walker)
        return [(walker.n, round(walker.x, 2), round(walker.y, 2)) for walker in self.walkers]

    def send(self, walker: Walker, x: float, y: float) -> None:
        """Make somebody head for the place nearest to (x, y)."""
        walker.place = min(range(len(self.goals)), key=lambda place: self._away(self.goals[place], x, y))
        walker.standing = 0

    def _away(self, cell: int, x: float, y: float) -> float:
        return abs(self.centres[cell][0] - x) + abs(self.centres[cell][1] - y)

    def _step(self, walker: Walker) -> None:
        if walker.standing:
            walker.standing -= 1
            return
        here = self.centres[walker.cell]
        goal_x, goal_y = here[0] + walker.aside[0], here[1] + walker.aside[1]
        away = ((goal_x - walker.x) ** 2 + (goal_y - walker.y) ** 2) ** 0.5
        if away > STEP_M:
            walker.x += (goal_x - walker.x) * STEP_M / away
            walker.y += (goal_y - walker.y) * STEP_M / away
            return
        onward = int(self.next_cell[walker.place, walker.cell])
        if onward < 0:  # arrived
            walker.standing = self.chance.randint(4, 80)
            walker.place = self.chance.randrange(len(self.goals))
            walker.aside = (self.chance.uniform(-LANE_M, LANE_M), self.chance.uniform(-LANE_M, LANE_M))
        else:
            walker.cell = onward


def _ways(grid: FloorGrid) -> tuple[list[tuple[float, float]], csr_array, dict[tuple[int, int], int]]:
    cells = [(int(row), int(col)) for row, col in np.argwhere(grid.walkable)]
    index = {cell: i for i, cell in enumerate(cells)}
    rows, cols, costs = [], [], []
    for (row, col), i in index.items():
        for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
            j = index.get((row + down, col + across))
            if j is not None:
                rows += [i, j]
                cols += [j, i]
                costs += [(down * down + across * across) ** 0.5] * 2
    graph = csr_array((costs, (rows, cols)), shape=(len(cells), len(cells)))
    return [centre_of(grid, row, col) for row, col in cells], graph, index


def crowd_in(store: StoreMap, people: int, seed: int = 7) -> Crowd:
    """People spread over a store's floor; the first are numbered from 1."""
    chance = random.Random(seed)
    grid = floor_grid(store.level, [fixture.area for fixture in store.fixtures], clearance_m=0.35)
    centres, graph, index = _ways(grid)
    middles = [part.representative_point() for zone in store.zones.values() for part in zone.area.geoms]
    spots = {nearest_walkable(grid, point.x, point.y) for point in middles}
    goals = sorted(index[spot] for spot in spots if spot is not None)
    goals += chance.sample(range(len(centres)), max(0, PLACES - len(goals)))
    _, towards = dijkstra(graph, indices=goals, return_predecessors=True)
    reached = [cell for cell in range(len(centres)) if towards[0, cell] >= 0]
    walkers = []
    for n in range(1, people + 1):
        cell = chance.choice(reached)
        walkers.append(Walker(n, *centres[cell], cell=cell, place=chance.randrange(len(goals))))
    return Crowd(centres, np.asarray(towards, dtype=np.int32), goals, walkers, chance)
