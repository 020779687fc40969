"""Rhythm: just bought is not bought again, due is, long gone is given up; and the rate that made a history is found."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offer_engine.core.affinity import MS_PER_DAY, NOBODY, build_profile, zone_shares
from offer_engine.core.rhythm import DAYS_BETWEEN_VISITS, NEVER, rhythm
from tests.core.worlds import NOON, STORE

days = st.floats(0, 10_000)


@given(st.integers(1, 5_000), days, days, st.floats(0.01, 400))
def test_chances_are_chances(times: int, span: float, since: float, visit: float) -> None:
    """Whatever the history, both are shares, and the shopper never wants less of it tomorrow."""
    found = rhythm(times, span, since, visit)
    assert 0 <= found.rebuy <= 1
    assert 0 < found.wanted <= 1
    assert found.wanted <= rhythm(times, span, since + 1, visit).wanted
    assert found.rebuy <= rhythm(times, span, since, visit + 1).rebuy


@given(st.integers(1, 100), st.floats(1, 1_000), st.floats(10, 1_000))
def test_who_buys_it_more_often_is_likelier_to_when_it_was_just_used_up(times: int, span: float, visit: float) -> None:
    """One more purchase in the same time never makes the next less likely, once the cupboard is empty."""
    gap = (92.6 + span) / times
    assert rhythm(times, span, gap, visit).rebuy <= rhythm(times + 1, span, gap, visit).rebuy + 0.02


def test_coffee_every_three_weeks() -> None:
    """Bought yesterday: not today. Due: much likelier. Nothing for half a year: given up."""
    yesterday, due, gone = (rhythm(18, 357, since, 7) for since in (1, 21, 180))
    assert due.rebuy > 2 * yesterday.rebuy
    assert yesterday.wanted < 0.4
    assert due.wanted > 0.99
    assert gone.rebuy < due.rebuy / 10


def test_once_is_no_habit() -> None:
    """A single purchase says next to nothing about when, only that it happened."""
    assert rhythm(1, 0, 1, 7).wanted == 1
    assert rhythm(1, 0, 1, 7).rebuy < 0.03


@pytest.mark.parametrize("every", [7.0, 14.0, 28.0])
def test_a_planted_rate_is_found_again(every: float) -> None:
    """Shoppers with a gap of `every` days on average for two years, a visit a day: the mean chance is what was planted.

    The prior draws a rate of n purchases in t days towards a slower one, by 93 days in t; the tolerance is that and
    three standard errors of the mean of 300.
    """
    rng = np.random.default_rng(4)
    chances = []
    for _ in range(300):
        moments = np.cumsum(rng.exponential(every, round(730 / every)))
        since = float(rng.exponential(every))
        chances.append(rhythm(len(moments), float(moments[-1] - moments[0]), since, 1.0).rebuy)
    planted = 1 - np.exp(-1 / every)
    error = 3 * np.std(chances) / np.sqrt(len(chances))
    assert planted * (1 - 93 / 730 - 0.15) - error <= np.mean(chances) <= planted + error


def test_the_profile_tells_the_rhythm_of_each_product() -> None:
    """First and last purchase, and how often the shopper comes; a stranger has none."""
    moments = [NOON - days * MS_PER_DAY for days in (30, 20, 10)]
    profile = build_profile([("oak-red", at) for at in moments], STORE.products)
    assert profile.visit_days == pytest.approx((20 + DAYS_BETWEEN_VISITS) / 3)
    shares = zone_shares(profile, "wine", NOON)
    assert shares.rhythm(STORE.products["oak-red"]) == rhythm(3, 20, 10, profile.visit_days)
    assert shares.rhythm(STORE.products["house-red"]) == NEVER
    assert NOBODY.visit_days == DAYS_BETWEEN_VISITS
