"""Turns a way and a speed into a walk: where somebody is at every moment, from setting out to standing there.

The place at any time follows from the corners and their times alone, so walking costs nothing until somebody asks, and
where everybody will be is known as soon as they set out.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from beacon_sim.floor import Path, Point


@dataclass(frozen=True, slots=True)
class Walk:
    """Corners in time; before the first and after the last one stands still."""

    at_ms: tuple[float, ...]  # virtual time of each corner, rising; at least one
    points: tuple[Point, ...]  # the corners, metres

    @property
    def length_m(self) -> float:
        """Whole length in metres."""
        return sum(math.dist(here, there) for here, there in pairwise(self.points))

    @property
    def ends_ms(self) -> int:
        """The first whole ms of virtual time at which one stands at the end."""
        return math.ceil(self.at_ms[-1])

    def place(self, now_ms: float) -> Point:
        """Where one is at `now_ms` of virtual time.

        >>> Walk((0.0, 4000.0, 6000.0), ((0.0, 0.0), (4.0, 0.0), (4.0, 2.0))).place(5000)
        (4.0, 1.0)
        """
        at_ms = self.at_ms
        if now_ms >= at_ms[-1]:
            return self.points[-1]
        leg = bisect_right(at_ms, now_ms) - 1
        if leg < 0:
            return self.points[0]
        (x0, y0), (x1, y1) = self.points[leg], self.points[leg + 1]
        share = (now_ms - at_ms[leg]) / (at_ms[leg + 1] - at_ms[leg])
        return x0 + (x1 - x0) * share, y0 + (y1 - y0) * share

    def until(self, now_ms: float) -> "Walk":
        """The walk broken off at `now_ms`."""
        if now_ms >= self.at_ms[-1]:
            return self
        gone = max(bisect_right(self.at_ms, now_ms), 1)
        here = self.place(now_ms)
        if self.at_ms[gone - 1] == now_ms:
            return Walk(self.at_ms[:gone], self.points[:gone])
        return Walk((*self.at_ms[:gone], max(now_ms, self.at_ms[0])), (*self.points[:gone], here))


def stand(here: Point, now_ms: float) -> Walk:
    """Stand at a place from `now_ms` on."""
    return Walk((now_ms,), (here,))


def walk_along(path: Path, speed_m_s: float, now_ms: float) -> Walk:
    """Walk a path at a steady speed, setting out at `now_ms`."""
    return Walk(tuple(now_ms + along * 1000 / speed_m_s for along in path.along_m), path.points)
