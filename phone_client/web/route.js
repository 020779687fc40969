// A floor plan turned into ways round its shelves: the shortest way over half-metre cells, pulled straight where it can be.
//
// A* on the walkable cells (Hart, Nilsson, Raphael 1968), eight neighbours, no cutting of corners. The plan is small enough
// that a way is found while a finger moves.

import { boxOf, isInside } from "/static/shapes.js";

const CELL_M = 0.5;
const CLEARANCE_M = 0.2;
const NEIGHBOURS = [[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [1, -1], [-1, 1], [-1, -1]];

/** The ways through a store, as `/api/map` describes it. */
export function createRoutes(map) {
  const [west, south, east, north] = map.bounds;
  const cols = Math.ceil((east - west) / CELL_M);
  const rows = Math.ceil((north - south) / CELL_M);
  const centre = (cell) => [west + ((cell % cols) + 0.5) * CELL_M, south + (Math.floor(cell / cols) + 0.5) * CELL_M];
  const boxes = map.fixtures.map((fixture) => ({ ring: fixture.ring, box: boxOf(fixture.ring) }));

  function isFree(x, y) {
    if (!isInside(map.level, x, y)) return false;
    return !boxes.some(({ ring, box }) => {
      if (x < box[0] - CLEARANCE_M || x > box[2] + CLEARANCE_M || y < box[1] - CLEARANCE_M || y > box[3] + CLEARANCE_M) return false;
      const around = [[0, 0], [CLEARANCE_M, 0], [-CLEARANCE_M, 0], [0, CLEARANCE_M], [0, -CLEARANCE_M]];
      return around.some(([dx, dy]) => isInside(ring, x + dx, y + dy));
    });
  }

  const free = Array.from({ length: rows * cols }, (_, cell) => isFree(...centre(cell)));

  function nearestCell(x, y) {
    let best = -1;
    let bestAway = Infinity;
    for (let cell = 0; cell < free.length; cell += 1) {
      if (!free[cell]) continue;
      const [cx, cy] = centre(cell);
      const away = Math.hypot(cx - x, cy - y);
      if (away < bestAway) [best, bestAway] = [cell, away];
    }
    return best;
  }

  function* neighbours(cell) {
    const col = cell % cols;
    const row = Math.floor(cell / cols);
    const isOpen = (r, c) => r >= 0 && r < rows && c >= 0 && c < cols && free[r * cols + c];
    for (const [across, up] of NEIGHBOURS) {
      if (!isOpen(row + up, col + across)) continue;
      if (across && up && !(isOpen(row, col + across) && isOpen(row + up, col))) continue;
      yield [(row + up) * cols + col + across, Math.hypot(across, up)];
    }
  }

  function cellsBetween(start, goal) {
    const [gx, gy] = centre(goal);
    const left = (cell) => Math.hypot(centre(cell)[0] - gx, centre(cell)[1] - gy) / CELL_M;
    const cost = new Float64Array(free.length).fill(Infinity);
    const before = new Int32Array(free.length).fill(-1);
    const open = createHeap();
    cost[start] = 0;
    open.push(left(start), start);
    while (open.size()) {
      const cell = open.pop();
      if (cell === goal) break;
      for (const [next, step] of neighbours(cell)) {
        if (cost[cell] + step >= cost[next]) continue;
        cost[next] = cost[cell] + step;
        before[next] = cell;
        open.push(cost[next] + left(next), next);
      }
    }
    const way = [];
    for (let cell = goal; cell >= 0; cell = before[cell]) way.unshift(cell);
    return way[0] === start ? way : [];
  }

  function isClear([ax, ay], [bx, by]) {
    const steps = Math.ceil(Math.hypot(bx - ax, by - ay) / 0.2);
    for (let i = 1; i < steps; i += 1) if (!isFree(ax + ((bx - ax) * i) / steps, ay + ((by - ay) * i) / steps)) return false;
    return true;
  }

  return {
    /** The walkable point nearest to (x, y). */
    nearest: (x, y) => (isFree(x, y) ? [x, y] : centre(nearestCell(x, y))),
    /** Points to walk through from `from` to the walkable point nearest to `to`, without `from`; empty when there is no way. */
    between(from, to) {
      const goal = isFree(...to) ? to : centre(nearestCell(...to));
      const cells = cellsBetween(nearestCell(...from), nearestCell(...goal));
      if (!cells.length) return [];
      const points = [...cells.slice(1).map(centre), goal];
      const way = [];
      let at = from;
      while (points.length) {
        let far = points.length - 1;
        while (far > 0 && !isClear(at, points[far])) far -= 1;
        [at] = points.splice(0, far + 1).slice(-1);
        way.push(at);
      }
      return way;
    },
  };
}

/** A binary heap of cells, cheapest first. */
function createHeap() {
  const items = [];
  const swap = (i, j) => {
    [items[i], items[j]] = [items[j], items[i]];
  };
  return {
    size: () => items.length,
    push(cost, cell) {
      let i = items.push([cost, cell]) - 1;
      for (let up = (i - 1) >> 1; i > 0 && items[up][0] > items[i][0]; up = (i - 1) >> 1) {
        swap(i, up);
        i = up;
      }
    },
    pop() {
      swap(0, items.length - 1);
      const [, cell] = items.pop();
      for (let i = 0; ; ) {
        const [a, b] = [2 * i + 1, 2 * i + 2];
        let least = i;
        if (a < items.length && items[a][0] < items[least][0]) least = a;
        if (b < items.length && items[b][0] < items[least][0]) least = b;
        if (least === i) return cell;
        swap(i, least);
        i = least;
      }
    },
  };
}
