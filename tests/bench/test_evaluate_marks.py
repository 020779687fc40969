"""What a good ranking is: places, hits, NDCG, and intervals that cover."""

import numpy as np
import pytest

from bench.evaluate.folds import UNSOLD
from bench.evaluate.marks import as_marks, interval, mark, places, relative_gain, surest_hits


def test_equal_scores_come_in_the_order_of_popularity() -> None:
    """Candidates are numbered by popularity, so of equal scores the lower number comes first."""
    assert places(np.zeros(5), np.array([3, 0])).tolist() == [3, 0]


def test_what_nobody_could_rank_is_a_miss_that_counts() -> None:
    """A product never sold before has no place, and still weighs on the ideal."""
    found = places(np.array([3.0, 2.0, 1.0]), np.array([0, UNSOLD]))
    assert mark(found, 2) == pytest.approx((1.0, 1.0, 1.0, 1 / (1 + 1 / np.log2(3))))
    assert mark(found, 1) == (1.0, 1.0, 1.0, 1.0)


def test_a_decision_of_only_unknown_products_is_a_miss() -> None:
    """Nothing that could be ranked was bought: no hit at any depth."""
    assert mark(places(np.ones(3), np.array([UNSOLD])), 1) == (0.0, 0.0, 0.0, 0.0)


def test_hits_count_the_best_of_several() -> None:
    """Of products at places 3 and 12, the first is a hit at 10 but not at 3."""
    assert mark(np.array([2, 11]), 2)[:3] == (0.0, 1.0, 1.0)
    assert mark(np.array([3, 11]), 2)[:3] == (0.0, 0.0, 1.0)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """Of 200 made-up worlds of 80 households, 95 % of the intervals hold the true mean, within what 200 can tell."""
    chance = np.random.default_rng(1)
    covered = 0
    for world in range(200):
        household = np.repeat(np.arange(80), 5)
        value = 0.3 + np.repeat(chance.normal(0, 0.1, 80), 5) + chance.normal(0, 0.2, 400)
        found = interval(household, value, world)
        covered += found.low <= 0.3 <= found.high
    assert 190 - 3 * np.sqrt(200 * 0.95 * 0.05) <= covered <= 200


def test_a_paired_gain_is_surer_than_two_intervals() -> None:
    """Where both methods share what varies, the gain is told apart though the means overlap."""
    chance = np.random.default_rng(2)
    household = np.arange(300)
    theirs = chance.random(300)
    ours = theirs + 0.02
    gain = relative_gain(household, ours, theirs, 0)
    assert gain.low > 0
    assert interval(household, ours, 0).low < interval(household, theirs, 0).high
    assert gain.mean == pytest.approx(ours.mean() / theirs.mean() - 1)


def test_the_surest_decisions_are_those_of_the_highest_scores() -> None:
    """Hits of the surest half, by the method's own score."""
    assert surest_hits(np.array([0.9, 0.1, 0.8, 0.2]), np.array([1.0, 0.0, 1.0, 0.0]), 0.5) == 1.0


def test_marks_come_in_columns() -> None:
    """One row for each decision, in their order."""
    marks = as_marks([7, 8], [(1.0, 1.0, 1.0, 0.5), (0.0, 0.0, 1.0, 0.3)])
    assert marks.household.tolist() == [7, 8]
    assert marks.ndcg_10.tolist() == [0.5, 0.3]
