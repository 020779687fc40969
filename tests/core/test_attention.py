"""Attention looks ahead: the expected best of the rest of the walk, exactly, and what it may and may not change."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product as every
from math import prod
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as with_

from offer_engine.core.affinity import Profile
from offer_engine.core.attention import Chance, expected_best, waiting
from offer_engine.core.context import Context, with_rules
from offer_engine.core.decision import Decision, decide
from offer_engine.core.person import Consents
from offer_engine.core.reason import Reason, Stage
from offer_engine.core.rule_fields import TRANSITIONS
from offer_engine.core.rules import Bought, Exactly, Rule, RuleSet
from offer_engine.core.store_map import Onward
from tests.core.moments import moments
from tests.core.worlds import ANY_LAMB, ANY_RED, EASY, FAVOURITE_RED, STORE, history, moment, world

TO_MEAT = Onward("wine", "meat", "dwell", 0.5, 200)
ONE = replace(EASY, pushes_per_visit=1)
REGULAR = history("lamb-chops")  # the wine is new to them


def walking(context: Context, *onward: Onward) -> Context:
    """The same moment in a store whose walk was counted."""
    shop = replace(context.world, store=replace(context.world.store, onward=onward))
    return replace(context, world=with_rules(shop, shop.rules))


def worth(context: Context) -> float:
    """What the best offer of a moment is worth."""
    return decide(context).ranking[0].value_cents


chances = st.lists(
    st.builds(Chance, st.sampled_from(["a", "b", "c"]), st.floats(0, 1), st.floats(0.1, 100)), max_size=5
)


@given(chances, st.integers(1, 3))
def test_it_is_the_expected_best_over_everything_that_may_happen(found: list[Chance], left: int) -> None:
    """The closed form against all the ways in which each may come or not."""
    exact = 0.0
    for comes in every([False, True], repeat=len(found)):
        likely = prod(c.share if is_here else 1 - c.share for c, is_here in zip(found, comes, strict=True))
        values = [c.value_cents for c, is_here in zip(found, comes, strict=True) if is_here]
        exact += likely * sorted([*values, 0.0, 0.0, 0.0], reverse=True)[left - 1]
    assert expected_best(found, left).value_cents == pytest.approx(exact, abs=1e-9)


@given(chances, chances)
def test_more_to_come_is_never_worth_less(some: list[Chance], more: list[Chance]) -> None:
    """And never more than the best of it; where it comes from is one of the places."""
    found = expected_best(some + more, 1)
    assert expected_best(some + more, 2).value_cents <= found.value_cents + 1e-9
    assert expected_best(some, 1).value_cents <= found.value_cents + 1e-9
    assert found.value_cents <= max((one.value_cents for one in some + more), default=0.0) + 1e-9
    assert found.zone in {one.zone for one in some + more} | {""}


@given(moments(), st.lists(st.sampled_from([0.0, 0.3, 1.0]), min_size=6, max_size=6))
def test_looking_ahead_may_hold_an_offer_back_and_nothing_else(context: Context, shares: list[float]) -> None:
    """However people walk: the same product or, with that reason, silence; never an offer where there was none."""
    kinds = [(zone, to, kind) for zone, to in (("wine", "meat"), ("meat", "wine")) for kind in ("enter", "dwell")]
    kinds += [("wine", "wine", "dwell"), ("meat", "meat", "dwell")]
    onward = [Onward(z, to, kind, share, 50) for (z, to, kind), share in zip(kinds, shares, strict=True)]  # type: ignore[arg-type]
    before, after = decide(context), decide(walking(context, *onward))
    if after.reason is Reason.WORTH_WAITING:
        assert before.offer is not None
        assert after.offer is None
        assert after.funnel[Stage.ATTENTION] == 0
    else:
        assert after.outcome == before.outcome
        assert (after.offer and after.offer.sku) == (before.offer and before.offer.sku)


def test_a_small_offer_waits_for_a_better_one_and_says_so() -> None:
    """Wine is worth something; the lamb that comes half of the time is worth more."""
    base = moment(world(ANY_RED, ANY_LAMB, policy=ONE), past=REGULAR)
    lamb = worth(replace(base, zone="meat"))
    wine = worth(base)
    assert lamb > wine > 0

    sure = replace(TO_MEAT, share=1.0)
    held = decide(walking(base, sure))
    assert held.reason is Reason.WORTH_WAITING
    assert held.waiting_cents == pytest.approx(lamb)
    (verdict,) = (verdict for verdict in held.verdicts if verdict.rule == "any-red")
    assert verdict.actual == f"{wine:.1f} cents"
    assert verdict.expected.endswith("which keeping this push for Meat is expected to bring")


def sent_with(share: float, **context: object) -> Decision:
    """The wine's decision where so many go on to the meat."""
    base = moment(world(ANY_RED, ANY_LAMB, policy=ONE), past=REGULAR, **context)  # type: ignore[arg-type]  # a row of the table
    return decide(walking(base, replace(TO_MEAT, share=share)))


def test_what_hardly_ever_comes_is_not_waited_for() -> None:
    """One in a hundred go on to the meat; the wine is offered, and the record says what waiting was worth."""
    decision = sent_with(0.01)
    assert decision.reason is Reason.SENT
    assert 0 < decision.waiting_cents < 1


def test_with_two_pushes_left_the_better_offer_later_has_its_own() -> None:
    """Nothing is displaced while one push remains for the meat; with the last one left, it is."""
    base = moment(world(ANY_RED, ANY_LAMB), past=REGULAR)
    decision = decide(walking(base, replace(TO_MEAT, share=1.0)))
    assert base.world.store.policy.pushes_per_visit == 2
    assert (decision.reason, decision.waiting_cents) == (Reason.SENT, 0.0)


def test_where_they_have_been_is_not_ahead() -> None:
    """The same shopper, who comes from the meat."""
    base = walking(moment(world(ANY_RED, ANY_LAMB, policy=ONE), past=REGULAR), replace(TO_MEAT, share=1.0))
    been = replace(base, visit=with_(base.visit, passed=(("meat", "dwell"),)))
    assert decide(base).reason is Reason.WORTH_WAITING
    assert decide(been).reason is Reason.SENT
    assert waiting(been, 0.0).value_cents == 0


@pytest.mark.parametrize(
    ("lamb", "context"),
    [
        (replace(ANY_LAMB, has=("house-red",)), {}),  # not eligible there either
        (replace(ANY_LAMB, hours_until="12:00"), {}),
        (ANY_LAMB, {"cart": ["rack-of-lamb", "lamb-chops"]}),  # nothing left to offer
        (replace(ANY_LAMB, budget=1), {"spent": {"any-lamb": 1}}),
        (replace(FAVOURITE_RED, id="any-lamb", zones=("meat",)), {"consents": Consents(location=True)}),
    ],
)
def test_what_would_not_be_offered_there_is_not_waited_for(lamb: Rule, context: Mapping[str, object]) -> None:
    """The checks are the decision's own: an obstacle at the meat lets the wine go out here."""
    given = dict(context)
    spent = given.pop("spent", {})
    base = moment(world(ANY_RED, lamb, policy=ONE), past=REGULAR, **given)  # type: ignore[arg-type]  # a row of the table
    assert isinstance(spent, dict)
    base.tally.delivered.update(spent)
    decision = decide(walking(base, replace(TO_MEAT, share=1.0)))
    assert (decision.reason, decision.waiting_cents) == (Reason.SENT, 0.0)


def test_a_stay_in_the_same_place_may_be_waited_for() -> None:
    """At the door of the wine: the rule for those who stay is worth more, and four of five stay."""
    enters = replace(ANY_RED, id="enters", transition="enter", choice=Exactly("house-red"))
    base = moment(world(ANY_RED, enters, policy=ONE), past=history("oak-red"), trigger="enter")
    stays = Onward("wine", "wine", "dwell", 0.8, 200)
    assert worth(replace(base, trigger="dwell")) > 2 * worth(base) > 0
    assert decide(walking(base, stays)).reason is Reason.WORTH_WAITING
    assert decide(walking(replace(base, trigger="dwell"), stays)).reason is Reason.SENT


def test_nothing_is_waited_for_that_is_below_the_floor() -> None:
    """What would not be worth a buzz there is no reason to stay silent here."""
    base = moment(world(ANY_RED, ANY_LAMB, policy=ONE), past=REGULAR)
    lamb = worth(replace(base, zone="meat"))
    strict = world(ANY_RED, ANY_LAMB, policy=replace(EASY, min_score_cents=lamb + 1))
    assert waiting(walking(moment(strict, past=REGULAR), TO_MEAT), lamb + 1).value_cents == 0


def test_without_a_counted_walk_nothing_is_known() -> None:
    """The tiny store has no walk.csv: it decides as if there were no later."""
    assert STORE.onward == ()
    assert decide(moment(world(ANY_RED, ANY_LAMB, policy=ONE), past=REGULAR)).waiting_cents == 0


ONWARD = tuple(
    Onward(zone, to, transition, 0.6, 50)
    for zone, to in (("wine", "meat"), ("meat", "wine"), ("wine", "wine"), ("meat", "meat"))
    for transition in TRANSITIONS
)


@given(moments())
def test_what_is_not_shared_is_not_looked_at_ahead_either(context: Context) -> None:
    """Whether an offer waits is the same for an unshared cart and an empty one, an unshared past and none."""
    there = walking(context, *ONWARD)
    no_cart = with_(there.person, consents=with_(there.person.consents, basket=False))
    hidden = replace(there, person=no_cart)
    assert decide(hidden) == decide(replace(hidden, visit=with_(there.visit, basket=())))
    no_past = with_(there.person, consents=with_(there.person.consents, history=False))
    unknown = replace(there, person=no_past)
    assert decide(unknown) == decide(replace(unknown, profile=Profile()))


@given(moments(), st.integers(0, 3))
def test_blocking_a_rule_here_adds_no_offer_though_the_engine_looks_ahead(context: Context, which: int) -> None:
    """A rule that waits at this trigger and can no longer fire lets nothing out that was held back."""
    here = context.world.triggered.get((context.zone, context.trigger), ())
    if not here:
        return
    there = walking(context, *ONWARD)
    blocked = replace(here[which % len(here)], bought=Bought("lamb", 10_000))
    rules = tuple(blocked if rule.id == blocked.id else rule for rule in context.world.rules.rules)
    after = decide(replace(there, world=with_rules(there.world, RuleSet(rules, context.world.rules.version))))
    assert decide(there).offer is not None or after.offer is None


@given(moments(), st.randoms(use_true_random=False))
def test_the_order_of_the_file_is_irrelevant(context: Context, chance: Random) -> None:
    """Shuffle the walk: the same decision, to the letter."""
    shuffled = list(ONWARD)
    chance.shuffle(shuffled)
    assert decide(walking(context, *shuffled)) == decide(walking(context, *ONWARD))
