"""Turns rankings and what was hidden into marks per decision, and marks into means with bootstrap intervals.

Hits count the decisions in which one of the hidden products is among the first n. NDCG@10 gives every hidden product
the same worth; its ideal counts what nobody could have ranked too, so a product never sold before is a miss. Households
are drawn anew for an interval, since decisions of one household resemble each other; a difference of two methods is
taken decision by decision before it is averaged.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bench.evaluate.folds import UNSOLD
from bench.evaluate.source import Floats, Ints

DEPTH = 10
DRAWS = 1_000
_DISCOUNT = 1 / np.log2(np.arange(2, DEPTH + 2))
_IDEAL = np.cumsum(_DISCOUNT)


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """One method's marks, one row for each decision."""

    household: Ints
    hit_1: Floats
    hit_3: Floats
    hit_10: Floats
    ndcg_10: Floats


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


def places(scores: Floats, hidden: Ints) -> Ints:
    """Places in the ranking, from 0, of hidden candidates; of equal scores the lower number comes first.

    Args:
        scores: of every candidate of the zone, shape (candidates,).
        hidden: numbers of candidates within the zone; UNSOLD ones are left out.

    >>> places(np.array([0.5, 2.0, 0.5, 1.0]), np.array([2, 1, UNSOLD]))
    array([3, 0])
    """
    found = [
        np.count_nonzero(scores > scores[number]) + np.count_nonzero(scores[:number] == scores[number])
        for number in hidden.tolist()
        if number != UNSOLD
    ]
    return np.array(found, dtype=np.int64)


def mark(place: Ints, hidden: int) -> tuple[float, float, float, float]:
    """Hit@1, hit@3, hit@10 and NDCG@10 of one decision, given the places reached by its hidden products.

    >>> [round(value, 3) for value in mark(np.array([0, 2, 40]), 3)]
    [1.0, 1.0, 1.0, 0.704]
    """
    best = place.min() if len(place) else DEPTH
    gain = float(_DISCOUNT[place[place < DEPTH]].sum() / _IDEAL[min(hidden, DEPTH) - 1])
    return float(best < 1), float(best < 3), float(best < DEPTH), gain


def interval(household: Ints, value: Floats, seed: int) -> Interval:
    """Mean of `value`, with its interval from `DRAWS` draws of households with replacement."""
    drawn = _drawn_means(household, seed)
    low, high = np.quantile(drawn(value), (0.025, 0.975))
    return Interval(float(value.mean()), float(low), float(high))


def relative_gain(household: Ints, ours: Floats, theirs: Floats, seed: int) -> Interval:
    """How much higher the mean of `ours` is than that of `theirs`, as a share of the latter; paired."""
    drawn = _drawn_means(household, seed)
    low, high = np.quantile(drawn(ours) / drawn(theirs) - 1, (0.025, 0.975))
    return Interval(float(ours.mean() / theirs.mean() - 1), float(low), float(high))


def _drawn_means(household: Ints, seed: int) -> Callable[[Floats], Floats]:
    """A function to the means of a value over draws of households; the same seed draws the same ones."""
    numbers, index = np.unique(household, return_inverse=True)
    count = len(numbers)
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=DRAWS).astype(np.float64)
    size = draws @ np.bincount(index, minlength=count)

    def means(value: Floats) -> Floats:
        total: Floats = draws @ np.bincount(index, weights=value, minlength=count) / size
        return total

    return means


def surest_hits(sureness: Floats, hit: Floats, share: float) -> float:
    """Mean of `hit` over that share of decisions of which a method was surest."""
    most = max(1, round(len(sureness) * share))
    return float(hit[np.argsort(-sureness, kind="stable")[:most]].mean())


def as_marks(household: Sequence[int], rows: Sequence[tuple[float, float, float, float]]) -> Marks:
    """Put marks of single decisions into columns."""
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return Marks(np.array(household, dtype=np.int64), columns[:, 0], columns[:, 1], columns[:, 2], columns[:, 3])
