"""What waits at a trigger, in columns: which pairs there are, in which order, and what a cart touches."""

from dataclasses import replace

from offer_engine.core.benefit import deal
from offer_engine.core.rules import Exactly, Percent
from tests.core.worlds import ANY_LAMB, ANY_RED, FAVOURITE_RED, OAK_WITH_LAMB, STORE, world

WINE = ("wine", "dwell")


def test_pairs_come_by_rule_and_then_by_sku() -> None:
    """Each rule with each product that it may offer in this zone to anybody: the order in which a tie is broken."""
    board = world(OAK_WITH_LAMB, FAVOURITE_RED, ANY_RED, ANY_LAMB).boards[WINE]
    pairs = [(board.rules[rule].id, board.products[row].sku)
             for rule, row in zip(board.pair_rule.tolist(), board.pair_row.tolist(), strict=True)]  # fmt: skip
    reds = ["house-red", "oak-red"]
    expected = [("any-red", sku) for sku in reds] + [("favourite-red", sku) for sku in reds]
    assert pairs == [*expected, ("oak-with-lamb", "oak-red")]
    assert board.is_favourite.tolist() == [False, False, True, True, False]


def test_a_product_of_another_zone_is_no_pair() -> None:
    """A rule for two zones offers a named product where that stands, and nothing in the other."""
    both = replace(OAK_WITH_LAMB, zones=("wine", "meat"), choice=Exactly("lamb-chops"))
    boards = world(both).boards
    assert len(boards[WINE].pair_row) == 0
    assert [boards["meat", "dwell"].products[row].sku for row in boards["meat", "dwell"].pair_row] == ["lamb-chops"]


def test_money_is_that_of_the_deal() -> None:
    """Profit and margin of a pair are worked out once, for every shopper alike."""
    board = world(OAK_WITH_LAMB).boards[WINE]
    money = deal(Percent(20), STORE.products["oak-red"])
    assert board.profit.tolist() == [money.profit_cents]
    assert board.margin[board.row["oak-red"]] == money.margin_cents


def test_what_a_cart_touches_is_known_before() -> None:
    """The tiny store pairs lamb with any red, and a rack of lamb with the oak."""
    board = world(ANY_RED).boards[WINE]
    assert board.paired.categories == {"lamb": frozenset({board.categories["red-wine"]})}
    assert board.paired.rows == {"rack-of-lamb": frozenset({board.row["oak-red"]})}
