"""What OwnTracks apps publish becomes arrivals, departures and, where the plan is tied to the world, positions.

The app lives with a shopper all day, so most of what it says is none of a store's business: transitions of other
regions and locations outside the store are dropped here, before anything could count, keep or report them, and of what
is refused the payload is not kept. A visit opens when the app enters the region that has the store's id for a name, and
closes when it leaves it. Source: OwnTracks booklet, "JSON".
"""

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from offer_engine.adapters.foreign import Said, decoded, shopper_of
from offer_engine.core.context import World
from offer_engine.core.holdout import cause_id
from offer_engine.errors import MessageError, Refusal
from offer_engine.messages import Position, Presence

LOCATIONS = "owntracks/+/+"
EVENTS = "owntracks/+/+/event"
FILTERS = ((LOCATIONS, 0), (EVENTS, 1))
UNSTATED_M = 100.0  # a phone that does not say how well it knows its place does not know it well
MAX_ACCURACY_M = 1000.0  # as on our own wire

VisitOf = Callable[[str], str | None]  # a shopper's visit as it is known now


class _Kind(Struct, frozen=True):
    type: str = msgspec.field(name="_type")


class _Location(Struct, frozen=True):
    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    tst: Annotated[int, Meta(ge=0, le=253_402_300_799)]  # s
    acc: Annotated[float, Meta(ge=0)] | None = None  # m; on Android the radius that holds two thirds of all fixes


class _Transition(Struct, frozen=True):
    tst: Annotated[int, Meta(ge=0, le=253_402_300_799)]  # s
    event: Literal["enter", "leave"]
    desc: str = ""  # the region's name; of a beacon's region name:uuid:major:minor


_kind = msgspec.json.Decoder(_Kind)
_location = msgspec.json.Decoder(_Location)
_transition = msgspec.json.Decoder(_Transition)


def parse(topic: str, payload: bytes, world: World, visit_of: VisitOf) -> list[Said]:
    """What one message says of a shopper, who is the app's user; nothing where it is none of the store's business.

    Raises:
        MessageError: it is no message of OwnTracks, or it is encrypted.
    """
    shopper = shopper_of("owntracks", topic.split("/")[1])
    match decoded(_kind, payload).type:
        case "transition":
            return _presence(shopper, decoded(_transition, payload), world, visit_of)
        case "location":
            return _position(shopper, decoded(_location, payload), world)
        case "encrypted":
            raise MessageError(Refusal.INVALID, "encrypted payloads cannot be read; use TLS to the broker instead")
        case _:
            return []  # cards, waypoints, status, last will: of no use here


def _presence(shopper: str, crossed: _Transition, world: World, visit_of: VisitOf) -> list[Said]:
    """A visit's id is a function of its arrival, so that a repeat opens no second one; leaving ends the one that is."""
    store, ts = world.store.store, 1000 * crossed.tst
    if crossed.desc != store and not crossed.desc.startswith(f"{store}:"):
        return []
    if crossed.event == "enter":
        return [(shopper, Presence(ts, "arrived", cause_id(shopper, "owntracks", ts)))]
    visit = visit_of(shopper)
    return [] if visit is None else [(shopper, Presence(ts, "left", visit))]


def _position(shopper: str, location: _Location, world: World) -> list[Said]:
    if world.store.tie is None:
        return []
    x, y = world.store.tie.to_local(location.lon, location.lat)
    if not world.floor.at(x, y):
        return []
    accuracy = min(location.acc or UNSTATED_M, MAX_ACCURACY_M)
    return [(shopper, Position(1000 * location.tst, x, y, accuracy))]
