"""What a method is: something that learns from a past and then ranks any zone for any decision.

The harness takes out what the household ever bought before it marks the ranking of new products, so a method has to say
something of its own about those only where it can do better than that.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bench.evaluate.folds import Decision, Past
from bench.evaluate.source import Floats

Ranker = Callable[[Decision], Floats]
"""Scores of all candidates of the decision's zone, in their order, the higher the better; the highest says how sure."""


@dataclass(frozen=True, slots=True)
class Rankers:
    """What a method has learnt."""

    anything: Ranker
    new: Ranker  # meant for products that the household never bought; others may get any score


@dataclass(frozen=True, slots=True)
class Method:
    """A way to rank, by the name it has in the table and in `evaluate.json`."""

    name: str
    title: str
    fit: Callable[[Past], Rankers]
    ranks_new: bool = True  # False where it can't tell new products apart
