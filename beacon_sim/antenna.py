"""Turns where a shopper truly is into the messages that the store's radio publishes: positions, or what gateways heard.

A locating system works the place out by itself and says how far it may be off. Bare gateways know only how loud they
hear a beacon; what they heard within a second goes out as one message, and finding the place is left to the engine.
"""

from typing import Protocol

from numpy.random import Generator

from beacon_sim.floor import Point
from beacon_sim.gateways import Beacon, Gateways
from beacon_sim.radio import Contact, Radio, RadioSettings, Walls
from offer_engine.messages import Ranges, Reading, encode

REPORT_MS = 1_000  # what gateways hear is added up for so long
MOST_READINGS = 64  # of one message


class Antenna(Protocol):
    """What publishes one shopper's place."""

    leaf: str  # of the topic
    interval_ms: int  # between two calls of `message`

    def message(self, place: Point, ts: int) -> bytes | None:
        """What goes out at `ts`, ms since the epoch, with the shopper at `place`; None: nothing."""
        ...


class Located:
    """A locating system: a position each time."""

    leaf = "position"

    def __init__(self, settings: RadioSettings, walls: Walls, interval_ms: int, rng: Generator) -> None:
        self.interval_ms = interval_ms
        self._radio = Radio(settings, walls, interval_ms, rng)
        self._tail = "}" if settings.accuracy_m is None else f',"accuracy":{settings.accuracy_m}}}'

    def message(self, place: Point, ts: int) -> bytes | None:
        """A position, unless contact is lost; put together by hand, because there are thousands a second."""
        seen = self._radio.seen(place)
        return None if seen is None else f'{{"ts":{ts},"x":{seen[0]:.2f},"y":{seen[1]:.2f}{self._tail}'.encode()


class Overheard:
    """Bare gateways: a message a second with what each of them made of the packets since the last."""

    leaf = "ranges"

    def __init__(self, settings: RadioSettings, gateways: Gateways, rng: Generator) -> None:
        self.interval_ms = gateways.air.advert_ms
        self._beacon = Beacon(gateways, rng)
        self._contact = Contact(settings, self.interval_ms, rng)
        self._since_ms = 0  # the last report

    def message(self, place: Point, ts: int) -> bytes | None:
        """Send a packet, and report when a second is full and anything was heard."""
        if not self._contact.is_lost():
            self._beacon.send(place)
        self._since_ms += self.interval_ms
        if self._since_ms < REPORT_MS:
            return None
        self._since_ms -= REPORT_MS
        heard = [
            Reading(one.gateway, round(max(one.distance_m, 0.01), 2), round(max(one.sigma_m, 0.01), 2))
            for one in self._beacon.report()[:MOST_READINGS]
        ]
        return encode(Ranges(ts, heard)) if heard else None
