"""Purchase history becomes what a shopper is likely to buy again: each product's decayed share of its zone.

The formula is the transparent one that came out ahead of personal frequency on Complete Journey households
(docs/adr/0005-score.md): p, the decayed purchases of the product over those of its zone plus one; t, the same for its
category, shared out by popularity. Both are 0 for a stranger. Whether they want it again today is for `rhythm` to say.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import exp

from msgspec import Struct

from offer_engine.core.rhythm import DAYS_BETWEEN_VISITS, NEVER, Rhythm, rhythm
from offer_engine.core.store_map import Product

DECAY_DAYS = 180.0  # a purchase counts 1/e after this long
MS_PER_DAY = 86_400_000


class Habit(Struct, frozen=True, gc=False):
    """How often, and how recently, one shopper bought one product."""

    sku: str
    category: str
    times: int  # baskets that held it
    weight: float  # decayed count as of `last_at`
    last_at: int  # ms
    first_at: int  # ms


class Profile(Struct, frozen=True):
    """One shopper's history, by zone; nothing else of the past is used."""

    zones: dict[str, tuple[Habit, ...]] = {}
    counts: dict[str, int] = {}  # baskets that held a sku, or something of a category
    visit_days: float = DAYS_BETWEEN_VISITS  # between two of their visits

    def times(self, what: str) -> int:
        """How many baskets held a sku, or something of a category: two wines at once are one time of wine."""
        return self.counts.get(what, 0)


NOBODY = Profile()


def build_profile(purchases: Iterable[tuple[str, int]], products: Mapping[str, Product]) -> Profile:
    """Fold (sku, ms) purchases, oldest first, into a profile; skus no longer sold are left out.

    What was bought at one moment was bought in one basket.
    """
    habits: dict[str, Habit] = {}
    baskets: dict[str, set[int]] = {}
    for sku, at in purchases:
        product = products.get(sku)
        if product is not None:
            habits[sku] = _bought_again(habits.get(sku), product, at)
            baskets.setdefault(product.category, set()).add(at)
    zones: dict[str, list[Habit]] = {}
    for sku, habit in habits.items():
        zones.setdefault(products[sku].zone, []).append(habit)
    counts = {category: len(moments) for category, moments in baskets.items()}
    for sku, habit in habits.items():
        counts[sku] = max(habit.times, counts.get(sku, 0))
    visits = sorted(set[int]().union(*baskets.values()))
    return Profile({zone: tuple(found) for zone, found in zones.items()}, counts, _visit_days(visits))


def _visit_days(visits: Sequence[int]) -> float:
    """Days between two visits: everybody is taken to have made one more, as far apart as is usual."""
    if not visits:
        return DAYS_BETWEEN_VISITS
    return ((visits[-1] - visits[0]) / MS_PER_DAY + DAYS_BETWEEN_VISITS) / len(visits)


def _bought_again(habit: Habit | None, product: Product, at: int) -> Habit:
    if habit is None:
        return Habit(product.sku, product.category, 1, 1.0, at, at)
    weight = habit.weight * decay(at - habit.last_at) + 1
    return Habit(habit.sku, habit.category, habit.times + 1, weight, at, habit.first_at)


def decay(elapsed_ms: int) -> float:
    """What a purchase still counts after so long; never more than 1.

    >>> round(decay(180 * MS_PER_DAY), 3)
    0.368
    """
    return exp(-max(elapsed_ms, 0) / (DECAY_DAYS * MS_PER_DAY))


class ZoneShares(Struct, frozen=True):
    """One shopper's decayed purchases in one zone at one moment, by sku and by category."""

    skus: dict[str, float]
    categories: dict[str, float]
    total: float
    rhythms: dict[str, Rhythm]  # by sku

    def rhythm(self, product: Product) -> Rhythm:
        """Whether the product is due, by the shopper's own purchases of it."""
        return self.rhythms.get(product.sku, NEVER)

    def share(self, product: Product) -> float:
        """p: the product's share of the zone, in [0, 1)."""
        return self.skus.get(product.sku, 0.0) / (self.total + 1)

    def category_share(self, product: Product) -> float:
        """The category's share of the zone, in [0, 1)."""
        return self.categories.get(product.category, 0.0) / (self.total + 1)


def zone_shares(profile: Profile, zone: str, now_ms: int) -> ZoneShares:
    """Decay a shopper's habits in one zone to `now_ms`."""
    skus: dict[str, float] = {}
    categories: dict[str, float] = {}
    rhythms: dict[str, Rhythm] = {}
    for habit in profile.zones.get(zone, ()):
        since_ms = max(now_ms - habit.last_at, 0)
        weight = habit.weight * decay(since_ms)
        span_days = (habit.last_at - habit.first_at) / MS_PER_DAY
        rhythms[habit.sku] = rhythm(habit.times, span_days, since_ms / MS_PER_DAY, profile.visit_days)
        skus[habit.sku] = weight
        categories[habit.category] = categories.get(habit.category, 0.0) + weight
    return ZoneShares(skus, categories, sum(skus.values()), rhythms)
