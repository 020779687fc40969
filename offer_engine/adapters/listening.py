"""Topics of foreign systems become reports by way of their adapters: which there are, and which are switched on.

A table from the first level of a topic to the adapter. What they yield comes with the shopper it is about and is
handled like a message of the store's own; ESPresense readings come later, when their second is over, so `due` is asked
a few times a second.
"""

import logging
from collections.abc import Callable, Mapping, Sequence

from offer_engine.adapters import espresense, omlox, owntracks
from offer_engine.adapters.foreign import Said
from offer_engine.core.context import World
from offer_engine.errors import MessageError, Refusal
from offer_engine.messages import encode, leaf_of, parse_report

FILTERS: Mapping[str, tuple[tuple[str, int], ...]] = {  # system -> topic filters, each with its QoS
    "omlox": omlox.FILTERS,
    "espresense": espresense.FILTERS,
    "owntracks": owntracks.FILTERS,
}
PRIVATE = frozenset({"owntracks"})  # of what these say and we refuse, nothing is kept: it tells where somebody lives

_log = logging.getLogger(__name__)

Hear = Callable[[str, bytes, int, World], list[Said]]


class Listening:
    """The adapters that are switched on, and what they remember."""

    def __init__(self, systems: Sequence[str], visit_of: owntracks.VisitOf) -> None:
        """Listen to some of `FILTERS`; `visit_of` gives a shopper's visit as it is known now."""
        self.offline: set[str] = set()  # ESPresense rooms whose node has gone
        self._gathering = espresense.Gathering()
        self._visit_of = visit_of
        hears: dict[str, Hear] = {"omlox": _omlox, "espresense": self._espresense, "owntracks": self._owntracks}
        self._hears = {system: hears[system] for system in systems}
        self.filters = {  # None: of a system that is not listened to any more
            filter_: qos if system in self._hears else None
            for system, filters in FILTERS.items()
            for filter_, qos in filters
        }

    def hear(self, topic: str, payload: bytes, arrived_ms: int, world: World) -> list[Said]:
        """What one message says, within the ranges of our own wire.

        Raises:
            MessageError: it cannot be used, or nobody listens to its system.
        """
        system = _system(topic)
        if system not in self._hears:
            raise MessageError(Refusal.TOPIC, f"'{system[:40]}' is no system that this engine listens to")
        said = self._hears[system](topic.lstrip("/"), payload, arrived_ms, world)
        return [(shopper, parse_report(leaf_of(report), encode(report))) for shopper, report in said]

    def due(self, now_ms: int) -> list[Said]:
        """What has been gathered and is complete."""
        return self._gathering.due(now_ms)

    def _espresense(self, topic: str, payload: bytes, arrived_ms: int, world: World) -> list[Said]:
        if topic.startswith("espresense/devices/"):
            return self._gathering.add(topic, payload, arrived_ms, world)
        room, is_online = espresense.status(topic, payload)
        if is_online:
            self.offline.discard(room)
        elif room in world.gateways and room not in self.offline:
            self.offline.add(room)
            _log.warning("the ESPresense node in '%s' is offline", room)
        return []

    def _owntracks(self, topic: str, payload: bytes, arrived_ms: int, world: World) -> list[Said]:
        del arrived_ms
        return owntracks.parse(topic, payload, world, self._visit_of)


def is_private(topic: str) -> bool:
    """Whether nothing of a refused message may be kept."""
    return _system(topic) in PRIVATE


def _omlox(topic: str, payload: bytes, arrived_ms: int, world: World) -> list[Said]:
    del topic
    return omlox.parse(payload, arrived_ms, world)


def _system(topic: str) -> str:
    return topic.lstrip("/").partition("/")[0]
