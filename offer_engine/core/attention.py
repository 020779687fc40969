"""What the rest of a walk is expected to bring becomes what this offer must be worth, since a visit has about one push.

A visit has few pushes, and one that is spent here is not there later. So an offer is held against keeping its push. For
each zone that usually still comes on this walk: how likely it does (`usual_walk`), and what the best offer there would
be worth to this shopper with this cart, by the functions that weigh the one at hand. With one push left, keeping it is
expected to bring the best of these; with two, the second best, since the other push is there for the best
(docs/adr/0012-attention.md).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from msgspec import Struct

from offer_engine.core.context import Context
from offer_engine.core.eligible import CONSENT, ELIGIBLE
from offer_engine.core.narrowing import Blocks, narrow
from offer_engine.core.pacing import POLICY, delivered_this_visit
from offer_engine.core.ranking import best_offers

_CHECKS = (CONSENT, ELIGIBLE, POLICY)


@dataclass(frozen=True, slots=True)
class Chance:
    """One thing that may still come on this visit."""

    zone: str
    share: float  # how likely it does, in [0, 1]
    value_cents: float  # of the best offer there, > 0


class Waiting(Struct, frozen=True):
    """What keeping this push for later is expected to bring, and where most of it would come from."""

    value_cents: float = 0.0
    zone: str = ""


NOTHING_AHEAD = Waiting()


def expected_best(chances: Iterable[Chance], left: int) -> Waiting:
    """The expected value of the `left`-th best of what comes, if each comes independently of the others; 0 for no such.

    With one push left, the best counts as often as it comes, the second best only when the best does not, and so on.

    >>> expected_best([Chance("dairy", 0.5, 20.0), Chance("wine", 0.4, 30.0)], 1)
    Waiting(value_cents=18.0, zone='wine')
    >>> expected_best([Chance("dairy", 0.5, 20.0), Chance("wine", 0.4, 30.0)], 2)
    Waiting(value_cents=4.0, zone='dairy')
    """
    total = 0.0
    came = [1.0] + [0.0] * (left - 1)  # how likely so many of the better ones come
    parts: dict[str, float] = {}
    for chance in sorted(chances, key=lambda one: (-one.value_cents, one.zone)):
        part = came[-1] * chance.share * chance.value_cents
        parts[chance.zone] = parts.get(chance.zone, 0.0) + part
        total += part
        for number in reversed(range(left)):
            came[number] *= 1 - chance.share
            came[number] += came[number - 1] * chance.share if number else 0.0
    if total <= 0:
        return NOTHING_AHEAD
    return Waiting(total, min(parts, key=lambda zone: (-parts[zone], zone)))


def waiting(context: Context, floor_cents: float) -> Waiting:
    """What keeping this push for the rest of the walk is expected to bring: by offers worth `floor_cents` or more.

    Nothing is used up, and nobody is told: the same checks and the same score, asked of zones not come by yet.
    """
    left = context.world.store.policy.pushes_per_visit - len(delivered_this_visit(context))
    return expected_best(_chances(context, floor_cents), max(left, 1))


def _chances(context: Context, floor_cents: float) -> Iterator[Chance]:
    done = {*context.visit.passed, (context.zone, context.trigger)}
    for one in context.world.ahead.get(context.zone, ()):
        if (one.to, one.transition) not in done:
            value = _best_value(replace(context, zone=one.to, trigger=one.transition))
            if value > 0 and value >= floor_cents:
                yield Chance(one.to, one.share, value)


def _best_value(there: Context) -> float:
    """What the best offer would be worth where the shopper is imagined, in cents; 0 for none."""
    blocked: Blocks = {}
    for checks in _CHECKS:
        narrow(checks, there, blocked)
    rules = there.world.triggered.get((there.zone, there.trigger), ())
    best = best_offers([rule for rule in rules if rule.id not in blocked], there, 1)
    return best[0].value_cents if best else 0.0
