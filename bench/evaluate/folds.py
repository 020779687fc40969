"""Turns sales and a cut into a `Fold`: the past that a method may see, and the decisions that it is asked for.

A decision is a basket of the 28 days from the cut on and a zone in which the household bought something. Shown are the
household, the day, the store and the cart from zones earlier in the walk; hidden are that zone and all later ones.
Every product of the zone that was sold before the cut is a candidate. Candidates are numbered anew for each fold: zone
by zone, and within a zone by sales of the last 28 days, then of all time; so the protocol's rule for ties is "the lower
number first".
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.evaluate.source import Flags, Ints, Products, Sales
from bench.evaluate.zones import WALK

FOLD_DAYS = 28
LAST_FOLD = 337  # the last 28 days of the year
SECOND_FOLD = 281  # never tuned on
UNSOLD = -1  # number of a product that had not been sold before the cut


@dataclass(frozen=True, slots=True)
class Place:
    """Who walks into which zone, when: what a method is shown while the cart may still change."""

    household: int
    zone: int
    day: int
    hour: int
    store: int


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """All that a method is shown."""

    place: Place
    cart: Ints  # candidates' numbers, of zones earlier in the walk


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """All that was sold before the cut, with products numbered as candidates."""

    cut: int  # first day not in it
    sales: Sales
    products: Products
    zone_starts: Ints  # (28 + 1): a zone's candidates are those from its start to before the next one's
    sold_28: Ints  # baskets of the last 28 days that held the product
    sold: Ints  # baskets ever
    households: int  # more than the highest number, of the whole year
    stores: int

    def candidates(self, zone: int) -> slice:
        """Numbers of a zone's candidates."""
        return slice(int(self.zone_starts[zone]), int(self.zone_starts[zone + 1]))


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """A past, and the decisions after it; `hidden` is for the marker's eyes only."""

    past: Past
    decisions: Sequence[Decision]
    hidden: Sequence[Ints]  # bought in that zone, candidates' numbers; UNSOLD for what nobody could have ranked
    is_new: Sequence[Flags]  # of each hidden one: the household had never bought it before the cut


def make_past(sales: Sales, cut: int) -> tuple[Past, Ints]:
    """Number candidates by what was sold before `cut`; also returns each product's number, or UNSOLD."""
    before = sales.where(sales.day < cut)
    products = sales.products
    sold = np.bincount(before.product, minlength=len(products.ids))
    sold_28 = np.bincount(before.product[before.day >= cut - FOLD_DAYS], minlength=len(products.ids))
    order = np.lexsort((products.ids, -sold, -sold_28, products.zone))
    order = order[sold[order] > 0]
    number = np.full(len(products.ids), UNSOLD, dtype=np.int64)
    number[order] = np.arange(len(order))
    numbered = Products(
        products.ids[order], products.zone[order], products.category[order], products.kind[order],
        products.maker[order], products.is_own_brand[order], products.size[order],
    )  # fmt: skip
    renamed = Sales(
        before.household, before.basket, number[before.product], before.day, before.hour, before.store,
        before.pieces, before.paid, before.regular, numbered,
    )  # fmt: skip
    starts = np.searchsorted(numbered.zone, np.arange(len(WALK) + 1))
    past = Past(cut, renamed, numbered, starts, sold_28[order], sold[order], *_most(sales))
    return past, number


def make_fold(sales: Sales, cut: int, asked: Ints | None = None) -> Fold:
    """Cut the year at day `cut` and ask for every decision of the 28 days from then on.

    Args:
        sales: the whole year.
        cut: the first day that no method may see.
        asked: households to ask for; None for all. The past is everybody's in any case.
    """
    past, number = make_past(sales, cut)
    after = (sales.day >= cut) & (sales.day < cut + FOLD_DAYS)
    test = sales.where(after if asked is None else after & np.isin(sales.household, asked))
    if not len(test.product):
        return Fold(past, [], [], [])
    product = number[test.product]
    zone = test.products.zone[test.product]
    baskets = np.flatnonzero(np.r_[True, test.basket[1:] != test.basket[:-1]])
    starts = np.flatnonzero(np.r_[True, (test.basket[1:] != test.basket[:-1]) | (zone[1:] != zone[:-1])])
    ends = np.r_[starts[1:], len(zone)]
    carts_from = baskets[np.searchsorted(baskets, starts, side="right") - 1]
    is_new = ~_ever_bought(past, test.household, product)
    decisions, hidden, new = [], [], []
    for start, end, cart_from in zip(starts.tolist(), ends.tolist(), carts_from.tolist(), strict=True):
        cart = product[cart_from:start]
        place = Place(
            int(test.household[start]), int(zone[start]), int(test.day[start]), int(test.hour[start]),
            int(test.store[start]),
        )  # fmt: skip
        decisions.append(Decision(place, cart[cart != UNSOLD]))
        hidden.append(product[start:end])
        new.append(is_new[start:end])
    return Fold(past, decisions, hidden, new)


def _ever_bought(past: Past, household: Ints, product: Ints) -> Flags:
    width = len(past.products.ids)
    bought = np.unique(past.sales.household * width + past.sales.product)
    return np.asarray(np.isin(household * width + product, bought) & (product != UNSOLD))


def _most(sales: Sales) -> tuple[int, int]:
    """How many numbers households and stores have."""
    return int(sales.household.max()) + 1, int(sales.store.max()) + 1
