"""Affinity, pairing and popularity become one number per product: the profit that offering it brings more than silence.

S = (p + 0.3 t + 0.3 q) exp(0.4 L), after docs/adr/0005-score.md: p the product's decayed share of what this shopper
bought in the zone, t its category's share handed down by popularity, q its share of the zone's popularity, L the log
lift from the cart. Each term is a reason that can be shown. S / (1 + S), which keeps the order and stays in [0, 1), is
the product's appeal; `incremental` turns it into what the offer is expected to earn over what is bought anyway.
"""

from math import exp

from msgspec import Struct

from offer_engine.core.affinity import ZoneShares
from offer_engine.core.benefit import deal
from offer_engine.core.context import Context
from offer_engine.core.formula import CATEGORY_WEIGHT, PAIRING_WEIGHT, POPULARITY_WEIGHT
from offer_engine.core.incremental import chance_with, chance_without, gain_cents
from offer_engine.core.pairing import paired
from offer_engine.core.rules import Rule
from offer_engine.core.store_map import Product


class Scored(Struct, frozen=True):
    """One rule's offer of one product, with every term of its score."""

    rule: str
    sku: str
    affinity: float  # p
    category: float  # t
    popularity: float  # q
    log_lift: float  # L
    because: str  # sku in the cart behind L, "" for none
    probability: float  # of a sale with the offer, in [0, 1)
    profit_cents: float  # of such a sale, after the discount; all pieces of a multi-buy
    value_cents: float  # expected with the offer, less what is expected without it; may be negative
    without: float = 0.0  # probability of a sale in silence, in [0, 1)
    pairing: str = ""  # where the pairing behind L comes from: "curated", "learnt", "" for none


def score(rule: Rule, product: Product, shares: ZoneShares, context: Context) -> Scored:
    """Weigh one product of one rule for one shopper at one moment."""
    world = context.world
    zone_total = world.zone_popularity.get(product.zone, 0.0)
    category_total = world.category_popularity.get((product.zone, product.category), 0.0)
    p = shares.share(product)
    t = shares.category_share(product) * (product.popularity / category_total if category_total else 0.0)
    q = product.popularity / zone_total if zone_total else 0.0
    pair = paired(world.pairings, product, context.cart, world.store.products)
    s = (p + CATEGORY_WEIGHT * t + POPULARITY_WEIGHT * q) * exp(PAIRING_WEIGHT * pair.log_lift)
    money = deal(rule.benefit, product)
    habit = shares.rhythm(product)
    silent = chance_without(habit.rebuy, product.popularity, exp(PAIRING_WEIGHT * pair.log_lift))
    sold = chance_with(silent, s / (1 + s) * habit.wanted, money.saving_share)
    value = gain_cents(sold, money.profit_cents, silent, money.margin_cents)
    terms = (p, t, q, pair.log_lift, pair.because)
    return Scored(rule.id, product.sku, *terms, sold, money.profit_cents, value, silent, pair.source)
