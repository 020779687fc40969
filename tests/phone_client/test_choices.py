"""What a shopper allows: a table of offers that may and may not be shown."""

import pytest
from msgspec.structs import replace

from offer_engine.messages import ALWAYS_MS, ConsentChange, Mute, Unmute
from phone_client.choices import Choice, Choices, after, from_welcome, is_muted, is_wanted
from tests.phone_client.dialogue import CHABLIS, MINUTE, SILVER_OAK, T0, WELCOME

HOUR = 60 * MINUTE


@pytest.mark.parametrize(
    ("choice", "same_rule", "another"),
    [
        (Mute(scope="offer", ts=T0, offer="o-1"), False, True),
        (Mute(scope="category", ts=T0, offer="o-1"), False, True),
        (Mute(scope="hour", ts=T0), False, False),
        (Mute(scope="always", ts=T0), False, False),
        (Unmute(ts=T0), True, True),
        (ConsentChange(ts=T0, history=False), False, False),
        (ConsentChange(ts=T0, history=True), True, True),
    ],
    ids=["this offer", "its category", "an hour", "for good", "unmute", "withdraw", "allow"],
)
def test_a_choice_silences_what_it_is_about(choice: Choice, *, same_rule: bool, another: bool) -> None:
    """The Silver Oak is what the choice is about; the Chablis is of another rule and category."""
    now = after(Choices(), choice, SILVER_OAK)
    assert is_wanted(now, SILVER_OAK, T0) is same_rule
    assert is_wanted(now, CHABLIS, T0) is another


def test_an_hour_is_an_hour_and_never_shortens_for_good() -> None:
    """Its end is exclusive; a mute for good outlasts it."""
    hour = after(Choices(), Mute(scope="hour", ts=T0))
    assert is_muted(hour, T0 + HOUR - 1)
    assert not is_muted(hour, T0 + HOUR)
    for_good = after(after(Choices(), Mute(scope="always", ts=T0)), Mute(scope="hour", ts=T0))
    assert for_good.muted_until_ms == ALWAYS_MS


def test_a_mute_about_an_unknown_offer_changes_nothing_here() -> None:
    """The engine knows the offer, the phone has forgotten it."""
    assert after(Choices(), Mute(scope="offer", ts=T0, offer="gone")) == Choices()


def test_a_welcome_replaces_everything_but_the_muted_rules() -> None:
    """It does not list rules, so those muted on this phone stay muted."""
    before = after(Choices(), Mute(scope="offer", ts=T0, offer="o-1"), SILVER_OAK)
    now = from_welcome(replace(WELCOME, basket=False, muted_categories=["beer"]), before)
    assert now == Choices(basket=False, muted_categories=frozenset({"beer"}), muted_rules=frozenset({"lamb-and-red"}))
