"""A rule that annoys is found by evidence: a stated bound, few of the harmless ones, and surely the bad ones."""

from dataclasses import replace
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offer_engine.core.annoyance import Reception, annoys, wilson_low
from tests.core.worlds import EASY

STRICT = replace(EASY, annoyance_limit=0.3, annoyance_min_shown=50)


@pytest.mark.parametrize(
    ("shown", "unwelcome", "expected"),
    [
        (49, 49, False),  # too few, whatever they say
        (50, 50, True),
        (50, 15, False),  # just the limit: may well be less
        (50, 21, False),
        (50, 22, True),
        (1000, 329, True),
        (1000, 328, False),
    ],
)
def test_enough_shown_and_surely_above_the_limit(shown: int, unwelcome: int, *, expected: bool) -> None:
    """On both sides of each border; the more were shown, the nearer to the limit."""
    assert annoys(Reception(shown, unwelcome), STRICT) is expected


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_bound_is_a_share_below_what_was_seen(hits: int, misses: int) -> None:
    """And one more unwelcome offer never lowers it."""
    low = wilson_low(hits, hits + misses)
    assert 0 <= low <= hits / max(hits + misses, 1)
    assert low <= wilson_low(hits + 1, hits + misses + 1)


@pytest.mark.parametrize("shown", [50, 120, 400])
def test_a_rule_at_the_limit_is_seldom_paused(shown: int) -> None:
    """The stated bound: one in forty, give or take what whole numbers do to it; by the binomial itself."""
    chances = (comb(shown, n) * 0.3**n * 0.7 ** (shown - n) for n in range(shown + 1) if wilson_low(n, shown) > 0.3)
    assert sum(chances) < 0.035
