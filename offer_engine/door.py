"""Reports are checked before anything believes them: against the clock, the walls, the catalogue and the floor plan.

Bad data is a value or a refusal, never an accident later on: what can be used of a message is used, and what is
refused carries its reason to the rejected topic.
"""

from dataclasses import dataclass

from offer_engine.core.context import OUTSIDE_M, World
from offer_engine.core.readings import of_known
from offer_engine.errors import MessageError, Refusal
from offer_engine.messages import Basket, Checkout, Position, Presence, Ranges, Report

MAX_AHEAD_MS = 60_000  # a clock further ahead is wrong: until then every honest fix of the same shopper would be late
MAX_LATE_MS = {  # a clock further behind than this is wrong, or the message belongs to another visit
    Position: 5 * 60_000,  # gateways keep time by NTP
    Ranges: 5 * 60_000,
    Basket: 30 * 60_000,  # a broker holds these back while the engine is away
    Presence: 30 * 60_000,
    Checkout: 24 * 3_600_000,  # a sale is a sale
}


@dataclass(frozen=True, slots=True)
class Unknown:
    """The part of a report that nobody here knows of, and why it is refused."""

    refusal: Refusal
    detail: str


def check_clock(report: Report, now_ms: int) -> None:
    """Refuse a report whose time cannot be right.

    Raises:
        MessageError: it is too old, or in the future.
    """
    if not now_ms - MAX_LATE_MS[type(report)] <= report.ts <= now_ms + MAX_AHEAD_MS:
        raise MessageError(Refusal.CLOCK, f"its clock is off by {(report.ts - now_ms) / 1000:.0f} s")


def check_place(fix: Position, world: World) -> None:
    """Refuse a fix from outside the store.

    Raises:
        MessageError: it is beyond the walls by more than a position may err.
    """
    if not world.floor.at(fix.x, fix.y):
        raise MessageError(Refusal.OUTSIDE, f"({fix.x:g}, {fix.y:g}) is more than {OUTSIDE_M:g} m outside the store")


def known_part(
    report: Basket | Checkout | Presence, world: World
) -> tuple[Basket | Checkout | Presence, Unknown | None]:
    """A report without the items that the catalogue does not know; the rest of it counts (docs/adr/0007)."""
    if isinstance(report, Presence):
        return report, None
    products = world.store.products
    unknown = sorted({item.sku for item in report.items if item.sku not in products})
    if not unknown:
        return report, None
    fault = Unknown(Refusal.UNKNOWN_SKU, f"not in the catalogue: {', '.join(unknown)}")
    if isinstance(report, Basket):
        return Basket(report.ts, report.rev, [item for item in report.items if item.sku in products]), fault
    sold = [item for item in report.items if item.sku in products]
    return Checkout(report.ts, report.visit, sold, report.codes), fault


def known_readings(heard: Ranges, world: World) -> tuple[Ranges, Unknown | None]:
    """Ranges without the gateways that the floor plan does not know; the rest counts.

    Raises:
        MessageError: this engine cannot make a place of ranges at all.
    """
    if world.walk is None:
        raise MessageError(Refusal.TRACKING, "ranges need an engine that runs with --tracking grid")
    known, unknown = of_known(heard, world.gateways)
    if not unknown:
        return known, None
    return known, Unknown(Refusal.UNKNOWN_GATEWAY, f"not on the floor plan: {', '.join(unknown)}")
