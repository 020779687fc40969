"""A zone's popularity is shared out once, and a shopper's purchases touch few of its rows."""

import numpy as np
import pytest

from offer_engine.core.formula import bought_from, formula_scores, make_shelf

NOTHING = np.zeros(0, dtype=np.int64), np.zeros(0)


def test_popularity_is_shared_out_over_the_zone_and_over_each_category() -> None:
    """Both sum to 1; a category that nobody buys has no shares at all."""
    shelf = make_shelf(np.array([0, 1, 0, 2]), np.array([6.0, 3.0, 1.0, 0.0]))
    assert shelf.popularity_share.tolist() == pytest.approx([0.6, 0.3, 0.1, 0.0])
    assert shelf.within_share.tolist() == pytest.approx([6 / 7, 1.0, 1 / 7, 0.0])


def test_a_stranger_with_an_empty_cart_gets_what_is_popular() -> None:
    """Nothing but q is left of the formula."""
    shelf = make_shelf(np.array([0, 1]), np.array([3.0, 1.0]))
    assert formula_scores(shelf, bought_from(shelf, *NOTHING), 1.0).tolist() == pytest.approx([0.225, 0.075])


def test_an_empty_shelf_has_no_scores() -> None:
    """A zone that sells nothing is no special case for the caller."""
    shelf = make_shelf(*NOTHING)
    assert len(formula_scores(shelf, bought_from(shelf, *NOTHING), 1.0)) == 0
