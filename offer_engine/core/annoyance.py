"""What became of a rule's offers says whether the rule annoys: dismissed, "not for me" or muted, out of those shown.

A rule pauses itself when even the lower end of Wilson's interval for that share is above the store's limit, and enough
were shown: three dismissals out of three prove little, three hundred out of a thousand prove much. (E. B. Wilson,
JASA 22, 1927; it holds its coverage for small counts, see Brown, Cai and DasGupta, Statistical Science 16, 2001.)

Evidence ages: only the offers of the last thirty days speak. So a rule that paused itself, and was not mended, gets
another hearing a month after its last offer at the latest, and annoys about as many as it takes to pause it again.
"""

from dataclasses import dataclass
from math import sqrt

from offer_engine.core.store_map import Policy

EVIDENCE_DAYS = 30  # how long an offer speaks for or against its rule
Z = 1.96  # two-sided 95 %: at most one harmless rule in forty is paused by chance at any one look


@dataclass(frozen=True, slots=True)
class Reception:
    """How a rule's offers were received, over all shoppers."""

    shown: int = 0
    unwelcome: int = 0  # of those: dismissed, "not for me" or muted, each offer counted once

    def changed(self, before: "Reception", after: "Reception") -> "Reception":
        """With one offer's part in it as it was `before` taken out, and as it is `after` put in."""
        shown = self.shown + after.shown - before.shown
        return Reception(shown, self.unwelcome + after.unwelcome - before.unwelcome)


NOBODY_ASKED = Reception()


def wilson_low(hits: int, of: int) -> float:
    """The lower end of Wilson's 95 % interval of a share; 0 for nothing.

    >>> round(wilson_low(3, 3), 3), round(wilson_low(12, 30), 3), round(wilson_low(300, 1000), 3)
    (0.438, 0.246, 0.272)
    """
    if of == 0:
        return 0.0
    share, z2 = hits / of, Z * Z / of
    return max((share + z2 / 2 - Z * sqrt(share * (1 - share) / of + z2 / (4 * of))) / (1 + z2), 0.0)


def annoys(received: Reception, policy: Policy) -> bool:
    """Whether a rule with this reception pauses itself."""
    if received.shown < policy.annoyance_min_shown:
        return False
    return wilson_low(received.unwelcome, received.shown) > policy.annoyance_limit


def annoyance_text(received: Reception) -> str:
    """The evidence in words.

    >>> annoyance_text(Reception(60, 30))
    '30 of 60 shown were unwelcome, surely more than 37%'
    """
    low = wilson_low(received.unwelcome, received.shown)
    return f"{received.unwelcome} of {received.shown} shown were unwelcome, surely more than {int(low * 100)}%"
