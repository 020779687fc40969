"""An offer becomes its intrusion score: each kind of personal data is dropped in turn, and what changes is looked at.

A signal without which the same rule would have offered the same product was not needed for this choice, however much
of it was shared. The location is not dropped: it is the place itself. Nothing of this is on the way to the phone; it
is worked out when somebody asks, from what is still known of that moment, and only if the decision comes out again as
it stands in the record. Where it does not, nothing is said.
"""

from collections.abc import Iterable
from dataclasses import replace as with_
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from offer_engine.core.affinity import NOBODY, build_profile
from offer_engine.core.context import Context, Tally, World
from offer_engine.core.decision import Decision, decide
from offer_engine.core.explain import Line
from offer_engine.core.person import Consents, Person, Visit
from offer_engine.core.shopper import Shopper
from offer_engine.messages import Offer

Personal = Literal["basket", "history"]
PERSONAL: tuple[Personal, ...] = ("basket", "history")
WORDS: dict[Personal, str] = {"basket": "The cart", "history": "The history"}
SPARED: dict[Personal, str] = {
    "basket": "You would have got it without sharing your cart",
    "history": "You would have got it without sharing what you have bought",
}


class Need(Struct, frozen=True):
    """Whether one kind of shared data changed a choice, and what would have been offered without it."""

    signal: Personal
    is_needed: bool
    instead: str  # sku, "" for silence


class Intrusion(Struct, frozen=True):
    """What the choice of an offer really needed."""

    score: int  # kinds of personal data that it needed, location apart: 0 to 2
    needs: list[Need]  # one for each kind that the shopper shares


def intrusion(context: Context) -> Intrusion:
    """Drop each kind of personal data that is shared in `context` in turn, and decide again."""
    chosen = _choice(decide(context).offer)
    needs: list[Need] = []
    for signal in PERSONAL:
        if _shares(context.person.consents, signal):
            instead = decide(_without(signal, context)).offer
            needs.append(Need(signal, _choice(instead) != chosen, instead.sku if instead is not None else ""))
    return Intrusion(sum(need.is_needed for need in needs), needs)


def intrusion_of(
    decision: Decision, state: Shopper, purchases: Iterable[tuple[str, int]], world: World, tally: Tally
) -> Intrusion | None:
    """The score of a decision in the record, as far as its moment can be put together again.

    None for a silence, under other rules, once the cart has changed, and whenever the decision does not come out again
    as it was.

    Args:
        decision: as recorded.
        state: what is held of its shopper now.
        purchases: (sku, ms) of all the shopper bought, oldest first.
        world: the store and the rules now.
        tally: what is used up by now.
    """
    offer, visit = decision.offer, state.visit
    if offer is None or visit is None or decision.rules_version != world.rules.version:
        return None
    if visit.id != decision.visit or visit.basket_at > decision.ts:
        return None
    then = Context(
        world=world,
        shopper=decision.shopper,
        at=decision.ts,
        zone=decision.zone,
        trigger="dwell" if decision.trigger == "dwell" else "enter",
        person=_before(offer, state.person),
        visit=_visit_before(visit, decision),
        profile=build_profile((one for one in purchases if one[1] < decision.ts), world.store.products)
        if state.person.consents.history
        else NOBODY,
        tally=_tally_before(offer, decision, tally),
    )
    again = decide(then).offer
    is_same = again is not None and (*_choice(again), again.reason) == (*_choice(offer), offer.reason)
    return intrusion(then) if is_same else None


def intrusion_lines(found: Intrusion | None, world: World) -> list[Line]:
    """What a checklist says of it: for each kind of data, whether the choice needed it."""
    return [] if found is None else [_line(need, world) for need in found.needs]


def spared_lines(found: Intrusion | None) -> list[str]:
    """To the shopper: what was shared, and not needed for this offer."""
    return [] if found is None else [SPARED[need.signal] for need in found.needs if not need.is_needed]


def _line(need: Need, world: World) -> Line:
    what = WORDS[need.signal]
    if not need.is_needed:
        return Line(ok=None, label=f"{what} was not needed for this choice", detail="the same offer without it")
    product = world.store.products.get(need.instead)
    detail = f"without it: {product.name}" if product is not None else "without it: no offer"
    return Line(ok=None, label=f"{what} was needed for this choice", detail=detail)


def _choice(offer: Offer | None) -> tuple[str, str]:
    """The rule and the product: what was chosen, whatever is said about it."""
    return ("", "") if offer is None else (offer.rule, offer.sku)


def _shares(consents: Consents, signal: Personal) -> bool:
    return consents.basket if signal == "basket" else consents.history


def _without(signal: Personal, context: Context) -> Context:
    consents = context.person.consents
    less = replace(consents, basket=False) if signal == "basket" else replace(consents, history=False)
    return with_(context, person=replace(context.person, consents=less))


def _visit_before(visit: Visit, decision: Decision) -> Visit:
    """The visit without what was passed from that decision on: it was still to come then."""
    here = (decision.zone, decision.trigger)
    return replace(visit, passed=visit.passed[: visit.passed.index(here)]) if here in visit.passed else visit


def _before(offer: Offer, person: Person) -> Person:
    """The person as of an offer: without it and all that came after it, and without what was said in answer."""
    return replace(
        person,
        muted_until=0,
        muted_rules=tuple(rule for rule in person.muted_rules if rule != offer.rule),
        muted_categories=tuple(category for category in person.muted_categories if category != offer.category),
        rejected=tuple(one for one in person.rejected if one != (offer.rule, offer.sku)),
        deliveries=tuple(one for one in person.deliveries if one.at < offer.ts),
    )


def _tally_before(offer: Offer, decision: Decision, tally: Tally) -> Tally:
    """What was used up before an offer was sent; a control's used up nothing."""
    spent = int(decision.outcome == "offer")
    delivered = {**tally.delivered, offer.rule: max(tally.delivered.get(offer.rule, 0) - spent, 0)}
    return Tally(delivered, tally.sold)
