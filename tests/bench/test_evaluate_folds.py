"""The protocol: what is shown, what is hidden, and who counts as a candidate."""

import numpy as np
from numpy.typing import NDArray

from bench.evaluate.folds import UNSOLD, make_fold
from bench.evaluate.source import Sales, make_sales
from bench.evaluate.zones import WALK
from tests.bench.made_up_year import FIRST_S, labels, year

PRODUCE, LAMB, WINE, COFFEE = 100, 148, 184, 232  # first products of their zones


def bought(*rows: tuple[int, int, int, int]) -> Sales:
    """Sales of (household, basket, product, day), one piece each."""
    columns = np.array(rows).T
    table: dict[str, NDArray[np.generic]] = {
        "household_id": columns[0],
        "basket_id": columns[1],
        "product_id": columns[2],
        "quantity": np.ones(len(rows), dtype=np.int64),
        "store_id": np.ones(len(rows), dtype=np.int64),
        "transaction_timestamp": (FIRST_S + columns[3] * 86_400).astype("datetime64[s]"),
        "sales_value": np.ones(len(rows)),
        "retail_disc": np.zeros(len(rows)),
    }
    return make_sales(table, labels())


def test_the_cart_holds_what_comes_earlier_in_the_walk() -> None:
    """Entering the wine with produce and lamb in the basket: both are shown, wine and coffee are hidden."""
    past = [(1, 1, product, 5) for product in (PRODUCE, LAMB, WINE, COFFEE)]
    sales = bought(*past, *((1, 2, product, 40) for product in (COFFEE, WINE, LAMB, PRODUCE)))
    fold = make_fold(sales, 30)
    by_zone = {WALK[one.place.zone]: number for number, one in enumerate(fold.decisions)}
    wine = by_zone["wine_spirits"]
    shown = fold.past.products.ids[fold.decisions[wine].cart].tolist()
    assert shown == [PRODUCE, LAMB]
    assert fold.past.products.ids[fold.hidden[wine]].tolist() == [WINE]
    assert len(fold.decisions[by_zone["produce"]].cart) == 0


def test_what_was_never_sold_is_no_candidate() -> None:
    """A product whose first sale comes after the cut can't be ranked, and is hidden all the same."""
    fold = make_fold(bought((1, 1, WINE, 5), (1, 2, WINE + 1, 40), (1, 2, COFFEE, 40)), 30)
    assert [hidden.tolist() for hidden in fold.hidden] == [[UNSOLD], [UNSOLD]]
    assert all(len(one.cart) == 0 for one in fold.decisions)
    assert [new.tolist() for new in fold.is_new] == [[True], [True]]


def test_new_is_what_this_household_never_bought() -> None:
    """What another household bought is new to this one."""
    fold = make_fold(bought((1, 1, WINE, 5), (2, 2, LAMB, 6), (1, 3, LAMB, 40), (1, 3, WINE, 40)), 30)
    assert [new.tolist() for new in fold.is_new] == [[True], [False]]


def test_candidates_come_by_recent_then_by_all_time_sales() -> None:
    """The order that the protocol asks for ties is the order of the numbers."""
    rows = [(1, 1, WINE, 1), (1, 2, WINE, 1), (1, 3, WINE + 1, 20), (1, 4, WINE + 2, 1), (1, 5, WINE, 40)]
    past = make_fold(bought(*rows), 30).past
    assert past.products.ids[past.candidates(WALK.index("wine_spirits"))].tolist() == [WINE + 1, WINE, WINE + 2]


def test_days_are_the_stores() -> None:
    """Three in the night of the second of January in UTC is still the first in New York."""
    sales = bought((1, 1, WINE, 0))
    late = make_sales(
        {
            "household_id": np.array([1]),
            "basket_id": np.array([1]),
            "product_id": np.array([WINE]),
            "quantity": np.array([1]),
            "store_id": np.array([1]),
            "transaction_timestamp": np.array(["2017-01-02T03:00:00"], dtype="datetime64[s]"),
            "sales_value": np.array([1.0]),
            "retail_disc": np.array([0.0]),
        },
        labels(),
    )
    assert (sales.day.tolist(), late.day.tolist(), late.hour.tolist()) == ([0], [0], [22])


def test_a_fold_has_28_days_and_only_those_asked_for() -> None:
    """Decisions of a sample are those of its households; the past stays everybody's."""
    whole, asked = make_fold(year(), 300), make_fold(year(), 300, np.array([3, 5]))
    assert {one.place.day for one in whole.decisions} <= set(range(300, 328))
    assert {one.place.household for one in asked.decisions} <= {3, 5}
    assert len(asked.past.sales.day) == len(whole.past.sales.day)
