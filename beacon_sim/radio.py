"""Turns the true place of a shopper into what beacons would report: wrong by a little, and sometimes silent.

The error of a real installation is *correlated* over about 5 s, because the body, the trolley and the shelves that bend
the signal move slowly; white noise flatters every filter. So the error is a first-order autoregressive process in x and
y,

    e(t + dt) = phi e(t) + sqrt(1 - phi^2) sigma n,    phi = exp(-dt / tau),    n standard normal,

whose spread is sigma at every sampling rate. Its median distance is 1.18 sigma (Rayleigh), which is what a message
calls its accuracy. A published place is never outside the walls.

Whatever the installation, contact is lost for a few seconds now and then, and a phone's battery may give out.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import shapely
from numpy.random import Generator
from shapely import Point as ShapelyPoint
from shapely import Polygon
from shapely.ops import nearest_points

from beacon_sim.floor import Point

Noise = Literal["none", "white", "correlated", "uwb"]
Source = Literal["positions", "ranges"]

MEDIAN_OF_SIGMA = 1.1774  # sqrt(2 ln 2), the median of a Rayleigh distribution with sigma 1
INSIDE_M = 0.02  # clamped places keep this far inside the walls, so that rounding to centimetres cannot leave them
BATCH = 128  # normal numbers drawn at a time: drawing one costs as much as drawing many


@dataclass(frozen=True, slots=True)
class RadioSettings:
    """How good the installation is, and what it publishes."""

    noise: Noise = "correlated"
    sigma_m: float = 2.0  # of the error in x and in y; Bluetooth in a store (Stavrou et al., Sensors 2019)
    tau_s: float = 5.0  # over which a correlated error is alike
    lost_every_s: float = 150.0  # mean time between losses of contact; 0: never
    lost_for_s: float = 3.0  # mean length of a loss
    dead_share: float = 0.02  # of walk-ins whose phone goes dead while they are inside, if they stay long enough
    dead_after_s: float = 420.0  # mean time until then
    source: Source = "positions"  # or what each gateway heard: see `gateways`

    @property
    def is_drifting(self) -> bool:
        """Whether errors are alike from one fix to the next."""
        return self.noise in {"correlated", "uwb"}

    @property
    def accuracy_m(self) -> float | None:
        """Median error in metres as messages state it, None for an exact place."""
        return round(MEDIAN_OF_SIGMA * self.sigma_m, 2) if self.noise != "none" and self.sigma_m > 0 else None


# What is usual of each kind. Ultra-wideband errs where bodies and shelves are in the way: mean 0.3 to 0.6 m in a hall
# (Sensors 2022, 22(8) 2927), and for as long as it takes to walk past them, which is assumed to be 2 s.
USUAL: Mapping[Noise, RadioSettings] = {
    "none": RadioSettings("none", sigma_m=0.0),
    "white": RadioSettings("white"),
    "correlated": RadioSettings("correlated"),
    "uwb": RadioSettings("uwb", sigma_m=0.5, tau_s=2.0),
}
SHOWCASE_SIGMA_M = 0.8  # the installation of the demo and of its days: a good one, so that single aisles can be told


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


class Contact:
    """Whether a beacon is heard at all, moment by moment."""

    def __init__(self, settings: RadioSettings, interval_ms: int, rng: Generator) -> None:
        self._settings = settings
        self._interval_s = interval_ms / 1000
        self._rng = rng
        self._silent_for = 0  # moments still to be lost
        self._heard_for = self._stretch(settings.lost_every_s)  # moments until the next loss

    def is_lost(self) -> bool:
        """Whether contact is lost at this moment; to be asked once per interval, in order."""
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
        """An exponential time in whole intervals, at least one."""
        return 1 + int(self._rng.exponential(mean_s) / self._interval_s)


def battery_s(settings: RadioSettings, rng: Generator) -> float:
    """How long a phone lasts from coming in, in seconds; infinite for nearly all. Draws two numbers in any case."""
    is_weak, lasts_s = rng.random() < settings.dead_share, float(rng.exponential(settings.dead_after_s))
    return lasts_s if is_weak else math.inf


class Radio:
    """The beacons' view of one shopper."""

    def __init__(self, settings: RadioSettings, walls: Walls, interval_ms: int, rng: Generator) -> None:
        self._walls = walls
        self._rng = rng
        self._phi = math.exp(-interval_ms / 1000 / settings.tau_s) if settings.is_drifting else 0.0
        self._spread = 0.0 if settings.noise == "none" else settings.sigma_m
        self._fresh = math.sqrt(1 - self._phi**2) * self._spread
        self._drawn: list[float] = []
        self._error = (self._normal() * self._spread, self._normal() * self._spread)
        self._contact = Contact(settings, interval_ms, rng)

    def seen(self, place: Point) -> Point | None:
        """Where the beacons think the shopper is, in metres to the centimetre; None while contact is lost.

        To be called once per interval, in order.
        """
        error_x, error_y = self._error
        self._error = (
            self._phi * error_x + self._fresh * self._normal(),
            self._phi * error_y + self._fresh * self._normal(),
        )
        if self._contact.is_lost():
            return None
        x, y = self._walls.clamp(place[0] + error_x, place[1] + error_y)
        return round(x, 2), round(y, 2)

    def _normal(self) -> float:
        if not self._drawn:
            self._drawn = self._rng.standard_normal(BATCH).tolist()
        return self._drawn.pop()
