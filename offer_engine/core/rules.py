"""Offer rules: what a retailer wants offered where, to whom, for how much, and how often."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

Transition = Literal["enter", "dwell"]


@dataclass(frozen=True, slots=True)
class Percent:
    """So many percent off, 1 to 90."""

    percent: int


@dataclass(frozen=True, slots=True)
class Amount:
    """So many cents off one piece."""

    amount_cents: int


@dataclass(frozen=True, slots=True)
class MultiBuy:
    """So many pieces for so many cents."""

    pieces: int
    for_cents: int


@dataclass(frozen=True, slots=True)
class Reminder:
    """No discount: a plain reminder."""


@dataclass(frozen=True, slots=True)
class BasketThreshold:
    """What the store gives everybody whose cart is worth so much; the rule tells those who are close to it."""

    spend_cents: int  # from this value of the cart on ...
    gives: str  # ... the shopper gets this, as they read it: "free delivery"
    within_cents: int  # said while no more than this is missing
    costs_cents: int  # what giving it costs the store


Benefit = Percent | Amount | MultiBuy | BasketThreshold | Reminder


@dataclass(frozen=True, slots=True)
class Exactly:
    """The rule names the product."""

    sku: str


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The engine picks the best product of a category in the zone."""

    category: str


@dataclass(frozen=True, slots=True)
class FavouriteOf:
    """The engine picks among what this shopper has bought of a category before; needs history."""

    category: str


Choice = Exactly | AnyOf | FavouriteOf


@dataclass(frozen=True, slots=True)
class Bought:
    """Audience: the shopper has bought this category or sku at least so many times."""

    what: str
    times: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One offer rule. Order among rules means nothing; the score decides."""

    id: str
    label: str
    owner: str
    starts: date  # first day, store time
    ends: date  # last day, inclusive
    hours_from: str  # "HH:MM" store time, inclusive
    hours_until: str  # "HH:MM" store time, exclusive; "24:00" for the end of the day
    zones: tuple[str, ...]
    transition: Transition
    has: tuple[str, ...]  # categories or skus; every one must be in the basket
    lacks: tuple[str, ...]  # categories or skus; none may be in the basket
    bought: Bought | None  # audience by history
    choice: Choice
    benefit: Benefit
    per_visit: int  # deliveries of this rule a visit, at most
    cooldown_h: float | None  # None: the store's
    valid_s: int | None  # None: the store's
    budget: int | None  # deliveries of this rule in all, None: unlimited
    line: int  # where it stands in its file, 1-based


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules of a store, with the version that every decision records."""

    rules: tuple[Rule, ...]
    version: str  # first 12 hex digits of the file's SHA-256
