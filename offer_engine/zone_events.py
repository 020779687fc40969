"""Transitions become messages for anyone who wants the geofence alone: our own, and omlox's where that is listened to.

QoS 1 and not retained: whoever counts shoppers wants every enter with its exit, and nobody wants yesterday's. They tell
only of shoppers who share their location, since without that nothing is tracked; who withdraws it leaves every zone,
and that exit is the last that is told.
"""

from collections.abc import Callable, Mapping
from typing import Literal

from offer_engine.adapters.omlox import fence_event
from offer_engine.core.geofence import Kind, Transition
from offer_engine.core.shopper import Shopper
from offer_engine.messages import ZoneEvent, encode, zone_topic

EVENTS: Mapping[Kind, Literal["enter", "dwell", "exit", "cross"]] = {  # nobody is told of certainty
    Kind.ENTER: "enter",
    Kind.DWELL: "dwell",
    Kind.EXIT: "exit",
    Kind.CROSS: "cross",
}

Tell = Callable[[str, Transition, str | None], list[tuple[str, bytes]]]


def zone_teller(store: str, *, tells_anyone: bool, tells_omlox: bool) -> Tell | None:
    """What makes topics and payloads of a shopper's transition on a visit; None when nobody is to be told."""
    if not tells_anyone and not tells_omlox:
        return None

    def tell(shopper: str, crossed: Transition, visit: str | None) -> list[tuple[str, bytes]]:
        messages = [zone_event(store, shopper, crossed, visit)] if tells_anyone else []
        fenced = fence_event(store, shopper, crossed) if tells_omlox else None
        return messages if fenced is None else [*messages, fenced]

    return tell


def zone_event(store: str, shopper: str, crossed: Transition, visit: str | None) -> tuple[str, bytes]:
    """Topic and payload of one transition."""
    event = ZoneEvent(
        ts=crossed.at,
        shopper=shopper,
        zone=crossed.zone,
        event=EVENTS[crossed.kind],
        since=crossed.since,
        visit=visit,
        cause=None if crossed.cause is None else crossed.cause.value,
    )
    return zone_topic(store, crossed.zone), encode(event)


def visit_of(crossed: Transition, before: Shopper, after: Shopper) -> str | None:
    """The visit that a transition belongs to: an event may end one visit and open the next."""
    old, new = before.visit, after.visit
    if old is None or new is None:
        visit = new or old
    else:
        visit = old if crossed.kind is Kind.EXIT or crossed.at < new.since else new
    return None if visit is None else visit.id
