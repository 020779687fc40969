"""What an offer earns more than silence: the laws that any honest assumption keeps, and the examples of the ADR."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offer_engine.core.incremental import (
    MOST,
    THERE_ANYWAY,
    chance_with,
    chance_without,
    gain_cents,
    gift_cents,
)

shares = st.floats(0, 1)


@given(st.floats(0, 1), st.floats(0, 2000), st.floats(1, 100))
def test_silence_sells_no_less_to_a_regular(rebuy: float, popularity: float, pairing: float) -> None:
    """Habit, popularity and the cart each make a sale likelier, never certain."""
    chance = chance_without(rebuy, popularity, pairing)
    assert 0 <= chance <= MOST
    assert chance <= chance_without(min(rebuy + 0.1, 1), popularity, pairing)
    assert chance <= chance_without(rebuy, popularity + 1, pairing)
    assert chance <= chance_without(rebuy, popularity, pairing + 1)


@given(st.floats(0, MOST), shares, shares)
def test_an_offer_never_sells_less(without: float, appeal: float, saving: float) -> None:
    """And a larger saving, or a better fit, never less than a smaller one."""
    chance = chance_with(without, appeal, saving)
    assert without <= chance <= MOST
    assert chance <= chance_with(without, min(appeal + 0.1, 1), saving)
    assert chance <= chance_with(without, appeal, min(saving + 0.1, 1))


@given(st.floats(0, MOST), shares, st.floats(1, 10_000))
def test_a_reminder_never_loses_money(without: float, appeal: float, margin: float) -> None:
    """It gives nothing away."""
    assert gain_cents(chance_with(without, appeal, 0.0), margin, without, margin) >= 0


@given(st.integers(1, 10_000))
def test_a_gift_costs_only_where_the_offer_made_the_difference(costs: int) -> None:
    """A cart that gets there anyway gets it anyway; never more than the whole of it."""
    assert gift_cents(costs) == pytest.approx(costs * (1 - THERE_ANYWAY))
    assert 0 < gift_cents(costs) < costs


@given(st.floats(0, 1), st.floats(0.01, 0.9), st.floats(1, 10_000))
def test_a_discount_on_a_sure_sale_earns_nothing(appeal: float, saving: float, margin: float) -> None:
    """Whatever it is, it is taken off money that was coming anyway."""
    without = chance_without(1.0, 1000.0, 1.0)
    profit = margin * (1 - saving)
    assert gain_cents(chance_with(without, appeal, saving), profit, without, margin) < 0


@pytest.mark.parametrize(
    ("every", "appeal", "saving", "price", "margin", "is_worth_it"),
    [
        (4, 0.51, 0.20, 1490, 0.34, True),  # a bottle that goes with the lamb
        (2, 0.51, 0.20, 1490, 0.34, False),  # the same for somebody who takes one every other time
        (1.33, 0.35, 0.15, 219, 0.29, False),  # the daily yoghurt
        (1.33, 0.35, 0.0, 219, 0.29, True),  # which a reminder does not cost anything
        (1000, 0.05, 0.15, 899, 0.32, True),  # new to them
        (1000, 0.05, 0.40, 499, 0.30, False),  # a loss leader
    ],
)
def test_what_is_worth_an_offer(
    every: float, appeal: float, saving: float, price: float, margin: float, *, is_worth_it: bool
) -> None:
    """Rebought once in so many visits, of such appeal, so much off."""
    without = 1 / every
    earned = price * (margin - saving)
    assert (gain_cents(chance_with(without, appeal, saving), earned, without, price * margin) > 0) is is_worth_it
