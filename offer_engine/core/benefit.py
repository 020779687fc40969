"""A benefit and a product become a deal: what the shopper saves by it, and what a sale with it leaves to the store."""

from msgspec import Struct

from offer_engine.core.incremental import gift_cents
from offer_engine.core.rules import Amount, BasketThreshold, Benefit, MultiBuy, Percent, Reminder
from offer_engine.core.store_map import Product


class Deal(Struct, frozen=True):
    """What a benefit means for one product; the same for every shopper."""

    saving_share: float  # of the price, in [0, 1]
    profit_cents: float  # of a sale with it, after the discount; all pieces of a multi-buy
    margin_cents: float  # of a sale of one piece without it


def deal(benefit: Benefit, product: Product) -> Deal:
    """Work out what a benefit means for a product.

    >>> wine = Product("oak", "Oak", "", "red-wine", "wine", 1000, 0.3, 9, 1.0)
    >>> deal(Percent(10), wine), deal(MultiBuy(2, 1800), wine).profit_cents
    (Deal(saving_share=0.1, profit_cents=200.0, margin_cents=300.0), 400.0)
    """
    off = discount_cents(benefit, product.price_cents)
    margin = product.price_cents * product.margin_share
    gift = gift_cents(benefit.costs_cents) if isinstance(benefit, BasketThreshold) else 0.0
    return Deal(min((off + gift) / product.price_cents, 1.0), (margin - off) * pieces(benefit) - gift, margin)


def pieces(benefit: Benefit) -> int:
    """How many pieces a sale with this benefit is."""
    return benefit.pieces if isinstance(benefit, MultiBuy) else 1


def discount_cents(benefit: Benefit, price_cents: int) -> int:
    """What the benefit takes off one piece, in whole cents, never more than its price.

    Half a cent is given to the shopper; a piece of a multi-buy never costs more at the till than is said here.

    >>> discount_cents(Percent(15), 3999), discount_cents(MultiBuy(2, 500), 299), discount_cents(Reminder(), 299)
    (600, 49, 0)
    >>> discount_cents(Percent(5), 50), discount_cents(MultiBuy(3, 599), 299)
    (3, 99)
    """
    return min(max(_taken_off(benefit, price_cents), 0), price_cents)


def _taken_off(benefit: Benefit, price_cents: int) -> int:
    match benefit:
        case Percent(percent):
            return (price_cents * percent + 50) // 100
        case Amount(amount_cents):
            return amount_cents
        case MultiBuy(pieces, for_cents):
            return price_cents + -for_cents // pieces
        case BasketThreshold() | Reminder():
            return 0
