"""omlox v2 locations become positions, and zone transitions omlox fence events.

To the systems that locate, the engine looks like an omlox hub: it takes what they publish for one, in the store's own
metres or in WGS84 where the floor plan is tied to the world. Only the fields that are used are read, so a location that
lacks another required one is taken too. Source: omlox hub specification v2, chapters 6.7 and 14.
"""

import uuid
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from offer_engine.adapters.foreign import Said, decoded, shopper_of
from offer_engine.core.context import World
from offer_engine.core.geofence import Kind, Transition
from offer_engine.errors import MessageError, Refusal
from offer_engine.messages import Position, encode

LOCATIONS = "omlox/json/location_updates/pub/+"
FENCE_EVENTS = "/omlox/json/fence_events/{fence_id}"
FILTERS = ((LOCATIONS, 0), (f"/{LOCATIONS}", 0))  # systems differ about the leading slash
MAX_ACCURACY_M = 1000.0  # as on our own wire; a fix half as vague is dropped anyway
MAX_METRES = 100_000.0  # likewise

_OURS = uuid.UUID("6f3c1c1e-6d0a-5d8b-9a57-0f6a3f0f5d11")  # namespace of the UUIDs made here (RFC 9562, version 5)


class _Point(Struct, frozen=True):
    """GeoJSON; x, y or longitude, latitude, perhaps with a height, which is not used."""

    type: Literal["Point"]
    coordinates: Annotated[list[float], Meta(min_length=2, max_length=3)]


class _Location(Struct, frozen=True):
    position: _Point
    provider_id: Annotated[str, Meta(min_length=1, max_length=256)]
    trackables: Annotated[list[Annotated[str, Meta(min_length=1, max_length=256)]], Meta(max_length=16)] = []
    timestamp_generated: Annotated[datetime, Meta(tz=True)] | None = None
    timestamp_sent: Annotated[datetime, Meta(tz=True)] | None = None
    crs: str = "local"
    accuracy: Annotated[float, Meta(ge=0)] | None = None
    floor: Annotated[float, Meta(ge=-20, le=200)] | None = None


class FenceEvent(Struct, frozen=True, omit_defaults=True):
    """A shopper went into a zone or out of it, as omlox says it; times are ISO 8601 in UTC."""

    id: str
    fence_id: str  # a UUID, the same for a zone of a store for ever
    foreign_id: str  # the zone's key
    event_type: Literal["region_entry", "region_exit"]
    entry_time: str
    exit_time: str | None = None
    trackable_id: str | None = None  # the shopper, where their token is a UUID ...
    provider_id: str | None = None  # ... and where it is not


_decoder = msgspec.json.Decoder(_Location)


def parse(payload: bytes, arrived_ms: int, world: World) -> list[Said]:
    """The position of each trackable that a location names, or else of its provider.

    Raises:
        MessageError: it is no location, or one in a reference system that cannot be brought to the floor plan.
    """
    location = decoded(_decoder, payload)
    x, y = _local(location, world)
    generated = location.timestamp_generated or location.timestamp_sent
    fix = Position(
        ts=arrived_ms if generated is None else round(generated.timestamp() * 1000),
        x=x,
        y=y,
        accuracy=min(location.accuracy, MAX_ACCURACY_M) if location.accuracy else None,  # 0 is no accuracy known
        floor=None if location.floor is None else round(location.floor),
    )
    return [(shopper_of("omlox", one), fix) for one in location.trackables or [location.provider_id]]


def _local(location: _Location, world: World) -> tuple[float, float]:
    first, second = location.position.coordinates[:2]
    if location.crs == "local":
        x, y = first, second
    elif location.crs.upper() != "EPSG:4326":
        raise MessageError(Refusal.INVALID, f"crs '{location.crs[:40]}'; expected local or EPSG:4326")
    elif world.store.tie is None:
        raise MessageError(Refusal.INVALID, "crs EPSG:4326 needs ground_control_points in floor.geojson")
    elif abs(first) > 180 or abs(second) > 90:
        raise MessageError(Refusal.INVALID, f"({first:g}, {second:g}) is no longitude and latitude")
    else:
        x, y = world.store.tie.to_local(first, second)
    if max(abs(x), abs(y)) > MAX_METRES:
        raise MessageError(Refusal.OUTSIDE, f"({x:g}, {y:g}) is no place on any floor")
    return x, y


def fence_id(store: str, zone: str) -> str:
    """The UUID that stands for a zone.

    >>> fence_id("demo-market", "wine")
    'df85aabb-9dfa-5596-a958-91a943cf7b8f'
    """
    return str(uuid.uuid5(_OURS, f"{store}/{zone}"))


def fence_event(store: str, shopper: str, crossed: Transition) -> tuple[str, bytes] | None:
    """Topic and payload for an enter or exit; omlox has no word for a dwell.

    The event's id is a function of what happened, so that a replay tells nothing twice. Who was in the fence is a
    trackable where omlox's own id for one is the shopper's token, else a provider.
    """
    if crossed.kind not in {Kind.ENTER, Kind.EXIT}:
        return None
    is_exit = crossed.kind is Kind.EXIT
    fence = fence_id(store, crossed.zone)
    is_trackable = _is_uuid(shopper)
    event = FenceEvent(
        id=str(uuid.uuid5(_OURS, f"{store}/{crossed.zone}/{shopper}/{crossed.kind}/{crossed.at}")),
        fence_id=fence,
        foreign_id=crossed.zone,
        event_type="region_exit" if is_exit else "region_entry",
        entry_time=_iso(crossed.since),
        exit_time=_iso(crossed.at) if is_exit else None,
        trackable_id=shopper if is_trackable else None,
        provider_id=None if is_trackable else shopper,
    )
    return FENCE_EVENTS.format(fence_id=fence), encode(event)


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
