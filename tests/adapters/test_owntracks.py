"""OwnTracks opens and closes visits; what it says of the rest of somebody's day is dropped unseen."""

from dataclasses import replace

import pytest

from offer_engine.adapters.foreign import Said, shopper_of
from offer_engine.adapters.owntracks import MAX_ACCURACY_M, UNSTATED_M, parse
from offer_engine.core.context import World
from offer_engine.core.world_tie import tie_at
from offer_engine.errors import MessageError, Refusal
from offer_engine.messages import Position, Presence
from tests.adapters.payloads import owntracks_location, owntracks_transition
from tests.engines import START_MS
from tests.worlds import demo_market

MARKET = demo_market()
UNTIED = replace(MARKET, store=replace(MARKET.store, tie=None))
TIED = replace(MARKET, store=replace(MARKET.store, tie=tie_at(13.37, 52.51)))
TOPIC = "owntracks/dave/phone"


def said(payload: bytes, *, visit: str | None = None, world: World = MARKET, topic: str = TOPIC) -> list[Said]:
    """What a message says, of a shopper who is on this visit."""
    return parse(topic, payload, world, lambda _shopper: visit)


def test_entering_the_store_s_region_opens_a_visit() -> None:
    """Its id is a function of the arrival: a repeat has the same, the next arrival another."""
    ((shopper, arrived),) = said(owntracks_transition(START_MS, "enter"))
    ((_, again),) = said(owntracks_transition(START_MS, "enter"))
    ((_, tomorrow),) = said(owntracks_transition(START_MS + 86_400_000, "enter"))
    assert shopper == "dave"
    assert isinstance(arrived, Presence)
    assert isinstance(tomorrow, Presence)
    assert (arrived.ts, arrived.event) == (START_MS, "arrived")
    assert again == arrived
    assert tomorrow.visit != arrived.visit


def test_leaving_closes_the_visit_there_is() -> None:
    """Who has none has nothing to leave."""
    left = owntracks_transition(START_MS, "leave")
    assert said(left, visit="v-7") == [("dave", Presence(START_MS, "left", "v-7"))]
    assert said(left) == []


def test_a_beacon_s_region_counts_by_its_name() -> None:
    """On iOS it is named with the beacon's numbers behind."""
    name = "demo-market:2F234454-CF6D-4A0F-ADF2-F4911BA9FFA6:1:2"
    assert len(said(owntracks_transition(START_MS, "enter", name))) == 1


@pytest.mark.parametrize("region", ["home", "demo-market-2", "", "Demo-Market"])
def test_other_regions_are_nobody_s_business(region: str) -> None:
    """Where else a shopper comes and goes is dropped, not refused, so that nothing of it is kept."""
    assert said(owntracks_transition(START_MS, "enter", region)) == []


def test_a_location_in_the_store_is_a_position() -> None:
    """As vague as it states, and very vague where it states nothing."""
    assert TIED.store.tie is not None
    lon, lat = TIED.store.tie.to_world(3.0, 12.0)
    for acc, taken in ((9, 9.0), (None, UNSTATED_M), (0, UNSTATED_M), (65_000, MAX_ACCURACY_M)):
        ((shopper, fix),) = said(owntracks_location(START_MS, lat, lon, acc=acc), world=TIED)
        assert shopper == "dave"
        assert isinstance(fix, Position)
        assert (fix.x, fix.y) == pytest.approx((3.0, 12.0), abs=0.001)
        assert (fix.ts, fix.accuracy) == (START_MS, taken)


def test_a_location_elsewhere_is_dropped() -> None:
    """Anywhere but in the store, and everywhere when the plan is not tied to the world."""
    assert said(owntracks_location(START_MS, 52.6, 13.4), world=TIED) == []
    assert said(owntracks_location(START_MS, 52.51, 13.37), world=UNTIED) == []


@pytest.mark.parametrize("kind", ["lwt", "card", "waypoint", "status", "steps", "something new"])
def test_other_messages_of_the_app_say_nothing(kind: str) -> None:
    """They come on the same topics."""
    assert said(f'{{"_type": "{kind}", "tst": 1}}'.encode()) == []


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        (b'{"_type": "encrypted", "data": "aGVsbG8="}', "TLS"),
        (b'{"lat": 1}', "_type"),
        (owntracks_transition(START_MS, "hover"), "hover"),
        (owntracks_location(START_MS, 91, 0), "lat"),
        (owntracks_location(START_MS, 1, 0, tst=-5), "tst"),
    ],
)
def test_what_cannot_be_used_is_refused(payload: bytes, named: str) -> None:
    """With a reason that names what is wrong."""
    with pytest.raises(MessageError) as caught:
        said(payload)
    assert caught.value.refusal is Refusal.INVALID
    assert named in caught.value.detail


def test_a_user_whose_name_is_no_token_is_hashed() -> None:
    """A name with a dot cannot stand in our topics."""
    ((shopper, _),) = said(owntracks_transition(START_MS, "enter"), topic="owntracks/d.smith/phone/event")
    assert shopper == shopper_of("owntracks", "d.smith")
