"""No method sees the future: shuffle it, and every ranking stays what it was."""

from functools import cache

import numpy as np
import pytest

from bench.evaluate.folds import Fold, make_fold
from bench.evaluate.learnt import Recipe, make_lesson, prepare
from bench.evaluate.lineup import SLOWEST, lineup
from bench.evaluate.methods import Method
from bench.evaluate.network import Schedule
from bench.evaluate.source import Sales
from tests.bench.made_up_year import promotions, year

CUT = 300
SMALL = Recipe(windows=2, most=200, most_new=200, schedule=Schedule(hidden=(8,)), schedule_new=Schedule(hidden=(8,)))
NEEDS_AN_EXTRA = ("bm25", SLOWEST)


def with_shuffled_future(sales: Sales) -> Sales:
    """The same year, with the products of every line from the cut on drawn anew, and their prices too."""
    chance = np.random.default_rng(9)
    after = np.flatnonzero(sales.day >= CUT)
    product, paid, pieces = sales.product.copy(), sales.paid.copy(), sales.pieces.copy()
    product[after] = chance.permutation(product[after])
    paid[after] *= 7
    pieces[after] += 5
    return Sales(
        sales.household, sales.basket, product, sales.day, sales.hour, sales.store, pieces, paid, sales.regular,
        sales.products,
    )  # fmt: skip


@cache
def folds() -> tuple[Fold, Fold]:
    """A fold, and the same one with another future."""
    sales = year()
    return make_fold(sales, CUT), make_fold(with_shuffled_future(sales), CUT)


def methods() -> list[Method]:
    """All of a run but those whose library is an extra of its own; learnt ones with a small recipe."""
    found = lineup(promotions(), SMALL, SMALL)
    return [method for method in found if method.name not in NEEDS_AN_EXTRA]


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.name)
def test_no_ranking_depends_on_the_future(method: Method) -> None:
    """Learnt from the same past, any place and cart get the same scores, whatever happened afterwards."""
    known, other = folds()
    ours, theirs = method.fit(known.past), method.fit(other.past)
    for decision in known.decisions[::7]:
        for one, two in ((ours.anything, theirs.anything), (ours.new, theirs.new)):
            np.testing.assert_array_equal(one(decision.place)(decision.cart), two(decision.place)(decision.cart))


def test_the_detector_detects() -> None:
    """A method that peeks is found out: what was hidden does differ between the two futures."""
    known, other = folds()
    assert any(one.tolist() != two.tolist() for one, two in zip(known.hidden, other.hidden, strict=False))


def test_windows_are_learnt_from_their_own_past_only() -> None:
    """Tables of an earlier window hold nothing of the days that it asks about."""
    teacher = prepare(folds()[0].past, promotions(), 2)
    for back, (fold, known) in enumerate(teacher.windows, 1):
        assert known.past.cut == CUT - 28 * back
        assert known.past.sales.day.max() < known.past.cut
        assert min(one.place.day for one in fold.decisions) >= known.past.cut


def test_the_same_seed_learns_the_same() -> None:
    """Two lessons and two rankings from one past are equal, number by number."""
    past = folds()[0].past
    one, two = (make_lesson(prepare(past, promotions(), 1), SMALL, is_new=True) for _ in range(2))
    np.testing.assert_array_equal(one.pairs, two.pairs)
    np.testing.assert_array_equal(one.bought, two.bought)
