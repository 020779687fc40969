"""Turns the past into tables of what each household bought: of a product, of its type, of its maker, in a zone.

A table is keyed by household and number (of a product, a type, ...), sorted, so that any batch of pairs is looked up in
one search. What is not in it finds a last row that says "never".
"""

from dataclasses import dataclass

import numpy as np

from bench.evaluate.folds import Past
from bench.evaluate.source import Floats, Ints, Singles
from bench.evaluate.zones import WALK

SLOW_DAYS, FAST_DAYS = 180.0, 30.0  # a purchase counts 1/e after this long
VISIT_DECAY = 0.85  # what a purchase still counts one visit to the zone later
LONG_AGO = 400.0  # days; what "never" is taken for


@dataclass(frozen=True, slots=True, eq=False)
class Habits:
    """Purchases by (household, number); all but `key` have one more row than it, for "never"."""

    width: int  # key = household * width + number
    key: Ints  # sorted
    baskets: Floats
    slow: Floats  # baskets, decayed over SLOW_DAYS to the cut
    last_day: Floats  # -LONG_AGO for never
    raw: Singles  # (rows, 5): last day, mean days between purchases, days between the last two, slow, baskets
    logs: Singles  # (rows, 6): slow, by visit, baskets, fast, days between purchases, visits since; as log(1 + x)

    def find(self, household: Ints | int, number: Ints) -> Ints:
        """Rows of pairs; the last row for pairs that never were."""
        keys = household * self.width + number
        rows = np.searchsorted(self.key, keys)
        rows[rows == len(self.key)] = 0
        rows[self.key[rows] != keys] = len(self.key)
        return rows

    def of_zone(self, household: int, candidates: slice) -> slice:
        """Rows of what one household bought among a run of numbers."""
        base = household * self.width
        start, end = np.searchsorted(self.key, (base + candidates.start, base + candidates.stop)).tolist()
        return slice(start, end)


@dataclass(frozen=True, slots=True, eq=False)
class Visits:
    """Baskets of each household that held something of a zone, shape (households * zones,) by household and zone."""

    visits: Floats
    slow: Floats  # decayed purchases, baskets times products
    products: Floats  # different ones ever bought
    last_day: Floats


def visit_ordinals(past: Past) -> Ints:
    """For every row of the past, how many visits of that household to that zone came before it."""
    sales = past.sales
    zone = past.products.zone[sales.product]
    order = np.lexsort((sales.basket, zone, sales.household))
    place = sales.household[order] * len(WALK) + zone[order]
    is_first = np.r_[True, place[1:] != place[:-1]]
    is_visit = is_first | np.r_[True, sales.basket[order][1:] != sales.basket[order][:-1]]
    running = np.cumsum(is_visit)
    ordinal = np.empty(len(order), dtype=np.int64)
    starts = np.flatnonzero(is_first)
    ordinal[order] = running - np.repeat(running[starts], np.diff(np.r_[starts, len(order)]))
    return ordinal


def zone_visits(past: Past, ordinal: Ints) -> Visits:
    """Count visits, given their ordinals."""
    sales = past.sales
    place = sales.household * len(WALK) + past.products.zone[sales.product]
    size = past.households * len(WALK)
    visits = np.zeros(size)
    np.maximum.at(visits, place, ordinal + 1.0)
    last = np.full(size, -LONG_AGO)
    np.maximum.at(last, place, sales.day.astype(np.float64))
    weights = np.exp((sales.day - past.cut) / SLOW_DAYS)
    slow = np.asarray(np.bincount(place, weights=weights, minlength=size), dtype=np.float64)
    width = len(past.products.ids)
    household, product = np.divmod(np.unique(sales.household * width + sales.product), width)
    distinct = np.bincount(household * len(WALK) + past.products.zone[product], minlength=size)
    return Visits(visits, slow, distinct.astype(np.float64), last)


def habits(past: Past, number: Ints, width: int, ordinal: Ints, visits: Visits) -> Habits:
    """Table of what each household bought of each number.

    Args:
        past: what may be seen.
        number: of each row of the past, e.g. its type.
        width: more than the highest number.
        ordinal: of each row, from `visit_ordinals`.
        visits: from `zone_visits`.
    """
    sales = past.sales
    pair = sales.household * width + number
    order = np.lexsort((sales.basket, pair))
    pair, basket = pair[order], sales.basket[order]
    once = np.r_[True, (pair[1:] != pair[:-1]) | (basket[1:] != basket[:-1])]
    rows, pair = order[once], pair[once]
    starts = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]])
    ends = np.r_[starts[1:], len(pair)] - 1
    day = sales.day[rows].astype(np.float64)
    place = sales.household[rows] * len(WALK) + past.products.zone[sales.product[rows]]
    later = visits.visits[place] - 1 - ordinal[rows]
    times = (ends - starts + 1).astype(np.float64)
    repeated = times > 1
    interval = np.where(repeated, (day[ends] - day[starts]) / np.maximum(times - 1, 1), LONG_AGO)
    gap = np.where(repeated, day[ends] - day[np.maximum(ends - 1, 0)], LONG_AGO)

    def total(weight: Floats) -> Floats:
        return np.append(np.add.reduceat(weight, starts), 0.0)

    baskets, last_day = np.r_[times, 0.0], np.r_[day[ends], -LONG_AGO]
    interval, gap = np.r_[interval, LONG_AGO], np.r_[gap, LONG_AGO]
    slow, fast = total(np.exp((day - past.cut) / SLOW_DAYS)), total(np.exp((day - past.cut) / FAST_DAYS))
    since = np.r_[later[ends], LONG_AGO]
    by_visit = total(VISIT_DECAY**later)
    raw = np.column_stack((last_day, np.maximum(interval, 1), np.maximum(gap, 1), slow, baskets)).astype(np.float32)
    logs = np.log1p(np.column_stack((slow, by_visit, baskets, fast, interval, since))).astype(np.float32)
    return Habits(width, pair[starts], baskets, slow, last_day, raw, logs)
