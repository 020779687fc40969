"""The made-up department on which the engine's decision is timed is what its description says."""

from collections import Counter

from bench.decision import BOUGHT, CART, PRODUCTS, RULES, decision_times, made_up_contexts, made_up_world
from offer_engine.core.decision import decide


def test_a_hundred_rules_wait_among_three_thousand_products() -> None:
    """Two fifths name a product, two fifths a category, one fifth a favourite."""
    world = made_up_world()
    board = world.boards["long", "dwell"]
    assert (len(board.rules), len(board.products)) == (RULES, PRODUCTS) == (100, 3_000)
    assert Counter(type(rule.choice).__name__ for rule in board.rules) == {
        "Exactly": 40,
        "AnyOf": 40,
        "FavouriteOf": 20,
    }


def test_shoppers_come_with_a_history_and_a_cart() -> None:
    """Forty purchases, ten products, and rules of every fate."""
    context = made_up_contexts(made_up_world(), 1)[0]
    habits = context.profile.zones["long"]
    assert sum(habit.times for habit in habits) >= BOUGHT - 5, "two of one product on one day are one time"
    assert len(context.cart) == CART
    assert len({verdict.reason for verdict in decide(context).verdicts}) > 4


def test_what_is_timed_came_to_a_choice() -> None:
    """Times of decisions that ended early would flatter."""
    timed = decision_times(20)
    assert timed.decisions == 20
    assert timed.offers >= 15
    assert 0 < timed.p50_ms <= timed.p99_ms
