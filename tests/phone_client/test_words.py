"""How a shopper reads a price, a time and a choice."""

from datetime import UTC

import pytest
from msgspec.structs import replace

from offer_engine.messages import ALWAYS_MS
from phone_client.choices import Choices
from phone_client.words import allowed, category_name, cause, countdown, listing, muted, price, printable
from tests.phone_client.dialogue import SILVER_OAK, T0


@pytest.mark.parametrize("hostile", ["\x1b]0;renamed\x07", "a\rb", "\x9b2J", "left\u202eright", "\x00"])
def test_nothing_from_the_wire_can_steer_a_terminal(hostile: str) -> None:
    """No escape, no carriage return, no direction override survives."""
    assert printable(hostile).isprintable()


def test_a_reminder_has_one_price_and_an_offer_two() -> None:
    """The old price is only worth a word where it differs."""
    assert price(SILVER_OAK) == "19.92 instead of 24.90"
    assert price(replace(SILVER_OAK, offer_price_cents=2490)) == "24.90"


def test_a_countdown_never_shows_zero_while_there_is_time() -> None:
    """And never less than zero afterwards."""
    assert [countdown(left_ms) for left_ms in (60_000, 1, 0, -5_000)] == ["1:00", "0:01", "0:00", "0:00"]


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        (Choices(), ""),
        (Choices(muted_until_ms=T0), ""),
        (Choices(muted_until_ms=T0 + 3_600_000), "until 09:00:00"),
        (Choices(muted_until_ms=ALWAYS_MS), "for good"),
        (Choices(muted_categories=frozenset({"red-wine", "beer"})), "beer and red wine"),
    ],
    ids=["nothing", "over", "an hour", "for good", "categories"],
)
def test_what_is_muted_is_said_in_words(choices: Choices, words: str) -> None:
    """As the end of a sentence that begins with Muted."""
    assert muted(choices, T0, UTC) == words


def test_what_is_allowed_is_listed_in_order() -> None:
    """Nothing is a word, too."""
    assert listing(allowed(Choices(basket=False))) == "location and history"
    assert listing(allowed(Choices(location=False, basket=False, history=False))) == "nothing"
    assert category_name("red-wine") == "red wine"


def test_a_cause_is_one_line() -> None:
    """Also for an error that has nothing to say, or too much."""
    assert cause(ConnectionRefusedError(111, "...")) == "connection refused"
    assert cause(TimeoutError()) == "TimeoutError"
    assert cause(ValueError("two\nlines")) == "two lines"
