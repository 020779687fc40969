"""Shoppers whom only gateways hear, through the real service: offers, dots, and what is refused of their messages."""

import json
from math import hypot

import pytest

from offer_engine.adapters.listening import Listening
from offer_engine.api.live import LiveView
from offer_engine.errors import Refusal
from offer_engine.messages import ConsentChange, Ranges, Reading, encode
from tests.dave import LAMB, SILVER_OAK, WINE_AISLE, market
from tests.engines import Bench
from tests.worlds import demo_market_on_grid


@pytest.fixture
def store() -> Bench:
    """Northgate Market, which tracks by belief; Dave has bought Silver Oak twice."""
    bench = Bench(demo_market_on_grid())
    bench.remember("dave", SILVER_OAK, times=2)
    return bench


def heard_at(store: Bench, x: float, y: float) -> list[Reading]:
    """What the gateways within 14 m hear, without error."""
    away = ((one.key, hypot(one.x - x, one.y - y)) for one in store.world.store.gateways)
    return [Reading(key, max(metres, 0.3), 1.0) for key, metres in away if metres < 14]


def stand(store: Bench, seconds: int) -> None:
    """Dave stands at the wine, heard once a second."""
    for _ in range(seconds):
        store.send("dave", "ranges", encode(Ranges(store.now_ms, heard_at(store, *WINE_AISLE))))
        store.now_ms += 1000


def test_gateways_alone_bring_the_offer_and_the_dot(store: Bench) -> None:
    """Dave, his lamb, and nobody but the gateways who knows where he is: his phone buzzes, and the page shows him."""
    phone = store.connect("dave")
    store.basket("dave", [LAMB])
    view = LiveView(store.service, ("dave",))

    stand(store, 15)

    assert [offer.sku for offer in phone.offers()] == [SILVER_OAK]
    dots = view.tick()["dots"]
    assert isinstance(dots, list)
    ((_, x, y),) = dots
    assert hypot(x - WINE_AISLE[0], y - WINE_AISLE[1]) < 1.0
    assert store.service.counts.positions == 15


def test_an_unknown_gateway_is_told_and_the_rest_counts(store: Bench) -> None:
    """A gateway that was hung up before it was drawn must not cost the shopper their place."""
    store.connect("dave")
    heard = [*heard_at(store, *WINE_AISLE), Reading("g-new", 3.0)]

    store.send("dave", "ranges", encode(Ranges(store.now_ms, heard)))

    (told,) = [json.loads(report) for report in store.rejected()]
    assert (told["reason"], told["detail"]) == (Refusal.UNKNOWN_GATEWAY, "not on the floor plan: g-new")
    assert told["topic"] == "store/demo-market/shopper/dave/ranges"
    assert store.service.shopper("dave").state.belief is not None


def test_only_unknown_gateways_say_nothing(store: Bench) -> None:
    """Then there is no place, and no visit either."""
    store.connect("dave")

    store.send("dave", "ranges", encode(Ranges(store.now_ms, [Reading("g-new", 3.0)])))

    assert store.service.counts.positions == 0
    assert store.service.shopper("dave").state.visit is None


def test_an_engine_without_beliefs_says_what_is_missing() -> None:
    """With raw tracking nothing can be made of ranges: refused, with the flag that helps."""
    store = market()

    store.send("dave", "ranges", encode(Ranges(store.now_ms, [Reading("b01", 3.0)])))

    (told,) = [json.loads(report) for report in store.rejected()]
    assert told["reason"] == Refusal.TRACKING
    assert "--tracking grid" in told["detail"]


def test_who_does_not_share_a_location_is_not_looked_for(store: Bench) -> None:
    """Counted as untracked, and nothing of it is held."""
    store.connect("dave").says(ConsentChange(store.now_ms, location=False))

    stand(store, 3)

    assert store.service.counts.untracked == 3
    assert store.service.shopper("dave").state.belief is None


def test_nodes_that_are_offline_are_in_the_numbers(store: Bench) -> None:
    """Whoever watches the store sees which gateways are deaf, until they are back."""
    view = LiveView(store.service, ())
    assert view.stats()["gateways_offline"] == []
    store.service.foreign = Listening(["espresense"], lambda _shopper: None)

    for room, payload in (("b02", b"offline"), ("b01", b"offline"), ("b02", b"online")):
        store.service.receive(f"espresense/rooms/{room}/status", payload)

    assert view.stats()["gateways_offline"] == ["b01"]


BAD = {
    "nothing heard": {"heard": []},
    "more than a second's readings": {"heard": [{"gateway": "b01", "distance": 1.0}] * 65},
    "a distance of nothing": {"heard": [{"gateway": "b01", "distance": 0}]},
    "a sigma of nothing": {"heard": [{"gateway": "b01", "distance": 1.0, "sigma": 0}]},
    "a gateway that is no key": {"heard": [{"gateway": "b 01", "distance": 1.0}]},
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD)
def test_ranges_of_another_shape_are_refused_whole(store: Bench, changes: dict[str, object]) -> None:
    """As every message: the reason is told, and nothing changes."""
    store.send("dave", "ranges", json.dumps({"ts": store.now_ms, **changes}).encode())

    assert store.service.counts.refused == {Refusal.INVALID: 1}
    assert store.service.counts.positions == 0
