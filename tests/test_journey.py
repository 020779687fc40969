"""Read this first: the product's story, told through the real service, the real rules and the real store.

Dave likes Silver Oak and has lamb in his cart. Each test is one thing that happens to him.
"""

import json
from collections.abc import Callable

import msgspec
import pytest

import offer_engine
from demo.trace import resolve
from offer_engine import TOUR
from offer_engine.core.decision import Decision
from offer_engine.messages import ConsentChange, Explanation, Mute, Receipt, Welcome, Why
from tests.engines import Bench, Pocket
from tests.worlds import demo_market

LAMB, SILVER_OAK = "rack-of-lamb", "silver-oak-cabernet"
WINE_AISLE = (3.0, 12.0)
MEAT_WALL = (35.0, 32.0)


@pytest.fixture
def store() -> Bench:
    """Northgate Market in the morning; Dave has bought Silver Oak twice."""
    bench = Bench(demo_market())
    bench.remember("dave", SILVER_OAK, times=2)
    return bench


def test_dave_walks_down_the_wine_aisle_with_lamb_in_his_cart_and_his_phone_buzzes(store: Bench) -> None:
    """The founding scene: where, what is in the cart, who, and manners, in one push."""
    phone = store.connect("dave")
    store.stand("dave", *MEAT_WALL, seconds=10)
    store.basket("dave", [LAMB])
    phone.hears()

    store.stand("dave", *WINE_AISLE, seconds=40)

    (offer,) = phone.offers()
    assert offer.sku == SILVER_OAK
    assert offer.benefit == "20% off"
    assert offer.reason == "Because there is rack of lamb in your cart and you have bought this twice."
    assert offer.signals == ["location", "basket", "history"]
    assert offer.expires_at > offer.ts
    assert offer.vibrate


def test_the_decision_is_on_record_before_the_phone_hears_of_it(store: Bench) -> None:
    """Record, then send: while the ledger has not committed, nobody is told anything."""
    phone = store.connect("dave")
    store.basket("dave", [LAMB])
    store.stand("dave", *WINE_AISLE, seconds=3)
    commits: list[Callable[[], None]] = []
    store.hold_commits = commits.append

    store.stand("dave", *WINE_AISLE, seconds=5)

    assert phone.offers() == []
    assert store.published == []
    for commit in commits:
        commit()
    assert [offer.sku for offer in phone.offers()] == [SILVER_OAK]
    store.end_turn()
    assert [topic for topic, _, _ in store.published] == ["store/demo-market/shopper/dave/offer"]


def test_without_the_lamb_the_engine_stays_silent_and_says_why(store: Bench) -> None:
    """Staying silent is a decision too: it is recorded, with every rule's fate."""
    phone = store.connect("dave")

    store.stand("dave", *WINE_AISLE, seconds=10)

    assert phone.offers() == []
    newest = json.loads(store.ledger.decisions(shopper="dave", limit=1)[0])
    fates = {verdict["rule"]: verdict["reason"] for verdict in newest["verdicts"]}
    assert newest["outcome"] == "silent"
    assert fates["silver-oak-with-lamb"] == "not_in_cart"


def test_lamb_that_comes_into_the_cart_in_the_wine_aisle_is_noticed_at_once(store: Bench) -> None:
    """The cart is looked at when it changes, not only at a zone's edge."""
    phone = store.connect("dave")
    store.stand("dave", *WINE_AISLE, seconds=10)
    phone.hears()

    store.basket("dave", [LAMB])

    assert [offer.sku for offer in phone.offers()] == [SILVER_OAK]


def test_dave_never_said_that_he_may_be_followed_so_nothing_is_known_of_him(store: Bench) -> None:
    """No location, no tracking at all: not even a state is kept."""
    store.basket("dave", [LAMB])
    store.stand("dave", *WINE_AISLE, seconds=20)

    assert store.service.shopper("dave").state.track is None
    assert store.ledger.decisions(shopper="dave") == []


def test_dave_takes_his_history_back_and_the_engine_does_without(store: Bench) -> None:
    """An off-switch on the reason itself: what rests on history is no longer offered."""
    phone = store.connect("dave")
    phone.says(ConsentChange(store.now_ms, history=False))
    store.basket("dave", [LAMB])

    store.stand("dave", *WINE_AISLE, seconds=20)

    assert all("history" not in offer.signals for offer in phone.offers())
    decisions = [json.loads(record) for record in store.ledger.decisions(shopper="dave")]
    fates = {verdict["rule"]: verdict["reason"] for decision in decisions for verdict in decision["verdicts"]}
    assert fates["silver-oak-with-lamb"] == "no_history_consent"


def test_dave_asks_why_and_gets_the_sentence_and_the_checks(store: Bench) -> None:
    """One record, three readers; this is the shopper's."""
    phone = _dave_has_an_offer(store)
    (offer,) = phone.offers()

    answer = phone.says(Why(offer.id))

    assert isinstance(answer, Explanation)
    assert answer.reason == offer.reason
    assert any("Lamb" in line for line in answer.because)


def test_not_for_me_is_final(store: Bench) -> None:
    """Dave rejects the offer; neither walking away and back nor another visit brings it again."""
    phone = _dave_has_an_offer(store)
    (offer,) = phone.offers()
    phone.says(Receipt(offer.id, "shown", store.now_ms))
    phone.says(Receipt(offer.id, "not_for_me", store.now_ms))

    store.stand("dave", *MEAT_WALL, seconds=30)
    store.now_ms += 30 * 86_400_000
    store.basket("dave", [LAMB], rev=1)
    store.stand("dave", *WINE_AISLE, seconds=20)

    assert offer.rule not in [again.rule for again in phone.offers()]


def test_mute_answers_with_what_the_engine_now_holds(store: Bench) -> None:
    """A choice is confirmed by the state it led to, and obeyed."""
    phone = store.connect("dave")

    answer = phone.says(Mute("hour", store.now_ms))
    store.basket("dave", [LAMB])
    store.stand("dave", *WINE_AISLE, seconds=20)

    assert isinstance(answer, Welcome)
    assert answer.muted_until == store.now_ms - 21_000 + 3_600_000
    assert phone.offers() == []


def test_a_phone_that_was_away_gets_what_can_still_be_shown_and_nothing_else(store: Bench) -> None:
    """An offer that cannot be shown in time expires: later is another aisle."""
    _dave_has_an_offer(store)

    soon = store.connect("dave")
    store.now_ms += store.world.store.policy.offer_valid_s * 1000
    too_late = store.connect("dave")

    assert [type(message).__name__ for message in soon.greetings] == ["Welcome", "Offer"]
    assert [type(message).__name__ for message in too_late.greetings] == ["Welcome"]


def test_dave_pays_with_the_code_and_the_redemption_is_on_record(store: Bench) -> None:
    """The loop closes at the till."""
    phone = _dave_has_an_offer(store)
    (offer,) = phone.offers()
    sale = {
        "ts": store.now_ms,
        "visit": offer.visit,
        "items": [{"sku": SILVER_OAK, "qty": 1, "price_cents": offer.offer_price_cents}],
        "codes": [offer.code],
    }

    store.send("dave", "checkout", json.dumps(sale).encode())

    (delivery,) = store.service.shopper("dave").state.person.deliveries
    assert delivery.state == "redeemed"
    assert store.service.counts.redeemed == 1
    assert (SILVER_OAK, store.now_ms) in store.ledger.purchases("dave")


def test_the_engine_restarts_and_has_forgotten_nothing(store: Bench) -> None:
    """Cart, cool-downs and consents survive; Dave walks away and back, and is not sent the same offer twice."""
    phone = _dave_has_an_offer(store)
    (offer,) = phone.offers()

    restarted = Bench(store.world, store.ledger, now_ms=store.now_ms)
    again = restarted.connect("dave", last_offer=offer.id)
    restarted.stand("dave", *MEAT_WALL, seconds=20)
    restarted.stand("dave", *WINE_AISLE, seconds=20)

    state = restarted.service.shopper("dave").state
    assert state.visit is not None
    assert [item.sku for item in state.visit.basket] == [LAMB]
    assert again.offers() == []
    fates = {
        v["rule"]: v["reason"] for v in json.loads(restarted.ledger.decisions(shopper="dave", limit=1)[0])["verdicts"]
    }
    assert fates[offer.rule] in ("too_soon", "rule_visit_cap")


def test_the_tour_names_what_exists() -> None:
    """`offer_engine/__init__.py` shows the way, so its names must be true."""
    for number, name in enumerate(TOUR, start=1):
        assert resolve(name).__doc__
        assert f"{number}.".ljust(4) + f"`{name}`" in str(offer_engine.__doc__)


def test_a_record_reads_back_as_the_decision_it_was(store: Bench) -> None:
    """The JSON in the ledger is the decision, whole."""
    _dave_has_an_offer(store)

    record = store.ledger.decisions(shopper="dave", limit=1)[0]

    assert msgspec.json.encode(msgspec.json.decode(record, type=Decision)).decode() == record


def _dave_has_an_offer(store: Bench) -> Pocket:
    phone = store.connect("dave")
    store.basket("dave", [LAMB])
    store.stand("dave", *WINE_AISLE, seconds=10)
    return phone
