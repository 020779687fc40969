"""What a shopper allows, from their own choices and the engine's welcome, to whether an offer may still be shown.

A choice holds on the phone from the moment it is made, not from the moment the engine has heard of it: an offer that
was already on its way when the shopper said stop must not buzz. As soon as nothing is left unanswered the engine's
own account of the choices counts, which may include choices made on another phone.
"""

from dataclasses import dataclass, replace

from offer_engine.messages import ALWAYS_MS, ConsentChange, Mute, Offer, Unmute, Welcome

Choice = Mute | Unmute | ConsentChange

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Choices:
    """Consents and mutes as the phone knows them; before the first welcome nothing is assumed to be forbidden."""

    location: bool = True
    basket: bool = True
    history: bool = True
    muted_until_ms: int | None = None  # None: not muted; `ALWAYS_MS`: for good
    muted_categories: frozenset[str] = frozenset()
    muted_rules: frozenset[str] = frozenset()  # by "this offer"; the welcome does not list them


def from_welcome(welcome: Welcome, before: Choices) -> Choices:
    """The engine's account of the choices, with the rules muted on this phone, which it does not list."""
    return replace(
        before,
        location=welcome.location,
        basket=welcome.basket,
        history=welcome.history,
        muted_until_ms=welcome.muted_until,
        muted_categories=frozenset(welcome.muted_categories),
    )


def after(  # noqa: PLR0911 one return per kind of choice reads best
    before: Choices, choice: Choice, offer: Offer | None = None
) -> Choices:
    """The choices once `choice` is made; `offer` is the one that a mute of the first two scopes is about."""
    match choice:
        case ConsentChange(location=location, basket=basket, history=history):
            return replace(
                before,
                location=before.location if location is None else location,
                basket=before.basket if basket is None else basket,
                history=before.history if history is None else history,
            )
        case Unmute():
            return replace(before, muted_until_ms=None, muted_categories=frozenset(), muted_rules=frozenset())
        case Mute(scope="offer") if offer:
            return replace(before, muted_rules=before.muted_rules | {offer.rule})
        case Mute(scope="category") if offer:
            return replace(before, muted_categories=before.muted_categories | {offer.category})
        case Mute(scope="hour", ts=ts):
            return replace(before, muted_until_ms=max(before.muted_until_ms or 0, ts + HOUR_MS))
        case Mute(scope="always"):
            return replace(before, muted_until_ms=ALWAYS_MS)
        case Mute():  # about an offer that this phone no longer knows
            return before


def is_muted(choices: Choices, now_ms: int) -> bool:
    """Whether every offer is muted at `now_ms`."""
    return choices.muted_until_ms is not None and now_ms < choices.muted_until_ms


def is_wanted(choices: Choices, offer: Offer, now_ms: int) -> bool:
    """Whether `offer` may be shown: not muted in any way, and resting on no data that was withdrawn."""
    allowed = {"location": choices.location, "basket": choices.basket, "history": choices.history}
    return (
        not is_muted(choices, now_ms)
        and offer.category not in choices.muted_categories
        and offer.rule not in choices.muted_rules
        and all(allowed[signal] for signal in offer.signals)
    )
