"""Turns an offer on a shopper's phone into what the shopper does with it, by odds that a person would recognise.

An offer that fits what one truly likes is opened and taken; one that does not is ignored, and the more of those there
were, the sooner the phone is told to be quiet. The numbers are assumptions of the simulator, not findings: they are
here so that annoying people has a price in the simulated store as it has in a real one.

Each offer takes the same six numbers from the shopper's generator whatever comes of it, so that a change in one
reaction does not change the dice of the next.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from numpy.random import Generator

NOTICED_SHARE = 0.92  # a buzz that is felt
NOTICE_MEDIAN_S = 3.5  # from the buzz to eyes on the screen
READ_MEDIAN_S = 4.0  # from opening to a decision
DELAY_SIGMA = 0.6  # of the logarithm of both


class Act(StrEnum):
    """What comes of an offer."""

    MISS = "miss"  # not felt, not seen
    IGNORE = "ignore"  # seen on the lock screen, left there
    DISMISS = "dismiss"  # opened and put away
    NOT_FOR_ME = "not_for_me"
    MUTE_CATEGORY = "mute_category"
    MUTE_HOUR = "mute_hour"
    MUTE_ALWAYS = "mute_always"
    TAKE = "take"


@dataclass(frozen=True, slots=True)
class Mood:
    """How a shopper feels about being pushed."""

    annoyance: float = 0.0  # in [0, 1]

    def after(self, fit: float) -> "Mood":
        """The mood after one more push: a bad fit annoys, a good one makes up for some of it.

        >>> Mood(0.2).after(0.0).annoyance > 0.2 > Mood(0.2).after(1.0).annoyance
        True
        """
        change = 0.30 * (0.6 - fit)
        return replace(self, annoyance=min(max(self.annoyance + change, 0.0), 1.0))


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a shopper does with an offer, and when."""

    act: Act
    notice_ms: int  # from arrival to the first look
    read_ms: int  # from opening to the act; 0 when it is not opened

    @property
    def is_opened(self) -> bool:
        """Whether the offer was opened at all."""
        return self.act not in {Act.MISS, Act.IGNORE}


def chance_to_open(fit: float, mood: Mood) -> float:
    """Odds that a noticed offer is opened, in [0, 1].

    >>> chance_to_open(1.0, Mood()) > 0.9 > 0.3 > chance_to_open(0.1, Mood())
    True
    """
    return min(max(0.18 + 0.78 * fit - 0.45 * mood.annoyance, 0.02), 0.97)


def chance_to_take(fit: float, saving_share: float) -> float:
    """Odds that an opened offer is taken, in [0, 1]; `saving_share` is the discount's share of the price.

    >>> chance_to_take(0.9, 0.2) > 5 * chance_to_take(0.1, 0.2)
    True
    """
    return min(max(fit * (0.62 + 0.9 * saving_share) + 0.1 * saving_share, 0.0), 0.95)


def chance_to_object(fit: float, mood: Mood) -> float:
    """Odds that an offer that was seen and not taken is objected to rather than put away, in [0, 1]."""
    return min(max(0.30 * (1 - fit) ** 2 + 0.5 * mood.annoyance * (1 - fit), 0.0), 0.9)


def react(fit: float, saving_share: float, mood: Mood, rng: Generator) -> Reaction:
    """Decide what a shopper does with an offer.

    Args:
        fit: how much the product is truly liked, in [0, 1].
        saving_share: discount over price, in [0, 1].
        mood: before this offer.
        rng: the shopper's own generator; six numbers are taken.
    """
    felt, opened, taken, objected, *delays = rng.random(4).tolist() + rng.standard_normal(2).tolist()
    notice_ms = _delay_ms(NOTICE_MEDIAN_S, delays[0])
    read_ms = _delay_ms(READ_MEDIAN_S, delays[1])
    if felt >= NOTICED_SHARE:
        return Reaction(Act.MISS, notice_ms, 0)
    objects = objected < chance_to_object(fit, mood)
    if opened >= chance_to_open(fit, mood):
        # One who does not even open it objects only when already annoyed.
        return Reaction(_objection(mood) if objects and mood.annoyance > 0.4 else Act.IGNORE, notice_ms, read_ms)
    if taken < chance_to_take(fit, saving_share):
        return Reaction(Act.TAKE, notice_ms, read_ms)
    return Reaction(_objection(mood) if objects else Act.DISMISS, notice_ms, read_ms)


def _objection(mood: Mood) -> Act:
    """The more annoyed, the further the objection goes."""
    limits = ((0.25, Act.NOT_FOR_ME), (0.50, Act.MUTE_CATEGORY), (0.75, Act.MUTE_HOUR))
    return next((act for limit, act in limits if mood.annoyance < limit), Act.MUTE_ALWAYS)


def _delay_ms(median_s: float, normal: float) -> int:
    return round(1000 * median_s * math.exp(DELAY_SIGMA * normal))
