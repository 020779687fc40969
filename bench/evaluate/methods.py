"""What a method is: something that learns from a past, and then ranks the zone that a household walks into.

Ranking has two steps, because a store has the time: what depends on who, where and when can be made ready as the
shopper comes near; what depends on the cart is left for the moment of the decision. Both steps are timed.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bench.evaluate.folds import Past, Place
from bench.evaluate.source import Floats, Ints

Prepared = Callable[[Ints], Floats]
"""From the cart to scores of all candidates of the zone, the higher the better; the highest says how sure it is."""

Ranker = Callable[[Place], Prepared]


@dataclass(frozen=True, slots=True)
class Rankers:
    """What a method has learnt."""

    anything: Ranker
    new: Ranker  # meant for products that the household never bought; others may get any score


@dataclass(frozen=True, slots=True)
class Method:
    """A way to rank."""

    name: str  # in `evaluate.json`
    title: str  # in the table
    fit: Callable[[Past], Rankers]
    ranks_new: bool = True  # False where it can't tell new products apart


def at_once(scores: Callable[[Place, Ints], Floats]) -> Ranker:
    """A ranker that makes nothing ready."""
    return lambda place: lambda cart: scores(place, cart)
