"""How long one decision of the engine takes: a hundred rules wait in a zone that sells three thousand products.

A store is generated, with a mix of rules as a large department would have them: a named product, the best of a
category, their favourite in a category; a third ask for something in the cart or its absence, a tenth for something
bought before. Every shopper has a history of forty purchases there, six offers in the last weeks, and ten products in
the cart. What is timed is `core.decision.decide` and nothing else: not the position, not the record, not the phone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from time import perf_counter_ns

import numpy as np
from msgspec.structs import replace
from shapely import MultiPolygon, box

from offer_engine.core.affinity import MS_PER_DAY, build_profile
from offer_engine.core.annoyance import Reception
from offer_engine.core.context import Context, Tally, World, build_world
from offer_engine.core.decision import Decision, decide
from offer_engine.core.person import Consents, Delivery, DeliveryState, Person, Visit
from offer_engine.core.rules import (
    Amount,
    AnyOf,
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
from offer_engine.core.store_map import Pairing, Policy, Product, StoreMap, Zone
from offer_engine.messages import BasketItem

PRODUCTS, CATEGORIES = 3_000, 30  # of the zone
RULES = 100
ELSEWHERE = 300  # products of the rest of the store, in CATEGORIES categories of their own
CART, BOUGHT, EARLIER = 10, 40, 6  # products in the cart, purchases in the zone, offers on earlier visits
SHOPPERS = 1_000
WARM = 50  # first decisions, not timed
NOW = 1_772_449_200_000  # noon of 2 March 2026 in Berlin, ms since the epoch
POLICY = Policy(2, 180, 20, 12, 3, 7, "22:00", "07:00", 0.05, 600, 5)  # the demo's manners


@dataclass(frozen=True, slots=True)
class DecisionTimes:
    """What the timed decisions took, and what came of them."""

    p50_ms: float
    p99_ms: float
    decisions: int
    offers: int  # of those: something was offered, or would have been to a control
    pairs: int  # of a rule and a product that it may offer there, all rules together


def decision_times(shoppers: int = SHOPPERS, seed: int = 0) -> DecisionTimes:
    """Decide once for each of so many shoppers, one after the other in one thread."""
    world = made_up_world(seed)
    contexts = made_up_contexts(world, shoppers + WARM, seed)
    took = np.empty(len(contexts))
    decisions: list[Decision] = []
    for number, context in enumerate(contexts):
        began = perf_counter_ns()
        decision = decide(context)
        took[number] = (perf_counter_ns() - began) / 1e6
        decisions.append(decision)
    p50, p99 = np.quantile(took[WARM:], (0.5, 0.99)).tolist()
    offers = sum(decision.offer is not None for decision in decisions[WARM:])
    rules = world.triggered["long", "dwell"]
    pairs = sum(1 if isinstance(rule.choice, Exactly) else PRODUCTS // CATEGORIES for rule in rules)
    return DecisionTimes(p50, p99, shoppers, offers, pairs)


def made_up_world(seed: int = 0) -> World:
    """A store with one long zone and a rest, and rules that all wait for a dwell in the long one."""
    chance = np.random.default_rng(seed)
    zones = {"long": _zone("long", 0.0), "rest": _zone("rest", 20.0)}
    popularity = np.round(chance.lognormal(0.5, 1.2, PRODUCTS + ELSEWHERE), 2).tolist()
    price = chance.integers(99, 2_999, PRODUCTS + ELSEWHERE).tolist()
    products = [_product(number, price[number], popularity[number]) for number in range(PRODUCTS + ELSEWHERE)]
    lifts = [Pairing(f"other-{n}", f"kind-{(7 * n) % CATEGORIES}", 1.5 + n % 3, "curated") for n in range(CATEGORIES)]
    store = StoreMap(
        store="long-zone",
        label="Long zone",
        timezone="Europe/Berlin",
        currency="EUR",
        level=box(0, 0, 40, 10),
        zones=zones,
        fixtures=(),
        openings=(),
        gateways=(),
        category_labels={f"{kind}-{n}": f"{kind} {n}" for kind in ("kind", "other") for n in range(CATEGORIES)},
        products={product.sku: product for product in products},
        pairings=tuple(lifts),
        policy=POLICY,
    )
    return build_world(store, RuleSet(tuple(_rule(number) for number in range(RULES)), "made-up"))


def made_up_contexts(world: World, count: int, seed: int = 0) -> Sequence[Context]:
    """Shoppers who dwell in the long zone at noon, each with a history and a cart."""
    chance = np.random.default_rng(seed + 1)
    tally = _tally(chance)
    return [_context(world, number, tally, chance) for number in range(count)]


def _zone(key: str, west: float) -> Zone:
    area = MultiPolygon([box(west, 0, west + 20, 10)])
    return Zone(key, key.title(), "dept", 0, area, 2_000, 5_000, 3_000, 1.0, 20_000)


def _product(number: int, price_cents: int, popularity: float) -> Product:
    is_here = number < PRODUCTS
    kind = f"kind-{number % CATEGORIES}" if is_here else f"other-{number % CATEGORIES}"
    zone = "long" if is_here else "rest"
    return Product(f"p{number:04}", f"Product {number}", "", kind, zone, price_cents, 0.3, 50, popularity)


def _rule(number: int) -> Rule:
    """Of five rules two name a product, two a category, and one a favourite; benefits and conditions go round."""
    kind = f"kind-{number % CATEGORIES}"
    choices: tuple[Choice, ...] = (Exactly(f"p{number * 29:04}"), AnyOf(kind), Exactly(f"p{number * 13:04}"),
                                   AnyOf(kind), FavouriteOf(kind))  # fmt: skip
    benefits: tuple[Benefit, ...] = (Percent(10), Amount(20), Reminder(), MultiBuy(2, 1_500))
    return Rule(
        id=f"rule-{number:03}",
        label=f"Rule {number}",
        owner="bench",
        starts=date(2025, 1, 1),
        ends=date(2035, 12, 31),
        hours_from="00:00",
        hours_until="24:00",
        zones=("long",),
        transition="dwell",
        has=(f"other-{number % CATEGORIES}",) if number % 6 == 0 else (),
        lacks=(f"other-{number % CATEGORIES}",) if number % 6 == 3 else (),
        bought=Bought(kind, 1) if number % 10 == 7 else None,
        choice=choices[number % 5],
        benefit=benefits[number % 4],
        per_visit=1,
        cooldown_h=None,
        valid_s=None,
        budget=1_000 if number % 8 == 0 else None,
        line=number + 1,
    )


def _delivery(number: int, weeks: int, chance: np.random.Generator) -> Delivery:
    """An offer of an earlier visit, each a week before the next, that was put away or led to something."""
    at = NOW - weeks * 7 * MS_PER_DAY
    state: DeliveryState = ("dismissed", "opened", "redeemed")[weeks % 3]
    rule, kind = int(chance.integers(RULES)), int(chance.integers(CATEGORIES))
    offer = Delivery(
        f"o-{number}-{weeks}", f"rule-{rule:03}", f"kind-{kind}", "p0000", f"v-0-{weeks}", at, at + 600_000
    )
    return replace(offer, state=state, shown_at=at)


def _tally(chance: np.random.Generator) -> Tally:
    """A store in business: every rule has gone out and been received, half of the products have sold a little."""
    rules = [f"rule-{number:03}" for number in range(RULES)]
    shown = chance.integers(20, 400, RULES)
    unwelcome = chance.binomial(shown, 0.15)
    return Tally(
        delivered=dict.fromkeys(rules, 200),
        sold={f"p{number:04}": 3 for number in range(0, PRODUCTS, 2)},
        received={
            rule: Reception(*pair) for rule, *pair in zip(rules, shown.tolist(), unwelcome.tolist(), strict=True)
        },
    )


def _context(world: World, number: int, tally: Tally, chance: np.random.Generator) -> Context:
    liked = chance.choice(PRODUCTS, BOUGHT // 2, replace=False)
    times = np.sort(chance.integers(1, 300, BOUGHT))[::-1]
    bought = [(f"p{sku:04}", NOW - days * MS_PER_DAY)
              for sku, days in zip(chance.choice(liked, BOUGHT).tolist(), times.tolist(), strict=True)]  # fmt: skip
    cart = chance.choice(PRODUCTS + ELSEWHERE, CART, replace=False, p=_CART_SHARE).tolist()
    return Context(
        world=world,
        shopper=f"s-{number:04}",
        at=NOW,
        zone="long",
        trigger="dwell",
        person=Person(
            consents=Consents(location=True, basket=True, history=True),
            joined=True,
            deliveries=tuple(_delivery(number, weeks, chance) for weeks in range(EARLIER, 0, -1)),
        ),
        visit=Visit("v-1", NOW - 600_000, announced=True, basket_rev=1,
                    basket=tuple(BasketItem(f"p{sku:04}", 1) for sku in cart)),
        profile=build_profile(bought, world.store.products),
        tally=tally,
    )  # fmt: skip


# Nine in ten of the cart come from the rest of the store.
_CART_SHARE = np.r_[np.full(PRODUCTS, 0.1 / PRODUCTS), np.full(ELSEWHERE, 0.9 / ELSEWHERE)]
