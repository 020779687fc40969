"""What the engine remembers of one shopper: consents, mutes, past offers, and the visit under way."""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from offer_engine.core.annoyance import Reception
from offer_engine.core.holdout import redemption_code
from offer_engine.messages import ALWAYS_MS, BasketItem, ConsentChange, Mute, Offer, Receipt

DeliveryState = Literal[
    "sent", "shown", "opened", "accepted", "dismissed", "not_for_me", "expired", "redeemed", "control"
]
UNWELCOME: tuple[DeliveryState, ...] = ("dismissed", "not_for_me")
REMEMBERED_DELIVERIES = 200  # the newest; two years of one visit and two pushes a week


class Consents(Struct, frozen=True, gc=False):
    """Which personal data the store may use; nothing until the shopper says so."""

    location: bool = False
    basket: bool = False
    history: bool = False


class Delivery(Struct, frozen=True, gc=False):
    """One offer that was decided for this shopper, and how far it got; a control's was never sent."""

    offer: str
    rule: str
    category: str
    sku: str
    visit: str
    at: int
    expires_at: int
    state: DeliveryState = "sent"
    shown_at: int | None = None
    muted: bool = False  # the shopper muted its rule or its category because of it

    def counts(self, now_ms: int) -> bool:
        """Whether a cap counts it: shown, or a control's, or still on its way."""
        return (
            self.shown_at is not None or self.state == "control" or (self.state == "sent" and now_ms < self.expires_at)
        )

    @property
    def is_redeemable(self) -> bool:
        """Whether its code is good at the till: sent, and not used yet."""
        return self.state not in {"control", "redeemed"}

    @property
    def reception(self) -> Reception:
        """What it says about its rule: was it shown, and if so, was it unwelcome?"""
        unwelcome = self.muted or self.state in UNWELCOME
        return Reception(1, int(unwelcome)) if self.shown_at is not None else Reception()


class Person(Struct, frozen=True):
    """What outlasts a visit."""

    consents: Consents = Consents()
    joined: bool = False  # a phone has said hello for this shopper
    muted_until: int = 0
    muted_rules: tuple[str, ...] = ()
    muted_categories: tuple[str, ...] = ()
    rejected: tuple[tuple[str, str], ...] = ()  # (rule, sku) that got a "not for me"
    deliveries: tuple[Delivery, ...] = ()  # oldest first
    paid_visit: str = ""  # of the newest checkout, so that one that is delivered again sells nothing twice


class Visit(Struct, frozen=True):
    """One shopper's time in the store."""

    id: str
    since: int
    announced: bool  # by a presence message; otherwise opened by the first position or basket
    basket_rev: int = -1
    basket: tuple[BasketItem, ...] = ()
    basket_at: int = 0  # ts of that basket
    paid: bool = False  # at the till: nothing more is offered
    decisions: int = 0  # made so far; numbers them
    passed: tuple[tuple[str, str], ...] = ()  # (zone, trigger) of those decisions, each once, in their order


def join(person: Person, on_join: Consents) -> Person:
    """A shopper's phone says hello; the first time, the terms of joining apply until the shopper says otherwise."""
    return person if person.joined else replace(person, joined=True, consents=on_join)


def consent(person: Person, change: ConsentChange) -> Person:
    """Change what may be used; what is left out stays."""
    old = person.consents
    return replace(
        person,
        joined=True,
        consents=Consents(
            location=old.location if change.location is None else change.location,
            basket=old.basket if change.basket is None else change.basket,
            history=old.history if change.history is None else change.history,
        ),
    )


def mute(person: Person, change: Mute) -> Person:
    """Silence a rule, a category, an hour, or everything for good; an unknown offer silences nothing."""
    delivery = next((found for found in person.deliveries if found.offer == change.offer), None)
    match change.scope:
        case "always":
            return replace(person, muted_until=ALWAYS_MS)
        case "hour":
            return replace(person, muted_until=max(person.muted_until, change.ts + 3_600_000))
        case "offer" if delivery is not None:
            muted = replace(person, muted_rules=_with(person.muted_rules, delivery.rule))
            return _settle(muted, replace(delivery, muted=True))
        case "category" if delivery is not None:
            muted = replace(person, muted_categories=_with(person.muted_categories, delivery.category))
            return _settle(muted, replace(delivery, muted=True))
        case _:
            return person


def may_show(person: Person, offer: Offer, now_ms: int) -> bool:
    """Whether an offer sent earlier may come to a phone again: not put away, not used, not muted, nothing taken back.

    One that was accepted may: its code is needed at the till.
    """
    delivery = next((found for found in person.deliveries if found.offer == offer.id), None)
    is_done = delivery is None or delivery.state in {"dismissed", "not_for_me", "redeemed"}
    is_muted = (
        now_ms < person.muted_until or offer.rule in person.muted_rules or offer.category in person.muted_categories
    )
    may_use = {
        "location": person.consents.location,
        "basket": person.consents.basket,
        "history": person.consents.history,
    }
    return not is_done and not is_muted and all(may_use[signal] for signal in offer.signals)


def unmute(person: Person) -> Person:
    """Take every mute back; a "not for me" stays."""
    return replace(person, muted_until=0, muted_rules=(), muted_categories=())


def _with(known: tuple[str, ...], new: str) -> tuple[str, ...]:
    return known if new in known else (*known, new)


_RANK = {
    "sent": 0,
    "expired": 1,  # of two phones one may be late; what the other showed was shown
    "shown": 2,
    "opened": 3,
    "dismissed": 4,
    "accepted": 4,
    "not_for_me": 5,
    "redeemed": 6,
}


def receipt(person: Person, received: Receipt) -> Person:
    """Note how far an offer got; a receipt that is behind what is known, or for an unknown offer, changes nothing.

    A "not for me" is always remembered, even by one who has used the offer.
    """
    found = next((delivery for delivery in person.deliveries if delivery.offer == received.offer), None)
    if found is None or found.state == "control":
        return person
    if received.event == "not_for_me" and (found.rule, found.sku) not in person.rejected:
        person = replace(person, rejected=(*person.rejected, (found.rule, found.sku)))
    if _RANK[received.event] <= _RANK[found.state]:
        return person
    shown_at = received.ts if found.shown_at is None and received.event != "expired" else found.shown_at
    return _settle(person, replace(found, state=received.event, shown_at=shown_at))


def code_of(delivery: Delivery) -> str:
    """The code that the till takes for an offer."""
    return redemption_code(delivery.offer)


def redeem(person: Person, offer: str, at: int) -> Person:
    """Note that an offer's code was used at the till at `at` (ms): whoever uses it has seen it."""
    found = next((delivery for delivery in person.deliveries if delivery.offer == offer), None)
    if found is None or not found.is_redeemable:
        return person
    shown_at = at if found.shown_at is None else found.shown_at
    return _settle(person, replace(found, state="redeemed", shown_at=shown_at))


def rename_visit(person: Person, old: str, new: str) -> Person:
    """A visit has got its proper name: what was offered in it counts for it still."""
    if not any(delivery.visit == old for delivery in person.deliveries):
        return person
    renamed = (replace(found, visit=new) if found.visit == old else found for found in person.deliveries)
    return replace(person, deliveries=tuple(renamed))


def _settle(person: Person, changed: Delivery) -> Person:
    return replace(
        person, deliveries=tuple(changed if old.offer == changed.offer else old for old in person.deliveries)
    )


def remember(person: Person, delivery: Delivery) -> Person:
    """Add an offer just decided; of more than 200 the oldest is forgotten."""
    return replace(person, deliveries=(*person.deliveries, delivery)[-REMEMBERED_DELIVERIES:])
