"""Lets every method learn and rank, and takes marks and times: one `Result` per method and fold.

Times are those of one decision after another in one thread, as an engine would for single shoppers: to make ready, and
then, the cart known, to score every candidate of the zone and pick the first ten.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from bench.evaluate.folds import UNSOLD, Decision, Fold
from bench.evaluate.marks import DEPTH, Marks, as_marks, mark, places
from bench.evaluate.methods import Method, Ranker
from bench.evaluate.source import Floats, Ints

LARGE_ZONE = 3_000  # candidates


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """One method on one fold."""

    name: str
    title: str
    all: Marks
    new: Marks | None
    sureness: Floats  # of each decision of `all`
    fit_s: float
    prepare_p50_ms: float  # what can be made ready before the cart is known
    decision_p50_ms: float
    decision_p99_ms: float
    large_zone_p50_ms: float  # of a decision, in zones of at least LARGE_ZONE candidates


def run_method(method: Method, fold: Fold, progress: Callable[[float], None]) -> Result:
    """Fit, rank every decision of the fold, mark.

    Args:
        method: what to run.
        fold: what it may see, what it is asked, and what it is marked by.
        progress: told now and then which share of the decisions is done.
    """
    began = perf_counter()
    rankers = method.fit(fold.past)
    fit_s = perf_counter() - began
    known = _Known(fold)
    rows, new_rows, new_household, sureness, took, size = [], [], [], [], [], []
    for number, decision in enumerate(fold.decisions):
        place = decision.place
        zone = fold.past.candidates(place.zone)
        scores, elapsed = _timed(rankers.anything, decision)
        hidden = np.where(fold.hidden[number] == UNSOLD, UNSOLD, fold.hidden[number] - zone.start)
        rows.append(mark(places(scores, hidden), len(hidden)))
        sureness.append(float(scores.max()))
        took.append(elapsed)
        size.append(zone.stop - zone.start)
        is_new = fold.is_new[number]
        if method.ranks_new and is_new.any():
            fresh = scores if rankers.new is rankers.anything else rankers.new(place)(decision.cart)
            fresh = fresh.copy()
            fresh[known.rows(place.household, zone)] = -np.inf
            new_rows.append(mark(places(fresh, hidden[is_new]), int(is_new.sum())))
            new_household.append(place.household)
        if number % 500 == 0:
            progress(number / len(fold.decisions))
    times = np.array(took) * 1e3
    large = times[:, 1][np.array(size) >= LARGE_ZONE]
    return Result(
        method.name, method.title, as_marks([decision.place.household for decision in fold.decisions], rows),
        as_marks(new_household, new_rows) if new_rows else None, np.array(sureness), fit_s,
        float(np.median(times[:, 0])), float(np.median(times[:, 1])), float(np.quantile(times[:, 1], 0.99)),
        float(np.median(large)) if len(large) else float("nan"),
    )  # fmt: skip


def _timed(ranker: Ranker, decision: Decision) -> tuple[Floats, tuple[float, float]]:
    began = perf_counter()
    prepared = ranker(decision.place)
    ready = perf_counter()
    scores = prepared(decision.cart)
    first = np.argpartition(-scores, min(DEPTH, len(scores)) - 1)[:DEPTH]
    first[np.argsort(-scores[first], kind="stable")]
    return scores, (ready - began, perf_counter() - ready)


class _Known:
    """What each household ever bought, to be taken out of a ranking of new products."""

    def __init__(self, fold: Fold) -> None:
        self._width = len(fold.past.sold)
        self._pairs = np.unique(fold.past.sales.household * self._width + fold.past.sales.product)

    def rows(self, household: int, zone: slice) -> Ints:
        """Candidates' numbers within the zone."""
        base = household * self._width + zone.start
        start, end = np.searchsorted(self._pairs, (base, base + zone.stop - zone.start)).tolist()
        return np.asarray(self._pairs[start:end] - base)
