"""Turns decisions and a short list of candidates for each into the numbers that the learnt ranking weighs.

Every place gets the same number of candidates, so arrays have the shapes (places, depth, columns), and (places,
columns) for what is the same for all candidates of a place. What the cart says comes last and apart, since only it must
wait for the decision. One place and thousands go through the same code: what is learnt from is what is decided by.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log1p

import numpy as np

from bench.evaluate.folds import FOLD_DAYS, Place
from bench.evaluate.formula import decayed_purchases
from bench.evaluate.habits import LONG_AGO
from bench.evaluate.knowledge import Knowledge
from bench.evaluate.pairs import cart_log_lift
from bench.evaluate.promotions import Promotions, week_of
from bench.evaluate.source import Floats, Ints, Singles
from bench.evaluate.zones import WALK
from offer_engine.core.formula import PAIRING_WEIGHT, formula_scores

CART_COLUMNS = 5
_STORE_PRIOR = 50.0  # decayed sales by which a store's shares are drawn to the chain's
_STORE_WEIGHT = 0.3  # of the store's own shares in the short list
_NEIGHBOUR_WEIGHT = 0.3  # of the neighbours' share in the short list of what is new
_PLACE_COLUMNS = np.zeros((256, 22), dtype=np.float32)
for _place in range(256):  # one column for each place on display and in the mailer, and one for being anywhere there
    _PLACE_COLUMNS[_place, 0], _PLACE_COLUMNS[_place, 1] = _place >= 16, _place % 16 > 0
    if 1 <= _place >> 4 <= 10:
        _PLACE_COLUMNS[_place, 1 + (_place >> 4)] = 1
    if 1 <= _place & 15 <= 10:
        _PLACE_COLUMNS[_place, 11 + (_place & 15)] = 1


@dataclass(frozen=True, slots=True, eq=False)
class ShortList:
    """The candidates of one place that are worth a closer look, best first."""

    numbers: Ints  # (depth,) of the fold's candidates
    first_look: Singles  # (depth, 2): the formula's S for an empty cart, and what neighbours buy of it
    formula: Floats  # the same S of every candidate of the zone


def short_list(known: Knowledge, place: Place, depth: int, *, is_new: bool) -> ShortList:
    """Pick candidates by the formula, the store's own sales and the neighbours.

    Args:
        known: the past.
        place: who, where, when.
        depth: how many; no more than the zone has.
        is_new: leave out what the household ever bought.
    """
    zone = known.past.candidates(place.zone)
    bought = decayed_purchases(known.formula, place)
    scores = formula_scores(known.formula.shelves[place.zone], bought, 1.0)
    base = place.store * len(known.past.sold) + zone.start
    start, end = np.searchsorted(known.store_key, (base, base + len(scores))).tolist()
    total = known.store_total[place.store * len(WALK) + place.zone]
    look = scores.copy()
    look[known.store_key[start:end] - base] += _STORE_WEIGHT / (total + _STORE_PRIOR) * known.store_weight[start:end]
    alike = known.likeness
    mix = np.zeros(known.past.households, dtype=np.float32)
    mix[alike.neighbours[place.household]] = alike.weights[place.household]
    near = alike.by_zone[place.zone] @ mix
    if is_new:
        look += _NEIGHBOUR_WEIGHT / max(float(near.sum()), 1e-9) * near
        look[bought.rows] = -np.inf
    best = np.argpartition(-look, depth - 1)[:depth]
    best = best[np.argsort(-look[best], kind="stable")]
    first_look = np.empty((depth, 2), dtype=np.float32)
    first_look[:, 0], first_look[:, 1] = scores[best], near[best]
    return ShortList(best + zone.start, first_look, scores)


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Places in columns, with their short lists."""

    household: Ints  # (places,), as are the next four
    zone: Ints
    day: Ints
    hour: Ints
    store: Ints
    numbers: Ints  # (places, depth)
    first_look: Singles  # (places, depth, 2)


def ask(places: Sequence[Place], lists: Sequence[ShortList]) -> Asked:
    """Put places and their short lists into columns."""
    rows = np.array([(one.household, one.zone, one.day, one.hour, one.store) for one in places])
    household, zone, day, hour, store = rows.T
    numbers = np.stack([found.numbers for found in lists])
    return Asked(household, zone, day, hour, store, numbers, np.stack([found.first_look for found in lists]))


def cart_columns(known: Knowledge, place: Place, short: ShortList, cart: Ints) -> Singles:
    """What the cart says of each candidate, shape (depth, CART_COLUMNS): S in three guises, L, the cart's size."""
    columns = np.empty((len(short.numbers), CART_COLUMNS), dtype=np.float32)
    log_lift = cart_log_lift(known.formula.lifts, cart, short.numbers, place.zone)
    base = np.log(short.first_look[:, 0] + 1e-6) + PAIRING_WEIGHT * log_lift
    columns[:, 0], columns[:, 1], columns[:, 2] = base, base - base.max(), base - base.sum() / len(base)
    columns[:, 3], columns[:, 4] = log_lift, log1p(len(cart))
    return columns


def row_columns(known: Knowledge, asked: Asked) -> Singles:
    """What is the same for all candidates of a place, shape (places, columns)."""
    place = asked.household * len(WALK) + asked.zone
    visits, slow, products = known.visits.visits[place], known.visits.slow[place], known.visits.products[place]
    since = np.minimum(asked.day - known.visits.last_day[place], LONG_AGO)
    wide = np.stack((visits, slow, products, since, products / (visits + 1)), axis=1)
    count = len(asked.zone)
    one_of = np.zeros((count, len(WALK) + 7), dtype=np.float32)
    one_of[np.arange(count), asked.zone] = 1
    one_of[np.arange(count), len(WALK) + asked.day % 7] = 1
    when = np.stack((asked.hour / 24, (asked.day - known.past.cut) / FOLD_DAYS), axis=1)
    store = np.log1p(known.store_total[asked.store * len(WALK) + asked.zone])[:, None]
    return np.concatenate(
        (np.log1p(wide), when, store, known.household_columns[asked.household], one_of), axis=1, dtype=np.float32
    )


def place_columns(known: Knowledge, asked: Asked) -> Singles:
    """What is known of each candidate before the cart is, shape (places, depth, columns)."""
    depth = asked.numbers.shape[1]
    number = asked.numbers.ravel()
    household, day, store = (np.repeat(column, depth) for column in (asked.household, asked.day, asked.store))
    place = np.repeat(asked.household * len(WALK) + asked.zone, depth)
    parts = _habit_columns(known, number, household, day, place)
    price_fit = known.relative_price[number] - known.household_columns[household, 0]
    in_store = _store_columns(known, number, store, place % len(WALK))
    parts += [price_fit[:, None], in_store, known.product_columns[number]]
    parts.append(_likeness_columns(known, asked, in_store[:, 1]))
    if known.promotions is not None:
        parts.append(_promotion_columns(known.promotions, known.promoted_row[number], store, week_of(day)))
    return np.concatenate(parts, axis=1, dtype=np.float32).reshape(len(asked.zone), depth, -1)


def _habit_columns(known: Knowledge, number: Ints, household: Ints, day: Ints, place: Ints) -> list[Singles]:
    """Strength, recency and rhythm of five habits, from the product itself to its package size."""
    products = known.past.products
    tables = (
        (known.item, number, 6),
        (known.kind, products.kind[number], 6),
        (known.category, products.category[number], 6),
        (known.brand, known.brand_of[number], 2),
        (known.size, known.size_of[number], 2),
    )
    raw, logs = [], []
    for table, label, columns in tables:
        rows = table.find(household, label)
        raw.append(table.raw[rows])
        logs.append(table.logs[rows, :columns])
    last_day, interval, gap, slow, baskets = np.stack(raw, axis=1).transpose(2, 0, 1)  # each (pairs, habits)
    since = np.minimum(day[:, None].astype(np.float32) - last_day, np.float32(LONG_AGO))
    rhythm = np.minimum((since / interval, since / gap), np.float32(10))
    total = known.visits.slow[place, None].astype(np.float32) + 1
    visits = known.visits.visits[place, None].astype(np.float32) + 1
    within = np.stack((slow[:, 0], slow[:, 3], slow[:, 4]), axis=1) / (slow[:, [1, 2, 2]] + np.float32(0.5))
    return [*logs, np.log1p(since), *np.log1p(rhythm), slow / total, baskets / visits, within]


def _store_columns(known: Knowledge, number: Ints, store: Ints, zone: Ints) -> Singles:
    """How the product sells in this store, against how it sells everywhere; shape (pairs, 4)."""
    key = store * len(known.past.sold) + number
    row = np.searchsorted(known.store_key, key)
    row[row == len(known.store_key)] = 0
    row[known.store_key[row] != key] = len(known.store_key)
    sold, total, share = known.store_weight[row], known.store_total[store * len(WALK) + zone], known.share[number]
    columns = np.empty((len(number), 4))
    columns[:, 0], columns[:, 3] = sold + 1, total * share + 1
    columns[:, 1] = (sold + _STORE_PRIOR * share) / (total + _STORE_PRIOR) + 1e-5
    columns[:, 2] = (sold + 2 * _STORE_PRIOR * share + 0.05) / ((total + 2 * _STORE_PRIOR) * share + 0.05)
    return np.log(columns).astype(np.float32)


def _likeness_columns(known: Knowledge, asked: Asked, in_store: Singles) -> Singles:
    """What those alike buy, and sales in the store, also against the other candidates; (places * depth, 7)."""
    count, depth = asked.numbers.shape
    near = np.log(asked.first_look[:, :, 1] + 1e-4)
    usual = known.past.sold[asked.numbers] / known.past.households
    likeness = known.likeness
    traits = np.einsum("pt,pdt->pd", likeness.household_traits[asked.household], likeness.product_traits[asked.numbers])
    store = in_store.reshape(count, depth)
    columns = np.empty((count, depth, 7), dtype=np.float32)
    columns[:, :, 0], columns[:, :, 1] = near, near - near.mean(axis=1, keepdims=True)
    columns[:, :, 2] = np.log((asked.first_look[:, :, 1] + 1e-3) / (usual + 1e-3))
    columns[:, :, 3], columns[:, :, 4] = traits, traits - traits.mean(axis=1, keepdims=True)
    columns[:, :, 5], columns[:, :, 6] = store - store.mean(axis=1, keepdims=True), np.log1p(np.arange(depth))
    return columns.reshape(count * depth, -1)


def _promotion_columns(plan: Promotions, row: Ints, store: Ints, week: Ints) -> Singles:
    """Where the product is promoted this week, and whether it was in the weeks before."""
    now, *before = plan.places(week - np.arange(4)[:, None], store, row)
    mailed = [place % 16 > 0 for place in before]
    rest = (plan.mailed_share(week, row), mailed[0], before[0] >= 16, mailed[1].astype(np.int64) + mailed[2])
    return np.concatenate((_PLACE_COLUMNS[now], np.stack(rest, axis=1)), axis=1, dtype=np.float32)
