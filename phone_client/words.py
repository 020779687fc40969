"""Values as a shopper reads them: prices, times, what an offer rests on.

Text that came over the network is never printed as it is: a control character in a product's title could move the
cursor, rename the window or ring the bell, so `printable` stands between the wire and every terminal.
"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

from offer_engine.messages import ALWAYS_MS, Offer
from phone_client.choices import Choices


def printable(text: str) -> str:
    r"""The text without control characters.

    >>> printable("Silver\x1b[2J Oak\n")
    'Silver[2J Oak'
    """
    return "".join(character for character in text if character.isprintable())


def cause(error: Exception) -> str:
    """Why something on the network failed, in one line.

    >>> cause(ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 9)"))
    'connection refused'
    """
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    return printable(" ".join(str(error).split())) or type(error).__name__


_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$"}


def money(cents: int, currency: str = "") -> str:
    """An amount with its currency's sign, its code where it has none, or nothing where the currency is not known.

    >>> money(1992, "EUR"), money(1992, "CHF"), money(1992)
    ('€19.92', 'CHF 19.92', '19.92')
    """
    sign = _SIGNS.get(currency, f"{currency} " if currency else "")
    return f"{sign}{cents // 100}.{cents % 100:02}"


def price(offer: Offer) -> str:
    """What the product costs now, and what it would without the offer."""
    now = money(offer.offer_price_cents, offer.currency)
    if offer.offer_price_cents == offer.price_cents:
        return now
    return f"{now} instead of {money(offer.price_cents, offer.currency)}"


def clock_time(at_ms: int, zone: tzinfo | None = None) -> str:
    """The time of day in `zone`, or where this phone is.

    >>> clock_time(1_800_000_000_000, UTC)
    '08:00:00'
    """
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).astimezone(zone).strftime("%H:%M:%S")


def countdown(left_ms: int) -> str:
    """Minutes and seconds that are left, rounded up; never below zero.

    >>> countdown(272_400)
    '4:33'
    """
    left_s = max(0, -(-left_ms // 1000))
    return f"{left_s // 60}:{left_s % 60:02}"


def listing(words: Iterable[str]) -> str:
    """Words as they stand in a sentence.

    >>> listing(["location", "basket", "history"])
    'location, basket and history'
    """
    *head, last = list(words) or ["nothing"]
    return f"{', '.join(head)} and {last}" if head else last


def category_name(category: str) -> str:
    """A category's key as a shopper reads it; the wire has no label for it."""
    return printable(category.replace("-", " "))


def allowed(choices: Choices) -> list[str]:
    """The personal data that the store may use."""
    shares = {"location": choices.location, "basket": choices.basket, "history": choices.history}
    return [name for name, is_shared in shares.items() if is_shared]


def muted(choices: Choices, now_ms: int, zone: tzinfo | None = None) -> str:
    """What is muted, as the end of a sentence that begins with "Muted"; empty when nothing is."""
    until_ms = choices.muted_until_ms
    if until_ms is not None and now_ms < until_ms:
        return "for good" if until_ms >= ALWAYS_MS else f"until {clock_time(until_ms, zone)}"
    return listing(map(category_name, sorted(choices.muted_categories))) if choices.muted_categories else ""
