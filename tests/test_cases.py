"""Situations that a retailer can read, in and out: each file in `cases/` is one shopper at one moment in one store.

To add one, copy a file, change it, and run `make test ARGS="-k cases"`; what differs is shown.
"""

from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from msgspec import Struct

from offer_engine.core.affinity import build_profile
from offer_engine.core.annoyance import Reception
from offer_engine.core.context import Context, Tally
from offer_engine.core.decision import Decision, Outcome, decide
from offer_engine.core.explain import TEXTS, checklist
from offer_engine.core.intrusion import intrusion
from offer_engine.core.person import Consents, Delivery, DeliveryState, Person, Visit, receipt, remember
from offer_engine.core.question import why_not
from offer_engine.core.reason import Reason
from offer_engine.core.shopper import Shopper
from offer_engine.messages import BasketItem, Receipt
from tests.worlds import corner_shop, demo_market

CASES = sorted((Path(__file__).parent / "cases").glob("*.toml"))
MINUTE_MS = 60_000
WEEK_MS = 7 * 24 * 60 * MINUTE_MS


class Before(Struct, forbid_unknown_fields=True):
    """An offer that the shopper got earlier."""

    rule: str
    sku: str
    minutes_ago: int
    became: DeliveryState
    this_visit: bool = True


class Expected(Struct, forbid_unknown_fields=True):
    """What must come out; what is left out may be anything."""

    outcome: Outcome
    reason: Reason | None = None
    rule: str | None = None
    sku: str | None = None
    benefit: str | None = None
    sentence: str | None = None
    signals: list[str] | None = None
    needed: list[str] | None = None  # of cart and history, what the choice would not have been made without
    rules: dict[str, Reason] = {}  # the fate of single rules


class Case(Struct, forbid_unknown_fields=True):
    """One shopper at one moment."""

    what: str
    at: datetime  # on the store's clock
    zone: str
    expect: Expected
    trigger: Literal["enter", "dwell"] = "dwell"
    shopper: str = "dave"
    store: Literal["demo-market", "corner-shop"] = "demo-market"
    shares: tuple[Literal["location", "basket", "history"], ...] = ("location", "basket", "history")
    cart: list[str] = []
    bought: list[str] = []  # each a week apart, the last a week ago
    sold_out: list[str] = []
    muted_categories: list[str] = []
    muted_for_minutes: int = 0  # everything, for so long from now
    delivered: dict[str, int] = {}  # rule -> to all shoppers so far
    received: dict[str, tuple[int, int]] = {}  # rule -> (shown, unwelcome) with all shoppers so far
    before: list[Before] = []


def context_of(case: Case) -> Context:
    """The moment that a case describes."""
    world = {"demo-market": demo_market, "corner-shop": corner_shop}[case.store]()
    products = world.store.products
    at = round(case.at.replace(tzinfo=world.timezone).timestamp() * 1000)
    purchases = [(sku, at - n * WEEK_MS) for n, sku in enumerate(reversed(case.bought), start=1)]
    person = Person(
        consents=Consents(**{kind: kind in case.shares for kind in ("location", "basket", "history")}),
        joined=True,
        muted_until=at + case.muted_for_minutes * MINUTE_MS if case.muted_for_minutes else 0,
        muted_categories=tuple(case.muted_categories),
    )
    for n, one in enumerate(case.before):
        then = at - one.minutes_ago * MINUTE_MS
        visit = "today" if one.this_visit else "earlier"
        category = products[one.sku].category
        sent = Delivery(f"offer-{n}", one.rule, category, one.sku, visit, then, then + 10 * MINUTE_MS)
        person = remember(person, sent)
        if one.became not in {"sent", "control", "redeemed"}:
            person = receipt(person, msgspec.convert({"offer": sent.offer, "event": one.became, "ts": then}, Receipt))
    return Context(
        world=world,
        shopper=case.shopper,
        at=at,
        zone=case.zone,
        trigger=case.trigger,
        person=person,
        visit=Visit(
            "today", at - 20 * MINUTE_MS, announced=True, basket=tuple(BasketItem(sku, 1) for sku in case.cart)
        ),
        profile=build_profile(sorted(purchases, key=lambda bought: bought[1]), products),
        tally=Tally(
            delivered=dict(case.delivered),
            sold={sku: products[sku].stock for sku in case.sold_out},
            received={rule: Reception(*counts) for rule, counts in case.received.items()},
        ),
    )


def found(decision: Decision, context: Context, expected: Expected) -> dict[str, object]:
    """Of a decision, what a case says something about, in the case's words."""
    offer = decision.offer
    return {
        "outcome": decision.outcome,
        "reason": decision.reason,
        "rule": offer.rule if offer else None,
        "sku": offer.sku if offer else None,
        "benefit": offer.benefit if offer else None,
        "sentence": offer.reason if offer else None,
        "signals": list(offer.signals) if offer else None,
        "needed": [need.signal for need in intrusion(context).needs if need.is_needed],
        "rules": {verdict.rule: verdict.reason for verdict in decision.verdicts if verdict.rule in expected.rules},
    }


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_case_comes_out_as_its_file_says(path: Path) -> None:
    """Read the file for the story; a difference is shown field by field."""
    case = msgspec.toml.decode(path.read_text(), type=Case)
    expected = {name: value for name, value in msgspec.structs.asdict(case.expect).items() if value is not None}
    context = context_of(case)
    decided = found(decide(context), context, case.expect)
    assert {name: decided[name] for name in expected} == expected, case.what


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_why_and_why_not_agree_with_the_case(path: Path) -> None:
    """Asked of every rule that waits there, the answer is the decision's own verdict, and "why" names the obstacle."""
    context = context_of(msgspec.toml.decode(path.read_text(), type=Case))
    decision = decide(context)
    state = Shopper(context.shopper, person=context.person, visit=context.visit)
    for verdict in decision.verdicts:
        answer = why_not(state, verdict.rule, context.at, context.world, context.profile, context.tally)
        assert (answer.verdict, answer.decision) == (verdict, decision)
    failed = [line.label for line in checklist(decision, context.world) if line.ok is False]
    assert failed == ([] if decision.outcome == "offer" else [TEXTS[decision.reason]])


def test_there_are_cases() -> None:
    """An empty folder proves nothing."""
    assert len(CASES) >= 20
