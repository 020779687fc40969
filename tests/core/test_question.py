"""Why not? The answer agrees with the decision that would fall, says what is only imagined, and uses nothing up."""

import pytest

from offer_engine.core.affinity import NOBODY
from offer_engine.core.context import Tally
from offer_engine.core.question import NoSuchRuleError, why_not
from offer_engine.core.reason import Reason
from offer_engine.core.shopper import Shopper
from tests.engines import START_MS, Bench
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

    answer = store.service.why_not("dave", RULE)

    assert answer.would_send
    assert not answer.is_there
    assert [line.label for line in answer.lines if line.ok is False] == ["Is not in Wine"]


def test_without_the_lamb_the_cart_is_to_blame(store: Bench) -> None:
    """The first check that blocks is named, with what was asked and what was found."""
    answer = store.service.why_not("dave", RULE)

    assert not answer.would_send
    assert answer.verdict.reason is Reason.NOT_IN_CART
    assert "lamb" in answer.verdict.expected


def test_asking_agrees_with_what_then_happens(store: Bench) -> None:
    """Asked while the dwell is not yet complete, and then it is: the same fate."""
    store.basket("dave", ["rack-of-lamb"])
    store.stand("dave", *WINE_AISLE, seconds=3)
    before = store.service.why_not("dave", RULE)

    store.stand("dave", *WINE_AISLE, seconds=5)

    (delivery,) = store.service.shopper("dave").state.person.deliveries
    assert before.would_send
    assert delivery.rule == RULE
    assert store.service.why_not("dave", RULE).verdict.reason is not Reason.SENT


def test_asking_uses_nothing_up(store: Bench) -> None:
    """However often somebody asks, the shopper's state, the ledger and the tally stay as they were."""
    store.basket("dave", ["rack-of-lamb"])
    state, written = store.service.state("dave"), len(store.written)

    answers = [store.service.why_not("dave", RULE) for _ in range(5)]
    store.end_turn()

    assert store.service.state("dave") is state
    assert len(store.written) == written
    assert all(answer == answers[0] for answer in answers)


def test_without_location_nothing_would_be_decided() -> None:
    """Consent comes first: the rule may say yes, and still nothing would be sent."""
    world = demo_market()
    answer = why_not(Shopper("ghost"), RULE, START_MS, world, NOBODY, Tally())

    assert not answer.would_send
    assert answer.verdict.reason is Reason.NO_LOCATION_CONSENT


def test_a_rule_that_does_not_exist_is_an_error_that_names_it() -> None:
    """The question itself can be wrong."""
    with pytest.raises(NoSuchRuleError, match="no rule 'nonsense'"):
        why_not(Shopper("dave"), "nonsense", START_MS, demo_market(), NOBODY, Tally())
