"""Allowed rules become the best few offers of a zone, however many products it has.

Mostly few pairs of a rule and a product are left by now, and `score` is asked of each. Where they are many, what it
says is worked out for all pairs of the `board` at once, operation by operation the same and so equal to the last bit.
The columns only find the best: what a record keeps of them comes from `score`. Whether a product may be offered (stock,
cart, rejections) is asked of the best alone, from the top down.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import exp

import numpy as np

from offer_engine.core.affinity import ZoneShares, zone_shares
from offer_engine.core.board import Board
from offer_engine.core.context import Context
from offer_engine.core.eligible import candidates, offerable
from offer_engine.core.formula import PAIRING_WEIGHT, Bought, Flags, Floats, Ints, formula_scores
from offer_engine.core.incremental import MOST, REMINDED_SHARE, chance_without
from offer_engine.core.pairing import category_log_lift, paired
from offer_engine.core.rhythm import Rhythm
from offer_engine.core.rules import Rule
from offer_engine.core.score import Scored, score

_FEW = 20  # pairs; so many are scored one by one in the time that columns take (60 us, 65), and sooner with cold caches
_FIRST_LOOK = 16  # pairs; more are looked at where too few of these may be offered


def best_offers(rules: Sequence[Rule], context: Context, count: int) -> list[Scored]:
    """The `count` most valuable offers of these rules, and every other offer of the first one's product.

    Most valuable first; ties by rule and sku, so that order means nothing.
    """
    board = context.world.boards.get((context.zone, context.trigger))
    if board is None or not rules:
        return []
    shares = zone_shares(context.history, context.zone, context.at)
    if sum([board.pairs_of[rule.id] for rule in rules]) <= _FEW:
        return one_by_one(rules, shares, context, count)
    return in_columns(rules, board, shares, context, count)


def one_by_one(rules: Sequence[Rule], shares: ZoneShares, context: Context, count: int) -> list[Scored]:
    """`best_offers` by a look at every product of every rule."""
    found = [
        score(rule, product, shares, context)
        for rule in rules
        for product in offerable(rule, context, candidates(rule, context))[0]
    ]
    found.sort(key=_worth)
    return found[:count] + [one for one in found[count:] if one.sku == found[0].sku]


def in_columns(rules: Sequence[Rule], board: Board, shares: ZoneShares, context: Context, count: int) -> list[Scored]:
    """`best_offers` by the values of all pairs of the board."""
    values = pair_values(board, shares, context)
    values[~_open(board, rules, shares)] = -np.inf
    found: dict[int, Scored] = {}
    for pair in _offerable_first(values, board, context):
        found[pair] = _scored(pair, board, shares, context)
        if len(found) == count:
            break
    if found:
        row = board.pair_row[next(iter(found))]
        same = np.flatnonzero((board.pair_row == row) & (values > -np.inf)).tolist()
        for pair in same:
            if pair not in found and _is_offerable(pair, board, context):
                found[pair] = _scored(pair, board, shares, context)
    return sorted(found.values(), key=_worth)


def _worth(one: Scored) -> tuple[float, str, str]:
    return -one.value_cents, one.rule, one.sku


def pair_values(board: Board, shares: ZoneShares, context: Context) -> Floats:
    """`Scored.value_cents` of every pair of a board, in cents, shape (pairs,); that it may be offered is not asked."""
    bought = _bought(board, shares)
    lift = _lift(board, context)
    scores = formula_scores(board.shelf, bought, lift)
    rhythms = [shares.rhythm(board.products[row]) for row in bought.rows.tolist()]
    silent = _silent(board, bought, lift, rhythms)
    appeal: Floats = scores / (1 + scores)
    appeal[bought.rows] *= np.array([habit.wanted for habit in rhythms], dtype=np.float64)
    reminded = 1 - (1 - silent) * (1 - REMINDED_SHARE * appeal)
    with_offer: Floats = reminded.take(board.pair_row)
    with_offer *= board.sells_more
    np.minimum(with_offer, MOST, out=with_offer)
    np.maximum(with_offer, silent.take(board.pair_row), out=with_offer)
    with_offer *= board.profit
    with_offer -= (silent * board.margin).take(board.pair_row)
    return with_offer


def _bought(board: Board, shares: ZoneShares) -> Bought:
    """The shopper's purchases as rows of the shelf; what is no longer sold here counts in the totals alone."""
    here = [(board.row[sku], weight) for sku, weight in shares.skus.items() if sku in board.row]
    by_category = np.zeros(board.shelf.categories)
    for category, weight in shares.categories.items():
        if category in board.categories:
            by_category[board.categories[category]] = weight
    rows = np.array([row for row, _ in here], dtype=np.int64)
    return Bought(rows, np.array([weight for _, weight in here], dtype=np.float64), by_category, shares.total)


def _lift(board: Board, context: Context) -> Floats:
    """exp(0.4 L) of every product, from the few that something in the cart is paired with."""
    by_category = np.ones(board.shelf.categories)
    keys = [key for product in context.cart.values() for key in (product.sku, product.category)]
    table, catalogue, cart = context.world.pairings, context.world.store.products, context.cart
    for number in _touched(board.paired.categories, keys):
        by_category[number] = exp(PAIRING_WEIGHT * category_log_lift(board.paired.whens[number], cart))
    lift: Floats = by_category.take(board.shelf.category)
    for row in _touched(board.paired.rows, keys):
        lift[row] = exp(PAIRING_WEIGHT * paired(table, board.products[row], cart, catalogue).log_lift)
    return lift


def _touched(paired_with: Mapping[str, frozenset[int]], keys: Sequence[str]) -> set[int]:
    return {number for key in keys for number in paired_with.get(key, ())}


def _silent(board: Board, bought: Bought, lift: Floats, rhythms: Sequence[Rhythm]) -> Floats:
    """The chance that each product is bought without an offer: by popularity, and by habit where there is one."""
    silent: Floats = np.minimum(board.new * lift, 1.0)
    np.subtract(1, silent, out=silent)
    np.subtract(1, silent, out=silent)  # as `chance_without` rounds it
    np.minimum(silent, MOST, out=silent)
    for row, habit in zip(bought.rows.tolist(), rhythms, strict=True):
        silent[row] = chance_without(habit.rebuy, board.products[row].popularity, float(lift[row]))
    return silent


def _open(board: Board, rules: Sequence[Rule], shares: ZoneShares) -> Flags:
    """Which pairs are of these rules, and of what the shopper bought before where the rule is about favourites."""
    is_allowed = np.zeros(len(board.rules), dtype=np.bool_)
    is_allowed[[board.number[rule.id] for rule in rules]] = True
    was_bought = np.zeros(len(board.products), dtype=np.bool_)
    was_bought[[board.row[sku] for sku in shares.skus if sku in board.row]] = True
    return np.asarray(is_allowed.take(board.pair_rule) & (~board.is_favourite | was_bought.take(board.pair_row)))


def _offerable_first(values: Floats, board: Board, context: Context) -> Iterator[int]:
    """Pairs that may be offered, by value and then in their own order."""
    looked, seen = _FIRST_LOOK, 0
    while True:
        first = _first(values, looked)
        for pair in first[seen:].tolist():
            if values[pair] == -np.inf:
                return
            if _is_offerable(pair, board, context):
                yield pair
        if len(first) == len(values):
            return
        seen, looked = len(first), len(first) * 8


def _first(values: Floats, count: int) -> Ints:
    """The pairs of the `count` highest values and of all that equal the last of them, in order."""
    if count >= len(values):
        return np.argsort(-values, kind="stable")
    lowest = np.partition(values, len(values) - count)[len(values) - count]
    best = np.flatnonzero(values >= lowest)
    return best[np.argsort(-values[best], kind="stable")]


def _is_offerable(pair: int, board: Board, context: Context) -> bool:
    rule, product = board.rules[board.pair_rule[pair]], board.products[board.pair_row[pair]]
    return offerable(rule, context, (product,))[1] is None


def _scored(pair: int, board: Board, shares: ZoneShares, context: Context) -> Scored:
    return score(board.rules[board.pair_rule[pair]], board.products[board.pair_row[pair]], shares, context)
