"""The intrusion score: which personal data a choice really needed, found by taking each away."""

from dataclasses import replace

import pytest
from hypothesis import given
from msgspec import structs

from offer_engine.core.affinity import Profile
from offer_engine.core.context import Context, Tally
from offer_engine.core.decision import decide
from offer_engine.core.intrusion import Need, intrusion, intrusion_lines, intrusion_of, spared_lines
from offer_engine.core.person import Consents, Delivery, mute, receipt, remember
from offer_engine.core.shopper import Shopper
from offer_engine.messages import Mute, Receipt
from tests.core.moments import moments
from tests.core.worlds import ANY_RED, DAY_MS, NOON, OAK_WITH_LAMB, basket, history, moment, world

FOUNDING = moment(world(OAK_WITH_LAMB), cart=["rack-of-lamb"], past=history("oak-red"))


def test_the_lamb_was_needed_and_the_history_was_not() -> None:
    """The rule asks for the lamb; that they have bought the wine is said, and changed nothing."""
    found = intrusion(FOUNDING)

    assert found.score == 1
    assert found.needs == [
        Need("basket", is_needed=True, instead=""),
        Need("history", is_needed=False, instead="oak-red"),
    ]


def test_what_is_not_shared_cannot_have_been_needed() -> None:
    """Only what the shopper shares is dropped."""
    shy = structs.replace(FOUNDING.person, consents=Consents(location=True, basket=True))

    assert [need.signal for need in intrusion(replace(FOUNDING, person=shy)).needs] == ["basket"]


def test_another_offer_in_its_place_is_named() -> None:
    """Without the cart it is any red, by the rule for everybody."""
    context = moment(world(OAK_WITH_LAMB, ANY_RED), cart=["rack-of-lamb"])

    assert intrusion(context).needs == [
        Need("basket", is_needed=True, instead="oak-red"),  # the same wine by another rule is another offer
        Need("history", is_needed=False, instead="oak-red"),
    ]


def test_it_is_said_in_words() -> None:
    """To the retailer as lines of the checklist, to the shopper as what could have been kept."""
    found = intrusion(FOUNDING)

    assert [(line.ok, line.label, line.detail) for line in intrusion_lines(found, FOUNDING.world)] == [
        (None, "The cart was needed for this choice", "without it: no offer"),
        (None, "The history was not needed for this choice", "the same offer without it"),
    ]
    assert spared_lines(found) == ["You would have got it without sharing what you have bought"]
    assert intrusion_lines(None, FOUNDING.world) == []
    assert spared_lines(None) == []


@given(moments())
def test_a_signal_not_needed_can_be_taken_away(context: Context) -> None:
    """The law behind the word: without it, the same rule offers the same product."""
    offer = decide(context).offer
    for need in intrusion(context).needs:
        less = structs.replace(context.person.consents, **{need.signal: False})
        without = decide(replace(context, person=structs.replace(context.person, consents=less))).offer
        same = (without and (without.rule, without.sku)) == (offer and (offer.rule, offer.sku))
        assert same is not need.is_needed
        assert need.instead == (without.sku if without is not None else "")


# --- of a decision in the record --------------------------------------------------------------------------------------


PURCHASES = [("oak-red", NOON - 30 * DAY_MS)]


def after(context: Context = FOUNDING) -> Shopper:
    """The shopper just after the decision."""
    offer = decide(context).offer
    assert offer is not None
    sent = Delivery(offer.id, offer.rule, offer.category, offer.sku, offer.visit, offer.ts, offer.expires_at)
    return Shopper("dave", person=remember(context.person, sent), visit=structs.replace(context.visit, decisions=1))


def test_asked_at_once_the_moment_is_put_together_again() -> None:
    """From the state after it, the purchases and the tally after it: the offer itself counts for nothing."""
    once = moment(world(replace(OAK_WITH_LAMB, budget=1)), cart=["rack-of-lamb"], past=history("oak-red"))
    tally = Tally(delivered={"oak-with-lamb": 1})

    assert intrusion_of(decide(once), after(once), PURCHASES, once.world, tally) == intrusion(once)


def test_what_was_said_in_answer_does_not_count() -> None:
    """Who rejects the offer, mutes it and then asks why, is told all the same."""
    decision = decide(FOUNDING)
    assert decision.offer is not None
    said = after()
    person = receipt(said.person, Receipt(decision.offer.id, "not_for_me", NOON + 1))
    for change in (
        Mute("offer", NOON, decision.offer.id),
        Mute("category", NOON, decision.offer.id),
        Mute("hour", NOON),
    ):
        person = mute(person, change)

    found = intrusion_of(decision, structs.replace(said, person=person), PURCHASES, FOUNDING.world, Tally())

    assert found == intrusion(FOUNDING)


def test_a_purchase_since_does_not_count() -> None:
    """The wine that they bought because of the offer was not known when it was made."""
    decision = decide(FOUNDING)
    later = [*PURCHASES, ("oak-red", NOON + 600_000)]

    assert intrusion_of(decision, after(), later, FOUNDING.world, Tally()) == intrusion(FOUNDING)


@pytest.mark.parametrize("changed", ["cart", "visit", "rules", "stock", "history", "silence"])
def test_where_the_moment_is_gone_nothing_is_said(changed: str) -> None:
    """Nobody guesses: the decision has to come out again as it stands in the record."""
    decision, state, shop, bought, tally = decide(FOUNDING), after(), FOUNDING.world, PURCHASES, Tally()
    visit = state.visit
    assert visit is not None
    match changed:
        case "cart":
            state = structs.replace(state, visit=structs.replace(visit, basket=basket("oak-red"), basket_at=NOON + 1))
        case "visit":
            state = structs.replace(state, visit=structs.replace(visit, id="visit-2"))
        case "rules":
            shop = replace(shop, rules=replace(shop.rules, version="rules-2"))
        case "stock":
            tally = Tally(sold={"oak-red": 20})
        case "history":
            bought = []
        case _:
            decision = decide(replace(FOUNDING, profile=Profile(), visit=structs.replace(visit, basket=())))
            assert decision.offer is None

    assert intrusion_of(decision, state, bought, shop, tally) is None
