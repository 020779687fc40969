"""Turns baskets into how much a cart speaks for each product: log lifts of product types, adjusted for basket size.

Raw lift is above 1 for nearly every pair, because big baskets hold everything. So a pair is compared with what baskets
of the same size would show by chance: among the N baskets of one size, of which n_i hold type i, it is expected
n_i n_j / N times. Observed and expected both get `SHRINK` added, so that a rare pair is not believed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bench.evaluate.folds import Past
from bench.evaluate.source import Floats, Ints
from bench.evaluate.zones import WALK

SHRINK = 20.0  # baskets
WEAKEST, STRONGEST = -2.0, 3.0  # of the sum over the cart, as a log lift
_SIZE_EDGES = (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 24, 28, 33, 40, 50)  # distinct types in a basket, from


@dataclass(frozen=True, slots=True, eq=False)
class KindLifts:
    """Log lifts of types, cut up by the zone that they are wanted for."""

    kind: Ints  # of each candidate
    by_zone: tuple[NDArray[np.float32], ...]  # (types, types of the zone): given the former, of the latter
    column: Ints  # of each candidate's type in its zone's array


def kind_lifts(past: Past) -> KindLifts:
    """Learn log lifts from all baskets of the past."""
    products = past.products
    kinds = int(products.kind.max()) + 1
    cells = np.unique(past.sales.basket * kinds + products.kind[past.sales.product])
    basket, kind = np.divmod(cells, kinds)
    row = np.unique(basket, return_inverse=True)[1]
    held = sparse.csr_array((np.ones(len(cells), dtype=np.float32), (row, kind)), shape=(int(row.max()) + 1, kinds))
    log_lift = np.log(((held.T @ held).toarray() + SHRINK) / (_expected(held) + SHRINK)).astype(np.float32)
    np.fill_diagonal(log_lift, 0)
    by_zone, column = [], np.zeros(len(products.kind), dtype=np.int64)
    for zone in range(len(WALK)):
        of_zone = past.candidates(zone)
        present, column[of_zone] = np.unique(products.kind[of_zone], return_inverse=True)
        by_zone.append(np.ascontiguousarray(log_lift[:, present]))
    return KindLifts(products.kind, tuple(by_zone), column)


def _expected(held: sparse.csr_array) -> NDArray[np.float32]:
    """How often each two types would meet by the size of baskets alone, shape (types, types)."""
    group = np.digitize(np.diff(held.indptr), _SIZE_EDGES)
    expected = np.zeros((held.shape[1], held.shape[1]), dtype=np.float32)
    for number in range(1, len(_SIZE_EDGES) + 1):  # baskets of one type hold no pair
        of_size = held[group == number]
        if of_size.shape[0]:
            holds = np.asarray(of_size.sum(axis=0), dtype=np.float32).ravel()
            expected += np.outer(holds, holds) / of_size.shape[0]
    return expected


def cart_log_lift(lifts: KindLifts, cart: Ints, candidates: Ints | slice, zone: int) -> Floats | float:
    """L of some candidates of a zone: the sum over the cart over the root of its size; 0.0 for an empty cart."""
    if not len(cart):
        return 0.0
    total = lifts.by_zone[zone][lifts.kind[cart]].sum(axis=0) / np.sqrt(len(cart))
    return np.asarray(np.clip(total, WEAKEST, STRONGEST)[lifts.column[candidates]], dtype=np.float64)
