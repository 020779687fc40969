"""Pairings are believed for what they add to the size of baskets, and promotions for their own week."""

import numpy as np

from bench.evaluate.folds import Past, make_past
from bench.evaluate.pairs import cart_log_lift, kind_lifts
from bench.evaluate.promotions import make_promotions, week_of
from bench.evaluate.source import Sales
from tests.bench.made_up_year import year

SIZE = 12  # products of a zone of the made-up year


def past_with(sales: Sales) -> Past:
    """All of a year as past."""
    return make_past(sales, 365)[0]


def planted(sales: Sales) -> Sales:
    """The same year, in which whoever takes the first type of lamb takes the first type of wine too."""
    lamb, wine = (sales.products.kind[np.searchsorted(sales.products.ids, number)] for number in (148, 184))
    has_lamb = np.isin(sales.basket, sales.basket[sales.products.kind[sales.product] == lamb])
    zone = sales.products.zone[sales.product] == 7
    product = sales.product.copy()
    rows = np.flatnonzero(zone & has_lamb)
    product[rows] = np.searchsorted(sales.products.ids, 184)
    assert (sales.products.kind[product[rows]] == wine).all()
    return Sales(
        sales.household, sales.basket, product, sales.day, sales.hour, sales.store, sales.pieces, sales.paid,
        sales.regular, sales.products,
    )  # fmt: skip


def lift_of_wine(sales: Sales) -> float:
    """L of the first wine for a cart with the first lamb."""
    past = past_with(sales)
    lamb = np.flatnonzero(past.products.ids == 148)
    wine = np.flatnonzero(past.products.ids == 184)
    found = cart_log_lift(kind_lifts(past), lamb, wine, 7)
    return float(np.asarray(found).max())


def test_a_planted_pairing_is_found_and_chance_is_none() -> None:
    """Lamb with wine stands out where it was planted; where it was not, its lift stays near 1."""
    sales = year(80)
    assert lift_of_wine(planted(sales)) > 0.4
    assert abs(lift_of_wine(sales)) < 0.25


def test_an_empty_cart_says_nothing() -> None:
    """No cart, no lift."""
    past = past_with(year(10))
    assert cart_log_lift(kind_lifts(past), np.zeros(0, dtype=np.int64), past.candidates(7), 7) == 0.0


def test_promotions_are_those_of_week_and_store() -> None:
    """A product on display in one store and week is not so in another; one never promoted has no place."""
    one, two = np.array([11, 12]), np.array([3, 4])
    plan = make_promotions(one, two, np.array([5, 6]), np.array([2, 0], np.uint8), np.array([0, 1], np.uint8))
    row = plan.rows(np.array([11, 12, 99]))
    assert row.tolist() == [0, 1, 2]
    week, store = np.array([5, 5, 5]), np.array([3, 3, 3])
    assert plan.places(week, store, row).tolist() == [32, 0, 0]
    assert plan.places(week + 1, store + 1, row).tolist() == [0, 1, 0]


def test_weeks_begin_on_monday() -> None:
    """The second of January 2017 was a Monday."""
    assert week_of(np.array([0, 1, 7, 8])).tolist() == [1, 2, 2, 3]
