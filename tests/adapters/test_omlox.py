"""omlox locations become positions of shoppers, and transitions become fence events that omlox software can read."""

import json
from dataclasses import replace
from uuid import UUID

import pytest

from offer_engine.adapters.foreign import shopper_of
from offer_engine.adapters.omlox import fence_event, fence_id, parse
from offer_engine.core.geofence import Kind, Transition
from offer_engine.core.world_tie import tie_at
from offer_engine.errors import MessageError, Refusal
from offer_engine.messages import Position
from tests.adapters.payloads import TAG, TRACKABLE, iso, omlox_location
from tests.engines import START_MS
from tests.worlds import demo_market

MARKET = demo_market()
UNTIED = replace(MARKET, store=replace(MARKET.store, tie=None))
BERLIN = replace(MARKET, store=replace(MARKET.store, tie=tie_at(13.37, 52.51)))


def test_a_location_is_a_position_of_its_trackable() -> None:
    """Metres, accuracy, floor, and the moment at which it was calculated."""
    said = parse(omlox_location(START_MS, 3.0, 12.0), START_MS + 500, MARKET)
    assert said == [(TRACKABLE, Position(START_MS, 3.0, 12.0, accuracy=0.4, floor=0))]


def test_without_trackables_the_provider_is_the_shopper() -> None:
    """Its id is hashed where it cannot stand in a topic; with several trackables each has the position."""
    alone = parse(omlox_location(START_MS, 3.0, 12.0, trackables=None), START_MS, MARKET)
    both = parse(omlox_location(START_MS, 3.0, 12.0, trackables=["dave", "cart-7"]), START_MS, MARKET)
    assert [shopper for shopper, _ in alone] == [shopper_of("omlox", TAG)]
    assert [shopper for shopper, _ in both] == ["dave", "cart-7"]


@pytest.mark.parametrize(
    ("changes", "ts"),
    [
        ({"timestamp_generated": None}, START_MS + 40),
        ({"timestamp_generated": None, "timestamp_sent": None}, START_MS + 500),
        ({"timestamp_generated": iso(START_MS + 7).replace("Z", "+00:00")}, START_MS + 7),
    ],
)
def test_the_moment_is_the_best_one_stated(changes: dict[str, object], ts: int) -> None:
    """When it was calculated, else when it was sent, else when it arrived."""
    ((_, fix),) = parse(omlox_location(START_MS, 3.0, 12.0, **changes), START_MS + 500, MARKET)
    assert fix.ts == ts


def test_longitude_and_latitude_are_brought_to_the_floor_plan() -> None:
    """By the plan's control points; `local` is what a location without crs is in."""
    assert BERLIN.store.tie is not None
    lon, lat = BERLIN.store.tie.to_world(3.0, 12.0)
    ((_, world),) = parse(omlox_location(START_MS, lon, lat, crs="EPSG:4326"), START_MS, BERLIN)
    ((_, local),) = parse(omlox_location(START_MS, 3.0, 12.0, crs=None), START_MS, BERLIN)
    assert isinstance(world, Position)
    assert isinstance(local, Position)
    assert (world.x, world.y) == pytest.approx((3.0, 12.0), abs=0.001)
    assert (local.x, local.y) == (3.0, 12.0)


def test_an_accuracy_of_nothing_is_none() -> None:
    """Zero means that the system does not know, and no accuracy is larger than our wire has."""
    for stated, taken in ((0, None), (None, None), (5000, 1000.0)):
        ((_, fix),) = parse(omlox_location(START_MS, 3.0, 12.0, accuracy=stated), START_MS, MARKET)
        assert isinstance(fix, Position)
        assert fix.accuracy == taken


REFUSED: dict[str, tuple[dict[str, object], Refusal, str]] = {
    "no position": ({"position": None}, Refusal.INVALID, "position"),
    "a polygon": ({"position": {"type": "Polygon", "coordinates": [1, 2]}}, Refusal.INVALID, "Polygon"),
    "no provider": ({"provider_id": None}, Refusal.INVALID, "provider_id"),
    "a time without a zone": ({"timestamp_generated": "2026-03-02T09:00:00"}, Refusal.INVALID, "timezone"),
    "a projection": ({"crs": "EPSG:32633"}, Refusal.INVALID, "EPSG:32633"),
    "degrees that are none": (
        {"crs": "EPSG:4326", "position": {"type": "Point", "coordinates": [3, 120]}},
        Refusal.INVALID,
        "120",
    ),
    "nowhere": ({"position": {"type": "Point", "coordinates": [1e300, 0]}}, Refusal.OUTSIDE, "no place"),
}


@pytest.mark.parametrize(("changes", "refusal", "named"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_location_is_refused(changes: dict[str, object], refusal: Refusal, named: str) -> None:
    """With a reason that names what is wrong."""
    with pytest.raises(MessageError) as caught:
        parse(omlox_location(START_MS, 3.0, 12.0, **changes), START_MS, BERLIN)
    assert caught.value.refusal is refusal
    assert named in caught.value.detail


def test_a_plan_that_is_not_tied_to_the_world_says_what_is_missing() -> None:
    """Longitude and latitude cannot be used without control points."""
    with pytest.raises(MessageError, match="ground_control_points"):
        parse(omlox_location(START_MS, 13.37, 52.51, crs="EPSG:4326"), START_MS, UNTIED)


def test_an_enter_and_its_exit_are_fence_events() -> None:
    """Entry and exit time in UTC, a fence whose id is a UUID, and the zone's key as its foreign id."""
    entered = fence_event("demo-market", "dave", Transition(START_MS + 4000, Kind.ENTER, "wine", START_MS))
    left = fence_event("demo-market", "dave", Transition(START_MS + 60_000, Kind.EXIT, "wine", START_MS))
    assert entered is not None
    assert left is not None
    fence = fence_id("demo-market", "wine")
    assert entered[0] == left[0] == f"/omlox/json/fence_events/{fence}"
    entry, exit_ = json.loads(entered[1]), json.loads(left[1])
    assert UUID(entry.pop("id")) != UUID(exit_.pop("id"))
    shared = {"fence_id": fence, "foreign_id": "wine", "provider_id": "dave", "entry_time": "2026-03-02T09:00:00.000Z"}
    assert entry == shared | {"event_type": "region_entry"}
    assert exit_ == shared | {"event_type": "region_exit", "exit_time": "2026-03-02T09:01:00.000Z"}


def test_a_trackable_is_told_as_one() -> None:
    """Where the shopper's token is omlox's own id."""
    told = fence_event("demo-market", TRACKABLE, Transition(START_MS, Kind.ENTER, "wine", START_MS))
    assert told is not None
    assert json.loads(told[1])["trackable_id"] == TRACKABLE
    assert "provider_id" not in json.loads(told[1])


def test_a_replay_tells_the_same_events() -> None:
    """Ids are functions of what happened; a dwell has no word in omlox."""
    crossed = Transition(START_MS, Kind.ENTER, "wine", START_MS)
    assert fence_event("demo-market", "dave", crossed) == fence_event("demo-market", "dave", crossed)
    assert fence_event("demo-market", "dave", Transition(START_MS, Kind.DWELL, "wine", START_MS)) is None
