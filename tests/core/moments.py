"""Any moment of any shopper under any rules, for properties of the decision."""

from dataclasses import replace
from datetime import date, timedelta
from typing import TypeVar

from hypothesis import strategies as st
from msgspec.structs import replace as with_

from offer_engine.core.context import Context, Tally, World, with_rules
from offer_engine.core.person import Consents, Delivery, Person
from offer_engine.core.rules import (
    Amount,
    AnyOf,
    BasketThreshold,
    Benefit,
    Bought,
    Choice,
    Exactly,
    FavouriteOf,
    MultiBuy,
    Percent,
    Reminder,
    Rule,
    RuleSet,
)
from tests.core.worlds import ANY_RED, EASY, NO_PACING, NOON, STORE, history, moment, world

_Drawn = TypeVar("_Drawn")


def mostly(usual: _Drawn, *others: _Drawn) -> st.SearchStrategy[_Drawn]:
    """Four times out of five the usual value."""
    return st.sampled_from([*[usual] * (4 * len(others)), *others])


TODAY = date(2026, 3, 2)
WORDS = ["lamb", "red-wine", *sorted(STORE.products)]
SELDOM = mostly(False, True)  # noqa: FBT003  drawn
NEARLY = BasketThreshold(3000, "free delivery", 1500, 100)
BENEFITS: list[Benefit] = [Percent(10), Amount(30), MultiBuy(2, 700), NEARLY, Reminder()]
BASE = world()
some_words = st.lists(st.sampled_from(WORDS), max_size=2, unique=True).map(tuple)


@st.composite
def rules(draw: st.DrawFn, number: int) -> Rule:
    """A rule of the wine, now and then of the meat; rather loose, so that some pass."""
    zone, category = draw(mostly(("wine", "red-wine"), ("meat", "lamb")))
    skus = sorted(sku for sku, product in STORE.products.items() if product.zone == zone)
    choices: list[Choice] = [*map(Exactly, skus), AnyOf(category), AnyOf(category), FavouriteOf(category)]
    return replace(
        ANY_RED,
        id=f"rule-{number}",
        label=f"Rule {number}",
        zones=(zone,),
        transition=draw(mostly("dwell", "enter")),
        has=draw(some_words) if draw(SELDOM) else (),
        lacks=draw(some_words) if draw(SELDOM) else (),
        bought=Bought(draw(st.sampled_from(WORDS)), draw(st.integers(1, 3))) if draw(SELDOM) else None,
        choice=draw(st.sampled_from(choices)),
        benefit=draw(st.sampled_from(BENEFITS)),
        starts=TODAY + timedelta(days=draw(mostly(-9, 0, 1))),
        ends=TODAY + timedelta(days=draw(mostly(9, 0))),
        hours_until=draw(mostly("24:00", "12:00")),
        per_visit=draw(st.integers(1, 2)),
        cooldown_h=draw(mostly(0.0, None, 1.0)),
        budget=draw(mostly(None, 1, 5)),
    )


@st.composite
def people(draw: st.DrawFn) -> Person:
    """Somebody with a past: mutes, rejections, and offers that got more or less far."""
    deliveries = [
        Delivery(
            offer=f"offer-{n}",
            rule=f"rule-{draw(st.integers(0, 3))}",
            category=draw(st.sampled_from(["red-wine", "lamb"])),
            sku=draw(st.sampled_from(sorted(STORE.products))),
            visit=draw(st.sampled_from(["visit-1", "earlier"])),
            at=(at := NOON - draw(st.integers(1, 200_000)) * 1000),
            expires_at=at + 600_000,
            state=draw(st.sampled_from(["sent", "shown", "opened", "dismissed", "not_for_me", "expired", "control"])),
        )
        for n in range(draw(st.sampled_from([0, 0, 1, 3])))
    ]
    shown = [d if d.state in {"sent", "expired", "control"} else with_(d, shown_at=d.at) for d in deliveries]
    yes = st.sampled_from([True, True, True, False])
    return Person(
        consents=Consents(location=True, basket=draw(yes), history=draw(yes)),
        joined=True,
        muted_until=draw(mostly(0, NOON + 1)),
        muted_rules=draw(mostly((), ("rule-0",))),
        muted_categories=draw(mostly((), ("lamb",))),
        rejected=draw(st.sampled_from([(), (), (("rule-0", "oak-red"), ("rule-1", "house-red"))])),
        deliveries=tuple(sorted(shown, key=lambda found: found.at)),
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """One to four rules, under manners that let most things pass."""
    found = [draw(rules(n)) for n in range(draw(st.integers(1, 4)))]
    policy = replace(
        draw(st.sampled_from([EASY, NO_PACING])),
        quiet_from=draw(mostly("00:00", "11:00")),
        holdout_share=draw(st.sampled_from([0.0, 0.0, 0.999])),
        min_score_cents=draw(mostly(0.0, 5.0, 60.0)),
    )
    return with_rules(replace(BASE, store=replace(STORE, policy=policy)), RuleSet(tuple(found), "rules-1"))


@st.composite
def moments(draw: st.DrawFn) -> Context:
    """One shopper at the wine, or now and then at the meat, at noon; some shelves are empty."""
    carts = st.lists(st.sampled_from(sorted(STORE.products)), max_size=2, unique=True)
    bought = st.lists(st.sampled_from(sorted(STORE.products)), max_size=4)
    return moment(
        draw(worlds()),
        cart=draw(carts),
        past=history(*draw(bought)),
        person=draw(people()),
        zone=draw(mostly("wine", "meat")),
        trigger=draw(mostly("dwell", "enter")),
        tally=Tally(
            delivered={"rule-0": draw(st.integers(0, 2))},
            sold=draw(mostly({}, {"oak-red": 20}, dict.fromkeys(STORE.products, 99))),
        ),
    )
