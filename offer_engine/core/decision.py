"""The decision: a pure function from a context to an offer or a silence, with the fate of every rule on the way.

Stages, in this order, each of which can only narrow: consent, eligible, policy, choice, attention, holdout. The same
function decides, explains and replays; nothing is used up by asking it.
"""

from typing import Literal

from msgspec import Struct

from offer_engine.core.attention import NOTHING_AHEAD, Waiting, waiting
from offer_engine.core.benefit import discount_cents
from offer_engine.core.context import Context
from offer_engine.core.eligible import CONSENT, ELIGIBLE
from offer_engine.core.holdout import cause_id, is_control, redemption_code
from offer_engine.core.narrowing import Blocks, narrow, without_product
from offer_engine.core.pacing import POLICY, delivered_this_visit
from offer_engine.core.ranking import best_offers
from offer_engine.core.reason import STAGE_OF, Reason, Stage
from offer_engine.core.rules import Rule
from offer_engine.core.score import Scored
from offer_engine.core.sentence import benefit_text, reason_sentence
from offer_engine.messages import Offer

Outcome = Literal["offer", "silent", "holdout"]
RANKED = 3  # how many of the best scores a record keeps
VIBRATE_MS = [200, 100, 200]  # short, pause, short: told apart from a call
CHANCE = "holdout"  # names the hash that picks the controls; a new name draws new ones


class Verdict(Struct, frozen=True):
    """One rule's fate: the reason it ended with, what was expected and what was found."""

    rule: str
    reason: Reason
    expected: str
    actual: str

    @property
    def stage(self) -> Stage:
        """The stage at which the rule ended."""
        return STAGE_OF[self.reason]


class Decision(Struct, frozen=True):
    """One decision, whole: the record that developer, retailer and shopper each read in their own way."""

    id: str  # a function of (shopper, visit, zone, trigger, how many decisions came before)
    ts: int  # event time of the trigger
    shopper: str
    visit: str
    zone: str
    trigger: str
    rules_version: str
    outcome: Outcome
    reason: Reason  # for a silence, the obstacle of the rule that came furthest
    funnel: dict[str, int]  # rules left after each stage
    verdicts: list[Verdict]
    ranking: list[Scored]  # the chosen one, then by value, at most three in all
    offer: Offer | None  # also set for a control: what would have been sent
    waiting_cents: float = 0.0  # what keeping this push for the rest of the walk was expected to bring


def decide(context: Context) -> Decision:
    """Decide for one shopper at one trigger."""
    rules = context.world.triggered.get((context.zone, context.trigger), ())
    verdicts: list[Verdict] = []
    funnel: dict[str, int] = {"rules": len(rules)}
    blocked: Blocks = {}
    narrow(CONSENT, context, blocked)
    standing = _left(rules, blocked, Stage.CONSENT, verdicts, funnel)
    narrow(ELIGIBLE, context, blocked)
    applying = _left(standing, blocked, Stage.ELIGIBLE, verdicts, funnel)
    without_product(applying, context, blocked)
    eligible = _left(applying, blocked, Stage.ELIGIBLE, verdicts, funnel)
    narrow(POLICY, context, blocked)
    allowed = _left(eligible, blocked, Stage.POLICY, verdicts, funnel)
    ranking = best_offers(allowed, context, RANKED)
    funnel[Stage.CHOICE] = min(len(ranking), 1)
    floor = _floor(context)
    later = waiting(context, floor) if ranking and ranking[0].value_cents >= floor else NOTHING_AHEAD
    best = _choose(ranking, {rule.id: rule for rule in allowed}, max(floor, later.value_cents))
    verdicts += [] if best is None else _outscored(allowed, best)
    outcome, reason = _attend(best, later, context, verdicts, funnel)
    return Decision(
        id=cause_id(context.shopper, context.visit.id, context.zone, context.trigger, context.visit.decisions),
        ts=context.at,
        shopper=context.shopper,
        visit=context.visit.id,
        zone=context.zone,
        trigger=context.trigger,
        rules_version=context.world.rules.version,
        outcome=outcome,
        reason=reason,
        funnel=funnel,
        verdicts=verdicts,
        ranking=_best_first(best, ranking)[:RANKED],
        offer=None if outcome == "silent" or best is None else _offer(best, context),
        waiting_cents=later.value_cents,
    )


def _left(
    rules: tuple[Rule, ...], blocked: Blocks, stage: Stage, verdicts: list[Verdict], funnel: dict[str, int]
) -> tuple[Rule, ...]:
    """The rules that no check has blocked by now; each of the others gets its verdict."""
    if len(blocked) > len(verdicts):  # those that were blocked before have theirs
        verdicts += [Verdict(rule.id, *blocked[rule.id]) for rule in rules if rule.id in blocked]
        rules = tuple([rule for rule in rules if rule.id not in blocked])
    funnel[stage] = len(rules)
    return rules


def _choose(ranking: list[Scored], rules: dict[str, Rule], needed: float) -> Scored | None:
    """The most valuable offer; where several rules offer that product, the one written for this very situation.

    A retailer who asks for lamb in the cart means it for lamb in the cart, though a rule for everyone gives less away
    and so is worth more. A rule that is not worth a buzz does not speak for another.
    """
    if not ranking:
        return None
    first = ranking[0]
    same = [found for found in ranking if found.sku == first.sku and found.value_cents >= needed]
    return min(same, key=lambda found: -_conditions(rules[found.rule]), default=first)


def _best_first(best: Scored | None, ranking: list[Scored]) -> list[Scored]:
    return ranking if best is None else [best, *(found for found in ranking if found is not best)]


def _conditions(rule: Rule) -> int:
    """How narrowly a rule describes its situation."""
    return len(rule.has) + len(rule.lacks) + (rule.bought is not None)


def _floor(context: Context) -> float:
    """What an offer must be worth whatever may come later, in cents: each push of a visit doubles it."""
    return context.world.store.policy.min_score_cents * 2.0 ** len(delivered_this_visit(context))


def _outscored(rules: tuple[Rule, ...], best: Scored) -> list[Verdict]:
    fate = Reason.OUTSCORED, f"a better offer than {best.rule}", f"{best.rule} was chosen"
    return [Verdict(rule.id, *fate) for rule in rules if rule.id != best.rule]


def _attend(
    best: Scored | None, later: Waiting, context: Context, verdicts: list[Verdict], funnel: dict[str, int]
) -> tuple[Outcome, Reason]:
    """Attention, then holdout: is the best offer worth a buzz, and is this shopper a control?"""
    policy = context.world.store.policy
    floor = _floor(context)
    worth = best is not None and best.value_cents >= max(floor, later.value_cents)
    control = is_control(f"{context.world.store.store}/{CHANCE}", context.shopper, policy.holdout_share)
    funnel[Stage.ATTENTION] = int(worth)
    funnel[Stage.HOLDOUT] = int(worth and not control)
    if best is None:
        return "silent", _furthest(verdicts)
    least, actual = f"at least {floor:g} cents", f"{best.value_cents:.1f} cents"
    if best.value_cents < floor:
        verdicts.append(Verdict(best.rule, Reason.NOT_WORTH_IT, least, actual))
        return "silent", Reason.NOT_WORTH_IT
    if not worth:
        place = context.world.store.zones[later.zone].label
        expected = f"at least {later.value_cents:.1f} cents, which keeping this push for {place} is expected to bring"
        verdicts.append(Verdict(best.rule, Reason.WORTH_WAITING, expected, actual))
        return "silent", Reason.WORTH_WAITING
    if control:
        verdicts.append(Verdict(best.rule, Reason.CONTROL, "not a control", f"one of {policy.holdout_share:.0%}"))
        return "holdout", Reason.CONTROL
    if later.value_cents > floor:
        least = f"at least {later.value_cents:.1f} cents, which keeping this push is expected to bring"
    verdicts.append(Verdict(best.rule, Reason.SENT, least, actual))
    return "offer", Reason.SENT


_ORDER = {reason: number for number, reason in enumerate(Reason)}  # reasons are listed in the order of their checks


def _furthest(verdicts: list[Verdict]) -> Reason:
    """The obstacle of the rule that came furthest, check by check; among equals the first by rule id."""
    if not verdicts:
        return Reason.NO_RULE
    return min(verdicts, key=lambda verdict: (-_ORDER[verdict.reason], verdict.rule)).reason


def _offer(best: Scored, context: Context) -> Offer:
    store = context.world.store
    rule = next(rule for rule in context.world.rules.rules if rule.id == best.rule)
    product = store.products[best.sku]
    sentence, signals = reason_sentence(rule, product, best, context)
    earlier = sum(d.rule == rule.id and d.visit == context.visit.id for d in context.person.deliveries)
    offer = cause_id(context.shopper, rule.id, context.visit.id, earlier)
    valid_s = store.policy.offer_valid_s if rule.valid_s is None else rule.valid_s
    return Offer(
        id=offer,
        ts=context.at,
        expires_at=context.at + valid_s * 1000,
        visit=context.visit.id,
        rule=rule.id,
        zone=context.zone,
        zone_label=store.zones[context.zone].label,
        category=product.category,
        sku=product.sku,
        title=product.name,
        benefit=benefit_text(rule.benefit, store.currency),
        price_cents=product.price_cents,
        offer_price_cents=product.price_cents - discount_cents(rule.benefit, product.price_cents),
        reason=sentence,
        signals=signals,
        code=redemption_code(offer),
        vibrate=VIBRATE_MS,
        currency=store.currency,
    )
