"""Topics find their adapter; what is not switched on is refused, and what is private leaves no trace."""

import pytest

from offer_engine.adapters.listening import FILTERS, Listening, is_private
from offer_engine.errors import MessageError, Refusal
from offer_engine.messages import Position, Presence, Ranges
from tests.adapters.payloads import espresense_reading, omlox_location, owntracks_transition
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
