"""Zone events: what anyone on the broker is told of a shopper's zones, when, and of whom never."""

import json
from collections.abc import Callable

import pytest

from offer_engine.core.geofence import Cause, Kind, Transition
from offer_engine.core.person import Visit
from offer_engine.core.shopper import VISIT_GAP_MS, Shopper
from offer_engine.messages import ConsentChange, Position, Presence, ZoneEvent, encode, zone_topic
from offer_engine.zone_events import visit_of, zone_event, zone_teller
from tests.dave import DWELL_S, INSIDE_S, NOWHERE, WINE, WINE_AISLE, market
from tests.engines import START_MS, Bench

STORE = "demo-market"
WINE_TOPIC = zone_topic(STORE, "wine")


@pytest.fixture
def store() -> Bench:
    """Northgate Market, which tells anyone; Dave has a phone that shares everything."""
    bench = market()
    bench.service.tell_zones = zone_teller(STORE, tells_anyone=True, tells_omlox=False)
    bench.connect("dave")
    return bench


def told(store: Bench) -> list[ZoneEvent]:
    """The events on the wine's topic, in their order."""
    events = [payload for topic, payload, qos in store.published if topic == WINE_TOPIC and qos == 1]
    return [ZoneEvent(**json.loads(payload)) for payload in events]


def test_a_visit_to_a_zone_is_enter_dwell_exit(store: Bench) -> None:
    """At their own moments, of one visit, on the zone's topic; nothing at all while nothing is crossed."""
    store.send("dave", "presence", encode(Presence(store.now_ms, "arrived", "v-1")))
    store.stand("dave", *WINE_AISLE, seconds=DWELL_S + 20)
    entered = len(store.published)
    store.stand("dave", *NOWHERE, seconds=10)

    enter, dwell, left = told(store)

    assert [one.event for one in (enter, dwell, left)] == ["enter", "dwell", "exit"]
    assert [one.ts - START_MS for one in (enter, dwell)] == [1000 * INSIDE_S, 1000 * DWELL_S]
    assert {(one.shopper, one.zone, one.visit, one.since) for one in (enter, dwell, left)} == {
        ("dave", "wine", "v-1", START_MS)
    }
    assert (enter.cause, left.cause) == (None, "walked")
    assert sum(topic == WINE_TOPIC for topic, *_ in store.published[:entered]) == 2


def test_who_strides_through_is_told_as_crossing(store: Bench) -> None:
    """Outside the pasta at one fix, beyond it at the next: a cross, and no phone is told of a place."""
    for x in (12.8, 15.75):
        store.send("dave", "position", encode(Position(store.now_ms, x, 12.0, accuracy=0.5)))
        store.now_ms += 1000

    crossed = [json.loads(payload) for topic, payload, _ in store.published if topic == zone_topic(STORE, "pasta-rice")]

    assert [(one["event"], one["ts"], one["since"]) for one in crossed] == [("cross", START_MS + 1000, START_MS)]


def test_nothing_is_told_before_it_is_on_record(store: Bench) -> None:
    """Record, then send: what a power cut could undo has been told to nobody."""
    commits: list[Callable[[], None]] = []
    store.hold_commits = commits.append
    store.stand("dave", *WINE_AISLE, seconds=INSIDE_S)
    assert told(store) == []

    for commit in commits:
        commit()
    store.end_turn()

    assert [one.event for one in told(store)] == ["enter"]


def test_who_does_not_share_a_location_is_never_told_of(store: Bench) -> None:
    """Nor is a stranger; and whoever withdraws it leaves every zone, which is the last that is told."""
    store.stand("stranger", *WINE_AISLE, seconds=DWELL_S)
    assert store.published == []
    phone = store.connect("dave")
    store.stand("dave", *WINE_AISLE, seconds=DWELL_S)
    phone.says(ConsentChange(store.now_ms, location=False))
    store.stand("dave", *WINE_AISLE, seconds=DWELL_S)

    assert [(one.event, one.cause) for one in told(store)] == [("enter", None), ("dwell", None), ("exit", "ended")]


def test_off_is_off(store: Bench) -> None:
    """With nobody to tell there is nothing to make a message of."""
    assert zone_teller(STORE, tells_anyone=False, tells_omlox=False) is None
    store.service.tell_zones = None
    store.stand("dave", *WINE_AISLE, seconds=DWELL_S)
    assert told(store) == []


def test_where_omlox_is_listened_to_it_is_told_too() -> None:
    """An enter on both topics; a dwell, for which omlox has no word, on ours alone."""
    both = zone_teller(STORE, tells_anyone=True, tells_omlox=True)
    only = zone_teller(STORE, tells_anyone=False, tells_omlox=True)
    assert both is not None
    assert only is not None
    enter = Transition(START_MS, Kind.ENTER, "wine", START_MS)
    dwell = Transition(START_MS, Kind.DWELL, "wine", START_MS)
    assert [topic.split("/")[1] for topic, _ in both("dave", enter, "v")] == [STORE, "omlox"]
    assert len(both("dave", dwell, "v")) == 1
    assert [topic.split("/")[1] for topic, _ in only("dave", enter, "v")] == ["omlox"]
    assert only("dave", dwell, "v") == []


def test_what_is_not_known_is_left_out() -> None:
    """An enter has no cause, and a shopper whose visit is not known has none."""
    _, payload = zone_event(STORE, "dave", Transition(2000, Kind.ENTER, "wine", 1000), None)
    assert json.loads(payload) == {"ts": 2000, "shopper": "dave", "zone": "wine", "event": "enter", "since": 1000}


def test_an_event_belongs_to_the_visit_in_which_it_happened() -> None:
    """One message may end a visit and open another: the exit is the old one's, an enter after it the new one's."""
    old, new = (Shopper("dave", visit=Visit(name, since, announced=True)) for name, since in (("old", 0), ("new", 500)))
    out, into = Transition(500, Kind.EXIT, "wine", 0, Cause.ENDED), Transition(500, Kind.ENTER, "wine", 500)
    overdue = Transition(400, Kind.DWELL, "wine", 0)
    gone = Shopper("dave")
    assert [visit_of(one, old, new) for one in (out, overdue, into)] == ["old", "old", "new"]
    assert visit_of(out, old, gone) == "old"
    assert visit_of(into, gone, new) == "new"
    assert visit_of(out, gone, gone) is None


def test_after_long_silence_the_exit_is_the_old_visit_s(store: Bench) -> None:
    """Through the real service: lost in the wine on one visit, back in the wine on another."""
    store.stand("dave", *WINE_AISLE, seconds=DWELL_S)
    store.now_ms += VISIT_GAP_MS + WINE.timeout_ms
    store.stand("dave", *WINE_AISLE, seconds=INSIDE_S)

    visits = [one.visit for one in told(store)]

    assert [one.event for one in told(store)] == ["enter", "dwell", "exit", "enter"]
    assert visits[0] == visits[1] == visits[2] != visits[3]
