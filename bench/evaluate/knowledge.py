"""Turns a past into `Knowledge`: every table that the learnt ranking looks its columns up in.

Four kinds of tables, so that one decision costs a few look-ups instead of a computation: habits of households, facts of
products, facts of stores, and likeness (of households by what they buy, of products by who buys them). All of it is
counted from the past alone; promotions are the retailer's plan.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

from bench.evaluate.folds import FOLD_DAYS, Past
from bench.evaluate.formula import Formula, fit_formula
from bench.evaluate.habits import Habits, Visits, habits, visit_ordinals, zone_visits
from bench.evaluate.promotions import Promotions, week_of
from bench.evaluate.source import Floats, Ints, Singles
from bench.evaluate.zones import WALK

STORE_DAYS = 60.0  # a sale in a store counts 1/e after this long
NEIGHBOURS = 200
TRAITS = 64  # dimensions in which products and households are likened


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """Who buys alike, and what is bought by the same households."""

    neighbours: Ints  # (households, NEIGHBOURS)
    weights: Singles  # the same shape; 1 in total for each household
    by_zone: tuple[sparse.csr_array, ...]  # decayed purchases, (candidates of the zone, households)
    household_traits: Singles  # (households, TRAITS)
    product_traits: Singles  # (candidates, TRAITS)


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """All that is learnt of a past before any decision is asked for."""

    past: Past
    formula: Formula
    visits: Visits
    item: Habits
    kind: Habits
    category: Habits
    brand: Habits  # a maker's products of a category
    size: Habits  # a package size of a category
    brand_of: Ints  # of each candidate
    size_of: Ints
    product_columns: Singles  # (candidates, columns), in the order of `_product_columns`
    relative_price: Singles  # of each candidate: price over the mean of its type
    household_columns: Singles  # (households, columns)
    store_key: Ints  # store * candidates + candidate, sorted
    store_weight: Floats  # decayed sales there; one more for "never"
    store_total: Floats  # (stores * zones), decayed sales
    share: Floats  # each candidate's share of its zone's decayed sales, all stores together
    likeness: Likeness
    promotions: Promotions | None
    promoted_row: Ints  # of each candidate in `promotions`


def learn(past: Past, promotions: Promotions | None) -> Knowledge:
    """Fill every table."""
    products, sales = past.products, past.sales
    categories = int(products.category.max()) + 1
    brand = np.unique(products.maker * categories + products.category, return_inverse=True)[1]
    size = np.unique(products.size * categories + products.category, return_inverse=True)[1]
    ordinal = visit_ordinals(past)
    visits = zone_visits(past, ordinal)

    def table(label: Ints) -> Habits:
        return habits(past, label[sales.product], int(label.max()) + 1, ordinal, visits)

    item = table(np.arange(len(products.ids)))
    formula = fit_formula(past)
    weight = np.exp((sales.day - past.cut) / STORE_DAYS)
    store_key, row = np.unique(sales.store * len(products.ids) + sales.product, return_inverse=True)
    place = sales.store * len(WALK) + products.zone[sales.product]
    decayed = np.bincount(sales.product, weights=weight, minlength=len(products.ids))
    zone_total = np.bincount(products.zone, weights=decayed, minlength=len(WALK))
    price, relative_price, discount = _prices(past)
    promoted = np.zeros(0, dtype=np.int64) if promotions is None else promotions.rows(products.ids)
    response = _responses(past, promotions, promoted)
    return Knowledge(
        past=past,
        formula=formula,
        visits=visits,
        item=item,
        kind=table(products.kind),
        category=table(products.category),
        brand=table(brand),
        size=table(size),
        brand_of=brand,
        size_of=size,
        product_columns=np.column_stack(
            (_product_columns(past, item, formula), np.log(price + 0.1), relative_price, discount, response[0])
        ).astype(np.float32),
        relative_price=relative_price.astype(np.float32),
        household_columns=np.column_stack((_household_columns(past, relative_price), response[1])).astype(np.float32),
        store_key=store_key,
        store_weight=np.r_[np.bincount(row, weights=weight), 0.0],
        store_total=np.asarray(np.bincount(place, weights=weight, minlength=past.stores * len(WALK)), np.float64),
        share=decayed / np.maximum(zone_total, 1e-9)[products.zone],
        likeness=_likeness(past, item),
        promotions=promotions,
        promoted_row=promoted,
    )


def _product_columns(past: Past, item: Habits, formula: Formula) -> Floats:
    """Popularity, its trend, age, and how often a buyer comes back; logarithms where the range is wide."""
    products, sales = past.products, past.sales
    width = len(products.ids)
    age = past.cut - sales.day

    def sold_within(days: int) -> Floats:
        return np.bincount(sales.product[age <= days], minlength=width).astype(np.float64)

    def share(count: Floats) -> Floats:
        return count / np.maximum(np.bincount(products.zone, weights=count, minlength=len(WALK)), 1)[products.zone]

    sold_7, sold_90, sold_28, sold = sold_within(7), sold_within(90), sold_within(FOLD_DAYS), sold_within(past.cut)
    first, last = np.full(width, past.cut), np.zeros(width, dtype=np.int64)
    np.minimum.at(first, sales.product, sales.day)
    np.maximum.at(last, sales.product, sales.day)
    bought = item.key % width
    buyers = np.bincount(bought, minlength=width).astype(np.float64)
    back = np.bincount(bought[item.baskets[:-1] > 1], minlength=width)
    of_kind = np.bincount(products.kind, weights=back) / np.maximum(np.bincount(products.kind, weights=buyers), 1)
    tried = np.full(len(item.key) + 1, past.cut)
    np.minimum.at(tried, item.find(sales.household, sales.product), sales.day)

    def tried_within(days: int) -> Floats:
        return np.bincount(bought[tried[:-1] >= past.cut - days], minlength=width).astype(np.float64)

    recent_buyers = np.bincount(bought[item.last_day[:-1] >= past.cut - FOLD_DAYS], minlength=width)
    within = np.concatenate([shelf.within_share for shelf in formula.shelves])
    return np.column_stack(
        (
            np.log(share(sold_28) + 1e-5),
            np.log(share(sold) + 1e-5),
            np.log((sold_7 + 1) / (sold_28 / 4 + 1)),
            np.log((sold_28 + 1) / (sold_90 * FOLD_DAYS / 90 + 1)),
            np.log((sold_90 + 2) / (sold * 90 / past.cut + 2)),
            np.log(within + 1e-3),
            np.log1p(np.arange(width) - past.zone_starts[products.zone]),
            np.log1p(past.cut - first),
            np.log1p(past.cut - last),
            (back + 5 * of_kind[products.kind]) / (buyers + 5),
            np.log1p(buyers),
            np.log1p(sold_28 / (recent_buyers + 1)),
            np.log(share(tried_within(28)) + 1e-5),
            np.log(share(tried_within(90)) + 1e-5),
            np.log((tried_within(14) + 1) / (tried_within(28) / 2 + 1)),
            products.is_own_brand,
        )
    )


def _prices(past: Past) -> tuple[Floats, Floats, Floats]:
    """Mean price of each candidate in dollars a piece, the same over its type's, and its mean discount share."""
    sales, products = past.sales, past.products
    pieces = np.bincount(sales.product, weights=sales.pieces.astype(np.float64))
    price = np.minimum(np.bincount(sales.product, weights=sales.paid) / pieces, 50)
    regular = np.maximum(np.bincount(sales.product, weights=sales.regular) / pieces, 0.01)
    sold = past.sold.astype(np.float64)
    of_kind = np.bincount(products.kind, weights=price * sold) / np.maximum(np.bincount(products.kind, sold), 1)
    relative = np.minimum(price / np.maximum(of_kind[products.kind], 0.01), 5)
    return price, relative, np.clip(1 - price / regular, 0, 1)


def _household_columns(past: Past, relative_price: Floats) -> Floats:
    """Price level, share of own brand and of discounted products, number of baskets, and their size."""
    sales = past.sales
    size = past.households
    lines = np.bincount(sales.household, minlength=size)

    def shrunk(value: Floats, usual: float) -> Floats:
        return (np.bincount(sales.household, weights=value, minlength=size) + 20 * usual) / (lines + 20)

    baskets = int(sales.basket.max()) + 1
    visits = np.bincount(np.unique(sales.household * baskets + sales.basket) // baskets, minlength=size)
    discounted = (sales.regular - sales.paid) / np.maximum(sales.regular, 0.01) > 0.05
    return np.column_stack(
        (
            shrunk(relative_price[sales.product], 1.0),
            shrunk(past.products.is_own_brand[sales.product].astype(np.float64), 0.25),
            shrunk(discounted.astype(np.float64), 0.4),
            np.log1p(visits),
            np.log1p(lines / np.maximum(visits, 1)),
        )
    )


def _responses(past: Past, promotions: Promotions | None, promoted: Ints) -> tuple[Floats, Floats]:
    """Share of sales while in the mailer and while on display: of each candidate, and of each household."""
    if promotions is None:
        return np.zeros((len(past.sold), 0)), np.zeros((past.households, 0))
    sales = past.sales
    place = promotions.places(week_of(sales.day), sales.store, promoted[sales.product])
    columns = []
    for label, size in ((sales.product, len(past.sold)), (sales.household, past.households)):
        lines = np.bincount(label, minlength=size)
        columns.append(
            np.column_stack(
                [
                    (np.bincount(label, weights=is_promoted, minlength=size) + 10 * is_promoted.mean()) / (lines + 10)
                    for is_promoted in ((place % 16 > 0).astype(np.float64), (place >= 16).astype(np.float64))
                ]
            )
        )
    return columns[0], columns[1]


def _likeness(past: Past, item: Habits) -> Likeness:
    """Compare households by the rarer of their products; compress who buys what into a few traits."""
    width = len(past.sold)
    cells = np.divmod(item.key, width)
    slow = item.slow[:-1].astype(np.float32)
    bought = sparse.csr_array((np.log1p(slow), cells), shape=(past.households, width))
    buyers = np.bincount(cells[1], minlength=width)
    rare = bought @ sparse.diags_array(np.log(past.households / np.maximum(buyers, 1)).astype(np.float32))
    length = np.sqrt(np.asarray(rare.multiply(rare).sum(axis=1)).ravel())
    rare = sparse.diags_array(1 / np.maximum(length, 1e-9)) @ rare
    cosine = (rare @ rare.T).toarray()
    np.fill_diagonal(cosine, 0)
    count = min(NEIGHBOURS, past.households - 1)
    neighbours = np.argpartition(-cosine, count - 1, axis=1)[:, :count]
    weights = np.take_along_axis(cosine, neighbours, axis=1) ** 2
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    capped = sparse.csr_array(sparse.csr_array((np.minimum(slow, 3), cells), shape=(past.households, width)).T)
    by_zone = tuple(capped[past.candidates(zone)] for zone in range(len(WALK)))
    household, product = _traits(bought)
    return Likeness(neighbours, weights.astype(np.float32), by_zone, household, product)


def _traits(bought: sparse.csr_array) -> tuple[Singles, Singles]:
    """Singular vectors of who buys what, scaled so that neither busy households nor staples rule them."""
    rows = sparse.diags_array(1 / np.sqrt(np.maximum(np.asarray(bought.sum(axis=1)).ravel(), 1e-9)))
    columns = sparse.diags_array(1 / np.sqrt(np.asarray(bought.sum(axis=0)).ravel() + 5))
    scaled = sparse.csr_array(rows @ bought @ columns).astype(np.float32)
    count = min(TRAITS, min(scaled.shape) - 1)
    start = np.random.default_rng(0).random(min(scaled.shape)).astype(np.float32)  # the same traits in every run
    left, strength, right = svds(scaled, k=count, v0=start)
    return (left * strength).astype(np.float32), np.ascontiguousarray(right.T).astype(np.float32)
