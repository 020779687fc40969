"""What the rest of a walk is expected to bring becomes what this offer must be worth, since a visit has about one push.

Whoever is interrupted now is not interrupted again for what comes later: by the gap and the caps, and because patience
is used up. So an offer is held against waiting. For each zone that usually still comes on this walk: how likely it does
(`usual_walk`), and what the best offer there would be worth to this shopper with this cart, by the functions that
weigh the one at hand. The expected best of these is what waiting brings (docs/adr/0012-attention.md).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from msgspec import Struct

from offer_engine.core.context import Context
from offer_engine.core.eligible import CONSENT, ELIGIBLE
from offer_engine.core.narrowing import Blocks, narrow
from offer_engine.core.pacing import POLICY
from offer_engine.core.ranking import best_offers

_CHECKS = (CONSENT, ELIGIBLE, POLICY)


@dataclass(frozen=True, slots=True)
class Chance:
    """One thing that may still come on this visit."""

    zone: str
    share: float  # how likely it does, in [0, 1]
    value_cents: float  # of the best offer there, > 0


class Waiting(Struct, frozen=True):
    """What not speaking now is expected to bring, and where most of it would come from."""

    value_cents: float = 0.0
    zone: str = ""


NOTHING_AHEAD = Waiting()


def expected_best(chances: Iterable[Chance]) -> Waiting:
    """The expected value of the best of what comes, if each comes independently of the others.

    The best counts as often as it comes; the second best only when the best does not come, and so on.

    >>> expected_best([Chance("dairy", 0.5, 20.0), Chance("wine", 0.4, 30.0)])
    Waiting(value_cents=18.0, zone='wine')
    """
    total, missing = 0.0, 1.0
    parts: dict[str, float] = {}
    for chance in sorted(chances, key=lambda one: (-one.value_cents, one.zone)):
        part = missing * chance.share * chance.value_cents
        parts[chance.zone] = parts.get(chance.zone, 0.0) + part
        total += part
        missing *= 1 - chance.share
    if total <= 0:
        return NOTHING_AHEAD
    return Waiting(total, min(parts, key=lambda zone: (-parts[zone], zone)))


def waiting(context: Context, floor_cents: float) -> Waiting:
    """What the rest of this walk is expected to bring this shopper: of offers worth `floor_cents` or more.

    Nothing is used up, and nobody is told: the same checks and the same score, asked of zones not come by yet.
    """
    return expected_best(_chances(context, floor_cents))


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
