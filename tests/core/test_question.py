"""Why not? The answer says what would be decided, and what is only imagined."""

import pytest
from hypothesis import given

from offer_engine.core.affinity import NOBODY
from offer_engine.core.context import Context, Tally
from offer_engine.core.decision import decide
from offer_engine.core.explain import TEXTS, checklist
from offer_engine.core.question import NoSuchRuleError, why_not
from offer_engine.core.reason import Reason
from offer_engine.core.shopper import Shopper
from tests.core.moments import moments
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


@given(moments())
def test_why_and_why_not_agree_with_the_decision(context: Context) -> None:
    """At any moment, of every rule that waits there: the same verdict, the same decision, and it is said."""
    decision = decide(context)
    state = Shopper(context.shopper, person=context.person, visit=context.visit)
    fates = {verdict.rule: verdict for verdict in decision.verdicts}
    for rule in context.world.triggered.get((context.zone, context.trigger), ()):
        answer = why_not(state, rule.id, context.at, context.world, context.profile, context.tally)
        assert answer.decision == decision
        assert answer.verdict == fates[rule.id]
        assert answer.would_send is (decision.outcome == "offer" and fates[rule.id].reason is Reason.SENT)
        assert answer.would_send or TEXTS[fates[rule.id].reason] in {line.label for line in answer.lines}
    if decision.outcome != "offer" and decision.verdicts:
        assert TEXTS[decision.reason] in {line.label for line in checklist(decision, context.world) if line.ok is False}
