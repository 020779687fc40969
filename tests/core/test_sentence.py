"""The sentence is true by construction: every clause is checked against what the context holds."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given

from offer_engine.core.affinity import Profile
from offer_engine.core.context import Context, build_world
from offer_engine.core.decision import decide
from offer_engine.core.rules import Amount, AnyOf, BasketThreshold, Benefit, Bought, MultiBuy, Percent, Reminder, Rule
from offer_engine.core.sentence import Signal, benefit_text, money, times
from offer_engine.core.store_map import Evidence, Pairing
from offer_engine.messages import Offer
from tests.core.moments import NEARLY, moments
from tests.core.worlds import ANY_RED, FAVOURITE_RED, OAK_WITH_LAMB, STORE, history, moment, world

CLAUSES = re.compile(
    r"Because (?:there is (?P<has>.+) in your cart|it goes well with the (?P<pairs>.+?) in your cart)?"
    r"(?:, | and )?(?:you have bought (?P<what>.+) (?P<times>once|twice|\d+ times))?"
    r"(?: and )?(?:your cart is €(?P<short>\d+\.\d\d) short of (?P<gift>free delivery))?\."
)
SKU_OF = {product.name.lower(): sku for sku, product in STORE.products.items()}
COUNTS = {times(n): n for n in range(1, 10)}


def sent(context: Context) -> Offer:
    """The offer at this moment."""
    offer = decide(context).offer
    assert offer is not None
    return offer


@given(moments())
def test_each_clause_is_true_and_each_signal_is_said(context: Context) -> None:
    """What is said to be in the cart is there; how often something was bought is so; nothing unshared is mentioned."""
    offer = decide(context).offer
    if offer is None:
        return
    signals: list[Signal] = ["location"]
    rule = next(rule for rule in context.world.rules.rules if rule.id == offer.rule)
    label = STORE.zones[context.zone].label
    said = CLAUSES.fullmatch(offer.reason)
    if offer.reason == f"Because you are in {label}.":
        said = None
    else:
        assert said is not None, offer.reason
    if said is not None and (names := said["has"] or said["pairs"]):
        skus = {SKU_OF[name.lower()] for name in re.split(r", | and ", names)}
        assert skus <= set(context.cart)
    if said is not None and said["short"]:
        assert isinstance(rule.benefit, BasketThreshold)
        bought = sum(STORE.products[item.sku].price_cents * item.qty for item in context.visit.basket)
        assert bought + round(float(said["short"]) * 100) == rule.benefit.spend_cents
        assert offer.price_cents >= round(float(said["short"]) * 100) > 0
    assert bool(said and said["short"]) is isinstance(rule.benefit, BasketThreshold)
    if rule.lacks or (said is not None and (said["short"] or said["has"] or said["pairs"])):
        assert context.person.consents.basket
        signals.append("basket")
    if said is not None and said["what"]:
        assert context.person.consents.history
        what = offer.sku if said["what"] == "this" else SKU_OF.get(said["what"].lower(), said["what"].replace(" ", "-"))
        assert context.profile.times(what) == COUNTS[said["times"]]
        signals.append("history")
    assert offer.signals == signals


RED, WITH_LAMB = ANY_RED, replace(OAK_WITH_LAMB, lacks=())


@pytest.mark.parametrize(
    ("rule", "cart", "past", "sentence", "signals"),
    [
        (RED, [], Profile(), "Because you are in Wine.", ["location"]),
        (
            WITH_LAMB,
            ["rack-of-lamb"],
            history("oak-red", "oak-red"),
            "Because there is rack of lamb in your cart and you have bought this twice.",
            ["location", "basket", "history"],
        ),
        (
            replace(WITH_LAMB, has=("lamb", "rack-of-lamb", "lamb-chops")),
            ["rack-of-lamb", "lamb-chops"],
            Profile(),
            "Because there is rack of lamb and lamb chops in your cart.",
            ["location", "basket"],
        ),
        (
            RED,
            ["rack-of-lamb"],
            Profile(),
            "Because it goes well with the rack of lamb in your cart.",
            ["location", "basket"],
        ),
        (RED, [], history("oak-red"), "Because you have bought this once.", ["location", "history"]),
        (
            FAVOURITE_RED,
            [],
            history(*["oak-red"] * 3),
            "Because you have bought this 3 times.",
            ["location", "history"],
        ),
        (
            replace(RED, bought=Bought("lamb", 2)),
            [],
            history("lamb-chops", "rack-of-lamb"),
            "Because you have bought lamb twice.",
            ["location", "history"],
        ),
        (replace(RED, lacks=("lamb",)), [], Profile(), "Because you are in Wine.", ["location", "basket"]),
        (
            replace(RED, benefit=NEARLY),
            ["rack-of-lamb"],
            history("oak-red"),
            (
                "Because it goes well with the rack of lamb in your cart, you have bought this once "
                "and your cart is €5.00 short of free delivery."
            ),
            ["location", "basket", "history"],
        ),
    ],
)
def test_the_sentence_says_what_it_rests_on(
    rule: Rule, cart: Sequence[str], past: Profile, sentence: str, signals: list[Signal]
) -> None:
    """The founding sentence, and one for each kind of reason."""
    offer = sent(moment(world(rule), cart=cart, past=past))
    assert (offer.reason, offer.signals) == (sentence, signals)


def test_a_learnt_pairing_is_told_from_the_retailer_s_own() -> None:
    """What baskets show is said to be bought together, and the record says that it was learnt."""
    learnt = Pairing("lamb", "red-wine", 3.0, "learnt", Evidence(40, 2.0, 4.0))
    shop = world(RED)
    shop = replace(shop, store=replace(shop.store, pairings=(learnt,)))
    context = moment(build_world(shop.store, shop.rules), cart=["rack-of-lamb"])
    assert sent(context).reason == "Because it is often bought together with the rack of lamb in your cart."
    assert decide(context).ranking[0].pairing == "learnt"


def test_a_category_bought_is_said_where_the_product_is_new() -> None:
    """Who buys the one red is told of reds when offered the other."""
    only_oak = replace(RED, choice=AnyOf("red-wine"))
    offer = sent(moment(world(only_oak), cart=["house-red"], past=history("house-red", "house-red")))
    assert (offer.sku, offer.reason) == ("oak-red", "Because you have bought red wine twice.")


@pytest.mark.parametrize(
    ("name", "brand", "in_sentence"),
    [
        ("Rack of lamb", "", "rack of lamb"),
        ("Slice of New York cheesecake", "", "slice of New York cheesecake"),
        ("Silver Oak Cabernet", "Silver Oak", "Silver Oak Cabernet"),
        ("Pinot Noir", "", "Pinot Noir"),
        ("WC cleaner", "", "WC cleaner"),
        ("Oat drink", "Northgate", "oat drink"),
        ("Éclair", "", "éclair"),
    ],
)
def test_names_stand_in_a_sentence_as_one_writes_them(name: str, brand: str, in_sentence: str) -> None:
    """Common names become small, names of their own stay."""
    shop = world(RED)
    lamb = replace(STORE.products["rack-of-lamb"], name=name, brand=brand)
    named = replace(shop, store=replace(shop.store, products={**shop.store.products, "rack-of-lamb": lamb}))
    offer = sent(moment(named, cart=["rack-of-lamb"]))
    assert offer.reason == f"Because it goes well with the {in_sentence} in your cart."


@pytest.mark.parametrize(
    ("cents", "currency", "text"),
    [(0, "EUR", "€0.00"), (5, "EUR", "€0.05"), (123_456, "GBP", "£1234.56"), (1000, "SEK", "SEK 10.00")],
)
def test_money_has_two_decimals_and_a_sign(cents: int, currency: str, text: str) -> None:
    """Cents are never lost, nor mistaken for euros."""
    assert money(cents, currency) == text


@pytest.mark.parametrize(
    ("benefit", "text"),
    [
        (Percent(20), "20% off"),
        (Amount(80), "€0.80 off"),
        (MultiBuy(2, 500), "2 for €5.00"),
        (Reminder(), ""),
        (NEARLY, "Free delivery from €30.00"),
    ],
)
def test_each_benefit_has_its_words(benefit: Benefit, text: str) -> None:
    """A plain reminder promises nothing."""
    assert benefit_text(benefit, "EUR") == text
