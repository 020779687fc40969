"""Turns a rule's benefit and the products it may fall on into what is wrong with that money.

A discount deeper than the margin sells below cost. That may be meant (a loss leader), but is more often a slip of the
pen, so it has to be said in the rule: `below_cost = true`. A benefit that is none is always a slip.
"""

from collections.abc import Sequence

from offer_engine.core.incremental import gift_cents
from offer_engine.core.record import Record
from offer_engine.core.rules import Amount, BasketThreshold, Benefit, MultiBuy, Percent, Reminder
from offer_engine.core.store_map import Product

FIELD = {
    Percent: "percent_off",
    Amount: "amount_off_cents",
    MultiBuy: "multi_buy",
    BasketThreshold: "basket_threshold",
    Reminder: "reminder",
}


def price_after(benefit: Benefit, price_cents: int) -> float:
    """What one piece costs the shopper with a benefit, in cents; pieces of a multi-buy share its price.

    >>> price_after(Percent(20), 1490), price_after(Amount(100), 1490), price_after(MultiBuy(2, 500), 299)
    (1192.0, 1390.0, 250.0)
    """
    match benefit:
        case Percent(percent):
            return price_cents * (100 - percent) / 100
        case Amount(amount_cents):
            return float(price_cents - amount_cents)
        case MultiBuy(pieces, for_cents):
            return for_cents / pieces
        case BasketThreshold() | Reminder():
            return float(price_cents)


def cost_of(product: Product) -> float:
    """What one piece costs the store, in cents: the price less the margin.

    >>> cost_of(Product("pasta", "Pasta", "", "pasta", "aisle-1", 200, 0.25, 10, 5.0))
    150.0
    """
    return product.price_cents * (1 - product.margin_share)


def check_benefit(record: Record, benefit: Benefit, products: Sequence[Product], *, is_below_cost_meant: bool) -> None:
    """Note in `record` what is wrong with giving `benefit` on any of `products`."""
    if isinstance(benefit, Reminder):
        return
    if isinstance(benefit, BasketThreshold):
        _check_threshold(record, benefit, products, is_below_cost_meant=is_below_cost_meant)
        return
    field = FIELD[type(benefit)]
    free = [product for product in products if price_after(benefit, product.price_cents) <= 0]
    dear = [product for product in products if price_after(benefit, product.price_cents) >= product.price_cents]
    loss = [product for product in products if price_after(benefit, product.price_cents) < cost_of(product) - 0.5]
    if free:
        record.note(field, f"takes off the whole price of {_first(free)}, {free[0].price_cents} cents")
    elif dear:
        record.note(field, f"saves nothing on {_first(dear)}, at {dear[0].price_cents} cents a piece")
    elif loss and not is_below_cost_meant:
        worst = min(loss, key=lambda product: price_after(benefit, product.price_cents) - cost_of(product))
        others = [worst, *(product for product in loss if product is not worst)]
        sold, cost = price_after(benefit, worst.price_cents), cost_of(worst)
        message = f"sells {_first(others)} at {sold:.0f} cents, below its cost of {cost:.0f}"
        record.note(field, f"{message}; offer less, or write below_cost = true")
    elif products and is_below_cost_meant and not loss:
        record.note("below_cost", "nothing here is sold below cost; leave it out")


def _check_threshold(
    record: Record, benefit: BasketThreshold, products: Sequence[Product], *, is_below_cost_meant: bool
) -> None:
    cost = gift_cents(benefit.costs_cents)
    if products and all(product.price_cents - cost_of(product) <= cost for product in products):
        message = f"giving it to a cart more costs {cost:.0f} cents, more than any product here earns"
        record.note(FIELD[BasketThreshold], f"{message}; the rule would never fire")
    if is_below_cost_meant:
        record.note("below_cost", "nothing here is sold below cost; leave it out")


def _first(products: Sequence[Product]) -> str:
    more = f" (and {len(products) - 1} more)" if len(products) > 1 else ""
    return f"'{products[0].sku}'{more}"
