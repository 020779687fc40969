"""A decision record becomes what people read: a short verdict, and a checklist of what was asked and what was found.

The retailer's page, the developer's API and the shopper's "why this?" all show these lines; they are made from the
record and the rule, never from a second look at the data.
"""

from dataclasses import dataclass

from offer_engine.core.context import World
from offer_engine.core.decision import Decision, Verdict
from offer_engine.core.pacing import span
from offer_engine.core.reason import Reason
from offer_engine.core.rules import BasketThreshold, Rule
from offer_engine.core.sentence import money, place_text, times

TEXTS: dict[Reason, str] = {
    Reason.SENT: "Sent",
    Reason.NO_LOCATION_CONSENT: "Location not shared",
    Reason.NO_BASKET_CONSENT: "Cart not shared",
    Reason.NO_HISTORY_CONSENT: "History not shared",
    Reason.NO_RULE: "No rule waits here",
    Reason.NOT_STARTED: "The offer has not begun",
    Reason.ENDED: "The offer is over",
    Reason.OUT_OF_HOURS: "Outside its hours",
    Reason.NOT_IN_CART: "Its partner is not in the cart",
    Reason.ALREADY_COVERED: "Already in the cart",
    Reason.BASKET_REACHED: "The cart is worth enough already",
    Reason.BASKET_TOO_FAR: "The cart is too far from it",
    Reason.NOT_AUDIENCE: "Not a buyer of this",
    Reason.NO_PRODUCT: "No favourite here",
    Reason.OUT_OF_STOCK: "Out of stock",
    Reason.IN_CART: "Already in the cart",
    Reason.FALLS_SHORT: "Nothing here is enough for it",
    Reason.REJECTED: "Said “not for me” before",
    Reason.QUIET_HOURS: "Quiet hours",
    Reason.MUTED: "Muted by the shopper",
    Reason.MUTED_RULE: "Offer muted by the shopper",
    Reason.MUTED_CATEGORY: "Category muted by the shopper",
    Reason.STORE_CAP: "Limit of the store reached",
    Reason.VISIT_CAP: "Limit of the visit reached",
    Reason.TOO_SOON: "Too soon after the last offer",
    Reason.RULE_VISIT_CAP: "Offered already this visit",
    Reason.RULE_COOLDOWN: "Offered already lately",
    Reason.CATEGORY_COOLDOWN: "Category offered already lately",
    Reason.PAUSED: "Paused after being ignored or rejected",
    Reason.RULE_PAUSED: "The rule annoyed, and paused itself",
    Reason.BUDGET: "Budget used up",
    Reason.OUTSCORED: "Another offer is worth more",
    Reason.NOT_WORTH_IT: "Not worth a buzz",
    Reason.WORTH_WAITING: "Better is likely to come",
    Reason.CONTROL: "Control group",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a checklist: passed, failed, or for information (None)."""

    ok: bool | None
    label: str
    detail: str


def checklist(decision: Decision, world: World) -> list[Line]:
    """The way of the rule that came furthest, check by check, then what stopped the others."""
    subject = _subject(decision)
    lines = [
        Line(ok=True, label="Shares location", detail="position used"),
        Line(ok=True, label=_capital(_moved(decision, world)), detail=_waiting(decision)),
    ]
    if subject is None:
        return lines
    rule = _rule(subject.rule, decision, world)
    if rule is not None:
        lines += _passed(rule, subject.reason, decision, world)
    if subject.reason is not Reason.SENT:
        lines.append(Line(ok=False, label=TEXTS[subject.reason], detail=f"{subject.actual}; asked: {subject.expected}"))
    others = [verdict for verdict in decision.verdicts if verdict.rule != subject.rule]
    lines += [Line(ok=None, label=_label(verdict.rule, world), detail=TEXTS[verdict.reason]) for verdict in others]
    return lines


def because(decision: Decision, world: World) -> list[str]:
    """Why a shopper got an offer, line by line, in the shopper's words; only what was really looked at."""
    rule = None if decision.offer is None else _rule(decision.offer.rule, decision, world)
    if decision.offer is None:
        return []
    if rule is None:
        return [decision.offer.reason]
    lines = [f"You {_moved(decision, world)}, and share your position"]
    lines += _of_the_cart(rule, world)
    best = decision.ranking[0]
    if best.affinity > 0:
        lines.append(f"You have bought {_name(best.sku, world)} before")
    elif rule.bought is not None or best.category > 0:
        lines.append(
            f"You have bought {_name(rule.bought.what if rule.bought else decision.offer.category, world)} before"
        )
    if best.because and not rule.has:
        how = "is often bought together" if best.pairing == "learnt" else "goes"
        lines.append(f"It {how} with {_name(best.because, world)} in your cart")
    lines.append(f"At most {world.store.policy.pushes_per_visit} offers a visit")
    return lines


def _of_the_cart(rule: Rule, world: World) -> list[str]:
    """What a rule asked of the cart, in the shopper's words."""
    return [
        *([f"In your cart: {_names(rule.has, world)}"] if rule.has else []),
        *([f"Not in your cart yet: {_names(rule.lacks, world)}"] if rule.lacks else []),
        *([f"In your cart: {_nearly(rule.benefit, world)}"] if isinstance(rule.benefit, BasketThreshold) else []),
    ]


def _moved(decision: Decision, world: World) -> str:
    """What the shopper did to set the decision off; a zone that is gone since is named by its key."""
    zone = world.store.zones.get(decision.zone)
    if decision.trigger == "dwell":
        return f"stayed {place_text(zone)}" if zone is not None else f"stayed in {decision.zone}"
    if zone is not None and zone.kind == "promo":
        return f"came to the promotion “{zone.label}”"
    return f"came into {zone.label if zone is not None else decision.zone}"


def _rule(rule: str, decision: Decision, world: World) -> Rule | None:
    """A rule as it was when it decided; None once the rules have changed, since it may say something else now."""
    if decision.rules_version != world.rules.version:
        return None
    return next((known for known in world.rules.rules if known.id == rule), None)


def _subject(decision: Decision) -> Verdict | None:
    wanted = decision.offer.rule if decision.offer is not None else None
    chosen = [verdict for verdict in decision.verdicts if verdict.rule == wanted or verdict.reason == decision.reason]
    return chosen[-1] if wanted and chosen else chosen[0] if chosen else None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _waiting(decision: Decision) -> str:
    rules = decision.funnel.get("rules", 0)
    return f"{rules} rule{'' if rules == 1 else 's'} here"


def _label(rule: str, world: World) -> str:
    return next((known.label for known in world.rules.rules if known.id == rule), rule)


def _passed(rule: Rule, reached: Reason, decision: Decision, world: World) -> list[Line]:
    """The checks a rule passed before `reached`, those worth showing."""
    order = list(Reason)
    passed = [
        (Reason.NOT_IN_CART, f"In the cart: {_names(rule.has, world)}" if rule.has else "", ""),
        (Reason.ALREADY_COVERED, f"Not in the cart yet: {_names(rule.lacks, world)}" if rule.lacks else "", ""),
        (Reason.BASKET_TOO_FAR, *_close(rule, world)),
        (
            Reason.NOT_AUDIENCE,
            f"Bought before: {_names((rule.bought.what,), world)}" if rule.bought else "",
            f"rule asks {times(rule.bought.times)}" if rule.bought else "",
        ),
        (Reason.OUT_OF_STOCK, "In stock", _name(decision.ranking[0].sku, world) if decision.ranking else ""),
        (Reason.MUTED_CATEGORY, "Not muted", ""),
        (Reason.VISIT_CAP, "Under the limit of the visit", f"at most {world.store.policy.pushes_per_visit}"),
        (Reason.TOO_SOON, "Long enough since the last offer", span(world.store.policy.min_gap_s * 1000)),
        (Reason.PAUSED, "Not rejected or ignored lately", f"{world.store.policy.pause_days:g} days"),
        (Reason.NOT_WORTH_IT, "Worth a buzz", _worth(decision)),
        (Reason.CONTROL, "In the group that gets offers", f"{1 - world.store.policy.holdout_share:.0%} of shoppers"),
    ]
    stop = len(order) if reached is Reason.SENT else order.index(reached)
    return [
        Line(ok=True, label=label, detail=detail)
        for reason, label, detail in passed
        if label and order.index(reason) < stop
    ]


def _close(rule: Rule, world: World) -> tuple[str, str]:
    if not isinstance(rule.benefit, BasketThreshold):
        return "", ""
    return f"The cart is close to {rule.benefit.gives}", _nearly(rule.benefit, world)


def _nearly(benefit: BasketThreshold, world: World) -> str:
    spend, within = (money(cents, world.store.currency) for cents in (benefit.spend_cents, benefit.within_cents))
    return f"at most {within} less than {spend}"


def _worth(decision: Decision) -> str:
    if not decision.ranking:
        return ""
    worth = f"{decision.ranking[0].value_cents:.1f} cents more than silence"
    return f"{worth}; waiting: {decision.waiting_cents:.1f}" if decision.waiting_cents else worth


def _names(what: tuple[str, ...], world: World) -> str:
    return ", ".join(_name(one, world) for one in what)


def _name(what: str, world: World) -> str:
    product = world.store.products.get(what)
    return product.name if product is not None else world.store.category_labels.get(what, what)
