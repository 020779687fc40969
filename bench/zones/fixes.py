"""What beacons would report of a true walk: one fix a second, by the simulator's own radio, with its losses of contact.

Sigma is the error in x and in y; *correlated* error has a time constant of 5 s, *white* error none.
"""

from dataclasses import dataclass

import numpy as np

from beacon_sim.radio import Noise, Radio, RadioSettings, Source, Walls
from bench.zones.trips import STEP_MS, Trip
from offer_engine.messages import Position

INTERVAL_MS = 1_000


@dataclass(frozen=True, slots=True)
class Case:
    """One quality of installation."""

    sigma_m: float
    noise: Noise
    source: Source = "positions"

    @property
    def label(self) -> str:
        """In words, as a heading has it."""
        return "gateways, ranges" if self.source == "ranges" else f"{self.noise} error, sigma {self.sigma_m:g} m"


CASES = tuple(Case(sigma_m, noise) for noise in ("correlated", "white") for sigma_m in (1.0, 2.0, 3.0))
GATEWAYS = Case(0.0, "none", "ranges")  # what bare receivers hear: see `ranges`


def fixes_of(trip: Trip, case: Case, walls: Walls, seed: list[int]) -> tuple[Position, ...]:
    """The fixes of one trip, at true time stamps and without delay; the same seed gives the same errors."""
    settings = RadioSettings(noise=case.noise, sigma_m=case.sigma_m)
    radio = Radio(settings, walls, INTERVAL_MS, np.random.default_rng(seed))
    stride = INTERVAL_MS // STEP_MS
    fixes: list[Position] = []
    for second, (x, y) in enumerate(trip.places[::stride].tolist()):
        seen = radio.seen((x, y))
        if seen is not None:
            ts = trip.start_ms + second * INTERVAL_MS
            fixes.append(Position(ts=ts, x=seen[0], y=seen[1], accuracy=settings.accuracy_m))
    return tuple(fixes)
