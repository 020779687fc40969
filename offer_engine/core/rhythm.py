"""How often and how lately somebody bought a product becomes the chance that they buy it on this visit, unasked.

Three things a decayed count cannot tell apart. The *rate*: how often they buy it, drawn towards that of a product which
was bought but once, so that two purchases in a week are no habit. Whether they *still* do: the longer nothing was
bought against their own rhythm, the likelier that it was given up. Both are the MBG/NBD model's (Batislam, Denizel and
Filiztekin, *International Journal of Research in Marketing* 24, 2007, after Fader, Hardie and Lee 2005). And whether
they *want* it again: just after a purchase the cupboard is full, the fuller the more of a habit it is.

The numbers are fitted to Complete Journey households; docs/adr/0013-repeat-rhythm.md has the figures and the price.
"""

from math import exp, log

from msgspec import Struct

REPEATS = 0.366  # r: repeat purchases that everybody is taken to have made before ...
PRIOR_DAYS = 92.6  # alpha: ... in so many days
GIVEN_UP, KEPT = 0.401, 0.639  # a and b: purchases after which one had given a product up, or not
FULL_SHARE = 0.1  # of the gap between two purchases: after this long, 1/e of the cupboard is still full
HABIT = 2.0  # after so many repeat purchases half of a purchase fills the cupboard
DAYS_BETWEEN_VISITS = 5.8  # 155,848 baskets of 2,469 households in a year
_MOST_LOG = 700.0  # of what a float can hold


class Rhythm(Struct, frozen=True, gc=False):
    """What one shopper's purchases of one product say about this visit."""

    rebuy: float  # the chance that it is bought although nobody speaks of it, in [0, 1]
    wanted: float  # how far the last one is used up, in (0, 1]


NEVER = Rhythm(0.0, 1.0)  # of what was never bought


def rhythm(times: int, span_days: float, since_days: float, visit_days: float) -> Rhythm:
    """Tell what to expect of somebody who bought a product `times` times.

    Args:
        times: at least 1.
        span_days: from the first purchase to the last, >= 0.
        since_days: from the last until now, >= 0.
        visit_days: between two of their visits, > 0.

    Coffee every three weeks for a year, and a visit a week: bought yesterday, due, long given up.

    >>> [round(rhythm(18, 357, since, 7).rebuy, 2) for since in (1, 21, 180)]
    [0.1, 0.25, 0.02]
    >>> round(rhythm(1, 0, 30, 7).rebuy, 3)
    0.012
    """
    repeats = REPEATS + times - 1
    seen = PRIOR_DAYS + span_days
    given_up = GIVEN_UP / (KEPT + times - 1) * exp(min(repeats * log(1 + since_days / seen), _MOST_LOG))
    full = (times - 1) / (times - 1 + HABIT) * exp(-since_days * repeats / (FULL_SHARE * seen))
    bought = min(visit_days * repeats / (seen + since_days), 1.0)
    return Rhythm(bought / (1 + given_up) * (1 - full), 1 - full)
