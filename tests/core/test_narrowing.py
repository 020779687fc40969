"""Asking only what is open blocks the same rules for the same reasons as asking everything."""

from dataclasses import replace

import pytest
from hypothesis import given
from msgspec.structs import replace as with_

from bench.decision import made_up_contexts, made_up_world
from offer_engine.core.annoyance import Reception
from offer_engine.core.context import Context
from offer_engine.core.eligible import CONSENT, ELIGIBLE, Check, candidates, offerable
from offer_engine.core.narrowing import Blocks, narrow, without_product
from offer_engine.core.pacing import POLICY
from offer_engine.core.person import Consents
from offer_engine.core.reason import Reason
from offer_engine.core.rules import Rule
from tests.core.moments import moments

SHOPPERS = made_up_contexts(made_up_world(), 30)


def first_block(
    checks: tuple[tuple[Reason, Check], ...], rule: Rule, context: Context
) -> tuple[Reason, str, str] | None:
    """The first check of a table that blocks a rule, as (reason, expected, actual)."""
    for reason, check in checks:
        block = check(rule, context)
        if block is not None:
            return reason, *block
    return None


def by_hand(context: Context) -> Blocks:
    """Every check of every rule, and then all that it could offer, one after the other."""
    blocked: Blocks = {}
    for rule in context.world.triggered.get((context.zone, context.trigger), ()):
        block = first_block((*CONSENT, *ELIGIBLE), rule, context)
        block = offerable(rule, context, candidates(rule, context))[1] if block is None else block
        block = first_block(POLICY, rule, context) if block is None else block
        if block is not None:
            blocked[rule.id] = block
    return blocked


def narrowed(context: Context) -> Blocks:
    """The same, as a decision does it."""
    blocked: Blocks = {}
    narrow((*CONSENT, *ELIGIBLE), context, blocked)
    rules = context.world.triggered.get((context.zone, context.trigger), ())
    without_product([rule for rule in rules if rule.id not in blocked], context, blocked)
    narrow(POLICY, context, blocked)
    return blocked


@given(moments())
def test_the_same_rules_are_blocked_for_the_same_reasons(context: Context) -> None:
    """At any moment, under any rules, whatever the shopper shares and has been offered."""
    assert narrowed(context) == by_hand(context)


@pytest.mark.parametrize("number", range(len(SHOPPERS)))
def test_a_hundred_rules_are_narrowed_as_one_by_one(number: int) -> None:
    """Shoppers with offers in the last weeks, among rules with all kinds of conditions."""
    context = SHOPPERS[number]
    assert narrowed(context) == by_hand(context)
    assert narrowed(context)


@pytest.mark.parametrize(
    "consents",
    [Consents(location=True), Consents(), Consents(location=True, basket=True), Consents(location=True, history=True)],
)
def test_what_is_not_shared_blocks_as_one_by_one(consents: Consents) -> None:
    """A rule that needs what is not shared is blocked by that, and the others are not."""
    context = replace(SHOPPERS[0], person=with_(SHOPPERS[0].person, consents=consents))
    assert narrowed(context) == by_hand(context)


def test_a_rule_is_asked_about_its_reception_before_it_is_surely_unwelcome() -> None:
    """Whatever the evidence, from too little to plenty, the answer is that of the check."""
    context = SHOPPERS[0]
    rules = context.world.triggered["long", "dwell"]
    for shown, unwelcome in ((0, 0), (10, 10), (60, 18), (60, 19), (60, 40), (500, 150), (500, 200)):
        received = {rule.id: Reception(shown, unwelcome) for rule in rules}
        heard = replace(context, tally=replace(context.tally, received=received))
        assert narrowed(heard) == by_hand(heard)
