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

SHRINK = 20.0  # baskets
WEAKEST, STRONGEST = -2.0, 3.0  # of the sum over the cart, as a log lift
_SIZE_EDGES = (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 24, 28, 33, 40, 50)  # distinct types in a basket, from


@dataclass(frozen=True, slots=True, eq=False)
class KindLifts:
    """Log lift of every type given every other, and the types of a zone's candidates."""

    log_lift: NDArray[np.float32]  # (types, types), symmetric, 0 on the diagonal
    kind: Ints  # of each candidate


def kind_lifts(past: Past) -> KindLifts:
    """Learn log lifts from all baskets of the past."""
    kinds = int(past.products.kind.max()) + 1
    cells = np.unique(past.sales.basket * kinds + past.products.kind[past.sales.product])
    basket, kind = np.divmod(cells, kinds)
    rows, row = np.unique(basket, return_inverse=True)
    held = sparse.csr_array((np.ones(len(cells), dtype=np.float32), (row, kind)), shape=(len(rows), kinds))
    observed = (held.T @ held).toarray()
    size = np.bincount(row)
    group = np.digitize(size, _SIZE_EDGES)
    expected = np.zeros((kinds, kinds), dtype=np.float32)
    for number in range(1, len(_SIZE_EDGES) + 1):  # baskets of one type hold no pair
        of_size = held[group == number]
        if of_size.shape[0]:
            holds = np.asarray(of_size.sum(axis=0), dtype=np.float32).ravel()
            expected += np.outer(holds, holds) / of_size.shape[0]
    log_lift = np.log((observed + SHRINK) / (expected + SHRINK)).astype(np.float32)
    np.fill_diagonal(log_lift, 0)
    return KindLifts(log_lift, past.products.kind)


def cart_log_lift(lifts: KindLifts, cart: Ints) -> Floats | float:
    """L of every type: the sum over the cart over the root of the cart's size, shape (types,); 0.0 for no cart."""
    if not len(cart):
        return 0.0
    total = lifts.log_lift[lifts.kind[cart]].sum(axis=0) / np.sqrt(len(cart))
    return np.asarray(np.clip(total, WEAKEST, STRONGEST), dtype=np.float64)
