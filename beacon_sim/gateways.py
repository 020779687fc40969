"""Turns the true place of a shopper into what the store's gateways hear of a Bluetooth beacon, second by second.

The received power falls with the logarithm of the distance (path loss), is higher or lower from place to place because
of shelves and pillars (shadowing), from packet to packet because waves reach the antenna by several ways (fading), and
where the shopper stands between beacon and gateway (body). Packets get lost, and faint ones are not heard at all.

Shadowing belongs to the store, not to the shopper: who comes by again meets it again, and who stands still keeps it.
That is what makes the errors of real installations drift. It is a Gaussian field whose correlation falls with distance
as exp(-d / shadow_m) (Gudmundson, "Correlation model for shadow fading", 1991), drawn as a sum of plane waves (Rahimi
and Recht, "Random features for large-scale kernel machines", 2007): no table, however large the store.

What a store publishes is a distance for each gateway that heard anything in the last second, by the same law of path
loss, with its standard deviation: the logarithm of such a distance is normal, so the error grows with the distance.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from beacon_sim.floor import Point
from offer_engine.core.store_map import Gateway

Floats = NDArray[np.float64]

BEACON_Z_M = 1.1  # in a hand, a pocket or on the cart's handle
SENSITIVITY_DBM = -95.0  # below it a packet is noise
WAVES = 48  # plane waves in a field of shadows: enough that a place's sum is normal
NEPER_PER_DB = math.log(10) / 10
TURN_RAD = 0.35  # standard deviation by which somebody who stands still turns in a second
BODY_RAD = math.radians(37)  # to either side: half a body of 45 cm, 30 cm behind the phone in its hand
BODY_SHARE = BODY_RAD / math.pi  # of all directions
WALKS_M = 0.05  # moved less than this from one packet to the next: stands, and keeps facing


@dataclass(frozen=True, slots=True)
class Air:
    """What happens to a beacon's signal on its way."""

    loss_exponent: float = 2.2  # n: power falls by 10 n log10(distance)
    shadow_db: float = 5.0  # standard deviation from place to place
    shadow_m: float = 2.0  # over which it is alike
    fading_db: float = 4.0  # from packet to packet
    body_db: float = 8.0  # lost with the shopper in between
    advert_ms: int = 300  # between two packets of a beacon
    lost_share: float = 0.3  # of packets, for reasons of their own

    @property
    def body_mean_db(self) -> float:
        """Loss to a body, on average over all directions."""
        return self.body_db * BODY_SHARE

    @property
    def body_spread_db(self) -> float:
        """Standard deviation of that loss."""
        return self.body_db * math.sqrt(BODY_SHARE * (1 - BODY_SHARE))

    def spread(self, packets: int) -> float:
        """Standard deviation of the logarithm of a distance from the mean power of so many packets.

        >>> round(Air().spread(1), 2), round(Air().spread(4), 2)
        (0.75, 0.66)
        """
        db = math.sqrt(self.shadow_db**2 + self.body_spread_db**2 + self.fading_db**2 / packets)
        return db * NEPER_PER_DB / self.loss_exponent


@dataclass(frozen=True, slots=True)
class Heard:
    """What one gateway made of a beacon over a second."""

    gateway: str
    distance_m: float  # > 0
    sigma_m: float  # standard deviation of that distance


class Gateways:
    """The store's receivers in its air."""

    def __init__(self, gateways: Sequence[Gateway], air: Air, rng: Generator) -> None:
        self.air = air
        self.keys = tuple(gateway.key for gateway in gateways)
        self.rssi_1m_dbm = np.array([gateway.rssi_1m_dbm for gateway in gateways])
        self._x = np.array([gateway.x for gateway in gateways])
        self._y = np.array([gateway.y for gateway in gateways])
        self._rise_sq = (np.array([gateway.z_m for gateway in gateways]) - BEACON_Z_M) ** 2
        # The spectrum of exp(-d / l) in the plane is Cauchy's: a normal vector over the size of a normal number.
        self._waves = rng.standard_normal((len(gateways), WAVES, 2))
        self._waves /= np.abs(rng.standard_normal((len(gateways), WAVES, 1))) * air.shadow_m
        self._phases = rng.uniform(0, 2 * math.pi, (len(gateways), WAVES))

    def power_dbm(self, place: Point, facing: float) -> Floats:
        """Mean power of a packet at each gateway, (gateways,), from a beacon held before somebody who faces that way.

        Args:
            place: of the beacon, metres.
            facing: direction, radians anticlockwise from east.
        """
        air, (x, y) = self.air, place
        east, north = self._x - x, self._y - y
        loss_db = 5 * air.loss_exponent * np.log10(east * east + north * north + self._rise_sq)
        is_behind = np.cos(np.arctan2(north, east) - facing) < -math.cos(BODY_RAD)
        power: Floats = self.rssi_1m_dbm - loss_db - air.body_db * is_behind + self.shadows_db(place)
        return power

    def shadows_db(self, place: Point) -> Floats:
        """What the shelves and pillars between a place and each gateway add to the power, (gateways,), mean zero."""
        waves = np.cos(self._waves @ np.array(place) + self._phases).sum(axis=1)
        shadows: Floats = self.air.shadow_db * math.sqrt(2 / WAVES) * waves
        return shadows


class Beacon:
    """One shopper's beacon, as the gateways hear it."""

    def __init__(self, gateways: Gateways, rng: Generator) -> None:
        self._gateways = gateways
        self._rng = rng
        self._facing = float(rng.uniform(-math.pi, math.pi))
        self._turn_rad = TURN_RAD * math.sqrt(gateways.air.advert_ms / 1000)
        self._at: Point | None = None
        self._power = np.zeros(len(gateways.keys))  # summed over the packets heard
        self._packets = np.zeros(len(gateways.keys), dtype=np.int64)

    def send(self, place: Point) -> None:
        """Send one packet from here; to be called once per `advert_ms`, in order."""
        air, rng = self._gateways.air, self._rng
        count = len(self._packets)
        last, self._at = self._at, place
        if last is not None and math.dist(last, place) > WALKS_M:
            self._facing = math.atan2(place[1] - last[1], place[0] - last[0])
        else:
            self._facing += self._turn_rad * float(rng.standard_normal())
        power = self._gateways.power_dbm(place, self._facing) + air.fading_db * rng.standard_normal(count)
        is_heard = (rng.random(count) >= air.lost_share) & (power >= SENSITIVITY_DBM)
        self._power += np.where(is_heard, power, 0.0)
        self._packets += is_heard

    def report(self) -> tuple[Heard, ...]:
        """What was heard since the last report, the nearest gateway first; empty when nothing was."""
        gateways, packets = self._gateways, self._packets
        air, heard = gateways.air, np.flatnonzero(packets)
        # An installer sets the power at a metre so that distances are right on average, with people about.
        lost_db = gateways.rssi_1m_dbm[heard] - air.body_mean_db - self._power[heard] / packets[heard]
        distances = np.exp(lost_db * NEPER_PER_DB / air.loss_exponent)
        spreads = [air.spread(count) for count in packets[heard].tolist()]
        order = np.argsort(distances, kind="stable")
        found = tuple(
            Heard(gateways.keys[heard[n]], float(distances[n]), spread_m(float(distances[n]), spreads[n]))
            for n in order.tolist()
        )
        self._power[:], self._packets[:] = 0.0, 0
        return found


def spread_m(distance_m: float, log_spread: float) -> float:
    """Standard deviation of a log-normal distance whose median is `distance_m`.

    >>> round(spread_m(10.0, 0.1), 2), round(spread_m(10.0, 0.65), 1)
    (1.01, 9.0)
    """
    grown = math.exp(log_spread**2)
    return distance_m * math.sqrt(grown * (grown - 1))
