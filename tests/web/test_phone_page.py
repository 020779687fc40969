"""The phone page in a real browser: asks first, walks, shops, answers, and keeps its word when the network does not."""

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
from msgspec.structs import replace
from playwright.sync_api import Page, expect

from offer_engine.messages import (
    Bye,
    Cart,
    ConsentChange,
    Hello,
    Moved,
    Mute,
    Offer,
    PhoneMessage,
    Receipt,
    Unmute,
    Why,
)
from tests.web.conftest import Theatre
from tests.web.fake_feed import now_ms
from tests.web.fake_show import offer_of

ME = "visitor-1"
CARD = "article.offer"


def silver_oak(theatre: Theatre, number: int = 1) -> Offer:
    """An offer of Silver Oak to this phone."""
    store = theatre.stage.store
    wine = store.products["silver-oak-cabernet"]
    return offer_of(wine, store.zones["wine"], now_ms(), number, "Because there is lamb in your cart.")


def until(page: Page, is_so: Callable[[], bool], what: str) -> None:
    """Let the page run until something is so; the page's own events are the clock."""
    for _ in range(200):
        if is_so():
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never happened: {what}")


def last(theatre: Theatre, kind: type[PhoneMessage]) -> PhoneMessage | None:
    """The latest message of a kind that the phone sent."""
    return next(iter(reversed(theatre.heard(kind))), None)


@pytest.fixture
def phone(handset: Page, theatre: Theatre) -> Page:
    """The phone page after everything was allowed, connected."""
    handset.goto(f"{theatre.url}/p")
    handset.get_by_role("button", name="Allow all three and start").click()
    expect(handset.locator("#connection")).to_contain_text("connected")
    until(handset, lambda: bool(theatre.heard(ConsentChange)), "the consents arrive")
    return handset


@pytest.fixture
def with_offer(phone: Page, theatre: Theatre) -> Page:
    """The phone with one offer on it."""
    theatre.push(ME, silver_oak(theatre))
    expect(phone.locator(CARD)).to_contain_text("Silver Oak")
    return phone


def receipts(theatre: Theatre) -> list[str]:
    """What the phone said became of its offers, in order."""
    return [message.event for message in theatre.heard(Receipt) if isinstance(message, Receipt)]


def test_nothing_is_sent_before_consent(handset: Page, theatre: Theatre) -> None:
    """Opening the page makes no shopper, no connection and allows nothing."""
    handset.goto(f"{theatre.url}/p")
    expect(handset.get_by_role("switch")).to_have_count(3)
    for switch in handset.get_by_role("switch").all():
        expect(switch).not_to_be_checked()
    assert theatre.stage.said == []
    assert theatre.stage.phones == {}


def test_each_consent_is_asked_for_by_itself(handset: Page, theatre: Theatre) -> None:
    """Only what was ticked is allowed."""
    handset.goto(f"{theatre.url}/p")
    handset.locator("input[name=basket]").check()
    handset.get_by_role("button", name="Start with this one").click()
    until(handset, lambda: bool(theatre.heard(ConsentChange)), "the consents arrive")
    told = last(theatre, ConsentChange)
    assert isinstance(told, ConsentChange)
    assert (told.location, told.basket, told.history) == (False, True, False)
    expect(handset.locator("#not-sharing")).to_be_visible()
    assert theatre.heard(Moved) == []


def test_tap_walks_the_dot_at_walking_pace(phone: Page, theatre: Theatre) -> None:
    """A tap sends positions twice a second on the way, none of them faster than the engine's speed gate."""
    phone.locator("#map").tap(position={"x": 60, "y": 130})
    until(phone, lambda: len(theatre.heard(Moved)) >= 5, "five positions arrive")
    way = [message for message in theatre.heard(Moved) if isinstance(message, Moved)]
    for before, after in pairwise(way):
        metres = ((after.x - before.x) ** 2 + (after.y - before.y) ** 2) ** 0.5
        assert after.ts > before.ts
        assert metres / ((after.ts - before.ts) / 1000) < 3
    assert way[-1].x < way[0].x


def test_place_is_named(phone: Page, theatre: Theatre) -> None:
    """The zone the engine sees the dot in is the heading of the map."""
    expect(phone.locator("#place")).to_have_text("In Entrance")


def test_cart_is_told_whole_with_growing_rev(phone: Page, theatre: Theatre) -> None:
    """Each change of the cart sends all of it, with a higher revision."""
    phone.locator("#open-cart").click()
    phone.locator("#shelf-zone").select_option("meat")
    phone.get_by_role("button", name="Take Rack of lamb").click()
    phone.get_by_role("button", name="One more Rack of lamb").click()
    until(phone, lambda: len(theatre.heard(Cart)) == 2, "both carts arrive")
    first, second = (message for message in theatre.heard(Cart) if isinstance(message, Cart))
    assert [(line.sku, line.qty) for line in second.items] == [("rack-of-lamb", 2)]
    assert second.rev > first.rev
    expect(phone.locator("#cart-total")).to_contain_text("€")


def test_offer_is_shown_accepted_and_its_code_readable(with_offer: Page, theatre: Theatre) -> None:
    """Showing the code is accepting; the code is large on the card."""
    with_offer.get_by_role("button", name="Show my code").click()
    expect(with_offer.locator(".code")).to_have_text("NG-4712")
    until(with_offer, lambda: receipts(theatre) == ["shown", "accepted"], "both receipts arrive")


def test_a_reminder_has_no_code_to_show(phone: Page, theatre: Theatre) -> None:
    """Nothing is off its price, so the card neither promises a code nor shows one once it is accepted."""
    offer = silver_oak(theatre)
    theatre.push(ME, replace(offer, benefit="", offer_price_cents=offer.price_cents))
    expect(phone.locator(CARD)).not_to_contain_text("code")
    phone.get_by_role("button", name="Thanks, I will get it").click()
    expect(phone.locator(CARD)).to_contain_text("nothing to show at the till")
    expect(phone.locator(".code")).to_have_count(0)
    until(phone, lambda: receipts(theatre) == ["shown", "accepted"], "both receipts arrive")


def test_why_shows_reasons_and_their_off_switches(with_offer: Page, theatre: Theatre) -> None:
    """The reasons come from the engine; each kind of personal data can be switched off where it is named."""
    with_offer.get_by_role("button", name="Why this?").click()
    expect(with_offer.locator(".why")).to_contain_text("You stayed in Wine for 9 s")
    expect(with_offer.locator(".why")).to_contain_text(
        "It rests on where you are, your cart and what you bought before."
    )
    assert last(theatre, Why) == Why("offer-1")
    with_offer.get_by_role("button", name="Don't use what you bought before").click()
    until(with_offer, lambda: len(theatre.heard(ConsentChange)) == 2, "the change arrives")
    told = last(theatre, ConsentChange)
    assert isinstance(told, ConsentChange)
    assert (told.location, told.basket, told.history) == (None, None, False)


def test_not_for_me_offers_to_mute_the_category(with_offer: Page, theatre: Theatre) -> None:
    """'Not for me' is a receipt; the whole category goes with one more tap."""
    with_offer.get_by_role("button", name="Not for me").click()
    with_offer.get_by_role("button", name="No more Red wine").click()
    expect(with_offer.locator(CARD)).to_have_count(0)
    until(with_offer, lambda: bool(theatre.heard(Mute)), "the mute arrives")
    told = last(theatre, Mute)
    assert isinstance(told, Mute)
    assert (told.scope, told.offer) == ("category", "offer-1")
    assert receipts(theatre) == ["shown", "not_for_me"]


def test_dismissed_offer_goes_away(with_offer: Page, theatre: Theatre) -> None:
    """The cross takes the card away and says so."""
    with_offer.get_by_role("button", name="Dismiss Silver Oak").click()
    expect(with_offer.locator(CARD)).to_have_count(0)
    until(with_offer, lambda: receipts(theatre) == ["shown", "dismissed"], "the receipt arrives")


def test_expired_offer_vanishes_and_a_late_one_never_shows(phone: Page, theatre: Theatre) -> None:
    """An offer is on the phone until its time is over; one that comes later is only reported."""
    theatre.push(ME, replace(silver_oak(theatre), expires_at=now_ms() + 1500))
    expect(phone.locator(CARD)).to_have_count(1)
    expect(phone.locator(CARD)).to_have_count(0)
    theatre.push(ME, replace(silver_oak(theatre, 2), expires_at=now_ms() - 60_000))
    until(phone, lambda: receipts(theatre) == ["shown", "expired"], "the late one is reported")
    expect(phone.locator(CARD)).to_have_count(0)


def test_pauses_and_takes_pauses_back(phone: Page, theatre: Theatre) -> None:
    """An hour, for good, and all of it taken back."""
    phone.locator("#tab-privacy").click()
    phone.get_by_role("button", name="For an hour").click()
    expect(phone.locator("#mute-state")).to_contain_text("paused until")
    phone.get_by_role("button", name="For good").click()
    expect(phone.locator("#mute-state")).to_have_text("Offers are off for good.")
    phone.get_by_role("button", name="Let offers come again").click()
    expect(phone.locator("#mute-state")).to_have_text("Offers are on.")
    until(phone, lambda: bool(theatre.heard(Unmute)), "the change arrives")


def test_muted_phone_does_not_buzz_for_an_offer_on_its_way(phone: Page, theatre: Theatre) -> None:
    """A pause holds on the phone at once."""
    phone.locator("#tab-privacy").click()
    phone.get_by_role("button", name="For good").click()
    theatre.push(ME, silver_oak(theatre))
    phone.locator("#tab-walk").click()
    expect(phone.locator("#no-offers")).to_be_visible()
    assert receipts(theatre) == []


def test_reconnects_by_itself_and_loses_no_choice(with_offer: Page, theatre: Theatre) -> None:
    """What the shopper does while offline goes out after the next welcome, and the last offer seen is named."""
    theatre.go_down()
    expect(with_offer.locator("#banner")).to_contain_text("Trying again by itself")
    with_offer.get_by_role("button", name="Not for me").click()
    with_offer.locator("#tab-privacy").click()
    with_offer.get_by_role("button", name="For good").click()
    theatre.stage.is_up = True
    expect(with_offer.locator("#connection")).to_contain_text("connected")
    until(with_offer, lambda: bool(theatre.heard(Mute)), "the mute arrives")
    assert receipts(theatre) == ["shown", "not_for_me"]
    hello = last(theatre, Hello)
    assert isinstance(hello, Hello)
    assert hello.last_offer == "offer-1"
    expect(with_offer.locator("#banner")).to_be_hidden()


def test_reload_keeps_the_phone_and_its_offers(with_offer: Page, theatre: Theatre) -> None:
    """After a reload it is the same phone, with the same card, without a second 'shown'."""
    with_offer.reload()
    expect(with_offer.locator("#connection")).to_contain_text("connected")
    expect(with_offer.locator(CARD)).to_contain_text("Silver Oak")
    assert receipts(theatre) == ["shown"]


def test_reload_keeps_the_dot_where_it_stood(phone: Page, theatre: Theatre) -> None:
    """The first position told after a reload is next to the last one told before, far from the entrance."""
    until(phone, lambda: len(theatre.heard(Moved)) >= 1, "the first position arrives")
    entrance = theatre.heard(Moved)[0]
    phone.locator("#map").tap(position={"x": 60, "y": 130})
    until(phone, lambda: len(theatre.heard(Moved)) >= 8, "eight positions arrive")
    phone.reload()
    expect(phone.locator("#connection")).to_contain_text("connected")
    before = theatre.heard(Moved)
    until(phone, lambda: len(theatre.heard(Moved)) > len(before), "one more position arrives")
    told = (entrance, before[-1], theatre.heard(Moved)[len(before)])
    door, stood, after = ((one.x, one.y) for one in told if isinstance(one, Moved))
    assert math.dist(after, stood) < 2
    assert math.dist(after, door) > 3


def test_forgotten_phone_withdraws_everything_and_starts_over(phone: Page, theatre: Theatre) -> None:
    """Forgetting takes back all consents, says goodbye and leaves nothing in the browser."""
    phone.locator("#tab-privacy").click()
    phone.get_by_role("button", name="Forget this phone").click()
    phone.get_by_role("button", name="Yes, forget this phone").click()
    expect(phone.locator("#start")).to_be_visible()
    until(phone, lambda: bool(theatre.heard(Bye)), "the goodbye arrives")
    told = last(theatre, ConsentChange)
    assert isinstance(told, ConsentChange)
    assert (told.location, told.basket, told.history) == (False, False, False)
    assert phone.evaluate("Object.keys(localStorage).filter((key) => key.includes('phone'))") == []


def test_refused_token_starts_over_with_a_word(phone: Page, theatre: Theatre) -> None:
    """A phone the store no longer knows says so and asks again from the beginning."""
    phone.evaluate(
        "const key = 'aislewise.phone'; const kept = JSON.parse(localStorage.getItem(key));"
        "localStorage.setItem(key, JSON.stringify({...kept, token: 'stale'}))"
    )
    phone.reload()
    expect(phone.locator("#start-note")).to_contain_text("does not know this phone any more")


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_sticks_out_sideways(with_offer: Page, width: int) -> None:
    """The page is never wider than the screen, with an offer and its reasons open."""
    with_offer.set_viewport_size({"width": width, "height": 844})
    with_offer.get_by_role("button", name="Why this?").click()
    expect(with_offer.locator(".why li").first).to_be_visible()
    assert with_offer.evaluate("document.documentElement.scrollWidth") <= width
