"""Rivalry: only connections that never last, several in a row, are a verdict."""

import pytest

from offer_engine.rivalry import GIVE_UP_AFTER, SHORT_S, Rivalry


def verdict(lasted_s: list[float]) -> bool:
    """Whether the last of these connections settles it."""
    rivalry, now_s, settled = Rivalry(), 1000.0, False
    for held_s in lasted_s:
        rivalry.connected(now_s)
        now_s += held_s
        settled = rivalry.lost(now_s)
        now_s += 1.0
    return settled


@pytest.mark.parametrize(
    ("lasted_s", "settled"),
    [
        ([1.0] * GIVE_UP_AFTER, True),
        ([1.0] * (GIVE_UP_AFTER - 1), False),
        ([3600.0, *[1.0] * (GIVE_UP_AFTER - 1)], False),
        ([*[1.0] * (GIVE_UP_AFTER - 1), SHORT_S, 1.0], False),
        ([SHORT_S] * 10, False),
    ],
)
def test_short_connections_in_a_row_settle_it(lasted_s: list[float], *, settled: bool) -> None:
    """A connection that held clears the count: a broker that restarts now and then is no rival."""
    assert verdict(lasted_s) is settled


def test_a_broker_that_was_away_in_between_is_no_rival() -> None:
    """However often it falls over: three short connections, but never one right after the other."""
    rivalry = Rivalry()
    for start_s in range(1000, 1100, 10):
        rivalry.connected(start_s)
        assert not rivalry.lost(start_s + 1.0)


def test_of_two_the_later_gives_way() -> None:
    """The first has a long connection behind it, so it is always one behind."""
    first, later = Rivalry(), Rivalry()
    first.connected(0.0)
    for now_s in range(3600, 3700, 2):
        later.connected(now_s)
        assert not first.lost(now_s)
        first.connected(now_s + 1)
        if later.lost(now_s + 1):
            return
    pytest.fail("they fight for ever")
