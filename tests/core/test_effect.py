"""Uplift with intervals that hold: planted effects are found as often as promised, and nothing is called nothing."""

from math import inf

import numpy as np
import pytest

from offer_engine.core.effect import Effect, Total, paired, uplift

RUNS = 400
# Of 400 runs at 95 %, the count of covering intervals is binomial: outside 364..395 has a chance below 0.1 %.
LEAST, MOST = 364, 395


def _shoppers(rng: np.random.Generator, count: int, gain: float) -> list[Total]:
    """Shoppers whose profit per visit is skewed and differs from one to the next, as real ones' does."""
    level = rng.lognormal(1.0, 0.6, count)
    visits = 1 + rng.poisson(1.0, count)
    noise = rng.gamma(2.0, 1.0, count) - 2.0
    return [
        Total(float((base + gain + error) * number), int(number))
        for base, number, error in zip(level, visits, noise, strict=True)
    ]


@pytest.mark.parametrize("gain", [0.0, 0.4])
def test_the_interval_covers_a_planted_uplift_as_often_as_it_says(gain: float) -> None:
    """Nominal coverage, with a control group of a tenth of the shoppers."""
    rng = np.random.default_rng(20260302)
    covered = 0
    for _ in range(RUNS):
        effect = uplift(_shoppers(rng, 900, gain), _shoppers(rng, 100, 0.0))
        covered += effect.low <= gain <= effect.high
    assert LEAST <= covered <= MOST


def test_the_paired_interval_covers_too_and_is_narrower() -> None:
    """Two runs of one day share their shoppers, so what differs between shoppers drops out."""
    rng = np.random.default_rng(7)
    covered, narrower = 0, 0
    for _ in range(RUNS):
        before = _shoppers(rng, 200, 0.0)
        gains = rng.exponential(0.4, 200)
        after = [
            Total(total.amount + float(gain) * total.visits, total.visits)
            for total, gain in zip(before, gains, strict=True)
        ]
        names = [str(number) for number in range(200)]
        twin = paired(dict(zip(names, after, strict=True)), dict(zip(names, before, strict=True)))
        apart = uplift(after, before)
        covered += twin.low <= 0.4 <= twin.high
        narrower += twin.high - twin.low < apart.high - apart.low
    assert LEAST - 8 <= covered <= MOST  # exponential gains: the t interval of 200 loses up to 2 points
    assert narrower == RUNS


def test_a_rule_without_effect_is_called_so() -> None:
    """Most of the time: with 95 % confidence, one in twenty is told from zero by chance."""
    rng = np.random.default_rng(3)
    told = sum(uplift(_shoppers(rng, 500, 0.0), _shoppers(rng, 500, 0.0)).is_told_from_zero for _ in range(RUNS))
    assert told <= RUNS - LEAST


@pytest.mark.parametrize("controls", [[], [Total(5.0, 1)]])
def test_with_hardly_any_controls_everything_is_possible(controls: list[Total]) -> None:
    """No variance can be known, so the interval is the whole line and zero is in it."""
    effect = uplift([Total(1.0, 1), Total(2.0, 1)], controls)
    assert (effect.low, effect.high) == (-inf, inf)
    assert not effect.is_told_from_zero


def test_a_shoppers_visits_are_one_observation() -> None:
    """Ten visits of one shopper tell less than one visit each of ten."""
    few = [Total(10.0, 10), Total(40.0, 10)]
    many = [Total(1.0, 1)] * 10 + [Total(4.0, 1)] * 10
    controls = [Total(0.0, 1), Total(0.1, 1)] * 10

    def width(effect: Effect) -> float:
        return effect.high - effect.low

    assert width(uplift(few, controls)) > width(uplift(many, controls))


def test_who_bought_nothing_in_one_run_counts_as_nothing() -> None:
    """A shopper who left without paying in the run without offers still gained by them."""
    effect = paired({"a": Total(5.0, 1), "b": Total(3.0, 1)}, {"b": Total(3.0, 1)})
    assert effect.estimate == pytest.approx(2.5)
