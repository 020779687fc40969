"""What people ask of a running engine becomes answers out of memory and ledger; asking changes nothing.

Nobody becomes known by being asked about, no cap is used up, and the same pure functions answer that decide.
"""

from offer_engine.core.affinity import NOBODY, build_profile
from offer_engine.core.decision import Decision
from offer_engine.core.intrusion import Intrusion, intrusion_of
from offer_engine.core.question import Answer
from offer_engine.core.question import why_not as ask_why_not
from offer_engine.service import Service


def why_not(service: Service, shopper: str, rule: str) -> Answer:
    """What would become of a rule for a shopper now.

    Raises:
        NoSuchRuleError: the store has no such rule.
    """
    state, world = service.state(shopper), service.world
    shared = state.person.consents.history
    profile = build_profile(service.ledger.purchases(shopper), world.store.products) if shared else NOBODY
    return ask_why_not(state, rule, service.now_ms(), world, profile, service.tally)


def intrusion(service: Service, decision: Decision) -> Intrusion | None:
    """Which personal data a decision needed, as long as its moment can be put together again."""
    shopper = decision.shopper
    if decision.offer is None:
        return None
    bought = service.ledger.purchases(shopper)
    return intrusion_of(decision, service.state(shopper), bought, service.world, service.tally)


def decision_behind(service: Service, shopper: str, offer: str) -> str | None:
    """The record, as JSON, of the decision behind one of a shopper's own offers."""
    mine = any(delivery.offer == offer for delivery in service.state(shopper).person.deliveries)
    return service.ledger.offer_decision(offer) if mine else None
