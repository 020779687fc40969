"""Consent and eligibility: may this rule use what it needs, does it apply here and now, and what could it offer?

Each check returns nothing when a rule passes, or what was expected and what was found. A check that cannot see the
data it needs blocks: a rule that asks what is in the cart of somebody who does not share it must not fire by
ignorance.
"""

from collections.abc import Callable
from datetime import date

from offer_engine.core.context import Context
from offer_engine.core.reason import Reason
from offer_engine.core.rules import AnyOf, BasketThreshold, Exactly, FavouriteOf, Rule
from offer_engine.core.sentence import money, times
from offer_engine.core.store_map import Product

Block = tuple[str, str]  # what was expected, what was found
Check = Callable[[Rule, Context], Block | None]


def _location_consent(rule: Rule, context: Context) -> Block | None:
    del rule
    return None if context.person.consents.location else ("location shared", "not shared")


def _basket_consent(rule: Rule, context: Context) -> Block | None:
    needs = bool(rule.has or rule.lacks) or isinstance(rule.benefit, BasketThreshold)
    return ("cart shared", "not shared") if needs and not context.person.consents.basket else None


def _history_consent(rule: Rule, context: Context) -> Block | None:
    needs = rule.bought is not None or isinstance(rule.choice, FavouriteOf)
    return ("history shared", "not shared") if needs and not context.person.consents.history else None


def _started(rule: Rule, context: Context) -> Block | None:
    return _day_block("from", rule.starts, context) if context.local.date() < rule.starts else None


def _not_ended(rule: Rule, context: Context) -> Block | None:
    return _day_block("until", rule.ends, context) if context.local.date() > rule.ends else None


def _day_block(word: str, limit: date, context: Context) -> Block:
    return f"{word} {limit.isoformat()}", context.local.date().isoformat()


def _in_hours(rule: Rule, context: Context) -> Block | None:
    now = context.local.strftime("%H:%M")
    return None if rule.hours_from <= now < rule.hours_until else (f"{rule.hours_from} to {rule.hours_until}", now)


def _has(rule: Rule, context: Context) -> Block | None:
    missing = [what for what in rule.has if what not in context.cart_words]
    return (f"{', '.join(missing)} in the cart", "not there") if missing else None


def _lacks(rule: Rule, context: Context) -> Block | None:
    if context.cart_words.isdisjoint(rule.lacks):
        return None
    found = [product.sku for what in rule.lacks if (product := context.in_cart(what)) is not None]
    return (f"no {', '.join(rule.lacks)} in the cart", ", ".join(found)) if found else None


def _reached(rule: Rule, context: Context) -> Block | None:
    if not isinstance(rule.benefit, BasketThreshold) or context.cart_cents < rule.benefit.spend_cents:
        return None
    return f"a cart below {_money(rule.benefit.spend_cents, context)}", _money(context.cart_cents, context)


def _too_far(rule: Rule, context: Context) -> Block | None:
    if not isinstance(rule.benefit, BasketThreshold):
        return None
    missing = rule.benefit.spend_cents - context.cart_cents
    if missing <= rule.benefit.within_cents:
        return None
    within, spend = _money(rule.benefit.within_cents, context), _money(rule.benefit.spend_cents, context)
    return f"at most {within} short of {spend}", f"{_money(missing, context)} short"


def _money(cents: int, context: Context) -> str:
    return money(cents, context.world.store.currency)


def _audience(rule: Rule, context: Context) -> Block | None:
    if rule.bought is None:
        return None
    count = context.history.times(rule.bought.what)
    expected = f"{rule.bought.what} bought at least {times(rule.bought.times)}"
    return (expected, times(count) if count else "never") if count < rule.bought.times else None


CONSENT: tuple[tuple[Reason, Check], ...] = (
    (Reason.NO_LOCATION_CONSENT, _location_consent),
    (Reason.NO_BASKET_CONSENT, _basket_consent),
    (Reason.NO_HISTORY_CONSENT, _history_consent),
)

ELIGIBLE: tuple[tuple[Reason, Check], ...] = (
    (Reason.NOT_STARTED, _started),
    (Reason.ENDED, _not_ended),
    (Reason.OUT_OF_HOURS, _in_hours),
    (Reason.NOT_IN_CART, _has),
    (Reason.ALREADY_COVERED, _lacks),
    (Reason.BASKET_REACHED, _reached),
    (Reason.BASKET_TOO_FAR, _too_far),
    (Reason.NOT_AUDIENCE, _audience),
)


def candidates(rule: Rule, context: Context) -> tuple[Product, ...]:
    """The products a rule may offer in this zone, before stock, cart and rejections are looked at."""
    world = context.world
    match rule.choice:
        case Exactly(sku):
            product = world.store.products[sku]
            return (product,) if product.zone == context.zone else ()
        case AnyOf(category):
            return world.sold_in.get((context.zone, category), ())
        case FavouriteOf(category):
            bought = [habit.sku for habit in context.history.zones.get(context.zone, ()) if habit.category == category]
            return tuple([world.store.products[sku] for sku in sorted(bought)])


def offerable(
    rule: Rule, context: Context, products: tuple[Product, ...]
) -> tuple[tuple[Product, ...], tuple[Reason, str, str] | None]:
    """Leave out what is sold out, already in the cart, too cheap for what the rule promises, or was rejected.

    When nothing is left, the last obstacle.
    """
    if not products:
        return (), (Reason.NO_PRODUCT, "a product to offer here", "none")
    stocked = tuple(p for p in products if p.stock > context.tally.sold.get(p.sku, 0))
    if not stocked:
        return (), (Reason.OUT_OF_STOCK, "in stock", "sold out")
    absent = tuple(p for p in stocked if p.sku not in context.cart)
    if not absent:
        return (), (Reason.IN_CART, "not in the cart yet", ", ".join(p.sku for p in stocked))
    if isinstance(rule.benefit, BasketThreshold):
        missing = rule.benefit.spend_cents - context.cart_cents
        absent = tuple(p for p in absent if p.price_cents >= missing)
        if not absent:
            return (), (Reason.FALLS_SHORT, f"a product of {_money(missing, context)} or more", "none")
    welcome = tuple(p for p in absent if (rule.id, p.sku) not in context.person.rejected)
    if not welcome:
        return (), (Reason.REJECTED, "not rejected before", "not for me")
    return welcome, None
