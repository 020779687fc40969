"""Why not? The answer says what would be decided, and what is only imagined."""

import pytest

from offer_engine.core.affinity import NOBODY
from offer_engine.core.context import Tally
from offer_engine.core.question import NoSuchRuleError, why_not
from offer_engine.core.reason import Reason
from offer_engine.core.shopper import Shopper
from tests.engines import START_MS
from tests.worlds import demo_market

RULE = "silver-oak-with-lamb"


def test_without_location_nothing_would_be_decided() -> None:
    """Consent comes first: the rule may say yes, and still nothing would be sent."""
    world = demo_market()
    answer = why_not(Shopper("ghost"), RULE, START_MS, world, NOBODY, Tally())

    assert not answer.would_send
    assert answer.verdict.reason is Reason.NO_LOCATION_CONSENT


def test_a_rule_that_does_not_exist_is_an_error_that_names_it() -> None:
    """The question itself can be wrong."""
    with pytest.raises(NoSuchRuleError, match="no rule 'nonsense'"):
        why_not(Shopper("dave"), "nonsense", START_MS, demo_market(), NOBODY, Tally())
