"""The live page in a real browser: told exactly what happens, does it show it?"""

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.conftest import Theatre
from tests.web.fake_feed import now_ms
from tests.web.fake_show import Json, decision_of, offer_of, statistics

DAVE = ("dave", "Dave", 1)


def dave_decision(theatre: Theatre, number: int = 1, silence: int | None = None) -> Json:
    """Dave in the wine department: the offer of Silver Oak, or a silence."""
    store = theatre.stage.store
    wine = store.products["silver-oak-cabernet"]
    return decision_of(number, now_ms(), DAVE, store.zones["wine"], wine, silence)


def dave_phone(theatre: Theatre, state: str, *, valid_ms: int = 600_000) -> Json:
    """What became of the offer of Silver Oak on Dave's phone."""
    store = theatre.stage.store
    offer = offer_of(store.products["silver-oak-cabernet"], store.zones["wine"], now_ms(), 1, "Because there is lamb.")
    fields: Json = {**msgspec.to_builtins(offer), "expires_at": now_ms() + valid_ms}
    return {"type": "phone", "shopper": "dave", "offer": fields, "state": state}


def tick(*dots: tuple[int, float, float]) -> Json:
    """One tick with these dots; number 1 is Dave."""
    return {"type": "tick", "ts": now_ms(), "dots": list(dots), "followed": {"dave": 1}}


@pytest.fixture
def live(projector: Page, theatre: Theatre) -> Page:
    """The live page, connected."""
    projector.goto(theatre.url)
    expect(projector.locator("#connection")).to_contain_text("live")
    return projector


def test_header_shows_store_and_numbers(live: Page, theatre: Theatre) -> None:
    """The header names the store and counts whom it draws and whom it only counts."""
    theatre.tell({"type": "stats", **statistics(142, 130, 40)})
    expect(live.locator("h1")).to_have_text("Northgate Market")
    expect(live.locator("#n-in_store")).to_have_text("142")
    expect(live.locator("#n-redeemed")).to_have_text("8")
    expect(live.locator("#counted")).to_have_text("12 more are counted, never drawn")
    expect(live.locator("#e-refused")).to_contain_text("2 outside")


@pytest.mark.parametrize("width", [390, 960, 1024, 1180, 1280, 1920])
def test_every_control_is_in_reach_at_any_width(live: Page, theatre: Theatre, width: int) -> None:
    """On a phone, on an XGA projector, enlarged to 200 %: what cannot be scrolled to must not be needed."""
    theatre.tell({"type": "stats", **statistics(142, 130, 40)})
    live.set_viewport_size({"width": width, "height": 768})
    expect(live.locator("#n-in_store")).to_have_text("142")
    for control in live.locator(".controls button").all():
        box = control.bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= box["x"] + box["width"] <= width


def test_offer_reaches_log_explanation_and_phone(live: Page, theatre: Theatre) -> None:
    """Dave's offer is logged, explained check by check, timed once sent, and lies on his phone with its reason."""
    theatre.tell(tick((1, 3.0, 12.0)))
    theatre.tell(dave_decision(theatre))
    theatre.tell({"type": "sent", "decision": "d-1", "latency_ms": 11.6})
    theatre.tell(dave_phone(theatre, "shown"))
    row = live.locator("#log li").first
    expect(row).to_contain_text("Silver Oak Cabernet Sauvignon, 20% off")
    expect(row).to_contain_text("Sent in 12 ms")
    expect(live.locator("#why-title")).to_contain_text("Dave in Wine")
    expect(live.locator("#why-verdict")).to_have_text("Sent in 12 ms")
    expect(live.locator("#why-checks li")).to_have_count(7)
    phone = live.get_by_role("article", name="Dave's phone")
    expect(phone).to_contain_text("Because there is lamb.")
    expect(phone).to_contain_text("in Wine")
    expect(live.locator("#spoken")).to_contain_text("Dave: Silver Oak")


def test_phone_follows_the_offer_to_the_till(live: Page, theatre: Theatre) -> None:
    """The card shows the code once accepted, and says when it was used."""
    phone = live.get_by_role("article", name="Dave's phone")
    theatre.tell(dave_phone(theatre, "shown"))
    expect(phone).to_contain_text("Show my code")
    theatre.tell(dave_phone(theatre, "accepted"))
    expect(phone.locator(".code")).to_have_text("NG-4712")
    theatre.tell(dave_phone(theatre, "redeemed"))
    expect(phone).to_contain_text("Used at the till")


def test_a_reminder_on_a_phone_has_no_code(live: Page, theatre: Theatre) -> None:
    """Nothing is off its price: no code is promised, and none is shown."""
    message = dave_phone(theatre, "shown")
    offer = message["offer"]
    assert isinstance(offer, dict)
    offer |= {"benefit": "", "offer_price_cents": offer["price_cents"]}
    phone = live.get_by_role("article", name="Dave's phone")
    theatre.tell(message)
    expect(phone).to_contain_text("Thanks, I will get it")
    expect(phone).not_to_contain_text("code")
    theatre.tell(message | {"state": "accepted"})
    expect(phone).to_contain_text("on the way to the shelf")
    expect(phone.locator(".code")).to_have_count(0)


def test_the_projector_shows_a_whole_checklist_and_whole_names(live: Page, theatre: Theatre) -> None:
    """At 1920 x 1080 an offer's eleven checks fit without scrolling, and so does a name such as Shopper 123."""
    message = dave_decision(theatre, 1)
    checks = message["checks"]
    assert isinstance(checks, list)
    theatre.tell(message | {"label": "Shopper 123", "checks": (checks * 2)[:11]})
    expect(live.locator("#why-checks li")).to_have_count(11)
    sizes = "element => [element.scrollHeight - element.clientHeight, element.scrollWidth - element.clientWidth]"
    assert live.locator(".why").evaluate(sizes)[0] <= 0
    assert live.locator("#log .who").first.evaluate(sizes)[1] <= 0


def test_expired_offer_says_so(live: Page, theatre: Theatre) -> None:
    """An offer whose time is over by the store's clock is marked without anybody saying so."""
    theatre.tell(dave_phone(theatre, "shown", valid_ms=-1))
    theatre.tell(tick((1, 3.0, 12.0)))
    expect(live.get_by_role("article", name="Dave's phone")).to_contain_text("Expired")


def test_row_explains_its_decision_by_keyboard(live: Page, theatre: Theatre) -> None:
    """Enter on a row explains that decision, silence and failed check included, until the latest is asked for."""
    theatre.tell(dave_decision(theatre, 1, silence=0))
    theatre.tell(dave_decision(theatre, 2))
    expect(live.locator("#log li")).to_have_count(2)
    live.locator("#log li button").last.focus()
    live.keyboard.press("Enter")
    expect(live.locator("#why-verdict")).to_have_text("Limit reached: 2 offers this visit")
    expect(live.locator("#why-checks .failed")).to_contain_text("2 of 2")
    expect(live.locator("#why-checks .skipped")).to_have_count(1)
    live.get_by_role("button", name="Back to the latest").click()
    expect(live.locator("#why-title")).to_contain_text("20% off")


def test_log_holds_still_while_in_use(live: Page, theatre: Theatre) -> None:
    """New decisions wait while somebody is in the list, and come when they leave."""
    theatre.tell(dave_decision(theatre, 1))
    expect(live.locator("#log li")).to_have_count(1)
    live.locator("#log li button").hover()
    theatre.tell(dave_decision(theatre, 2))
    expect(live.locator("#log-held")).to_contain_text("1 new")
    expect(live.locator("#log li")).to_have_count(1)
    live.locator("#why-title").hover()
    expect(live.locator("#log li")).to_have_count(2)


def test_log_can_show_offers_only(live: Page, theatre: Theatre) -> None:
    """The filter hides silences, also those that come later."""
    live.get_by_role("button", name="Offers only").click()
    theatre.tell(dave_decision(theatre, 1, silence=1))
    theatre.tell(dave_decision(theatre, 2))
    expect(live.locator("#log li:visible")).to_have_count(1)
    live.get_by_role("button", name="All", exact=True).click()
    expect(live.locator("#log li:visible")).to_have_count(2)


def test_empty_store_says_so(live: Page, theatre: Theatre) -> None:
    """A floor without a dot for two seconds is called empty, and stops being so with the first one."""
    for _ in range(9):
        theatre.tell(tick())
    expect(live.locator("#notice")).to_contain_text("The store is empty")
    theatre.tell(tick((1, 3.0, 12.0)))
    expect(live.locator("#notice")).to_be_hidden()


def test_lost_connection_is_said_and_mended(live: Page, theatre: Theatre) -> None:
    """The page says that the engine is gone, keeps trying, and is live again by itself."""
    theatre.go_down()
    expect(live.locator("#connection")).to_contain_text("connection lost")
    expect(live.locator("#notice")).to_contain_text("Connection lost")
    theatre.stage.is_up = True
    expect(live.locator("#connection")).to_contain_text("live")
    expect(live.locator("#notice")).to_be_hidden()


def test_lost_broker_is_said(live: Page, theatre: Theatre) -> None:
    """An engine without its broker is told apart from no engine."""
    theatre.tell({"type": "stats", **statistics(3, 3, 0), "broker": "lost"})
    expect(live.locator("#connection")).to_contain_text("broker lost")


def test_pause_stops_the_page_and_resume_catches_up(live: Page, theatre: Theatre) -> None:
    """While paused nothing changes; resuming shows the store as it is then."""
    live.get_by_role("button", name="Pause").click()
    expect(live.locator("#connection")).to_contain_text("paused")
    theatre.stage.first["decisions"] = [dave_decision(theatre, 9)]
    live.get_by_role("button", name="Resume").click()
    expect(live.locator("#connection")).to_contain_text("live")
    expect(live.locator("#log li")).to_have_count(1)


def test_theme_follows_the_system_and_the_button(live: Page) -> None:
    """The system's preference is the default; the button overrides it and is remembered."""
    live.emulate_media(color_scheme="dark")
    expect(live.locator("html")).to_have_attribute("data-theme", "dark")
    live.locator("#theme").click()
    expect(live.locator("html")).to_have_attribute("data-theme", "light")
    live.reload()
    expect(live.locator("html")).to_have_attribute("data-theme", "light")


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1280, 720), (390, 844)])
def test_nothing_sticks_out_sideways(live: Page, width: int, height: int) -> None:
    """At every size the page is as wide as its window, and on a projector as high, too."""
    live.set_viewport_size({"width": width, "height": height})
    assert live.evaluate("document.documentElement.scrollWidth") <= width
    if width > 900:
        assert live.evaluate("document.documentElement.scrollHeight") <= height


def test_hostile_names_stay_text(live: Page, theatre: Theatre) -> None:
    """Whatever a product is called, it never becomes markup."""
    decision = dave_decision(theatre) | {"title": "<img src=x onerror=document.title='owned'>"}
    theatre.tell(decision)
    expect(live.locator("#log li").first).to_contain_text("<img src=x")
    expect(live.locator("#log img")).to_have_count(0)


def test_reduced_motion_puts_dots_where_they_are(chromium: Browser, theatre: Theatre) -> None:
    """Without motion a dot is drawn at its new place within one frame: the badge's colour is there at once."""
    context = chromium.new_context(viewport={"width": 1920, "height": 1080}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(theatre.url)
    expect(page.locator("#connection")).to_contain_text("live")
    theatre.tell(tick((1, 3.0, 12.0)))
    theatre.tell(tick((1, 7.0, 12.0)))
    theatre.tell(dave_phone(theatre, "shown"))
    expect(page.get_by_role("article", name="Dave's phone")).to_contain_text("Show my code")
    assert page.locator(".phone.buzzing").count() == 0
    context.close()
