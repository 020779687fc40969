"""What a decision looks at, gathered into values: the world that all shoppers share, and one shopper at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from shapely import MultiPolygon

from offer_engine.core.affinity import NOBODY, Profile
from offer_engine.core.annoyance import Reception
from offer_engine.core.board import Board, make_board
from offer_engine.core.pairing import PairingTable, pairing_table
from offer_engine.core.person import Consents, Delivery, Person, Visit
from offer_engine.core.rules import AnyOf, Exactly, FavouriteOf, Rule, RuleSet, Transition
from offer_engine.core.store_map import Gateway, Onward, Product, StoreMap
from offer_engine.core.walk_model import WalkModel, compile_walk
from offer_engine.core.zone_index import AreaIndex, ZoneIndex, compile_areas, compile_zones

OUTSIDE_M = 5.0  # an honest position may err this far beyond the walls

Trigger = Transition  # what set off a decision: entering a zone or dwelling in it


@dataclass(frozen=True, slots=True)
class World:
    """A store and its rules, compiled for deciding; changes only when the retailer changes a file."""

    store: StoreMap
    rules: RuleSet
    index: ZoneIndex
    floor: AreaIndex  # "store" where a position may be: the sales floor and a little beyond
    timezone: ZoneInfo
    pairings: PairingTable
    triggered: Mapping[tuple[str, str], tuple[Rule, ...]]  # (zone, transition) -> rules
    sold_in: Mapping[tuple[str, str], tuple[Product, ...]]  # (zone, category) -> products
    zone_popularity: Mapping[str, float]  # summed over the zone's products
    category_popularity: Mapping[tuple[str, str], float]
    on_join: Consents
    boards: Mapping[tuple[str, str], Board]  # (zone, transition) -> what may be offered there, in columns
    gateways: Mapping[str, Gateway]  # by key
    walk: WalkModel | None = None  # to track shoppers on; None: zones are told by the fixes as they come
    ahead: Mapping[str, tuple[Onward, ...]] = field(default_factory=dict)  # from a zone on: where rules still wait

    def category(self, rule: Rule) -> str:
        """The one category that a rule's products belong to."""
        match rule.choice:
            case Exactly(sku):
                return self.store.products[sku].category
            case AnyOf(category) | FavouriteOf(category):
                return category


def with_rules(world: World, rules: RuleSet) -> World:
    """The same store under other rules."""
    triggered = _triggered(rules)
    made = replace(world, rules=rules, triggered=triggered, boards={}, ahead=_ahead(world.store, triggered))
    return replace(made, boards=_boards(made))


def _triggered(rules: RuleSet) -> dict[tuple[str, str], tuple[Rule, ...]]:
    triggered: dict[tuple[str, str], list[Rule]] = {}
    for rule in sorted(rules.rules, key=lambda rule: rule.id):
        for zone in rule.zones:
            triggered.setdefault((zone, rule.transition), []).append(rule)
    return {key: tuple(found) for key, found in triggered.items()}


def _ahead(store: StoreMap, triggered: Mapping[tuple[str, str], tuple[Rule, ...]]) -> dict[str, tuple[Onward, ...]]:
    """Of how people walk here, what matters to the rules: by where they come by."""
    ahead: dict[str, list[Onward]] = {}
    for one in store.onward:
        if (one.to, one.transition) in triggered:
            ahead.setdefault(one.zone, []).append(one)
    return {zone: tuple(found) for zone, found in ahead.items()}


def _boards(world: World) -> dict[tuple[str, str], Board]:
    products: dict[str, list[Product]] = {}
    of_category: dict[str, dict[str, float]] = {}
    for product in sorted(world.store.products.values(), key=lambda product: product.sku):
        products.setdefault(product.zone, []).append(product)
    for (zone, category), popularity in world.category_popularity.items():
        of_category.setdefault(zone, {})[category] = popularity
    boards: dict[tuple[str, str], Board] = {}
    for (zone, trigger), rules in world.triggered.items():
        totals = world.zone_popularity.get(zone, 0.0), of_category.get(zone, {})
        boards[zone, trigger] = make_board(rules, products.get(zone, []), totals, world.pairings)
    return boards


def build_world(store: StoreMap, rules: RuleSet, *, is_on_grid: bool = False) -> World:
    """Compile a store and its rules; `is_on_grid` tracks shoppers by belief, unless the floor is too large for it."""
    sold_in: dict[tuple[str, str], list[Product]] = {}
    zone_popularity: dict[str, float] = {}
    category_popularity: dict[tuple[str, str], float] = {}
    for product in sorted(store.products.values(), key=lambda product: product.sku):
        key = (product.zone, product.category)
        sold_in.setdefault(key, []).append(product)
        zone_popularity[product.zone] = zone_popularity.get(product.zone, 0.0) + product.popularity
        category_popularity[key] = category_popularity.get(key, 0.0) + product.popularity
    joined = store.policy.consent_on_join
    world = World(
        store=store,
        rules=rules,
        index=compile_zones(store.zones),
        floor=compile_areas({"store": MultiPolygon([store.level.buffer(OUTSIDE_M, join_style="mitre")])}),
        timezone=ZoneInfo(store.timezone),
        pairings=pairing_table(store.pairings),
        triggered={},
        boards={},
        sold_in={key: tuple(found) for key, found in sold_in.items()},
        zone_popularity=zone_popularity,
        category_popularity=category_popularity,
        on_join=Consents(location="location" in joined, basket="basket" in joined, history="history" in joined),
        gateways={gateway.key: gateway for gateway in store.gateways},
        walk=compile_walk(store, store.zones) if is_on_grid else None,
    )
    return with_rules(world, rules)


@dataclass(slots=True)
class Tally:
    """What all shoppers together have used up; kept by the service, only read by a decision."""

    delivered: dict[str, int] = field(default_factory=dict)  # rule -> offers sent
    sold: dict[str, int] = field(default_factory=dict)  # sku -> pieces sold at the till
    received: dict[str, Reception] = field(default_factory=dict)  # rule -> how its offers were received of late
    received_on: dict[int, dict[str, Reception]] = field(default_factory=dict)  # the same by day, so that it can age
    received_from: int = 0  # the first day that still counts, in days since 1970
    pushed: list[int] = field(default_factory=list)  # ms, ascending: the store's deliveries of the last hour or more


@dataclass(frozen=True)
class Context:
    """One shopper at the moment of a trigger: all that a decision may look at."""

    world: World
    shopper: str
    at: int  # event time, ms
    zone: str
    trigger: Trigger
    person: Person
    visit: Visit
    profile: Profile
    tally: Tally

    @cached_property
    def local(self) -> datetime:
        """The store's wall clock at `at`."""
        return datetime.fromtimestamp(self.at / 1000, self.world.timezone)

    @cached_property
    def cart(self) -> Mapping[str, Product]:
        """What may be known of the cart, by sku: empty without consent; what is no longer on sale is left out."""
        products = self.world.store.products
        basket = self.visit.basket if self.person.consents.basket else ()
        return {item.sku: products[item.sku] for item in basket if item.sku in products}

    @cached_property
    def cart_cents(self) -> int:
        """What may be known of the cart's worth, at catalogue prices: what codes take off at the till is not."""
        basket = self.visit.basket if self.person.consents.basket else ()
        return sum(self.cart[item.sku].price_cents * item.qty for item in basket if item.sku in self.cart)

    @cached_property
    def cart_words(self) -> frozenset[str]:
        """What rules may ask of the cart: the skus and the categories in it."""
        return frozenset(word for product in self.cart.values() for word in (product.sku, product.category))

    @cached_property
    def delivered(self) -> tuple[Delivery, ...]:
        """The offers that count against caps, oldest first."""
        return tuple([found for found in self.person.deliveries if found.counts(self.at)])

    @cached_property
    def last_delivered(self) -> int | None:
        """When the last of these was sent, ms."""
        return max([found.at for found in self.delivered], default=None)

    @cached_property
    def history(self) -> Profile:
        """What may be known of the past: nobody's without consent."""
        return self.profile if self.person.consents.history else NOBODY

    def in_cart(self, what: str) -> Product | None:
        """A product in the cart that is this sku or of this category."""
        return next((product for product in self.cart.values() if what in (product.sku, product.category)), None)
