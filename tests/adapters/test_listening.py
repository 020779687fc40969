"""Topics find their adapter; what is not switched on is refused, and what is private leaves no trace."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offer_engine.adapters.listening import FILTERS, Listening, is_private
from offer_engine.errors import MessageError, Refusal
from offer_engine.messages import Position, Presence, Ranges, encode, is_id, leaf_of, parse_report
from tests.adapters.payloads import espresense_reading, omlox_location, owntracks_location, owntracks_transition
from tests.engines import START_MS
from tests.worlds import demo_market

MARKET = demo_market()


def listening(*systems: str) -> Listening:
    """Some adapters, and a shopper who is on visit v-7."""
    return Listening(systems, lambda _shopper: "v-7")


@pytest.mark.parametrize("slash", ["", "/"])
def test_each_topic_finds_its_adapter(slash: str) -> None:
    """With and without a leading slash."""
    ears = listening(*FILTERS)
    located = ears.hear(f"{slash}omlox/json/location_updates/pub/t1", omlox_location(START_MS, 3, 12), START_MS, MARKET)
    gone = ears.hear(f"{slash}owntracks/dave/p/event", owntracks_transition(START_MS, "leave"), START_MS, MARKET)
    assert ears.hear(f"{slash}espresense/devices/dave/b01", espresense_reading(4), START_MS, MARKET) == []
    heard = ears.due(START_MS + 1000)
    assert [type(report) for _, report in (*located, *gone, *heard)] == [Position, Presence, Ranges]


LITERALS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
ANYTHING = st.recursive(
    LITERALS, lambda held: st.lists(held, max_size=3) | st.dictionaries(st.text(), held, max_size=3)
)
TOPICS = {
    "/omlox/json/location_updates/pub/t1": omlox_location(START_MS, 3, 12),
    "espresense/devices/dave/b01": espresense_reading(4),
    "espresense/rooms/b01/status": b"online",
    "owntracks/dave/phone": owntracks_location(START_MS, 52.51, 13.37),
    "owntracks/dave/phone/event": owntracks_transition(START_MS, "enter"),
}
MOMENTS = st.sampled_from(
    ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "2026-02-30T00:00:00Z", "1970-01-01T00:00:00Z"]
)


@given(st.sampled_from(sorted(TOPICS)), st.data())
def test_whatever_arrives_is_a_report_of_ours_or_refused(topic: str, data: st.DataObject) -> None:
    """Bytes, other JSON, a proper message with one field changed: nothing else happens, nothing is out of range."""
    whole = TOPICS[topic]
    payload = data.draw(st.binary(max_size=50))
    if whole.startswith(b"{") and data.draw(st.booleans()):
        fields = json.loads(whole)
        fields[data.draw(st.sampled_from(sorted(fields)))] = data.draw(ANYTHING | MOMENTS)
        payload = json.dumps(fields).encode()
    ears = listening(*FILTERS)
    try:
        said = ears.hear(topic, payload, START_MS, MARKET) + ears.due(START_MS + 1000)
    except MessageError:
        return
    for shopper, report in said:
        assert is_id(shopper)
        assert parse_report(leaf_of(report), encode(report)) == report


def test_a_moment_before_time_began_is_refused() -> None:
    """It is well written, and no time of our wire."""
    early = omlox_location(START_MS, 3, 12, timestamp_generated="0001-01-01T00:00:00Z")
    with pytest.raises(MessageError) as caught:
        listening("omlox").hear("/omlox/json/location_updates/pub/t1", early, START_MS, MARKET)
    assert caught.value.refusal is Refusal.INVALID


def test_only_what_is_switched_on_is_subscribed_and_heard() -> None:
    """A message of another system is refused by its topic."""
    ears = listening("owntracks")
    assert {filter_: qos for filter_, qos in ears.filters.items() if qos is not None} == {
        "owntracks/+/+": 0,
        "owntracks/+/+/event": 1,
    }
    with pytest.raises(MessageError) as caught:
        ears.hear("espresense/devices/dave/b01", espresense_reading(4), START_MS, MARKET)
    assert caught.value.refusal is Refusal.TOPIC
    assert set(listening().filters) == set(ears.filters)
    assert set(listening().filters.values()) == {None}


def test_a_node_that_goes_offline_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """Of the floor plan's gateways; and forgotten when it is back."""
    ears = listening("espresense")
    for room, payload in (("b01", b"offline"), ("b01", b"offline"), ("garage", b"offline")):
        assert ears.hear(f"espresense/rooms/{room}/status", payload, START_MS, MARKET) == []
    assert ears.offline == {"b01"}
    assert caplog.text.count("offline") == 1
    ears.hear("espresense/rooms/b01/status", b"online", START_MS, MARKET)
    assert ears.offline == set()


def test_what_tells_where_somebody_lives_is_private() -> None:
    """OwnTracks goes home with its shopper; the others stay in the store."""
    assert is_private("owntracks/dave/phone")
    assert not is_private("espresense/devices/dave/b01")
    assert not is_private("/omlox/json/location_updates/pub/t1")
