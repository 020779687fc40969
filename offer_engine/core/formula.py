"""A zone's products become their appeal, all at once: the formula of `score` in columns, for zones of thousands.

S = (p + 0.3 t + 0.3 q) exp(0.4 L), term by term and operation by operation as in `score`, so that both give the same
number to the last bit (docs/adr/0006-ranking.md). A `Shelf` holds what is the same for everybody and is made once; a
shopper's habits and the cart touch few of its rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

CATEGORY_WEIGHT = 0.3
POPULARITY_WEIGHT = 0.3
PAIRING_WEIGHT = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """One zone's products in columns, shape (products,) each."""

    category: Ints  # number of the product's category, in [0, categories)
    popularity_share: Floats  # q: of the zone, in [0, 1]
    within_share: Floats  # of the category, in [0, 1]
    categories: int


@dataclass(frozen=True, slots=True, eq=False)
class Bought:
    """One shopper's decayed purchases on a shelf; only what was ever bought has a row."""

    rows: Ints  # of the shelf
    weights: Floats  # decayed purchases, > 0
    by_category: Floats  # decayed purchases, shape (categories,)
    total: float


def make_shelf(category: Ints, popularity: Floats) -> Shelf:
    """Share popularity out over a zone and over its categories.

    Args:
        category: numbers from 0, shape (products,).
        popularity: in any unit, >= 0, same shape.
    """
    categories = int(category.max()) + 1 if len(category) else 0
    total = popularity.sum()
    by_category = np.bincount(category, weights=popularity, minlength=categories)[category]
    within = np.divide(popularity, by_category, out=np.zeros(len(popularity)), where=by_category > 0)
    return Shelf(category, popularity / total if total > 0 else np.zeros(len(popularity)), within, categories)


def bought_from(shelf: Shelf, rows: Ints, weights: Floats) -> Bought:
    """Add up purchases by category and in all."""
    by_category = np.bincount(shelf.category[rows], weights=weights, minlength=shelf.categories)
    return Bought(rows, weights, np.asarray(by_category, dtype=np.float64), float(weights.sum()))


def formula_scores(shelf: Shelf, bought: Bought, lift: Floats | float) -> Floats:
    """S for every product of a shelf, shape (products,).

    Args:
        shelf: the zone.
        bought: what the shopper bought there, decayed to now.
        lift: exp(0.4 L), of each product or the same for all; 1.0 for an empty cart.

    >>> shelf = make_shelf(np.array([0, 0, 1]), np.array([6.0, 2.0, 2.0]))
    >>> formula_scores(shelf, bought_from(shelf, np.array([1]), np.array([1.0])), 1.0).round(4)
    array([0.2925, 0.5975, 0.06  ])
    """
    of_category = bought.by_category / (bought.total + 1)
    scores: Floats = of_category.take(shelf.category)
    scores *= shelf.within_share
    scores *= CATEGORY_WEIGHT
    scores[bought.rows] += bought.weights / (bought.total + 1)
    scores += POPULARITY_WEIGHT * shelf.popularity_share
    scores *= lift
    return scores
