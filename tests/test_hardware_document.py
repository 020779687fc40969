"""What docs/hardware.md shows is so: topics, hashes, ids and payloads, checked against the adapters."""

import json
import re
from pathlib import Path

import pytest

from offer_engine.adapters import omlox, owntracks
from offer_engine.adapters.foreign import shopper_of
from offer_engine.adapters.listening import FILTERS
from offer_engine.core.geofence import Kind, Transition
from offer_engine.messages import Position, Presence
from tests.worlds import demo_market

TEXT = (Path(__file__).parents[1] / "docs" / "hardware.md").read_text(encoding="utf-8")
TAG = "70:b3:d5:32:91:04"
MARKET = demo_market()


def shown(start: str) -> str:
    """The JSON that begins so; a document laid out anew must show it still."""
    found = re.search(re.escape(start) + r".*?\n```", TEXT, re.DOTALL)
    assert found is not None, start
    return found[0].removesuffix("```")


def published(topic: str) -> str:
    """The payload of a `mosquitto_pub` to a topic, as the shell would make it."""
    found = re.search(re.escape(topic) + r'"? -m "(.*?[^\\])"$', TEXT, re.DOTALL | re.MULTILINE)
    assert found is not None, topic
    text = found[1].replace('\\"', '"').replace("$tag", TAG).replace("$(date +%s)", "1772442000")
    return text.replace("$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)", "2026-03-02T09:00:00.000Z")


@pytest.mark.parametrize("system", FILTERS)
def test_every_topic_that_is_heard_is_in_the_document(system: str) -> None:
    """Each level of each filter in its order, with words for the variable ones."""
    for topic, _ in FILTERS[system]:
        pattern = re.escape(topic.lstrip("/")).replace(r"\+", r"\{\w+\}")
        rest = topic.rpartition("/")[2]
        assert re.search(pattern, TEXT) or f"…/{rest}" in TEXT, topic


def test_the_hash_is_the_shopper() -> None:
    """As anybody with a shell would work it out."""
    assert shopper_of("omlox", TAG) in TEXT


def test_the_omlox_message_is_a_location_at_the_wine() -> None:
    """It can be pasted, and stands where the text says."""
    payload = published("/omlox/json/location_updates/pub/$tag").encode()
    ((shopper, fix),) = omlox.parse(payload, 0, MARKET)
    assert shopper == shopper_of("omlox", TAG)
    assert isinstance(fix, Position)
    assert MARKET.index.inside.at(fix.x, fix.y) == ("wine",)


def test_the_fence_event_is_what_is_told() -> None:
    """Field by field, but for the moment."""
    event = json.loads(shown('{"id": "830ecdc2'))
    told = omlox.fence_event("demo-market", shopper_of("omlox", TAG), Transition(0, Kind.ENTER, "wine", 0))
    assert told is not None
    made = json.loads(told[1])
    assert set(event) == set(made)
    assert {name for name in event if event[name] != made[name]} == {"id", "entry_time"}


def test_the_owntracks_messages_open_a_visit_to_this_store() -> None:
    """The region that is imported has the name that the transition must have."""
    (region,) = json.loads(shown('{"_type": "waypoints"'))["waypoints"]
    transition = published("owntracks/erin/phone/event").encode()
    ((_, arrived),) = owntracks.parse("owntracks/erin/phone/event", transition, MARKET, lambda _shopper: None)
    assert region["desc"] == MARKET.store.store
    assert isinstance(arrived, Presence)
    assert arrived.event == "arrived"
