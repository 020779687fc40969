"""A zone's products become their scores, all at once: the formula of `score` in columns, for zones of thousands.

S = (p + 0.3 t + 0.3 q) exp(0.4 L), term by term as in `score` and tested equal to it (docs/adr/0006-ranking.md). A
`Shelf` holds what is the same for everybody and is made once; a shopper's habits and the cart touch few of its rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offer_engine.core.affinity import ZoneShares
from offer_engine.core.pairing import PairingTable, paired
from offer_engine.core.score import CATEGORY_WEIGHT, PAIRING_WEIGHT, POPULARITY_WEIGHT
from offer_engine.core.store_map import Product

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


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


def formula_scores(shelf: Shelf, bought: Bought, log_lift: Floats | float) -> Floats:
    """S for every product of a shelf, shape (products,).

    Args:
        shelf: the zone.
        bought: what the shopper bought there, decayed to now.
        log_lift: L, of each product or the same for all; 0.0 for an empty cart.

    >>> shelf = make_shelf(np.array([0, 0, 1]), np.array([6.0, 2.0, 2.0]))
    >>> formula_scores(shelf, Bought(np.array([1]), np.array([1.0])), 0.0).round(4)
    array([0.2925, 0.5975, 0.06  ])
    """
    total = bought.weights.sum() + 1
    of_category = np.bincount(shelf.category[bought.rows], weights=bought.weights, minlength=shelf.categories) / total
    scores: Floats = POPULARITY_WEIGHT * shelf.popularity_share
    scores += CATEGORY_WEIGHT * of_category[shelf.category] * shelf.within_share
    scores[bought.rows] += bought.weights / total
    if isinstance(log_lift, float):
        return scores * float(np.exp(PAIRING_WEIGHT * log_lift))
    scores *= np.exp(PAIRING_WEIGHT * log_lift)
    return scores


def shelf_of(products: Sequence[Product]) -> Shelf:
    """The shelf of one zone's products, in their order."""
    numbers: dict[str, int] = {}
    category = [numbers.setdefault(product.category, len(numbers)) for product in products]
    return make_shelf(np.array(category, dtype=np.int64), np.array([product.popularity for product in products]))


def bought_of(products: Sequence[Product], shares: ZoneShares) -> Bought:
    """A shopper's habits as rows of the shelf of the same products."""
    rows = [row for row, product in enumerate(products) if product.sku in shares.skus]
    weights = [shares.skus[products[row].sku] for row in rows]
    return Bought(np.array(rows, dtype=np.int64), np.array(weights, dtype=np.float64))


def log_lifts_of(
    products: Sequence[Product], table: PairingTable, cart: Sequence[str], catalogue: Mapping[str, Product]
) -> Floats:
    """L of every product of a zone, from the retailer's pairings; those that nothing points at cost next to nothing."""
    if not cart:
        return np.zeros(len(products))
    return np.array([paired(table, product, cart, catalogue).log_lift for product in products], dtype=np.float64)
