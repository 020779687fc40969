"""The ledger becomes what offers were worth: visits with an offer beside those of controls who would have had one.

Both groups are shoppers' first such visits: up to that decision they were treated alike, and a control's offer was
held back at that moment by a hash of the shopper alone. So they differ in nothing but the push; later visits would not
do, since a shopper who got offers is paced and paused by what became of them. Profit is what was paid at the till less
cost, cost the catalogue's price times one minus its margin; a visit that bought nothing counts as one without profit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from offer_engine.core.decision import Decision
from offer_engine.core.effect import Effect, Total, uplift
from offer_engine.core.store_map import StoreMap
from offer_engine.ledger import Ledger

EVERY_OFFER = "every offer"


@dataclass(frozen=True, slots=True)
class Exposure:
    """The visit in which something was first offered to a shopper, or would have been to a control."""

    shopper: str
    visit: str
    rule: str
    sku: str
    is_control: bool


@dataclass(frozen=True, slots=True)
class Worth:
    """What one rule, or all of them, did per visit: profit in cents, and how often the product offered was bought."""

    name: str
    profit_cents: Effect
    purchase_rate: Effect


def exposures(ledger: Ledger) -> list[Exposure]:
    """Each shopper's first offer ever, sent or held back, in the order of time."""
    seen: dict[str, Exposure] = {}
    for record in ledger.all_decisions():
        decision = msgspec.json.decode(record, type=Decision)
        offer = decision.offer
        if offer is not None:
            held = decision.outcome == "holdout"
            seen.setdefault(decision.shopper, Exposure(decision.shopper, decision.visit, offer.rule, offer.sku, held))
    return list(seen.values())


def profits(ledger: Ledger, store: StoreMap, since_ms: int = 0) -> dict[str, float]:
    """Profit in cents of every basket paid for since then, by visit; skus no longer sold are left out."""
    found: dict[str, float] = {}
    for visit, sku, qty, price_cents in ledger.sold_since(since_ms):
        product = store.products.get(sku)
        if product is not None:
            cost = product.price_cents * (1 - product.margin_share)
            found[visit] = found.get(visit, 0.0) + qty * (price_cents - cost)
    return found


def totals(visits: Iterable[tuple[str, str]], amounts: Mapping[str, float]) -> dict[str, Total]:
    """(visit, shopper) pairs summed by shopper; a visit without an amount counts as zero."""
    found: dict[str, Total] = {}
    for visit, shopper in visits:
        known = found.get(shopper, Total(0.0, 0))
        found[shopper] = Total(known.amount + amounts.get(visit, 0.0), known.visits + 1)
    return found


def compare_groups(shown: Iterable[Exposure], amounts: Mapping[str, float]) -> Effect:
    """The uplift in `amounts` per exposed visit, treated shoppers against controls."""
    arms: dict[bool, list[tuple[str, str]]] = {False: [], True: []}
    for exposure in shown:
        arms[exposure.is_control].append((exposure.visit, exposure.shopper))
    return uplift(list(totals(arms[False], amounts).values()), list(totals(arms[True], amounts).values()))


def worth(ledger: Ledger, store: StoreMap) -> list[Worth]:
    """What all offers, and each rule's, were worth so far."""
    shown = exposures(ledger)
    profit = profits(ledger, store)
    sold = {(visit, sku) for visit, sku, _, _ in ledger.sold_since(0)}
    bought = {one.visit: float((one.visit, one.sku) in sold) for one in shown}
    named = [(EVERY_OFFER, shown)]
    named += [(rule, [one for one in shown if one.rule == rule]) for rule in sorted({one.rule for one in shown})]
    return [Worth(name, compare_groups(own, profit), compare_groups(own, bought)) for name, own in named]
