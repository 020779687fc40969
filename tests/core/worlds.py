"""Small worlds and moments made in code: the tiny store with rules of its own, and a context in one call."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from offer_engine.core.affinity import Profile, build_profile
from offer_engine.core.context import Context, Tally, Trigger, World, build_world
from offer_engine.core.person import Consents, Person, Visit
from offer_engine.core.rules import AnyOf, Exactly, FavouriteOf, Percent, Rule, RuleSet
from offer_engine.core.store_map import Policy
from offer_engine.messages import BasketItem
from tests.core.tiny_store import tiny_store

BERLIN = ZoneInfo("Europe/Berlin")
DAY_MS = 86_400_000
ALL = Consents(location=True, basket=True, history=True)
STORE = tiny_store()

# Manners out of the way: no quiet hours, no controls, every score is worth a buzz. A test adds what it is about.
EASY: Policy = replace(STORE.policy, quiet_from="00:00", quiet_until="00:00", holdout_share=0.0, min_score_cents=0.0)
NO_PACING: Policy = replace(EASY, pushes_per_visit=100, min_gap_s=0, rule_cooldown_h=0.0, category_cooldown_h=0.0)


def berlin(hour: int, minute: int = 0, *, day: int = 2) -> int:
    """A moment of March 2026 on the store's wall clock, in ms since the epoch; the 2nd is a Monday."""
    return round(datetime(2026, 3, day, hour, minute, tzinfo=BERLIN).timestamp() * 1000)


NOON = berlin(12)

OAK_WITH_LAMB = Rule(
    id="oak-with-lamb",
    label="Silver Oak for the lamb",
    owner="Wine buyer",
    starts=date(2025, 1, 1),
    ends=date(2035, 12, 31),
    hours_from="00:00",
    hours_until="24:00",
    zones=("wine",),
    transition="dwell",
    has=("lamb",),
    lacks=("red-wine",),
    bought=None,
    choice=Exactly("oak-red"),
    benefit=Percent(20),
    per_visit=1,
    cooldown_h=None,
    valid_s=None,
    budget=None,
    line=1,
)
ANY_RED = replace(OAK_WITH_LAMB, id="any-red", label="Any red", has=(), lacks=(), choice=AnyOf("red-wine"))
FAVOURITE_RED = replace(ANY_RED, id="favourite-red", label="Their favourite red", choice=FavouriteOf("red-wine"))
ANY_LAMB = replace(ANY_RED, id="any-lamb", label="Any lamb", zones=("meat",), choice=AnyOf("lamb"))


def world(*rules: Rule, policy: Policy = EASY, stock: Mapping[str, int] | None = None) -> World:
    """The tiny store with these rules, these manners and, by sku, this stock."""
    left = stock or {}
    products = {sku: replace(product, stock=left.get(sku, product.stock)) for sku, product in STORE.products.items()}
    return build_world(replace(STORE, policy=policy, products=products), RuleSet(rules, "rules-1"))


def basket(*skus: str) -> tuple[BasketItem, ...]:
    """One of each."""
    return tuple(BasketItem(sku, 1) for sku in skus)


def history(*skus: str, at: int = NOON, days_ago: int = 30) -> Profile:
    """Somebody who bought each of these, a day apart, the last `days_ago` days before `at`."""
    first = at - (days_ago + len(skus) - 1) * DAY_MS
    return build_profile([(sku, first + n * DAY_MS) for n, sku in enumerate(skus)], STORE.products)


def moment(
    shop: World,
    *,
    cart: Iterable[str] = (),
    past: Profile | None = None,
    person: Person | None = None,
    consents: Consents = ALL,
    at: int = NOON,
    zone: str = "wine",
    trigger: Trigger = "dwell",
    tally: Tally | None = None,
) -> Context:
    """One shopper called dave at one moment; by default at noon, dwelling at the wine, sharing everything."""
    return Context(
        world=shop,
        shopper="dave",
        at=at,
        zone=zone,
        trigger=trigger,
        person=Person(consents=consents, joined=True) if person is None else person,
        visit=Visit("visit-1", at - 60_000, announced=True, basket_rev=1, basket=basket(*cart)),
        profile=Profile() if past is None else past,
        tally=Tally() if tally is None else tally,
    )
