"""Which check could block which rule: known when the rules are loaded."""

from dataclasses import replace
from datetime import date

from offer_engine.core.reason import Reason
from offer_engine.core.scope import OF_THE_PAST, OF_THE_RULE, OF_THE_SHOPPER, make_scope
from tests.core.worlds import ANY_LAMB, ANY_RED, OAK_WITH_LAMB

KINDS = {OAK_WITH_LAMB.id: "red-wine", ANY_RED.id: "red-wine", ANY_LAMB.id: "lamb"}


def test_a_rule_that_asks_nothing_of_the_cart_is_not_asked_about_it() -> None:
    """Of a rule for lamb eaters and one for everyone, only the first depends on the cart."""
    scope = make_scope((OAK_WITH_LAMB, ANY_RED), KINDS)
    assert scope.of_the_rule[Reason.NOT_IN_CART] == (OAK_WITH_LAMB,)
    assert scope.of_the_rule[Reason.ALREADY_COVERED] == (OAK_WITH_LAMB,)
    assert scope.of_the_rule[Reason.NOT_AUDIENCE] == ()


def test_the_past_concerns_a_rule_by_its_id_and_by_its_category() -> None:
    """An earlier offer of another red wine is a reason to ask about every rule for red wine."""
    scope = make_scope((OAK_WITH_LAMB, ANY_RED, ANY_LAMB), KINDS)
    assert scope.of_the_past["red-wine"] == (OAK_WITH_LAMB, ANY_RED)
    assert scope.of_the_past[ANY_LAMB.id] == (ANY_LAMB,)


def test_days_on_which_all_rules_run_are_known() -> None:
    """From the last start to the first end nobody need look at a calendar."""
    later, sooner = replace(ANY_RED, id="b", starts=date(2026, 5, 1)), replace(ANY_RED, id="c", ends=date(2026, 6, 1))
    scope = make_scope((ANY_RED, later, sooner), {})
    assert (scope.last_start, scope.first_end) == (date(2026, 5, 1), date(2026, 6, 1))


def test_a_check_is_in_one_scope_at_most() -> None:
    """What is the same for all rules does not depend on one, and the other way round."""
    assert not OF_THE_SHOPPER & OF_THE_PAST
    assert not (OF_THE_SHOPPER | OF_THE_PAST) & set(OF_THE_RULE)
