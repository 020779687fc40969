"""A trigger's rules become the questions worth asking of them: which check could block which rule at all.

A rule that asks nothing of the cart is not blocked by it, whoever the shopper is; a cool-down needs an earlier offer of
that rule or of its category. It is worked out when rules are loaded, so that a decision asks only what is open
(`narrowing`). A check that is not named here is asked of every rule.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from offer_engine.core.reason import Reason
from offer_engine.core.rules import BasketThreshold, FavouriteOf, Rule

ALL_DAY = ("00:00", "24:00")

# The answer is the same for all rules.
OF_THE_SHOPPER = frozenset({
    Reason.NO_LOCATION_CONSENT, Reason.QUIET_HOURS, Reason.MUTED, Reason.STORE_CAP, Reason.VISIT_CAP, Reason.TOO_SOON,
})  # fmt: skip

# A rule is blocked only where an earlier offer, or a mute, was of that rule or of its category.
OF_THE_PAST = frozenset({
    Reason.MUTED_RULE, Reason.MUTED_CATEGORY, Reason.RULE_VISIT_CAP, Reason.RULE_COOLDOWN, Reason.CATEGORY_COOLDOWN,
    Reason.PAUSED,
})  # fmt: skip

# Only rules of which this is true can be blocked.
OF_THE_RULE: Mapping[Reason, Callable[[Rule], bool]] = {
    Reason.NO_BASKET_CONSENT: lambda rule: bool(rule.has or rule.lacks) or isinstance(rule.benefit, BasketThreshold),
    Reason.NO_HISTORY_CONSENT: lambda rule: rule.bought is not None or isinstance(rule.choice, FavouriteOf),
    Reason.OUT_OF_HOURS: lambda rule: (rule.hours_from, rule.hours_until) != ALL_DAY,
    Reason.NOT_IN_CART: lambda rule: bool(rule.has),
    Reason.ALREADY_COVERED: lambda rule: bool(rule.lacks),
    Reason.BASKET_REACHED: lambda rule: isinstance(rule.benefit, BasketThreshold),
    Reason.BASKET_TOO_FAR: lambda rule: isinstance(rule.benefit, BasketThreshold),
    Reason.NOT_AUDIENCE: lambda rule: rule.bought is not None,
    Reason.BUDGET: lambda rule: rule.budget is not None,
}


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """What could block the rules of one trigger."""

    of_the_rule: Mapping[Reason, tuple[Rule, ...]]
    of_the_past: Mapping[str, tuple[Rule, ...]]  # by rule id and by category
    longest_cooldown_h: float  # of those that have one of their own; 0 where none has
    last_start: date  # from this day on all have started
    first_end: date  # up to this day none has ended


def make_scope(rules: tuple[Rule, ...], categories: Mapping[str, str]) -> Scope:
    """Sort out what could block each rule.

    Args:
        rules: that wait at one trigger.
        categories: of the rules' products, by rule id; a rule without a product there gets no further anyway.
    """
    of_the_past: dict[str, list[Rule]] = {}
    for rule in rules:
        for word in {rule.id, categories.get(rule.id, rule.id)}:
            of_the_past.setdefault(word, []).append(rule)
    return Scope(
        {reason: tuple(rule for rule in rules if could(rule)) for reason, could in OF_THE_RULE.items()},
        {word: tuple(found) for word, found in of_the_past.items()},
        max((rule.cooldown_h or 0.0 for rule in rules), default=0.0),
        max((rule.starts for rule in rules), default=date.min),
        min((rule.ends for rule in rules), default=date.max),
    )
