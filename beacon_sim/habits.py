"""Walk-ins for any store, by habit: a taste for each product, from which today's list and all past receipts follow.

A shopper's taste is a number per category and one per product, both normal; how often a thing is bought is its
popularity times the exponential of the taste, and how much it is liked is the taste's rank among people. So what the
purchase history says about a shopper is true, which is the point of reading it. What goes well with what is in the cart
already is as much likelier as the retailer's pairings say.

The size of a basket is Poisson about a log-normal mean, at least one. With mu 1.6 and sigma 1.1 one item is the most
common basket (16 %) and 54 % have five or fewer, as in published counts of supermarket trips.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import ndtr

from beacon_sim.cast import Member, cast_history
from beacon_sim.past import Span, visit_times
from beacon_sim.population import (
    Buy,
    Persona,
    Population,
    PurchaseRow,
    draw_consents,
    draw_fix_ms,
    draw_speed_m_s,
)
from offer_engine.core.store_map import Product, StoreMap

BASKET_MU, BASKET_SIGMA, BASKET_MOST = 1.6, 1.1, 45
CATEGORY_SIGMA, PRODUCT_SIGMA = 0.8, 0.9  # of the logarithm of how often a thing is bought
IMPULSE_SHARE = 0.35  # of what is bought: not on the list
TWO_SHARE = 0.15  # of what is bought: two of it
VISITS_PER_WEEK = 0.6  # of a regular, in the mean
DISTINCT = 1_000  # walk-ins before the first comes again: four hours of a busy store
NEW_EVERY = 5  # each fifth walk-in is new here; the others are regulars, with a purchase history

_TASTE, _HISTORY = 101, 102  # matters of the population's generators; part of the seed


@dataclass(frozen=True, slots=True)
class Assortment:
    """What a store sells, in arrays of one entry per product."""

    products: tuple[Product, ...]
    category: NDArray[np.intp]  # number of the product's category
    popularity: NDArray[np.float64]
    partners: tuple[tuple[tuple[NDArray[np.intp], float], ...], ...]  # for each: what goes with it, how much likelier


def assortment(store: StoreMap) -> Assortment:
    """Lay out what a store sells for drawing baskets."""
    products = tuple(store.products.values())
    numbers = {category: number for number, category in enumerate(sorted({p.category for p in products}))}
    curated = [pairing for pairing in store.pairings if pairing.evidence is None]  # what is learnt here is no cause
    pairs = [(pairing.when, _matching(products, pairing.then), pairing.lift) for pairing in curated]
    partners = tuple(tuple((then, lift) for when, then, lift in pairs if _is(product, when)) for product in products)
    return Assortment(
        products=products,
        category=np.array([numbers[product.category] for product in products], dtype=np.intp),
        popularity=np.array([product.popularity + 0.01 for product in products]),
        partners=partners,
    )


def _is(product: Product, what: str) -> bool:
    return what in (product.sku, product.category)


def _matching(products: Sequence[Product], what: str) -> NDArray[np.intp]:
    return np.array([number for number, product in enumerate(products) if _is(product, what)], dtype=np.intp)


@dataclass(frozen=True, slots=True)
class Taste:
    """One shopper's taste, one entry per product."""

    weight: NDArray[np.float64]  # how often each is bought, relative to the others
    liked: NDArray[np.float64]  # how much each is liked, in [0, 1]


def draw_taste(sold: Assortment, rng: Generator) -> Taste:
    """Draw a shopper's taste; the mean liking is a third, and one product in ten is liked more than 0.8."""
    by_category = rng.standard_normal(int(sold.category.max()) + 1)[sold.category] * CATEGORY_SIGMA
    by_product = rng.standard_normal(len(sold.products)) * PRODUCT_SIGMA
    taste = by_category + by_product
    rank = ndtr(taste / math.hypot(CATEGORY_SIGMA, PRODUCT_SIGMA))
    return Taste(sold.popularity * np.exp(taste), np.asarray(rank, dtype=np.float64) ** 2)


def basket_size(rng: Generator) -> int:
    """Draw how many different products a shopper buys, 1 to `BASKET_MOST`.

    A Poisson number that is not zero has its first event at t = -log(1 - u (1 - exp(-m))), u uniform; the rest follow
    in what is left of the mean m.
    """
    mean = math.exp(BASKET_MU + BASKET_SIGMA * float(rng.standard_normal()))
    first = -math.log1p(-float(rng.random()) * -math.expm1(-mean))
    return min(1 + int(rng.poisson(max(mean - first, 0.0))), BASKET_MOST)


def draw_basket(sold: Assortment, taste: Taste, size: int, rng: Generator) -> list[Product]:
    """Draw `size` different products by taste, each pairing raising the odds of what goes with the ones before."""
    weight = taste.weight.copy()
    chosen = []
    for chance in rng.random(min(size, len(sold.products))).tolist():
        total = np.cumsum(weight)
        number = min(int(np.searchsorted(total, chance * total[-1], side="right")), len(weight) - 1)
        weight[number] = 0.0
        for partners, lift in sold.partners[number]:
            weight[partners] *= lift
        chosen.append(sold.products[number])
    return chosen


def habits_population(store: StoreMap, *, seed: int, cast: tuple[Member, ...] = ()) -> Population:
    """Everyone who may come to `store`: the cast, and walk-ins by habit."""
    sold = assortment(store)

    def taste_of(number: int) -> Taste:
        return draw_taste(sold, np.random.default_rng([seed, _TASTE, number]))

    def past_of(number: int) -> Generator:
        return np.random.default_rng([seed, _HISTORY, number])

    def walk_in(number: int, rng: Generator) -> Persona:
        return _walk_in(number, sold, taste_of(number), rng)

    def history(until_ms: int, days: int) -> Iterator[PurchaseRow]:
        yield from cast_history(cast, store, seed, until_ms, days)
        span = Span(until_ms, days, ZoneInfo(store.timezone))
        for number in filter(is_regular, range(DISTINCT)):
            yield from _receipts(_token(number), sold, taste_of(number), span, past_of(number))

    return Population("cast", tuple(member.persona for member in cast), DISTINCT, walk_in, history)


def is_regular(number: int) -> bool:
    """Whether a walk-in has bought here before: all through the day there are as many regulars."""
    return (number + 1) % NEW_EVERY != 0


def _token(number: int) -> str:
    return f"s-{number + 1:04d}"


def _walk_in(number: int, sold: Assortment, taste: Taste, rng: Generator) -> Persona:
    size = basket_size(rng)
    bought = draw_basket(sold, taste, size, rng)
    impulse = (rng.random(len(bought)) < IMPULSE_SHARE).tolist()
    double = (rng.random(len(bought)) < TWO_SHARE).tolist()
    mission = tuple(
        Buy(product.sku, qty=1 + two, is_impulse=bool(rank and on_impulse))  # one comes for something at least
        for rank, (product, on_impulse, two) in enumerate(zip(bought, impulse, double, strict=True))
    )
    return Persona(
        shopper=_token(number),
        label=f"Shopper {number + 1}",
        kind="quick" if size <= 2 else "top-up" if size <= 8 else "main shop",
        mission=mission,
        tastes=dict(zip((product.sku for product in sold.products), taste.liked.tolist(), strict=True)),
        consents=draw_consents(rng),
        speed_m_s=draw_speed_m_s(rng),
        fix_ms=draw_fix_ms(rng),
    )


def _receipts(shopper: str, sold: Assortment, taste: Taste, span: Span, rng: Generator) -> Iterator[PurchaseRow]:
    """All past visits of one regular, oldest first."""
    mean_visits = span.days / 7 * VISITS_PER_WEEK * float(rng.gamma(2.0, 0.5))
    for visit, at_ms in enumerate(visit_times(span, mean_visits, rng)):
        for product in draw_basket(sold, taste, basket_size(rng), rng):
            qty = 1 + int(rng.random() < TWO_SHARE)
            yield PurchaseRow(shopper, at_ms, f"{shopper}-h{visit}", product.sku, qty, product.price_cents)
