"""What is in the cart makes some products likelier: the summed log lift of the pairings that the cart sets off.

`lift` belongs to a pairing in baskets, and is never mixed up with the uplift of an experiment. Curated pairings come
from the retailer's table; a longer cart sets off more of them, so the sum is divided by the root of the cart's size.
"""

from collections.abc import Collection, Iterable, Mapping
from math import log, sqrt

from msgspec import Struct

from offer_engine.core.store_map import Pairing, Product

STRONGEST = 3.0  # log lift; e^3 = 20 times likelier is as far as a table is believed


class Paired(Struct, frozen=True):
    """How much the cart speaks for a product, and which item says it loudest."""

    log_lift: float  # in [0, STRONGEST]
    because: str  # sku in the cart, "" where nothing there pairs


class PairingTable(Struct, frozen=True):
    """Curated pairings by what they point at: `then` -> {`when`: log lift}; keys are categories and skus."""

    by_then: dict[str, dict[str, float]]


def pairing_table(pairings: Iterable[Pairing]) -> PairingTable:
    """Index a retailer's pairings; of two for the same pair the stronger one counts."""
    by_then: dict[str, dict[str, float]] = {}
    for pairing in pairings:
        whens = by_then.setdefault(pairing.then, {})
        whens[pairing.when] = max(whens.get(pairing.when, 0.0), log(pairing.lift))
    return PairingTable(by_then)


def paired(table: PairingTable, product: Product, cart: Collection[str], products: Mapping[str, Product]) -> Paired:
    """Weigh a product against the cart; a sku's own pairing beats its category's.

    >>> lamb = Product("rack-of-lamb", "Rack of lamb", "", "lamb", "meat", 2500, 0.3, 9, 1.0)
    >>> wine = Product("oak", "Oak", "", "red-wine", "wine", 4000, 0.3, 9, 1.0)
    >>> table = pairing_table([Pairing("lamb", "red-wine", 4.0, "curated")])
    >>> found = paired(table, wine, ["rack-of-lamb"], {"rack-of-lamb": lamb})
    >>> round(found.log_lift, 3), found.because
    (1.386, 'rack-of-lamb')
    """
    of_category = table.by_then.get(product.category)
    of_sku = table.by_then.get(product.sku)
    if not cart or not (of_category or of_sku):
        return Paired(0.0, "")
    total, best, because = 0.0, 0.0, ""
    for sku in cart:
        category = products[sku].category
        strength = max(_strength(of_sku, sku, category), _strength(of_category, sku, category))
        total += strength
        if strength > best:
            best, because = strength, sku
    return Paired(min(total / sqrt(len(cart)), STRONGEST), because)


def _strength(whens: Mapping[str, float] | None, sku: str, category: str) -> float:
    if whens is None:
        return 0.0
    return whens.get(sku, whens.get(category, 0.0))
