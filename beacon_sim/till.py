"""The tills: each serves in the order of arrival, and shoppers join the shortest queue.

A till is a resource in virtual time, with as many lanes as the crowd needs: a store that is told to hold ten times the
people its floor plan was drawn for opens more lanes at each till, and does not let its queue fill the shop.
"""

import math
from collections.abc import Sequence

import simpy

from beacon_sim.floor import Point
from beacon_sim.places import TillPlace

ITEM_MS = 2_600  # scanning and packing one product
TYPICAL_SERVICE_S = 45.0  # one shopper at a till
BUSY_SHARE = 0.7  # how busy the tills are at most, in the mean


class Till:
    """One till with its queue."""

    def __init__(self, env: simpy.Environment, place: TillPlace, lanes: int) -> None:
        self.place = place
        self.lanes = simpy.Resource(env, capacity=lanes)
        self._env = env
        self._line: list[simpy.Event] = []  # requests, in order of arrival, until they leave
        self.advanced = env.event()  # somebody left: everybody behind moves up

    @property
    def length(self) -> int:
        """People in the queue and being served."""
        return len(self._line)

    def join(self, request: simpy.Event) -> None:
        """Stand at the end of the queue."""
        self._line.append(request)

    def leave(self, request: simpy.Event) -> None:
        """Go away from the till, paid."""
        self._line.remove(request)
        moved, self.advanced = self.advanced, self._env.event()
        moved.succeed()

    def spot(self, request: simpy.Event) -> Point:
        """Where the one with this request stands now."""
        return self._spot_behind(self._line.index(request))

    def tail(self) -> Point:
        """Where one who joins now would stand."""
        return self._spot_behind(len(self._line))

    def _spot_behind(self, ahead: int) -> Point:
        waiting = ahead - int(self.lanes.capacity)
        if waiting < 0 or not self.place.queue:
            return self.place.service
        return self.place.queue[min(waiting, len(self.place.queue) - 1)]


def open_tills(env: simpy.Environment, places: Sequence[TillPlace], arrivals_per_min: float) -> list[Till]:
    """Open every till, with lanes enough for the crowd."""
    needed = arrivals_per_min / 60 * TYPICAL_SERVICE_S / BUSY_SHARE
    lanes = max(1, math.ceil(needed / len(places)))
    return [Till(env, place, lanes) for place in places]


def shortest(tills: Sequence[Till], here: Point) -> Till:
    """The till with the fewest people; of those with as few, the nearest to `here`."""
    return min(tills, key=lambda till: (till.length, math.dist(here, till.place.service), till.place.key))
