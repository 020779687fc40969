"""Pairings out of baskets: planted ones come back in intervals that hold; neither size nor habit passes for one."""

from collections.abc import Iterator
from math import log

import numpy as np
import pytest
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import stdtrit
from scipy.stats import binom

from offer_engine.core.learnt_pairing import LEARNT, _against_all, _gather, learn_pairings

RUNS = 100
LEAST, MOST = binom.ppf(0.0005, RUNS, 0.95), binom.ppf(0.9995, RUNS, 0.95)  # outside by chance: once in a thousand
OTHERS = 60  # things that fill the baskets

Line = tuple[str, str, str]


def shopping(rng: Generator, odds: float, households: int = 60, baskets: int = 30) -> Iterator[Line]:
    """Households with large and small baskets and with tastes of their own; coffee multiplies the odds of biscuits.

    A household's large shops hold more of everything, and who likes coffee may like biscuits anyway: both would pass
    for a pairing if baskets were simply counted.
    """
    for household in range(households):
        coffees, cakes = rng.gamma(2.0, 0.05, 2)
        mean = rng.gamma(1.5, 0.7, baskets) * rng.lognormal(0.0, 0.5)
        rest = rng.random((baskets, OTHERS)) < -np.expm1(-mean[:, None] * rng.dirichlet(np.full(OTHERS, 0.5)) * 5)
        coffee = rng.random(baskets) < -np.expm1(-coffees * mean)
        biscuits = rng.random(baskets) < _multiplied(-np.expm1(-cakes * mean), np.where(coffee, odds, 1.0))
        for basket in range(baskets):
            name = str(basket)
            yield from ((str(household), name, f"thing-{number}") for number in np.flatnonzero(rest[basket]))
            if coffee[basket]:
                yield str(household), name, "coffee"
            if biscuits[basket]:
                yield str(household), name, "biscuits"


def _multiplied(chance: NDArray[np.float64], odds: NDArray[np.float64]) -> NDArray[np.float64]:
    return odds * chance / (1 - chance + odds * chance)


def of_pair(lines: Iterator[Line]) -> tuple[float, float, float]:
    """The odds of coffee with biscuits and their 95 % interval, whether or not the pair would be kept."""
    baskets = _gather(lines, 2)
    held = [baskets.held(thing) for thing in range(len(baskets.names))]
    (found,) = [
        one
        for one in _against_all(baskets.names.index("biscuits"), baskets, held, 2)
        if baskets.names[one.other] == "coffee"
    ]
    half = float(stdtrit(found.freedom, 0.975)) * found.error
    return found.log_odds, found.log_odds - half, found.log_odds + half


@pytest.mark.parametrize("odds", [1.0, 2.5])
def test_the_interval_covers_a_planted_pairing_as_often_as_it_says(odds: float) -> None:
    """Nominal coverage, whatever households like and however large their baskets are."""
    rng = np.random.default_rng(20260302)
    found = [of_pair(shopping(rng, odds)) for _ in range(RUNS)]
    assert LEAST <= sum(low <= log(odds) <= high for _, low, high in found) <= MOST


def test_of_nothing_nothing_is_learnt() -> None:
    """In baskets without a pairing, of all pairs looked at in twenty worlds next to none is kept."""
    rng = np.random.default_rng(11)
    worlds = [learn_pairings(shopping(rng, 1.0), least_households=10) for _ in range(20)]
    assert sum(world.looked_at for world in worlds) > 500
    assert sum(bool(world.pairings) for world in worlds) <= binom.ppf(0.999, 20, 0.025)


def test_a_planted_pairing_is_kept_with_what_it_rests_on() -> None:
    """Both ways round, strongest first, with support, and with an interval above 1."""
    found = learn_pairings(shopping(np.random.default_rng(5), 6.0, households=200))
    assert {(one.when, one.then) for one in found.pairings} == {("coffee", "biscuits"), ("biscuits", "coffee")}
    for one in found.pairings:
        assert one.source == LEARNT
        assert one.evidence is not None
        assert 30 <= one.evidence.households <= 200
        assert 1 < one.evidence.low < one.lift < one.evidence.high
    assert found.pairings[0].lift >= found.pairings[1].lift


def household(name: str, baskets: int, *things: str) -> list[Line]:
    """So many baskets of one household, all of the same things."""
    return [(name, f"{things}-{number}", thing) for number in range(baskets) for thing in things]


def test_one_household_s_habit_is_no_pairing() -> None:
    """Forty baskets of lamb with wine are one household's: the support is one, and nothing is looked at."""
    lines = household("h", 40, "lamb", "wine") + household("h", 40, "milk", "bread")
    lines += [line for other in range(50) for line in household(f"o{other}", 4, "milk", "bread", "eggs")]
    found = learn_pairings(lines)
    assert not [one for one in found.pairings if "lamb" in (one.when, one.then)]


def test_what_is_always_bought_together_cannot_be_told_from_habit() -> None:
    """Without a basket that has the one and not the other there is nothing to hold against, so nothing is claimed."""
    lines = [line for number in range(40) for line in household(f"h{number}", 5, "milk", "bread")]
    assert learn_pairings(lines).pairings == ()


def test_support_is_asked_for() -> None:
    """With more households asked for than bought both, the pair is not even looked at."""
    lines = list(shopping(np.random.default_rng(5), 4.0))
    assert learn_pairings(lines, least_households=61).looked_at == 0
    assert learn_pairings([]).pairings == ()


def test_the_order_of_purchases_means_nothing() -> None:
    """The same baskets told in another order give the same pairings."""
    lines = list(shopping(np.random.default_rng(5), 6.0, households=100))
    steps: list[tuple[int, int]] = []
    found = learn_pairings(lines, least_households=15, step=lambda done, of: steps.append((done, of)))
    again = learn_pairings(lines[::-1], least_households=15)
    assert found.pairings
    assert [(one.when, one.then) for one in found.pairings] == [(one.when, one.then) for one in again.pairings]
    assert [one.lift for one in found.pairings] == pytest.approx([one.lift for one in again.pairings])
    assert steps[-1][0] == steps[-1][1] == len(steps)
