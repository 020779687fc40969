"""Turns the true place of a shopper into what beacons would report: wrong by a little, and sometimes silent.

The error of a real installation is *correlated* over about 5 s, because the body, the trolley and the shelves that bend
the signal move slowly; white noise flatters every filter. So the error is a first-order autoregressive process in x and
y,

    e(t + dt) = phi e(t) + sqrt(1 - phi^2) sigma n,    phi = exp(-dt / tau),    n standard normal,

whose spread is sigma at every sampling rate. Its median distance is 1.18 sigma (Rayleigh), which is what a message
calls its accuracy. Contact is lost for a few seconds now and then, and a published place is never outside the walls.
"""

import math
from dataclasses import dataclass
from typing import Literal

import shapely
from numpy.random import Generator
from shapely import Point as ShapelyPoint
from shapely import Polygon
from shapely.ops import nearest_points

from beacon_sim.floor import Point

Noise = Literal["none", "white", "correlated"]

MEDIAN_OF_SIGMA = 1.1774  # sqrt(2 ln 2), the median of a Rayleigh distribution with sigma 1
INSIDE_M = 0.02  # clamped places keep this far inside the walls, so that rounding to centimetres cannot leave them
BATCH = 128  # normal numbers drawn at a time: drawing one costs as much as drawing many


@dataclass(frozen=True, slots=True)
class RadioSettings:
    """How good the installation is."""

    noise: Noise = "correlated"
    sigma_m: float = 0.8  # of the error in x and in y; 0.8 is a good Bluetooth or a modest UWB installation
    tau_s: float = 5.0  # over which the error is correlated
    lost_every_s: float = 150.0  # mean time between losses of contact; 0: never
    lost_for_s: float = 3.0  # mean length of a loss

    @property
    def accuracy_m(self) -> float | None:
        """Median error in metres as messages state it, None for an exact place."""
        return round(MEDIAN_OF_SIGMA * self.sigma_m, 2) if self.noise != "none" and self.sigma_m > 0 else None


class Walls:
    """The outline of the sales floor, for asking 500 shoppers times 4 a second whether a place is inside."""

    def __init__(self, level: Polygon) -> None:
        self._inner = level.buffer(-INSIDE_M, join_style="mitre")
        self._is_box = bool(self._inner.equals(self._inner.envelope))
        self._bounds: tuple[float, float, float, float] = self._inner.bounds
        shapely.prepare(self._inner)

    def clamp(self, x: float, y: float) -> Point:
        """The nearest place inside, which is the place itself when it is inside."""
        west, south, east, north = self._bounds
        if self._is_box:
            return min(max(x, west), east), min(max(y, south), north)
        if west < x < east and south < y < north and shapely.contains_xy(self._inner, x, y):
            return x, y
        nearest = nearest_points(self._inner, ShapelyPoint(x, y))[0]
        return float(nearest.x), float(nearest.y)


class Radio:
    """The beacons' view of one shopper."""

    def __init__(self, settings: RadioSettings, walls: Walls, interval_ms: int, rng: Generator) -> None:
        self._settings = settings
        self._walls = walls
        self._interval_s = interval_ms / 1000
        self._rng = rng
        correlated = settings.noise == "correlated"
        self._phi = math.exp(-self._interval_s / settings.tau_s) if correlated else 0.0
        self._spread = 0.0 if settings.noise == "none" else settings.sigma_m
        self._fresh = math.sqrt(1 - self._phi**2) * self._spread
        self._drawn: list[float] = []
        self._error = (self._normal() * self._spread, self._normal() * self._spread)
        self._silent_for = 0  # fixes still to be lost
        self._heard_for = self._stretch(settings.lost_every_s)  # fixes until the next loss

    def seen(self, place: Point) -> Point | None:
        """Where the beacons think the shopper is, in metres to the centimetre; None while contact is lost.

        To be called once per interval, in order.
        """
        error_x, error_y = self._error
        self._error = (
            self._phi * error_x + self._fresh * self._normal(),
            self._phi * error_y + self._fresh * self._normal(),
        )
        if self._is_lost():
            return None
        x, y = self._walls.clamp(place[0] + error_x, place[1] + error_y)
        return round(x, 2), round(y, 2)

    def _is_lost(self) -> bool:
        if self._silent_for:
            self._silent_for -= 1
            return True
        if self._settings.lost_every_s > 0:
            self._heard_for -= 1
            if self._heard_for <= 0:
                self._silent_for = self._stretch(self._settings.lost_for_s)
                self._heard_for = self._stretch(self._settings.lost_every_s)
        return False

    def _stretch(self, mean_s: float) -> int:
        """An exponential time in whole fixes, at least one."""
        return 1 + int(self._rng.exponential(mean_s) / self._interval_s)

    def _normal(self) -> float:
        if not self._drawn:
            self._drawn = self._rng.standard_normal(BATCH).tolist()
        return self._drawn.pop()
