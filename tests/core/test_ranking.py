"""The columns are the formula to the last bit, and find the same offers as looking at every product of every rule."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from bench.decision import made_up_contexts, made_up_world
from offer_engine.core.affinity import MS_PER_DAY, build_profile, zone_shares
from offer_engine.core.context import Context, Tally, Trigger, build_world
from offer_engine.core.ranking import best_offers, in_columns, one_by_one, pair_values
from offer_engine.core.rules import RuleSet
from offer_engine.core.score import Scored, score
from tests.core.moments import moments
from tests.core.worlds import ANY_RED, NOON, STORE, moment, world
from tests.engines import START_MS
from tests.worlds import demo_market

COUNT = 3
LONG = made_up_world()
SHOPPERS = made_up_contexts(LONG, 40)


def by_hand(context: Context) -> list[Scored]:
    """Every product of every rule that has one, scored one by one; the best, and the others of the first's product."""
    shares = zone_shares(context.history, context.zone, context.at)
    return one_by_one(context.world.triggered.get((context.zone, context.trigger), ()), shares, context, COUNT)


def waiting(context: Context) -> list[Scored]:
    """The best offers of all rules that wait here, by columns even where they are few."""
    where = context.zone, context.trigger
    if where not in context.world.boards:
        return []
    shares = zone_shares(context.history, context.zone, context.at)
    return in_columns(context.world.triggered[where], context.world.boards[where], shares, context, COUNT)


@given(moments())
def test_the_columns_find_what_looking_at_each_finds(context: Context) -> None:
    """The same offers in the same order with the same terms, at any moment under any rules."""
    assert waiting(context) == by_hand(context)


@given(moments())
def test_either_way_it_is_the_same(context: Context) -> None:
    """How many pairs there are decides how they are looked at, and nothing else."""
    assert best_offers(context.world.triggered.get((context.zone, context.trigger), ()), context, COUNT) == by_hand(
        context
    )


@pytest.mark.parametrize("number", range(len(SHOPPERS)))
def test_they_do_so_among_thousands_of_products(number: int) -> None:
    """A hundred rules, three thousand products, and several that are worth the same."""
    assert waiting(SHOPPERS[number]) == by_hand(SHOPPERS[number])


@pytest.mark.parametrize("context", SHOPPERS[:5])
def test_values_are_those_of_the_score_to_the_last_bit(context: Context) -> None:
    """Every pair of a rule and a product that the shopper may have; not nearly equal, equal."""
    board, shares = context.world.boards["long", "dwell"], zone_shares(context.history, "long", context.at)
    values = pair_values(board, shares, context)
    picked = np.random.default_rng(0).choice(len(values), 400, replace=False).tolist()
    habits = [pair for pair, row in enumerate(board.pair_row.tolist()) if board.products[row].sku in shares.skus]
    for pair in (*picked, *habits):
        rule, product = board.rules[board.pair_rule[pair]], board.products[board.pair_row[pair]]
        assert values[pair] == score(rule, product, shares, context).value_cents


@pytest.mark.parametrize("cart", [[], ["rack-of-lamb"], ["rack-of-lamb", "salmon-fillet"]])
def test_a_pairing_of_one_product_beats_its_categorys_in_columns_too(cart: list[str]) -> None:
    """The demo store's wines, for a shopper with a history: the store's own pairings, by category and by product."""
    market = demo_market()
    bought = [("silver-oak-merlot", 90), ("dry-riesling", 60), ("silver-oak-cabernet", 30), ("silver-oak-cabernet", 3)]
    profile = build_profile([(sku, START_MS - days * MS_PER_DAY) for sku, days in bought], market.store.products)
    for zone, trigger in market.triggered:
        waits: Trigger = "enter" if trigger == "enter" else "dwell"
        context = moment(market, cart=cart, past=profile, at=START_MS, zone=zone, trigger=waits)
        assert waiting(context) == by_hand(context)


def test_products_that_cannot_be_offered_hide_none_that_can() -> None:
    """The first five hundred by value are sold out: the next one is found."""
    context = SHOPPERS[0]
    shares = zone_shares(context.history, "long", context.at)
    board = context.world.boards["long", "dwell"]
    best = np.argsort(-pair_values(board, shares, context), kind="stable")[:500].tolist()
    sold = {board.products[board.pair_row[pair]].sku: 50 for pair in best}
    emptied = replace(context, tally=Tally(sold=sold))
    assert waiting(emptied) == by_hand(emptied) != waiting(context)


def test_where_all_is_worth_the_same_rule_and_sku_decide() -> None:
    """A catalogue without popularity, a shopper without a history: the first rule's first products."""
    plain = {sku: replace(product, popularity=0.0) for sku, product in STORE.products.items()}
    shop = build_world(
        replace(STORE, products=plain), RuleSet((replace(ANY_RED, id="b"), replace(ANY_RED, id="a")), "1")
    )
    found = waiting(moment(shop))
    assert [(one.rule, one.sku) for one in found] == [("a", "house-red"), ("a", "oak-red"), ("b", "house-red")]
    assert found == by_hand(moment(shop))


def test_no_rule_offers_nothing() -> None:
    """Where nothing is allowed, or nothing waits, there is nothing to rank."""
    assert best_offers((), moment(world(ANY_RED)), COUNT) == []
    assert best_offers((ANY_RED,), moment(world(ANY_RED), zone="meat", at=NOON), COUNT) == []
