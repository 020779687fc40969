"""Questions to a running engine: the answer agrees with what then happens, and asking changes nothing."""

import msgspec
import pytest

from offer_engine.core.decision import Decision
from offer_engine.core.reason import Reason
from offer_engine.questions import decision_behind, intrusion, why_not
from tests.engines import Bench
from tests.worlds import demo_market

RULE = "silver-oak-with-lamb"
WINE_AISLE, MEAT_WALL = (3.0, 12.0), (35.0, 32.0)


@pytest.fixture
def store() -> Bench:
    """Dave has bought Silver Oak twice, and his phone is on."""
    bench = Bench(demo_market())
    bench.remember("dave", "silver-oak-cabernet", times=2)
    bench.connect("dave")
    return bench


def test_everything_speaks_for_it_but_the_place(store: Bench) -> None:
    """With the lamb in the cart at the meat wall, only the wine aisle is missing."""
    store.basket("dave", ["rack-of-lamb"])
    store.stand("dave", *MEAT_WALL, seconds=8)

    answer = why_not(store.service, "dave", RULE)

    assert answer.would_send
    assert not answer.is_there
    assert [line.label for line in answer.lines if line.ok is False] == ["Is not in Wine"]


def test_without_the_lamb_the_cart_is_to_blame(store: Bench) -> None:
    """The first check that blocks is named, with what was asked and what was found."""
    answer = why_not(store.service, "dave", RULE)

    assert not answer.would_send
    assert answer.verdict.reason is Reason.NOT_IN_CART
    assert "lamb" in answer.verdict.expected


def test_asking_agrees_with_what_then_happens(store: Bench) -> None:
    """Asked while the dwell is not yet complete, and then it is: the same fate."""
    store.basket("dave", ["rack-of-lamb"])
    store.stand("dave", *WINE_AISLE, seconds=3)
    before = why_not(store.service, "dave", RULE)

    store.stand("dave", *WINE_AISLE, seconds=5)

    (delivery,) = store.service.shopper("dave").state.person.deliveries
    assert before.would_send
    assert delivery.rule == RULE
    assert why_not(store.service, "dave", RULE).verdict.reason is not Reason.SENT


def test_asking_uses_nothing_up(store: Bench) -> None:
    """However often somebody asks, the shopper's state, the ledger and the tally stay as they were."""
    store.basket("dave", ["rack-of-lamb"])
    state, written = store.service.state("dave"), len(store.written)

    answers = [why_not(store.service, "dave", RULE) for _ in range(5)]
    store.end_turn()

    assert store.service.state("dave") is state
    assert len(store.written) == written
    assert all(answer == answers[0] for answer in answers)


def test_only_ones_own_offers_are_explained(store: Bench) -> None:
    """The decision behind an offer is for whom it was made for; whose data it needed can be said of it."""
    store.basket("dave", ["rack-of-lamb"])
    store.stand("dave", *WINE_AISLE, seconds=8)
    (delivery,) = store.service.shopper("dave").state.person.deliveries

    assert decision_behind(store.service, "ana", delivery.offer) is None
    record = decision_behind(store.service, "dave", delivery.offer)
    assert record is not None
    needed = intrusion(store.service, msgspec.json.decode(record, type=Decision))
    assert needed is not None
    assert {one.signal for one in needed.needs} == {"basket", "history"}
