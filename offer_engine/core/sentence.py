"""A decision becomes what the shopper reads: the benefit, and one sentence that is true by construction.

Each clause is written from the datum that let the offer through, and names it; data that did not is not mentioned, and
data that cannot be mentioned is not used.
"""

from collections.abc import Sequence
from typing import Literal

from offer_engine.core.context import Context
from offer_engine.core.rules import Amount, BasketThreshold, Benefit, MultiBuy, Percent, Reminder, Rule
from offer_engine.core.score import Scored
from offer_engine.core.store_map import Product, Zone

Signal = Literal["location", "basket", "history"]
_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$"}


def money(cents: int, currency: str) -> str:
    """A price as a shopper reads it.

    >>> money(1250, "EUR"), money(500, "CHF")
    ('€12.50', 'CHF 5.00')
    """
    sign = _SIGNS.get(currency, f"{currency} ")
    return f"{sign}{cents // 100}.{cents % 100:02d}"


def benefit_text(benefit: Benefit, currency: str) -> str:
    """What the offer gives, in a few words; nothing for a plain reminder."""
    match benefit:
        case Percent(percent):
            return f"{percent}% off"
        case Amount(amount_cents):
            return f"{money(amount_cents, currency)} off"
        case MultiBuy(pieces, for_cents):
            return f"{pieces} for {money(for_cents, currency)}"
        case BasketThreshold(spend_cents, gives):
            return f"{gives[:1].upper()}{gives[1:]} from {money(spend_cents, currency)}"
        case Reminder():
            return ""


def place_text(zone: Zone) -> str:
    """Where a shopper is, inside a sentence: one stands in a department, and before a promotion.

    >>> from shapely import MultiPolygon
    >>> wine = Zone("wine", "Wine", "dept", 0, MultiPolygon(), 0, 0, 0, 0.0, 1)
    >>> special = Zone("back-corner", "This week", "promo", 0, MultiPolygon(), 0, 0, 0, 0.0, 1)
    >>> place_text(wine), place_text(special)
    ('in Wine', 'at the promotion “This week”')
    """
    return f"at the promotion “{zone.label}”" if zone.kind == "promo" else f"in {zone.label}"


def reason_sentence(rule: Rule, product: Product, scored: Scored, context: Context) -> tuple[str, list[Signal]]:
    """The sentence, and the kinds of personal data that it and the rule's conditions rest on."""
    short = _short_clause(rule, context)
    in_cart = _cart_clause(rule, scored, context)
    bought = _history_clause(rule, product, scored, context)
    signals: list[Signal] = ["location"]
    if short or in_cart or rule.lacks:
        signals.append("basket")
    if bought:
        signals.append("history")
    clauses = [clause for clause in (in_cart, bought, short) if clause]
    if not clauses:
        return f"Because you are {place_text(context.world.store.zones[context.zone])}.", signals
    return f"Because {_listed(clauses)}.", signals


def _short_clause(rule: Rule, context: Context) -> str:
    """How much more this cart needs; the product offered is enough for it."""
    if not isinstance(rule.benefit, BasketThreshold):
        return ""
    missing = money(rule.benefit.spend_cents - context.cart_cents, context.world.store.currency)
    return f"your cart is {missing} short of {rule.benefit.gives}"


def _cart_clause(rule: Rule, scored: Scored, context: Context) -> str:
    asked = [product for what in rule.has if (product := context.in_cart(what)) is not None]
    if asked:
        names = list(dict.fromkeys(_in_sentence(product) for product in asked))
        return f"there is {_listed(names)} in your cart"
    if scored.because:
        how = "is often bought together" if scored.pairing == "learnt" else "goes well"
        return f"it {how} with the {_in_sentence(context.cart[scored.because])} in your cart"
    return ""


def _history_clause(rule: Rule, product: Product, scored: Scored, context: Context) -> str:
    count = context.history.times(product.sku)
    if count:
        return f"you have bought this {times(count)}"
    what = rule.bought.what if rule.bought is not None else product.category if scored.category > 0 else ""
    count = context.history.times(what) if what else 0
    return f"you have bought {_label(what, context)} {times(count)}" if count else ""


def _label(what: str, context: Context) -> str:
    product = context.world.store.products.get(what)
    if product is not None:
        return _in_sentence(product)
    label = context.world.store.category_labels.get(what, what)
    return label[:1].lower() + label[1:]


def _in_sentence(product: Product) -> str:
    """A product's name inside a sentence: small first letter, unless it begins with its brand or a name of its own.

    "Rack of lamb" becomes "rack of lamb"; "Pinot Noir" and "WC cleaner" stay as they are.
    """
    first, _, rest = product.name.partition(" ")
    is_branded = product.brand != "" and product.name.startswith(product.brand)
    if is_branded or first[1:2].isupper() or rest[:1].isupper():
        return product.name
    return product.name[:1].lower() + product.name[1:]


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def times(count: int) -> str:
    """Say a count.

    >>> times(1), times(2), times(7)
    ('once', 'twice', '7 times')
    """
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
