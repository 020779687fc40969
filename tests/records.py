"""Values as the ledger keeps them, told apart by a number: offers, decisions, refused messages, sales."""

import msgspec

from offer_engine.core.decision import Decision
from offer_engine.core.reason import Reason
from offer_engine.errors import Refusal
from offer_engine.messages import Checkout, Offer, Rejected, SoldItem

NOON_MS = 1_772_452_800_000

OFFER = Offer(
    id="o-1",
    ts=NOON_MS,
    expires_at=NOON_MS + 600_000,
    visit="v-1",
    rule="silver-oak-with-lamb",
    zone="wine",
    zone_label="Wine",
    category="red-wine",
    sku="silver-oak-cabernet",
    title="Silver Oak Cabernet",
    benefit="20% off",
    price_cents=1490,
    offer_price_cents=1192,
    reason="Because you have bought this twice.",
    signals=["location", "history"],
    code="ABC123",
    vibrate=[200],
)


def offer(number: int, *, expires_in_ms: int = 600_000) -> Offer:
    """An offer decided `number` ms after noon."""
    at_ms = NOON_MS + number
    return msgspec.structs.replace(OFFER, id=f"o-{number}", ts=at_ms, expires_at=at_ms + expires_in_ms)


def decision(number: int, *, shopper: str = "dave", sends: Offer | None = None) -> Decision:
    """A decision `number` ms after noon, silent unless it sends something."""
    return Decision(
        id=f"d-{number}",
        ts=NOON_MS + number,
        shopper=shopper,
        visit="v-1",
        zone="wine",
        trigger="dwell",
        rules_version="1",
        outcome="offer" if sends else "silent",
        reason=Reason.SENT if sends else Reason.NO_RULE,
        funnel={"rules": 1},
        verdicts=[],
        ranking=[],
        offer=sends,
    )


def rejected(number: int) -> Rejected:
    """A refused message, told apart by its time."""
    return Rejected(NOON_MS + number, "t", Refusal.MALFORMED, "", "")


def checkout(visit: str = "v-1", *, sku: str = "rice") -> Checkout:
    """Two of something, paid for at noon."""
    return Checkout(NOON_MS, visit, [SoldItem(sku, 2, 199)])
