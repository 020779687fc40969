"""What ESPresense nodes hear becomes ranges: the readings of one device within a second are one message.

Each node reports on its own, `espresense/devices/{device}/{room}`, as soon as it hears; the room is the gateway's key
on the floor plan. Nodes have no clock worth the name, so a reading counts at the moment it arrives, and the message
made of a second's readings at the middle of that second: none of them is more than half a second off. A node that
reports a device twice within it counts with the newer reading.

`distance` comes smoothed, and `var` is how much it varied in time. A shelf in between does not vary, so its share is
added: what is stated then holds for the place, and not for the moment only. Source: ESPresense 4, BleFingerprint.
"""

import math
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from offer_engine.adapters.foreign import Said, decoded, shopper_of
from offer_engine.core.context import World
from offer_engine.errors import MessageError, Refusal
from offer_engine.messages import Ranges, Reading

DEVICES = "espresense/devices/+/+"
ROOMS = "espresense/rooms/+/status"
FILTERS = ((DEVICES, 0), (ROOMS, 0))
WINDOW_MS = 1000
MAX_OPEN = 5000  # devices that are being gathered; of more the longest open is told early
MAX_READINGS = 64  # of one message; of more gateways the nearest count
NEAREST_M = 0.05  # a phone that lies on a node is reported at 0.00 m
SHADOW_SHARE = (
    0.52  # of the distance: 5 dB of shadowing at a path loss exponent of 2.2, which no variance in time shows
)


class _Sighting(Struct, frozen=True):
    distance: Annotated[float, Meta(ge=0, le=1000)]
    var: Annotated[float, Meta(ge=0)] | None = None


_decoder = msgspec.json.Decoder(_Sighting)


@dataclass(slots=True)
class _Second:
    """What has been heard of one device since a moment."""

    since_ms: int
    readings: dict[str, Reading] = field(default_factory=dict)


class Gathering:
    """The readings that wait for the end of their second, by shopper, the longest waiting first."""

    def __init__(self) -> None:
        """Nothing has been heard yet."""
        self._open: dict[str, _Second] = {}

    def add(self, topic: str, payload: bytes, arrived_ms: int, world: World) -> list[Said]:
        """Take one node's reading; returns what is complete with that, mostly nothing.

        Raises:
            MessageError: it is no reading, or its room is no gateway of the floor plan.
        """
        device, room = topic.split("/")[2:]
        if room not in world.gateways:
            raise MessageError(Refusal.UNKNOWN_GATEWAY, f"room '{room[:64]}' is no x-beacon of the floor plan")
        sighting = decoded(_decoder, payload)
        shopper = shopper_of("espresense", device)
        complete = self.due(arrived_ms)
        second = self._open.get(shopper)
        if second is None:
            if len(self._open) >= MAX_OPEN:
                complete.append(self._close(next(iter(self._open))))
            second = self._open[shopper] = _Second(arrived_ms)
        second.readings[room] = _reading(room, sighting)
        return complete

    def due(self, now_ms: int) -> list[Said]:
        """Every second that is over at `now_ms`; all are when the clock was set back."""
        over: list[str] = []
        for shopper, second in self._open.items():
            if 0 <= now_ms - second.since_ms < WINDOW_MS:
                break
            over.append(shopper)
        return [self._close(shopper) for shopper in over]

    def _close(self, shopper: str) -> Said:
        second = self._open.pop(shopper)
        heard = list(second.readings.values())
        if len(heard) > MAX_READINGS:
            heard = nsmallest(MAX_READINGS, heard, key=lambda reading: reading.distance)
        return shopper, Ranges(second.since_ms + WINDOW_MS // 2, heard)


def _reading(room: str, sighting: _Sighting) -> Reading:
    distance = max(sighting.distance, NEAREST_M)
    if sighting.var is None:
        return Reading(room, distance)
    return Reading(room, distance, min(math.hypot(math.sqrt(sighting.var), SHADOW_SHARE * distance), 1000.0))


def status(topic: str, payload: bytes) -> tuple[str, bool]:
    """A room and whether its node is online.

    Raises:
        MessageError: the payload is neither `online` nor `offline`.
    """
    if payload not in {b"online", b"offline"}:
        raise MessageError(Refusal.INVALID, "expected online or offline")
    return topic.split("/")[2], payload == b"online"
