"""The money of a rule: below cost only if meant, and a benefit that is one."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offer_engine.core.benefit_checks import check_benefit, cost_of, price_after
from offer_engine.core.record import Record
from offer_engine.core.rules import Amount, BasketThreshold, Benefit, MultiBuy, Percent, Reminder
from offer_engine.core.store_map import Product


def product(price_cents: int, margin_share: float) -> Product:
    """A product of this price and margin."""
    return Product(f"p{price_cents}", "P", "", "c", "z", price_cents, margin_share, 1, 1.0)


def messages(benefit: Benefit, *products: Product, below_cost: bool = False) -> list[str]:
    """What is wrong with giving `benefit` on `products`."""
    record = Record(Path("f"), 1, {}, [])
    check_benefit(record, benefit, products, is_below_cost_meant=below_cost)
    return [problem.message for problem in record.problems]


@given(st.integers(1, 100_000), st.integers(0, 100), st.integers(1, 90))
def test_a_share_off_is_below_cost_just_beyond_the_margin(price_cents: int, margin: int, percent: int) -> None:
    """The border between a discount and a loss is the margin, half a cent aside."""
    item = product(price_cents, margin / 100)
    loss_cents = price_cents * (percent - margin) / 100
    if abs(loss_cents - 0.5) > 1e-6:
        assert bool(messages(Percent(percent), item)) == (loss_cents > 0.5)


def test_the_worst_of_several_is_named() -> None:
    """One message a rule: the product that loses most, and how many more there are."""
    assert messages(Amount(100), product(300, 0.3), product(200, 0.3), product(900, 0.3)) == [
        "sells 'p200' (and 1 more) at 100 cents, below its cost of 140; offer less, or write below_cost = true"
    ]


@pytest.mark.parametrize("benefit", [Percent(40), Amount(100), MultiBuy(2, 350), Reminder()])
def test_a_loss_may_be_meant(benefit: Benefit) -> None:
    """`below_cost` lets a loss through, and a reminder loses nothing anyway."""
    assert messages(benefit, product(250, 0.1), below_cost=True) == []


@pytest.mark.parametrize(("costs_cents", "is_refused"), [(499, False), (501, True)])
def test_a_gift_must_be_earned_back_by_something(costs_cents: int, *, is_refused: bool) -> None:
    """One cart in five would not have got there: a fifth of the gift is set against the best margin, 100 cents."""
    gift = BasketThreshold(3000, "free delivery", 500, costs_cents)
    assert bool(messages(gift, product(200, 0.1), product(400, 0.25))) is is_refused


def test_a_gift_takes_nothing_off_a_price() -> None:
    """So nothing is sold below cost, and a rule that says so is refused."""
    gift = BasketThreshold(3000, "free delivery", 500, 100)
    assert price_after(gift, 250) == 250
    assert messages(gift, product(250, 0.4), below_cost=True) == ["nothing here is sold below cost; leave it out"]


def test_nothing_to_check_is_fine() -> None:
    """A rule whose product is unknown has that problem, and no second one."""
    assert messages(Percent(90)) == messages(Percent(90), below_cost=True) == []


def test_prices_and_costs_are_per_piece() -> None:
    """Two for 500 are 250 each."""
    assert price_after(MultiBuy(2, 500), 299) == 250
    assert cost_of(product(200, 0.25)) == 150
