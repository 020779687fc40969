"""Turns sales lines into pairings of categories that go together more than the size of baskets explains.

Big baskets hold everything, so nearly every two categories meet more often than the product of their shares says. The
expected number is therefore taken from baskets of the same size: among the N baskets of one size, of which n_i hold
category i, a pair is expected n_i n_j / N times. The lift is observed over expected, both with `SHRINK` added, so that
a rare pair is not believed. A pair counts only when enough different households buy it: habits of one household are no
pairing (nearly half of the data's lamb baskets with wine are one household's).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from beacon_sim.completejourney_source import Journey

LEAST_HOUSEHOLDS = 30
LEAST_LIFT = 1.5
SHRINK = 20.0  # baskets
MOST_PAIRS = 120
SIZE_EDGES = (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 24, 28, 33, 40, 50)  # distinct categories in a basket, from


@dataclass(frozen=True, slots=True)
class Together:
    """Two categories that are bought together, in no order."""

    one: str
    other: str
    lift: float  # size-adjusted, shrunk
    households: int  # that bought both at once


def pairings(journey: Journey, *, least_households: int = LEAST_HOUSEHOLDS) -> list[Together]:
    """The strongest pairings of a journey's categories, strongest first."""
    names = sorted({labels.category for labels in journey.products.values()})
    held, household = _baskets(journey, {name: number for number, name in enumerate(names)})
    observed = (held.T @ held).toarray().astype(np.float64)
    lift = (observed + SHRINK) / (_expected(held) + SHRINK)
    rows, columns = np.nonzero(np.triu((lift >= LEAST_LIFT) & (observed >= least_households), 1))
    holders = held.tocsc()
    found = []
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        both = np.intersect1d(_holding(holders, row), _holding(holders, column), assume_unique=True)
        buyers = len(np.unique(household[both]))
        if buyers >= least_households:
            found.append(Together(names[row], names[column], round(float(lift[row, column]), 2), buyers))
    return sorted(found, key=lambda pair: (-pair.lift, pair.one, pair.other))[:MOST_PAIRS]


def _baskets(journey: Journey, numbers: Mapping[str, int]) -> tuple[sparse.csr_array, NDArray[np.int64]]:
    """Which basket holds which category, shape (baskets, categories), and whose basket it is."""
    ids, first, basket = np.unique(journey.basket, return_index=True, return_inverse=True)
    products, product = np.unique(journey.product, return_inverse=True)
    category_of = np.array([numbers[journey.products[number].category] for number in products.tolist()], dtype=np.int64)
    cells = np.unique(basket.astype(np.int64) * len(numbers) + category_of[product])
    ones = np.ones(len(cells), dtype=np.int64)
    held = sparse.csr_array((ones, np.divmod(cells, len(numbers))), shape=(len(ids), len(numbers)))
    return held, journey.household[first]


def _holding(holders: sparse.csc_array, category: int) -> NDArray[np.int64]:
    """Numbers of the baskets that hold a category."""
    start, end = holders.indptr[category : category + 2].tolist()
    return np.asarray(holders.indices[start:end], dtype=np.int64)


def _expected(held: sparse.csr_array) -> NDArray[np.float64]:
    """How often each two categories would meet by the size of baskets alone, shape (categories, categories)."""
    size = np.asarray(held.sum(axis=1)).ravel()
    group = np.digitize(size, SIZE_EDGES)
    expected = np.zeros((held.shape[1], held.shape[1]))
    for number in range(1, len(SIZE_EDGES) + 1):  # baskets of one category hold no pair
        of_size = held[group == number]
        if of_size.shape[0]:
            holds = np.asarray(of_size.sum(axis=0), dtype=np.float64).ravel()
            expected += np.outer(holds, holds) / of_size.shape[0]
    return expected
