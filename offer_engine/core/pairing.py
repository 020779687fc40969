"""What is in the cart makes some products likelier: the summed log lift of the pairings that the cart sets off.

`lift` belongs to a pairing in baskets, and is never mixed up with the uplift of an experiment. Curated pairings come
from the retailer's table, learnt ones from past baskets (`learnt_pairing`); where both speak of a pair, the retailer
has the last word. A longer cart sets off more of them, so the sum is divided by the root of the cart's size.
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
    source: str = ""  # of the pairing behind it: "curated" or "learnt", "" for none


class PairingTable(Struct, frozen=True):
    """Pairings by what they point at: `then` -> {`when`: log lift}; keys are categories and skus."""

    by_then: dict[str, dict[str, float]]
    learnt: frozenset[tuple[str, str]] = frozenset()  # (when, then) of those that the retailer did not write


def pairing_table(pairings: Iterable[Pairing]) -> PairingTable:
    """Index pairings; for one pair the curated goes before the learnt, and of two curated the stronger one counts.

    Of a learnt lift the lower end of its interval counts: so much is sure.
    """
    curated: dict[tuple[str, str], float] = {}
    learnt: dict[tuple[str, str], float] = {}
    for pairing in pairings:
        found, lift = (curated, pairing.lift) if pairing.evidence is None else (learnt, pairing.evidence.low)
        key = pairing.when, pairing.then
        found[key] = max(found.get(key, 0.0), log(lift))
    by_then: dict[str, dict[str, float]] = {}
    for (when, then), strength in (learnt | curated).items():
        by_then.setdefault(then, {})[when] = strength
    return PairingTable(by_then, frozenset(learnt.keys() - curated.keys()))


def paired(table: PairingTable, product: Product, cart: Collection[str], products: Mapping[str, Product]) -> Paired:
    """Weigh a product against the cart; a sku's own pairing beats its category's.

    >>> lamb = Product("rack-of-lamb", "Rack of lamb", "", "lamb", "meat", 2500, 0.3, 9, 1.0)
    >>> wine = Product("oak", "Oak", "", "red-wine", "wine", 4000, 0.3, 9, 1.0)
    >>> table = pairing_table([Pairing("lamb", "red-wine", 4.0, "curated")])
    >>> found = paired(table, wine, ["rack-of-lamb"], {"rack-of-lamb": lamb})
    >>> round(found.log_lift, 3), found.because, found.source
    (1.386, 'rack-of-lamb', 'curated')
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
    if not because:
        return Paired(0.0, "")
    return Paired(min(total / sqrt(len(cart)), STRONGEST), because, _source(table, products[because], product, best))


def category_log_lift(whens: Mapping[str, float], cart: Mapping[str, Product]) -> float:
    """L of all products of a category that no pairing names, as `paired` works it out.

    Args:
        whens: what the category's own pairings ask for, with their log lifts.
        cart: by sku.
    """
    total = 0.0
    for product in cart.values():
        total += whens.get(product.sku, whens.get(product.category, 0.0))
    return min(total / sqrt(len(cart)), STRONGEST)


def _source(table: PairingTable, when: Product, then: Product, strength: float) -> str:
    """Where the pairing of that strength between two products comes from; the retailer's word if both say the same."""
    keys = [(one, other) for other in (then.sku, then.category) for one in (when.sku, when.category)]
    saying = [key for key in keys if table.by_then.get(key[1], {}).get(key[0]) == strength]
    return "learnt" if all(key in table.learnt for key in saying) else "curated"


def _strength(whens: Mapping[str, float] | None, sku: str, category: str) -> float:
    if whens is None:
        return 0.0
    return whens.get(sku, whens.get(category, 0.0))
