"""TIFU-KNN: a household's baskets, decayed in groups, mixed with those of the households most like it.

After Hu et al., Modeling Personalized Item Frequency Information for Next-basket Recommendation (SIGIR 2020). Baskets
are put into groups of `GROUP`, counted back from the last; within a group one basket back counts `WITHIN` of the next,
and one group back `BETWEEN`. Settings were chosen on days 253..280.
"""

import numpy as np
from scipy import sparse

from bench.evaluate.folds import Past
from bench.evaluate.methods import Rankers, at_once
from bench.evaluate.zones import WALK

GROUP, WITHIN, BETWEEN = 7, 0.9, 0.9
NEIGHBOURS, OWN_SHARE = 300, 0.7


def tifu_knn(past: Past) -> Rankers:
    """Learn every household's vector and its neighbours."""
    vectors = _vectors(past)
    length = np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel()
    distance = length[:, None] + length - 2 * (vectors @ vectors.T).toarray()
    np.fill_diagonal(distance, np.inf)
    neighbours = min(NEIGHBOURS, past.households - 1)
    nearest = np.argpartition(distance, neighbours - 1, axis=1)[:, :neighbours]
    mix = np.zeros((past.households, past.households))
    np.put_along_axis(mix, nearest, (1 - OWN_SHARE) / neighbours, axis=1)
    np.fill_diagonal(mix, OWN_SHARE)
    by_product = sparse.csr_array(vectors.T)
    zones = [by_product[past.candidates(zone)] for zone in range(len(WALK))]

    ranker = at_once(lambda place, _: np.asarray(zones[place.zone] @ mix[place.household]))
    return Rankers(ranker, ranker)


def _vectors(past: Past) -> sparse.csr_array:
    """Each household's decayed products, shape (households, products)."""
    sales = past.sales
    baskets = int(sales.basket.max()) + 1
    visits, row = np.unique(sales.household * baskets + sales.basket, return_inverse=True)
    household = visits // baskets
    back = np.searchsorted(household, household, side="right") - 1 - np.arange(len(visits))
    groups = np.maximum(np.ceil(np.bincount(household, minlength=past.households) / GROUP), 1)
    weight = WITHIN ** (back % GROUP) / GROUP * BETWEEN ** (back // GROUP) / groups[household]
    cells = (weight[row], (sales.household, sales.product))
    return sparse.csr_array(cells, shape=(past.households, len(past.sold)))
