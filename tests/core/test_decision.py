"""The laws of a decision: each stage only narrows, nothing refused is chosen, order means nothing, asking is free."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as with_

from offer_engine.core.affinity import Profile
from offer_engine.core.benefit import discount_cents
from offer_engine.core.context import Context, Tally, build_world, with_rules
from offer_engine.core.decision import RANKED, Decision, Verdict, decide
from offer_engine.core.eligible import candidates
from offer_engine.core.person import Consents, Delivery, Person
from offer_engine.core.reason import REASONS, STAGE_OF, Reason, Stage
from offer_engine.core.rules import Amount, BasketThreshold, Bought, Exactly, MultiBuy, Percent, Reminder, Rule, RuleSet
from tests.core.moments import moments
from tests.core.worlds import (
    ALL,
    ANY_RED,
    DAY_MS,
    EASY,
    FAVOURITE_RED,
    NO_PACING,
    NOON,
    OAK_WITH_LAMB,
    STORE,
    berlin,
    history,
    moment,
    world,
)


def tightened(context: Context, tighter: Rule) -> Context:
    """The same moment with one rule replaced by a tighter one."""
    old = context.world.rules
    rules = tuple(tighter if rule.id == tighter.id else rule for rule in old.rules)
    return replace(context, world=with_rules(context.world, RuleSet(rules, old.version)))


def chosen(decision: Decision) -> tuple[str, str] | None:
    """Rule and sku of the offer, also of one that a control does not get."""
    return None if decision.offer is None else (decision.offer.rule, decision.offer.sku)


# --- laws -------------------------------------------------------------------------------------------------------------


@given(moments())
def test_each_rule_has_exactly_one_fate(context: Context) -> None:
    """Every rule that waits at this trigger, and no other, is named once among the verdicts."""
    waiting = [rule.id for rule in context.world.triggered.get((context.zone, context.trigger), ())]
    assert sorted(verdict.rule for verdict in decide(context).verdicts) == sorted(waiting)


@given(moments())
def test_the_funnel_counts_the_verdicts(context: Context) -> None:
    """After each stage, as many rules are left as have not been stopped by then; and never more than before."""
    decision = decide(context)
    assert list(decision.funnel) == ["rules", *Stage]
    left = decision.funnel["rules"]
    assert left == len(decision.verdicts)
    for stage in Stage:
        stopped = sum(verdict.stage is stage and verdict.reason is not Reason.SENT for verdict in decision.verdicts)
        left -= stopped
        assert decision.funnel[stage] == left
    assert left == (decision.outcome == "offer")


@given(moments())
def test_nothing_refused_is_chosen(context: Context) -> None:
    """The rule behind an offer got through every stage; a silence gives the reason of a rule that came furthest."""
    decision = decide(context)
    by_rule = {verdict.rule: verdict for verdict in decision.verdicts}
    if decision.offer is not None:
        assert (
            by_rule[decision.offer.rule].reason is {"offer": Reason.SENT, "holdout": Reason.CONTROL}[decision.outcome]
        )
        assert decision.reason is by_rule[decision.offer.rule].reason
        assert chosen(decision) == (decision.ranking[0].rule, decision.ranking[0].sku)
    elif by_rule:
        assert decision.outcome == "silent"
        furthest = max(list(Stage).index(verdict.stage) for verdict in by_rule.values())
        assert decision.reason in {v.reason for v in by_rule.values() if list(Stage).index(v.stage) == furthest}
    else:
        assert (decision.outcome, decision.reason) == ("silent", Reason.NO_RULE)


@given(moments())
def test_an_offer_is_of_this_place_in_stock_and_not_in_the_cart(context: Context) -> None:
    """Whatever the rules say, these hold; and the price is one."""
    offer = decide(context).offer
    if offer is None:
        return
    product = context.world.store.products[offer.sku]
    assert (product.zone, offer.zone) == (context.zone, context.zone)
    assert product.stock > 0
    assert offer.sku not in context.cart
    assert (offer.rule, offer.sku) not in context.person.rejected
    assert 0 <= offer.offer_price_cents <= offer.price_cents
    assert offer.expires_at > offer.ts == context.at


@given(moments(), st.randoms(use_true_random=False))
def test_the_order_of_rules_and_products_is_irrelevant(context: Context, chance: Random) -> None:
    """Shuffle both files: the same decision, to the letter."""
    store, old = context.world.store, context.world.rules
    rules, products = list(old.rules), list(store.products.items())
    chance.shuffle(rules)
    chance.shuffle(products)
    shuffled = build_world(replace(store, products=dict(products)), RuleSet(tuple(rules), old.version))
    assert decide(replace(context, world=shuffled)) == decide(context)


@given(moments())
def test_asking_uses_nothing_up(context: Context) -> None:
    """The same question has the same answer, and leaves the person and the tally as they were."""
    person, tally = context.person, Tally(dict(context.tally.delivered), dict(context.tally.sold))
    first = decide(context)
    assert decide(replace(context)) == first
    assert (context.person, context.tally) == (person, tally)


TIGHTER = [
    lambda rule: replace(rule, has=("lamb", "red-wine")),
    lambda rule: replace(rule, lacks=tuple(sorted(STORE.products))),
    lambda rule: replace(rule, bought=Bought("house-red", 2)),
    lambda rule: replace(rule, hours_from="12:30"),
    lambda rule: replace(rule, ends=rule.starts),
    lambda rule: replace(rule, budget=1),
    lambda rule: replace(rule, zones=("promo",)),
    lambda rule: replace(rule, cooldown_h=9000.0),
]


@given(moments(), st.sampled_from(TIGHTER), st.integers(0, 3))
def test_one_more_condition_never_adds_an_offer(context: Context, tighten: object, which: int) -> None:
    """Where there was silence there is silence, and a rule that did not win does not win for being tighter."""
    assert callable(tighten)
    rules = context.world.rules.rules
    rule = rules[which % len(rules)]
    if rule.has or rule.lacks or rule.bought or rule.cooldown_h is None or rule.budget == 1:
        return  # replacing that condition might loosen the rule
    before, after = decide(context), decide(tightened(context, tighten(rule)))
    if before.offer is None:
        assert after.offer is None
    elif before.offer.rule != rule.id:
        assert chosen(after) == chosen(before)


@given(moments(), st.sampled_from(["muted", "category", "stock", "quiet"]))
def test_one_more_obstacle_never_adds_an_offer(context: Context, obstacle: str) -> None:
    """A mute, an empty shelf or a quiet hour may silence or change an offer; never make one."""
    store = context.world.store
    before = decide(context)
    match obstacle:
        case "muted":
            after = decide(replace(context, person=with_(context.person, muted_until=NOON + 1)))
            assert after.offer is None
        case "category":
            after = decide(replace(context, person=with_(context.person, muted_categories=("red-wine", "lamb"))))
            assert after.offer is None
        case "quiet":
            policy = replace(store.policy, quiet_from="12:00", quiet_until="12:01")
            after = decide(replace(context, world=replace(context.world, store=replace(store, policy=policy))))
            assert after.offer is None
        case _:
            after = decide(
                replace(context, tally=Tally(context.tally.delivered, {**context.tally.sold, "oak-red": 20}))
            )
            assert after.offer is None or after.offer.sku != "oak-red"
            assert before.offer is not None or after.offer is None


@given(moments())
def test_what_is_not_shared_is_not_looked_at(context: Context) -> None:
    """Without consent the decision is the one for an empty cart, and for somebody unknown."""
    consents = context.person.consents
    no_cart = with_(context.person, consents=with_(consents, basket=False))
    hidden = replace(context, person=no_cart)
    assert decide(hidden) == decide(replace(hidden, visit=with_(context.visit, basket=())))
    no_past = with_(context.person, consents=with_(consents, history=False))
    unknown = replace(context, person=no_past)
    assert decide(unknown) == decide(replace(unknown, profile=Profile()))


@given(moments(), moments())
def test_a_shopper_is_on_one_side_of_the_holdout_at_any_moment(one: Context, other: Context) -> None:
    """Whatever the moment, the cart and the rules: who is a control gets nothing, and who is not is never held out."""
    outcomes = set[str]()
    for context in (one, other):
        for shopper in ("dave", "ana"):
            store = context.world.store
            halved = replace(store, policy=replace(store.policy, holdout_share=0.5))
            decision = decide(replace(context, shopper=shopper, world=replace(context.world, store=halved)))
            outcomes.add(f"{shopper} {decision.outcome}")
    assert "dave holdout" not in outcomes or "dave offer" not in outcomes
    assert "ana holdout" not in outcomes or "ana offer" not in outcomes


@given(moments())
def test_the_signals_are_the_data_without_which_it_is_another_offer(context: Context) -> None:
    """A kind of data that an offer does not name can be taken away, and the offer is the same.

    Left out: moments at which something of this zone is in the cart, since that it is not offered is not said.
    """
    offer = decide(context).offer
    if offer is None:
        return
    assert offer.signals[0] == "location"
    waiting = context.world.triggered[context.zone, context.trigger]
    if any(product.sku in context.cart for rule in waiting for product in candidates(rule, context)):
        return
    for kind, less in (("basket", Consents(True, False, True)), ("history", Consents(True, True, False))):  # noqa: FBT003
        shares = with_(
            context.person.consents,
            basket=context.person.consents.basket and less.basket,
            history=context.person.consents.history and less.history,
        )
        without = decide(replace(context, person=with_(context.person, consents=shares))).offer
        if kind not in offer.signals:
            assert without is not None
            assert (without.rule, without.sku, without.reason) == (offer.rule, offer.sku, offer.reason)


# --- by name ----------------------------------------------------------------------------------------------------------


def fate(rule: Rule, context: Context) -> Verdict:
    """What became of a rule."""
    return next(verdict for verdict in decide(context).verdicts if verdict.rule == rule.id)


DRY = replace(ANY_RED, id="r", choice=Exactly("oak-red"))
CLOSE = BasketThreshold(3500, "free delivery", 1000, 100)
DEAR_GIFT = BasketThreshold(3501, "free delivery", 2000, 100)
DEAR = replace(DRY, benefit=DEAR_GIFT)
JUST_PLACE = Consents(location=True)


@pytest.mark.parametrize(
    ("rule", "context", "reason"),
    [
        (DRY, {}, Reason.SENT),
        (replace(DRY, has=("lamb",)), {"consents": Consents(location=True)}, Reason.NO_BASKET_CONSENT),
        (replace(DRY, lacks=("lamb",)), {"consents": Consents(location=True)}, Reason.NO_BASKET_CONSENT),
        (replace(DRY, bought=Bought("lamb", 1)), {"consents": Consents(location=True)}, Reason.NO_HISTORY_CONSENT),
        (replace(FAVOURITE_RED, id="r"), {"consents": Consents(location=True)}, Reason.NO_HISTORY_CONSENT),
        (DRY, {"at": berlin(12, day=1) - 431 * DAY_MS}, Reason.NOT_STARTED),
        (DRY, {"at": berlin(12) + 3650 * DAY_MS}, Reason.ENDED),
        (replace(DRY, hours_from="12:01"), {}, Reason.OUT_OF_HOURS),
        (replace(DRY, hours_until="12:00"), {}, Reason.OUT_OF_HOURS),
        (replace(DRY, hours_from="12:00", hours_until="12:01"), {}, Reason.SENT),
        (replace(DRY, has=("lamb",)), {"cart": ["house-red"]}, Reason.NOT_IN_CART),
        (replace(DRY, has=("lamb",)), {"cart": ["lamb-chops"]}, Reason.SENT),
        (replace(DRY, has=("lamb", "house-red")), {"cart": ["lamb-chops"]}, Reason.NOT_IN_CART),
        (replace(DRY, lacks=("red-wine",)), {"cart": ["house-red"]}, Reason.ALREADY_COVERED),
        (replace(DRY, bought=Bought("oak-red", 2)), {"past": history("oak-red", "house-red")}, Reason.NOT_AUDIENCE),
        (replace(DRY, bought=Bought("red-wine", 2)), {"past": history("oak-red", "house-red")}, Reason.SENT),
        (replace(FAVOURITE_RED, id="r"), {"past": history("rack-of-lamb")}, Reason.NO_PRODUCT),
        (replace(FAVOURITE_RED, id="r"), {"past": history("oak-red")}, Reason.SENT),
        (replace(DRY, benefit=CLOSE), {"cart": ["rack-of-lamb"]}, Reason.SENT),
        (replace(DRY, benefit=CLOSE), {"cart": ["rack-of-lamb"], "consents": JUST_PLACE}, Reason.NO_BASKET_CONSENT),
        (replace(DRY, benefit=replace(CLOSE, spend_cents=2500)), {"cart": ["rack-of-lamb"]}, Reason.BASKET_REACHED),
        (replace(DRY, benefit=replace(CLOSE, within_cents=999)), {"cart": ["rack-of-lamb"]}, Reason.BASKET_TOO_FAR),
        (replace(DRY, benefit=replace(CLOSE, spend_cents=3501)), {"cart": ["rack-of-lamb"]}, Reason.BASKET_TOO_FAR),
        (DEAR, {"cart": ["rack-of-lamb"]}, Reason.FALLS_SHORT),
        (replace(DEAR, benefit=replace(DEAR_GIFT, spend_cents=3500)), {"cart": ["rack-of-lamb"]}, Reason.SENT),
        (DRY, {"tally": Tally(sold={"oak-red": 20})}, Reason.OUT_OF_STOCK),
        (DRY, {"tally": Tally(sold={"oak-red": 19})}, Reason.SENT),
        (DRY, {"cart": ["oak-red"]}, Reason.IN_CART),
        (DRY, {"person": Person(ALL, rejected=(("r", "oak-red"),))}, Reason.REJECTED),
        (DRY, {"person": Person(ALL, rejected=(("r", "house-red"),))}, Reason.SENT),
        (DRY, {"person": Person(ALL, muted_until=NOON + 1)}, Reason.MUTED),
        (DRY, {"person": Person(ALL, muted_until=NOON)}, Reason.SENT),
        (DRY, {"person": Person(ALL, muted_rules=("r",))}, Reason.MUTED_RULE),
        (DRY, {"person": Person(ALL, muted_categories=("red-wine",))}, Reason.MUTED_CATEGORY),
        (replace(DRY, budget=3), {"tally": Tally(delivered={"r": 3})}, Reason.BUDGET),
        (replace(DRY, budget=3), {"tally": Tally(delivered={"r": 2})}, Reason.SENT),
    ],
)
def test_each_obstacle_stops_a_rule(rule: Rule, context: dict[str, object], reason: Reason) -> None:
    """One obstacle at a time, on both sides of its border."""
    assert fate(rule, moment(world(rule), **context)).reason is reason  # type: ignore[arg-type]  # a row of the table


def test_the_best_is_chosen_and_the_others_were_outscored() -> None:
    """Somebody who buys the dear wine is worth more with it, by whichever rule gives away less."""
    dear, cheap = replace(ANY_RED, id="dear", benefit=Percent(25)), replace(ANY_RED, id="cheap", benefit=Percent(5))
    decision = decide(moment(world(dear, cheap), past=history(*["oak-red"] * 5)))
    assert chosen(decision) == ("cheap", "oak-red")
    assert {verdict.rule: verdict.reason for verdict in decision.verdicts} == {
        "cheap": Reason.SENT,
        "dear": Reason.OUTSCORED,
    }
    values = [scored.value_cents for scored in decision.ranking]
    assert values == sorted(values, reverse=True)
    assert len(values) == RANKED


def test_silence_where_nothing_is_worth_a_buzz() -> None:
    """And each push of a visit doubles what the next must be worth."""
    past = Delivery("o", "other", "lamb", "lamb-chops", "visit-1", NOON - DAY_MS, NOON, "shown", NOON)
    shop = world(ANY_RED, policy=replace(NO_PACING, min_score_cents=0.0))
    value = decide(moment(shop)).ranking[0].value_cents
    just = world(ANY_RED, policy=replace(NO_PACING, min_score_cents=value))
    assert decide(moment(just)).reason is Reason.SENT
    assert decide(moment(just, person=Person(ALL, deliveries=(past,)))).reason is Reason.NOT_WORTH_IT


def test_a_control_gets_nothing_and_is_recorded_at_that_moment() -> None:
    """What would have been sent is in the record; the outcome says that it was not."""
    decision = decide(moment(world(ANY_RED, policy=replace(EASY, holdout_share=0.999_999))))
    assert (decision.outcome, decision.reason) == ("holdout", Reason.CONTROL)
    assert decision.offer is not None
    assert decision.funnel[Stage.ATTENTION] == 1
    assert decision.funnel[Stage.HOLDOUT] == 0


def test_an_offer_s_id_is_a_function_of_its_cause() -> None:
    """Shopper, rule, visit and how often before: the time and the cart do not matter, each of the four does."""
    shop = world(replace(OAK_WITH_LAMB, has=(), lacks=()), policy=NO_PACING)
    base = moment(shop)
    before = Delivery("o", "oak-with-lamb", "red-wine", "oak-red", "visit-1", 0, 1, "expired")
    again = replace(base, person=with_(base.person, deliveries=(before,)))
    others = [
        replace(base, shopper="eve"),
        replace(base, visit=with_(base.visit, id="visit-2")),
        again,
    ]
    same = [base, replace(base, at=NOON + 1), moment(shop, cart=["lamb-chops"])]
    ids = [offer.id for context in [*same, *others] if (offer := decide(context).offer) is not None]
    assert len(ids) == 6
    assert len(set(ids[:3])) == 1
    assert len(set(ids[2:])) == 4


def test_stages_and_reasons_are_in_the_order_in_which_they_are_checked() -> None:
    """Explanations read the order of the enum as the order of the checks; each reason has one stage."""
    assert [reason for stage in Stage for reason in REASONS[stage]] == [*list(Reason)[1:], Reason.SENT]
    assert set(STAGE_OF) == set(Reason)


@pytest.mark.parametrize(
    ("benefit", "price_cents", "off_cents"),
    [
        (Percent(20), 1000, 200),
        (Percent(10), 5, 1),  # half a cent is given
        (Percent(10), 25, 3),  # and always so, not by turns
        (Percent(10), 4, 0),
        (Amount(80), 299, 80),
        (Amount(300), 299, 299),
        (MultiBuy(2, 500), 299, 49),
        (MultiBuy(3, 500), 200, 33),  # 166.67 a piece: said to be 1.67
        (MultiBuy(2, 700), 299, 0),  # no saving is no surcharge
        (Reminder(), 299, 0),
    ],
)
def test_money_is_rounded_to_the_cent_one_way(
    benefit: Percent | Amount | MultiBuy | Reminder, price_cents: int, off_cents: int
) -> None:
    """What comes off one piece."""
    assert discount_cents(benefit, price_cents) == off_cents


@given(st.integers(1, 90), st.integers(1, 100_000))
def test_a_percentage_is_kept_to_half_a_cent(percent: int, price_cents: int) -> None:
    """A promise of so much off is kept as nearly as cents allow."""
    assert abs(discount_cents(Percent(percent), price_cents) - price_cents * percent / 100) <= 0.5
