"""A phone's websocket and its pairing: who may speak for whom, and what becomes of each thing that is said."""

import pytest

from offer_engine.api import phones
from offer_engine.messages import (
    ALWAYS_MS,
    MAX_PAYLOAD_BYTES,
    BasketItem,
    Bye,
    Cart,
    ConsentChange,
    Explanation,
    Hello,
    Here,
    Moved,
    Mute,
    Offer,
    Receipt,
    Refused,
    Unmute,
    Welcome,
    Why,
    parse_engine_message,
    phone_token,
)
from tests.asgi import ELSEWHERE, KEY, LOOPBACK, Site, Socket, site

WINE_AISLE = (3.0, 12.0)
LAMB, SILVER_OAK = "rack-of-lamb", "silver-oak-cabernet"


@pytest.fixture
def store() -> Site:
    """Northgate Market in the morning; Dave has bought Silver Oak twice."""
    return site(prepare=lambda bench: bench.remember("dave", SILVER_OAK, times=2))


async def dave_gets_an_offer(store: Site, phone: Socket) -> Offer:
    """Dave's lamb, ten seconds in the wine aisle, and what his phone rings for."""
    store.bench.basket("dave", [LAMB])
    store.bench.stand("dave", *WINE_AISLE, seconds=10)
    await store.settle()
    (offer,) = [message for message in phone.hears() if isinstance(message, Offer)]
    return offer


# --- pairing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("caller", [LOOPBACK, ELSEWHERE])
async def test_anybody_gets_a_new_shopper(store: Site, caller: str) -> None:
    """A phone of the street becomes a shopper nobody has been before, with a token that fits."""
    first = (await store.post("/api/phones", {}, caller=caller)).json()
    second = (await store.post("/api/phones", {"shopper": None}, caller=caller)).json()

    assert first["token"] == phone_token(KEY, first["shopper"])
    assert first["shopper"] != second["shopper"]


async def test_an_existing_shopper_is_claimed_from_this_machine_only(store: Site) -> None:
    """Whoever could claim Dave could read Dave's reasons; a store may be opened for a demonstration."""
    here = await store.post("/api/phones", {"shopper": "dave"})
    elsewhere = await store.post("/api/phones", {"shopper": "dave"}, caller=ELSEWHERE)
    opened = await site(is_open=True).post("/api/phones", {"shopper": "dave"}, caller=ELSEWHERE)

    assert here.json() == {"shopper": "dave", "token": phone_token(KEY, "dave")} == opened.json()
    assert elsewhere.status_code == 403
    assert "token" not in elsewhere.text


@pytest.mark.parametrize(
    "body", [{"shopper": ""}, {"shopper": "a b"}, {"shopper": "x" * 65}, {"shopper": 7}, [], "dave"]
)
async def test_what_cannot_be_a_shopper_is_422(store: Site, body: object) -> None:
    """An id travels in topics, so it is held to their characters at the door."""
    assert (await store.post("/api/phones", body)).status_code == 422


# --- hello ------------------------------------------------------------------------------------------------------------


async def test_a_hello_is_answered_with_what_the_engine_holds(store: Site) -> None:
    """The first hello joins on the store's terms; the welcome says which."""
    async with store.phone("dave") as phone:
        (welcome,) = phone.hears()

    assert welcome == Welcome(
        shopper="dave",
        store="demo-market",
        store_label="Northgate Market",
        ts=store.bench.now_ms,
        location=True,
        basket=True,
        history=True,
    )


@pytest.mark.parametrize("token", ["", "wrong", phone_token(KEY, "ana"), phone_token(b"another key", "dave"), "ü"])
async def test_a_wrong_token_is_refused_and_closed(store: Site, token: str) -> None:
    """Nobody speaks for somebody else, and a refused hello joins nobody."""
    async with store.socket("/ws/phone") as phone:
        phone.say(Hello("dave", token))
        await store.settle()
        (refused,) = phone.hears()

        assert isinstance(refused, Refused)
        assert refused.reason == "token"
        assert phone.close_code() == 1008
    assert not store.bench.service.state("dave").person.joined


@pytest.mark.parametrize(
    "first",
    [Unmute(1), Bye(), '{"type": "hello"}', '{"type": "hallo"}', "{", "", b"\xff\xfe", " " * (MAX_PAYLOAD_BYTES + 1)],
    ids=["unmute", "bye", "no shopper", "unknown type", "not JSON", "empty", "not UTF-8", "too large"],
)
async def test_whoever_does_not_say_hello_first_is_refused_and_closed(
    store: Site, first: Unmute | Bye | str | bytes
) -> None:
    """The first message says who speaks; without it nothing else means anything."""
    async with store.socket("/ws/phone") as phone:
        phone.say(first)
        await store.settle()
        (refused,) = phone.hears()

        assert isinstance(refused, Refused)
        assert refused.reason == "message"
        assert phone.close_code() == 1008
    assert len(store.bench.phones) == 0


async def test_whoever_says_nothing_is_refused_after_a_while(store: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection without a hello is not kept open for ever."""
    monkeypatch.setattr(phones, "HELLO_WITHIN_S", 0.01)
    async with store.socket("/ws/phone") as socket:
        told = await socket.got.get()
        refused = parse_engine_message(str(told["text"]))
        assert isinstance(refused, Refused)
        assert "no hello" in refused.detail


async def test_a_phone_that_goes_without_a_word_is_forgotten(store: Site) -> None:
    """Before or after the hello; nothing waits for it any longer."""
    async with store.socket("/ws/phone"):
        pass
    async with store.phone("dave"):
        assert len(store.bench.phones) == 1
    assert len(store.bench.phones) == 0


async def test_bye_ends_the_conversation(store: Site) -> None:
    """The engine stops talking to a phone that was put away."""
    async with store.phone("dave") as phone:
        phone.say(Bye())
        await store.settle()

        assert len(store.bench.phones) == 0
        phone.hears()
        assert phone.close_code() == 1000


# --- what is said -----------------------------------------------------------------------------------------------------

USELESS: dict[str, str | bytes] = {
    "not JSON": "{",
    "unknown type": '{"type": "dance"}',
    "no type": "{}",
    "a text for a number": '{"type": "unmute", "ts": "now"}',
    "not UTF-8": b"\xff",
    "too large": " " * (MAX_PAYLOAD_BYTES + 1),
    "an offer nobody sent": '{"type": "receipt", "offer": "o-1", "event": "shown", "ts": 1}',
    "outside the store": '{"type": "moved", "ts": 1772442000000, "x": 400, "y": 1}',
    "a clock an hour off": '{"type": "moved", "ts": 1772438400000, "x": 3, "y": 12}',
}


@pytest.mark.parametrize("said", USELESS.values(), ids=USELESS)
async def test_what_cannot_be_used_is_refused_and_the_conversation_goes_on(store: Site, said: str | bytes) -> None:
    """One bad message costs one answer, and is counted."""
    async with store.phone("dave") as phone:
        phone.hears()
        phone.say(said)
        phone.say(Unmute(store.bench.now_ms))
        await store.settle()

        refused, welcome = phone.hears()
        assert isinstance(refused, Refused)
        assert refused.reason == "message"
        assert isinstance(welcome, Welcome)
        assert phone.close_code() is None
    assert sum(store.bench.service.counts.refused.values()) == 1


async def test_a_second_hello_is_answered_for_the_first_one_s_shopper(store: Site) -> None:
    """A conversation has one shopper, whatever is claimed in the middle of it."""
    async with store.phone("dave") as phone:
        phone.hears()
        phone.say(Hello("ana", phone_token(KEY, "ana")))
        await store.settle()

        (welcome,) = phone.hears()
        assert isinstance(welcome, Welcome)
        assert welcome.shopper == "dave"


async def test_every_choice_is_answered_with_the_state_it_led_to(store: Site) -> None:
    """Mute, unmute and consent: the phone shows what holds, not what it asked for."""
    now = store.bench.now_ms
    async with store.phone("dave") as phone:
        offer = await dave_gets_an_offer(store, phone)
        for choice in (
            Mute("hour", now),
            Mute("category", now, offer.id),
            Mute("always", now),
            Unmute(now),
            ConsentChange(now, basket=False),
        ):
            phone.say(choice)
        await store.settle()
        answers = [message for message in phone.hears() if isinstance(message, Welcome)]

    assert [answer.muted_until for answer in answers] == [now + 3_600_000, now + 3_600_000, ALWAYS_MS, None, None]
    assert [answer.muted_categories for answer in answers] == [[], ["red-wine"], ["red-wine"], [], []]
    assert [answer.basket for answer in answers] == [True, True, True, True, False]


async def test_a_receipt_needs_no_answer(store: Site) -> None:
    """It is noted; silence means that it was."""
    async with store.phone("dave") as phone:
        offer = await dave_gets_an_offer(store, phone)
        phone.say(Receipt(offer.id, "opened", store.bench.now_ms))
        await store.settle()

        assert phone.hears() == []
    assert store.bench.service.state("dave").person.deliveries[-1].state == "opened"


async def test_why_is_answered_for_the_shopper_s_own_offers_only(store: Site) -> None:
    """The reasons hold what somebody bought; they are told to nobody else."""
    async with store.phone("dave") as dave, store.phone("ana") as ana:
        ana.hears()
        offer = await dave_gets_an_offer(store, dave)
        for phone in (dave, ana):
            phone.say(Why(offer.id))
        dave.say(Why("never-sent"))
        await store.settle()

        explanation, unknown = dave.hears()
        assert isinstance(explanation, Explanation)
        assert explanation.reason == offer.reason
        assert explanation.because
        assert isinstance(unknown, Refused)
        assert unknown.reason == "unknown_offer"
        (foreign,) = ana.hears()
        assert isinstance(foreign, Refused)
        assert foreign.reason == "unknown_offer"
        assert "Silver" not in foreign.detail


async def test_a_phone_may_be_its_shopper_s_beacon_and_scanner(store: Site) -> None:
    """Moved and cart are position and basket: the founding scene without any other hardware."""
    bench = store.bench
    async with store.phone("dave") as phone:
        phone.hears()
        phone.say(Cart(bench.now_ms, 1, [BasketItem(LAMB, 1)]))
        for _ in range(7):
            phone.say(Moved(bench.now_ms, *WINE_AISLE))
            await store.settle()
            bench.now_ms += 1000
        heard = phone.hears()

    assert [message.zone for message in heard if isinstance(message, Here)] == ["wine"]
    assert [message.sku for message in heard if isinstance(message, Offer)] == [SILVER_OAK]


async def test_what_a_scanner_does_not_know_is_refused_and_the_rest_counts(store: Site) -> None:
    """As from a till: reported with the topic it would have had."""
    async with store.phone("dave") as phone:
        phone.say(Cart(store.bench.now_ms, 1, [BasketItem(LAMB, 1), BasketItem("unicorn", 1)]))
        await store.settle()

    visit = store.bench.service.state("dave").visit
    assert visit is not None
    assert [item.sku for item in visit.basket] == [LAMB]
    (report,) = store.bench.rejected()
    assert b'"topic":"store/demo-market/shopper/dave/basket"' in report


async def test_every_phone_of_a_shopper_rings(store: Site) -> None:
    """A page and a terminal of one shopper hear the same."""
    async with store.phone("dave") as page, store.phone("dave") as terminal:
        terminal.hears()
        page.hears()
        offer = await dave_gets_an_offer(store, page)

        assert offer in terminal.hears()


async def test_a_phone_that_comes_back_gets_what_it_has_missed(store: Site) -> None:
    """After the welcome every offer newer than the last it has seen, as long as it may be shown."""
    async with store.phone("dave") as phone:
        offer = await dave_gets_an_offer(store, phone)
    for last_offer, missed in ((None, [offer]), ("older", [offer]), (offer.id, [])):
        async with store.phone("dave", last_offer=last_offer) as again:
            assert again.hears()[1:] == missed
