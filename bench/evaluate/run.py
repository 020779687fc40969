"""Lets every method learn and rank, and takes marks and times: one `Result` per method and fold.

A decision's time is that of scoring every candidate of the zone and picking the first ten, alone and in one thread, as
an engine would for one shopper who has just walked in.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from bench.evaluate.folds import UNSOLD, Fold
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
    decision_p50_ms: float
    large_zone_p50_ms: float  # zones of at least LARGE_ZONE candidates
    decision_p99_ms: float


def run_method(method: Method, fold: Fold, progress: Callable[[int], None]) -> Result:
    """Fit, rank every decision of the fold, mark.

    Args:
        method: what to run.
        fold: what it may see, what it is asked, and what it is marked by.
        progress: told of each hundred decisions that are done.
    """
    began = perf_counter()
    rankers = method.fit(fold.past)
    fit_s = perf_counter() - began
    known = _Known(fold)
    rows, new_rows, new_household, sureness, took, size = [], [], [], [], [], []
    for number, decision in enumerate(fold.decisions):
        zone = fold.past.candidates(decision.zone)
        scores, elapsed = _timed(rankers.anything, number, fold)
        hidden = np.where(fold.hidden[number] == UNSOLD, UNSOLD, fold.hidden[number] - zone.start)
        rows.append(mark(places(scores, hidden), len(hidden)))
        sureness.append(float(scores.max()))
        took.append(elapsed)
        size.append(zone.stop - zone.start)
        is_new = fold.is_new[number]
        if method.ranks_new and is_new.any():
            fresh = scores if rankers.new is rankers.anything else rankers.new(decision)
            fresh = fresh.copy()
            fresh[known.rows(decision.household, zone)] = -np.inf
            new_rows.append(mark(places(fresh, hidden[is_new]), int(is_new.sum())))
            new_household.append(decision.household)
        if number % 100 == 99:  # noqa: PLR2004
            progress(100)
    progress(len(fold.decisions) % 100)
    times = np.array(took) * 1e3
    large = times[np.array(size) >= LARGE_ZONE]
    return Result(
        method.name, method.title, as_marks([decision.household for decision in fold.decisions], rows),
        as_marks(new_household, new_rows) if new_rows else None, np.array(sureness), fit_s,
        float(np.median(times)), float(np.median(large)) if len(large) else float("nan"),
        float(np.quantile(times, 0.99)),
    )  # fmt: skip


def _timed(ranker: Ranker, number: int, fold: Fold) -> tuple[Floats, float]:
    began = perf_counter()
    scores = ranker(fold.decisions[number])
    first = np.argpartition(-scores, min(DEPTH, len(scores)) - 1)[:DEPTH]
    first[np.argsort(-scores[first], kind="stable")]
    return scores, perf_counter() - began


class _Known:
    """What each household ever bought, to be taken out of a ranking of new products."""

    def __init__(self, fold: Fold) -> None:
        self._width = len(fold.past.sold)
        self._pairs = np.unique(fold.past.sales.household * self._width + fold.past.sales.product)

    def rows(self, household: int, zone: slice) -> Ints:
        """Candidates' numbers within the zone."""
        base = household * self._width + zone.start
        start, end = np.searchsorted(self._pairs, (base, base + zone.stop - zone.start)).tolist()
        return self._pairs[start:end] - base
