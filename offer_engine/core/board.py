"""A zone's products and the rules that wait there become a board: all of a choice that is the same for every shopper.

It is made when a store or its rules are loaded, so that a decision with a hundred rules and thousands of products is
left with what depends on the shopper, in columns (`ranking`). A *pair* is a rule and one product that it may offer
here; pairs come by rule id and then by sku, the order in which a tie is broken.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

import numpy as np

from offer_engine.core.benefit import deal
from offer_engine.core.formula import Flags, Floats, Ints, Shelf
from offer_engine.core.incremental import ELASTICITY, PER_VISITS
from offer_engine.core.pairing import PairingTable
from offer_engine.core.rules import AnyOf, BasketThreshold, Exactly, FavouriteOf, Rule
from offer_engine.core.scope import Scope, make_scope
from offer_engine.core.store_map import Product


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """All that may be offered at one trigger."""

    rules: tuple[Rule, ...]  # that wait there, by id
    number: Mapping[str, int]  # of a rule, by id
    scope: Scope  # what could block them
    first: Mapping[str, Product]  # that a rule may offer to anybody, by rule id; none where it depends on the shopper
    products: tuple[Product, ...]  # of the zone, by sku
    row: Mapping[str, int]  # of a product, by sku
    shelf: Shelf
    categories: Mapping[str, int]  # their numbers on the shelf
    new: Floats  # chance that anybody buys it on a visit, by popularity, shape (products,)
    margin: Floats  # cents of a sale of one piece, shape (products,)
    paired: "PairedHere"
    pairs_of: Counter[str]  # how many, by rule id
    pair_rule: Ints  # number of each pair's rule, shape (pairs,), as are the next five
    pair_row: Ints
    is_favourite: Flags  # only for those who bought it before
    sells_more: Floats  # times, for the saving
    profit: Floats  # cents of a sale with the benefit

    def __repr__(self) -> str:
        """In brief: columns of thousands tell nobody anything."""
        return f"Board({len(self.rules)} rules, {len(self.products)} products)"


@dataclass(frozen=True, slots=True, eq=False)
class PairedHere:
    """Which of a zone's products something in a cart may make likelier; keys are categories and skus in the cart."""

    categories: Mapping[str, frozenset[int]]  # numbers of categories
    rows: Mapping[str, frozenset[int]]  # products that are named by a pairing of their own
    whens: tuple[Mapping[str, float], ...]  # by category number: what its own pairings ask for, with log lifts


def make_board(
    rules: tuple[Rule, ...],
    products: Sequence[Product],
    popularity: tuple[float, Mapping[str, float]],
    pairings: PairingTable,
) -> Board:
    """Put a zone and the rules of one trigger into columns.

    Args:
        rules: by id.
        products: of the zone, by sku.
        popularity: summed over the zone, and over each of its categories.
        pairings: of the store.
    """
    categories: dict[str, int] = {}
    for product in products:
        categories.setdefault(product.category, len(categories))
    row = {product.sku: number for number, product in enumerate(products)}
    pairs = [(number, product) for number, rule in enumerate(rules) for product in _offered(rule, products)]
    first: dict[str, Product] = {}
    for number, product in pairs:
        if not _depends(rules[number]):
            first.setdefault(rules[number].id, product)
    deals = [deal(rules[number].benefit, product) for number, product in pairs]
    return Board(
        rules=rules,
        number={rule.id: number for number, rule in enumerate(rules)},
        scope=make_scope(rules, {rules[number].id: product.category for number, product in pairs}),
        first=first,
        products=tuple(products),
        row=row,
        shelf=_shelf(products, categories, popularity),
        categories=categories,
        new=_floats([product.popularity / PER_VISITS for product in products]),
        margin=_floats([product.price_cents * product.margin_share for product in products]),
        paired=_paired_here(products, categories, pairings),
        pairs_of=Counter(rules[number].id for number, _ in pairs),
        pair_rule=np.array([number for number, _ in pairs], dtype=np.int64),
        pair_row=np.array([row[product.sku] for _, product in pairs], dtype=np.int64),
        is_favourite=np.array([isinstance(rules[number].choice, FavouriteOf) for number, _ in pairs], dtype=np.bool_),
        sells_more=_floats([exp(ELASTICITY * log(max(1 - one.saving_share, 1e-9))) for one in deals]),
        profit=_floats([one.profit_cents for one in deals]),
    )


def _depends(rule: Rule) -> bool:
    """Whether what a rule may offer depends on the shopper: on what they bought, or on what their cart is short of."""
    return isinstance(rule.choice, FavouriteOf) or isinstance(rule.benefit, BasketThreshold)


def _floats(values: list[float]) -> Floats:
    return np.array(values, dtype=np.float64)


def _offered(rule: Rule, products: Sequence[Product]) -> list[Product]:
    """What a rule may offer in this zone to anybody."""
    match rule.choice:
        case Exactly(sku):
            return [product for product in products if product.sku == sku]
        case AnyOf(category) | FavouriteOf(category):
            return [product for product in products if product.category == category]


def _shelf(
    products: Sequence[Product], categories: Mapping[str, int], popularity: tuple[float, Mapping[str, float]]
) -> Shelf:
    in_zone, of_category = popularity
    totals = [of_category[product.category] for product in products]
    within = [p.popularity / total if total else 0.0 for p, total in zip(products, totals, strict=True)]
    number = np.array([categories[product.category] for product in products], dtype=np.int64)
    of_zone = [product.popularity / in_zone if in_zone else 0.0 for product in products]
    return Shelf(number, _floats(of_zone), _floats(within), len(categories))


def _paired_here(products: Sequence[Product], categories: Mapping[str, int], pairings: PairingTable) -> PairedHere:
    rows: dict[str, set[int]] = {}
    for number, product in enumerate(products):
        for when in pairings.by_then.get(product.sku, ()):
            rows.setdefault(when, set()).add(number)
    by_when: dict[str, set[int]] = {}
    for category, number in categories.items():
        for when in pairings.by_then.get(category, ()):
            by_when.setdefault(when, set()).add(number)
    return PairedHere(
        {when: frozenset(found) for when, found in by_when.items()},
        {when: frozenset(found) for when, found in rows.items()},
        tuple(pairings.by_then.get(category, {}) for category in categories),
    )
