"""What ours is compared with: popularity, the household's own frequency, and what the cart's products go with.

Each learns from a `Past` and gives a ranker (`methods`). Scores of equal height leave the order to the protocol: recent
popularity, then all-time popularity.
"""

from collections.abc import Callable
from warnings import catch_warnings, simplefilter

import numpy as np
from scipy import sparse

from bench.evaluate.folds import Past, Place
from bench.evaluate.methods import Rankers, at_once
from bench.evaluate.source import Floats, Ints

DECAY_DAYS = 180.0
# Both chosen on days 253..280; unshrunk, a pair that met once is the surest of all.
COSINE_SHRINK = 30.0  # baskets
BM25_NEIGHBOURS, BM25_LENGTH = 5, 0.1  # with the usual 20 and 0.75 its NDCG@10 is a sixth lower


def popularity(past: Past) -> Rankers:
    """How many baskets ever held the product."""
    sold = past.sold.astype(np.float64)
    return _alike(lambda place, _: sold[past.candidates(place.zone)])


def recent_popularity(past: Past) -> Rankers:
    """How many baskets of the last 28 days held the product."""
    sold = past.sold_28.astype(np.float64)
    return _alike(lambda place, _: sold[past.candidates(place.zone)])


def frequency(past: Past) -> Rankers:
    """How many of the household's baskets held the product."""
    return _personal(past, np.ones(len(past.sales.day)))


def decayed_frequency(past: Past) -> Rankers:
    """The same, a basket counting 1/e after `DECAY_DAYS`."""
    return _personal(past, np.exp((past.sales.day - past.cut) / DECAY_DAYS))


def _alike(scores: Callable[[Place, Ints], Floats]) -> Rankers:
    ranker = at_once(scores)
    return Rankers(ranker, ranker)


def _personal(past: Past, weight: Floats) -> Rankers:
    width = len(past.products.ids)
    pairs, row = np.unique(past.sales.household * width + past.sales.product, return_inverse=True)
    total = np.bincount(row, weights=weight)

    def scores(place: Place, _: Ints) -> Floats:
        zone = past.candidates(place.zone)
        base = place.household * width + zone.start
        start, end = np.searchsorted(pairs, (base, base + zone.stop - zone.start)).tolist()
        found = np.zeros(zone.stop - zone.start)
        found[pairs[start:end] - base] = total[start:end]
        return found

    return _alike(scores)


def pairing_cosine(past: Past) -> Rankers:
    """Summed cosine of each product with the cart: baskets with both over the root of those with each, shrunk."""
    rows = np.unique(past.sales.basket, return_inverse=True)[1]
    ones = np.ones(len(rows), dtype=np.float32)
    held = sparse.csr_array((ones, (rows, past.sales.product)), shape=(int(rows.max()) + 1, len(past.sold)))
    scale = sparse.diags_array(1 / np.sqrt(past.sold.astype(np.float32) + np.float32(COSINE_SHRINK)))
    cosine = sparse.csr_array(scale @ (held.T @ held) @ scale)

    def scores(place: Place, cart: Ints) -> Floats:
        zone = past.candidates(place.zone)
        return _summed(cosine, cart, np.ones(len(cart)))[zone]

    return _alike(scores)


def item_item(past: Past) -> Rankers:
    """BM25 between products over households, from `implicit`, summed over all that the household bought."""
    from implicit.nearest_neighbours import BM25Recommender  # noqa: PLC0415  an extra: only this baseline needs it

    width = len(past.sold)
    pairs, times = np.unique(past.sales.household * width + past.sales.product, return_counts=True)
    household, product = np.divmod(pairs, width)
    bought = sparse.csr_matrix((times.astype(np.float64), (household, product)), shape=(past.households, width))
    model = BM25Recommender(K=BM25_NEIGHBOURS, B=BM25_LENGTH, num_threads=1)
    with catch_warnings():
        simplefilter("ignore")  # implicit warns of a conversion that it makes itself
        model.fit(bought, show_progress=False)
    similarity = sparse.csr_array(model.similarity)
    starts = np.searchsorted(household, np.arange(past.households + 1))

    def scores(place: Place, _: Ints) -> Floats:
        of_household = slice(int(starts[place.household]), int(starts[place.household + 1]))
        found = _summed(similarity, product[of_household], times[of_household].astype(np.float64))
        return found[past.candidates(place.zone)]

    return _alike(scores)


def _summed(matrix: sparse.csr_array, rows: Ints, weights: Floats) -> Floats:
    """Weighted sum of some rows, dense; shape (columns,)."""
    starts, lengths = matrix.indptr[rows], np.diff(matrix.indptr)[rows]
    total = int(lengths.sum())
    if not total:
        return np.zeros(matrix.shape[1])
    at = np.repeat(starts - np.r_[0, np.cumsum(lengths)[:-1]], lengths) + np.arange(total)
    values = matrix.data[at] * np.repeat(weights, lengths)
    return np.asarray(np.bincount(matrix.indices[at], weights=values, minlength=matrix.shape[1]), dtype=np.float64)
