"""A product's appeal and a rule's benefit become what the offer is expected to earn *more* than silence would.

A discount on what would be bought anyway earns nothing: it gives the margin away. So two chances of a sale on this
visit are held against one another. Without the offer: what the shopper rebuys, by their own `rhythm`, and what is new
to them, by the catalogue's popularity and the pairing. With it: somebody who sees it may think of what appeals to them
and is not in their cupboard yet, and a saving sells more. All other assumptions stand here;
docs/adr/0010-incremental-profit.md has their sources and price.
"""

from math import exp, log

PER_VISITS = 1000.0  # what the catalogue's popularity is counted by
ELASTICITY = -2.62  # of sales to price: the mean of 1,851 estimates (Bijmolt, van Heerde and Pieters 2005)
REMINDED_SHARE = 0.3  # of those to whom it appeals and who would not have bought it, who do when reminded at the shelf
MOST = 0.95  # nothing is certain
THERE_ANYWAY = 0.8  # of carts a little short of what earns a gift, that get there unasked: 115 of 140 within EUR 5 of
# EUR 30 in two hours of the simulated demo market; 0.74 to 0.90 for other sums there


def chance_without(rebuy: float, popularity: float, pairing: float) -> float:
    """The chance, in [0, 0.95], that the product is bought on this visit although nobody speaks of it.

    Args:
        rebuy: the chance by the shopper's own purchases of it, in [0, 1].
        popularity: units sold per 1,000 visits; what is new to them.
        pairing: by how much the cart makes it likelier, 1 for not at all.

    >>> round(chance_without(0.0, 6.6, 1.0), 4), round(chance_without(0.2, 6.6, 1.0), 3), chance_without(1, 0, 1)
    (0.0066, 0.205, 0.95)
    """
    new = min(popularity / PER_VISITS * pairing, 1.0)
    return min(1 - (1 - rebuy) * (1 - new), MOST)


def chance_with(without: float, appeal: float, saving_share: float) -> float:
    """The chance that it is bought on this visit by who sees the offer, in [`without`, 0.95].

    Args:
        without: the chance in silence.
        appeal: how well it fits the shopper and the cart, and whether they want it again yet, in [0, 1).
        saving_share: of the price, in [0, 1].

    >>> round(chance_with(0.06, 0.5, 0.0), 3), round(chance_with(0.06, 0.5, 0.2), 3), chance_with(0.95, 0.9, 0.5)
    (0.201, 0.361, 0.95)
    """
    reminded = 1 - (1 - without) * (1 - REMINDED_SHARE * appeal)
    sells_more = exp(ELASTICITY * log(max(1 - saving_share, 1e-9)))
    return max(min(reminded * sells_more, MOST), without)


def gain_cents(with_offer: float, profit_cents: float, without: float, margin_cents: float) -> float:
    """What the offer earns more than silence, in cents; negative where it gives away more than it brings.

    Args:
        with_offer: the chance of a sale with the offer.
        profit_cents: what that sale leaves, after the discount.
        without: the chance of a sale in silence.
        margin_cents: what that sale leaves.

    >>> round(gain_cents(0.28, 208.6, 0.06, 506.6)), round(gain_cents(0.95, 208.6, 0.8, 506.6))
    (28, -207)
    """
    return with_offer * profit_cents - without * margin_cents


def gift_cents(costs_cents: int) -> float:
    """What a gift from so large a cart on costs the store for one more cart that gets there.

    The store gives it to every such cart, and most that are close would get there anyway: only for the others does the
    offer make a difference, to the store and to the shopper, to whom it is taken to be worth what it costs.

    >>> round(gift_cents(490), 1)
    98.0
    """
    return costs_cents * (1 - THERE_ANYWAY)
