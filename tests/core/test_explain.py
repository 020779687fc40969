"""A record reads the same for everybody: each Reason has words, and no line claims what was not checked."""

from dataclasses import replace

import pytest
from hypothesis import given

from offer_engine.core.context import Context
from offer_engine.core.decision import Decision, Verdict, decide
from offer_engine.core.explain import TEXTS, because, checklist
from offer_engine.core.reason import Reason
from tests.core.moments import moments
from tests.core.worlds import ANY_RED, EASY, OAK_WITH_LAMB, history, moment, world

CALM = replace(OAK_WITH_LAMB, id="calm", label="Calm", bought=None)


def test_each_reason_has_words() -> None:
    """Short ones, each its own where the reader must tell them apart."""
    assert set(TEXTS) == set(Reason)
    assert all(0 < len(text) < 50 and text[0].isupper() for text in TEXTS.values())


@given(moments())
def test_any_record_can_be_read(context: Context) -> None:
    """Every rule of the record has its line, passed lines come first, and a silence names its obstacle last of them."""
    decision = decide(context)
    lines = checklist(decision, context.world)
    assert lines[0].ok
    assert all(line.label and not line.label.startswith("rule-") for line in lines)
    failed = [line for line in lines if line.ok is False]
    if decision.outcome == "offer" or not decision.verdicts:
        assert failed == []
    else:
        assert [line.label for line in failed] == [TEXTS[decision.reason]]
    others = [line for line in lines if line.ok is None]
    assert len(others) == max(len(decision.verdicts) - 1, 0)
    assert [line.ok for line in lines] == sorted((line.ok for line in lines), key=[True, False, None].index)


@given(moments())
def test_the_shopper_is_told_only_of_data_that_was_used(context: Context) -> None:
    """No cart without the signal for it, no purchases without theirs; for a silence there is nothing to tell."""
    decision = decide(context)
    text = " ".join(because(decision, context.world))
    if decision.offer is None:
        assert text == ""
        return
    assert ("cart" in text) == ("basket" in decision.offer.signals)
    assert ("bought" in text) == ("history" in decision.offer.signals)


@pytest.mark.parametrize("reason", list(Reason))
def test_a_record_with_any_reason_can_be_read(reason: Reason) -> None:
    """Also one made under rules that have changed since: no crash, no empty line."""
    shop = world(CALM)
    base = decide(moment(shop, cart=["rack-of-lamb"]))
    for rule in ("calm", "gone-since"):
        record = Decision(
            **{
                **{name: getattr(base, name) for name in Decision.__struct_fields__},
                "outcome": "silent",
                "reason": reason,
                "offer": None,
                "ranking": [],
                "verdicts": [Verdict(rule, reason, "something", "something else")],
            }
        )
        lines = checklist(record, shop)
        assert all(line.label for line in lines)
        assert (lines[-1].ok, lines[-1].label) in {(False, TEXTS[reason]), (True, lines[-1].label)}
        assert because(record, shop) == []


def test_the_founding_offer_explained() -> None:
    """To the retailer check by check, to the shopper in three sentences."""
    shop = world(CALM, replace(ANY_RED, label="Any red", hours_until="11:00"), policy=EASY)
    decision = decide(moment(shop, cart=["rack-of-lamb"], past=history("oak-red", "oak-red")))
    assert [(line.ok, line.label, line.detail) for line in checklist(decision, shop)] == [
        (True, "Shares location", "position used"),
        (True, "Stayed in Wine", "2 rules here"),
        (True, "In the cart: Lamb", ""),
        (True, "Not in the cart yet: Red wine", ""),
        (True, "In stock", "Silver Oak Red"),
        (True, "Not muted", ""),
        (True, "Under the limit of the visit", "at most 2"),
        (True, "Long enough since the last offer", "3 min"),
        (True, "Not rejected or ignored lately", "7 days"),
        (True, "Worth a buzz", "23.2 cents more than silence"),
        (True, "In the group that gets offers", "100% of shoppers"),
        (None, "Any red", "Outside its hours"),
    ]
    assert because(decision, shop) == [
        "You stayed in Wine, and share your position",
        "In your cart: Lamb",
        "Not in your cart yet: Red wine",
        "You have bought Silver Oak Red before",
        "At most 2 offers a visit",
    ]


def test_at_a_promotion_nobody_stays_in_it() -> None:
    """A promotion's name is what it promises, not a room: "in This week" is no English."""
    there = replace(ANY_RED, zones=("promo",))
    decision = decide(moment(world(there), zone="promo"))
    assert checklist(decision, world(there))[1].label == "Stayed at the promotion “This week”"
    came = decide(moment(world(replace(there, transition="enter")), zone="promo", trigger="enter"))
    assert checklist(came, world(there))[1].label == "Came to the promotion “This week”"
