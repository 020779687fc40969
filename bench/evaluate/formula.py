"""Our default, which needs no training: the formula that the engine decides by, over the data's zones and types.

S = (p + 0.3 t + 0.3 q) exp(0.4 L), computed by `offer_engine.core.formula`; here the finest label of the data, the
product type, is the category, and popularity is the mean of the 28-day and the all-time share of a zone's sales. For
what is new to a household nothing but t, q and L is left, and L counts twice.
"""

from dataclasses import dataclass
from math import exp

import numpy as np

from bench.evaluate.folds import Past, Place
from bench.evaluate.methods import Rankers, at_once
from bench.evaluate.pairs import KindLifts, cart_log_lift, kind_lifts
from bench.evaluate.source import Floats, Ints
from bench.evaluate.zones import WALK
from offer_engine.core.affinity import DECAY_DAYS
from offer_engine.core.formula import PAIRING_WEIGHT, Bought, Shelf, bought_from, formula_scores, make_shelf

VISITS_PRIOR = 2.0  # added to a household's visits, so that little is not taken for much; chosen on days 253..280
NEW_PAIRING = 2.0  # how often L counts for what is new: 0.8 instead of 0.4, chosen on days before both folds


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """What the formula needs of a past."""

    past: Past
    lifts: KindLifts
    shelves: tuple[Shelf, ...]  # by zone
    pairs: Ints  # household * products + product, sorted
    weights: Floats  # decayed purchases of each pair
    visits: Floats  # (households * zones), decayed baskets that held something of the zone


def fit_formula(past: Past) -> Formula:
    """Count what the formula counts."""
    products = past.products
    width = len(products.ids)
    pairs, row = np.unique(past.sales.household * width + past.sales.product, return_inverse=True)
    faded = np.exp((past.sales.day - past.cut) / DECAY_DAYS)
    weights = np.asarray(np.bincount(row, weights=faded), dtype=np.float64)
    shelves = []
    for zone in range(len(WALK)):
        of_zone = past.candidates(zone)
        kind = np.unique(products.kind[of_zone], return_inverse=True)[1]
        recent, ever = past.sold_28[of_zone], past.sold[of_zone]
        shelves.append(make_shelf(kind, recent / max(recent.sum(), 1) + ever / max(ever.sum(), 1)))
    return Formula(past, kind_lifts(past), tuple(shelves), pairs, weights, _decayed_visits(past))


def _decayed_visits(past: Past) -> Floats:
    sales = past.sales
    place = sales.household * len(WALK) + past.products.zone[sales.product]
    one_of_each = np.unique(place * (int(sales.basket.max()) + 1) + sales.basket, return_index=True)[1]
    weights = np.exp((sales.day[one_of_each] - past.cut) / DECAY_DAYS)
    found = np.bincount(place[one_of_each], weights=weights, minlength=past.households * len(WALK))
    return np.asarray(found, dtype=np.float64)


def decayed_purchases(formula: Formula, place: Place) -> Bought:
    """What the household bought in the zone, decayed to the day."""
    zone = formula.past.candidates(place.zone)
    base = place.household * len(formula.past.sold) + zone.start
    start, end = np.searchsorted(formula.pairs, (base, base + zone.stop - zone.start)).tolist()
    faded = np.exp((formula.past.cut - place.day) / DECAY_DAYS)
    rows, weights = formula.pairs[start:end] - base, formula.weights[start:end] * faded
    return bought_from(formula.shelves[place.zone], rows, weights)


def rank_by_formula(past: Past) -> Rankers:
    """The formula as a method.

    S shares out what is bought there on one visit. Times how much that is for this household, it can be held against
    other zones and households: the order stays the same, but the surest decisions are surer by a quarter.
    """
    formula = fit_formula(past)

    def scores(place: Place, cart: Ints, pairing: float) -> Floats:
        bought = decayed_purchases(formula, place)
        log_lift = cart_log_lift(formula.lifts, cart, past.candidates(place.zone), place.zone)
        visits = formula.visits[place.household * len(WALK) + place.zone] * exp((past.cut - place.day) / DECAY_DAYS)
        a_visit = (bought.total + 1) / (visits + VISITS_PRIOR)
        lift = np.exp(PAIRING_WEIGHT * pairing * log_lift)
        return np.asarray(formula_scores(formula.shelves[place.zone], bought, lift) * a_visit)

    return Rankers(
        at_once(lambda place, cart: scores(place, cart, 1.0)),
        at_once(lambda place, cart: scores(place, cart, NEW_PAIRING)),
    )
