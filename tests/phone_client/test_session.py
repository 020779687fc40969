"""The phone's session, as dialogues between an engine, a shopper and a phone."""

from collections.abc import Callable
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from offer_engine.messages import (
    ALWAYS_MS,
    Bye,
    ConsentChange,
    EngineMessage,
    Explanation,
    Hello,
    Here,
    Mute,
    PhoneMessage,
    Receipt,
    Refused,
    Unmute,
    Why,
)
from phone_client.events import (
    EngineLeft,
    Explained,
    OfferArrived,
    OfferLate,
    OfferUnwanted,
    SettingsShown,
    WasRefused,
    ZoneChanged,
)
from phone_client.session import Session
from phone_client.states import Stage, State
from tests.phone_client.dialogue import CHABLIS, MINUTE, SILVER_OAK, T0, WELCOME, welcomed

LATER = T0 + 2000

ReceiptEvent = Literal["opened", "accepted", "dismissed", "not_for_me"]


def test_an_offer_rings_and_says_so_at_once() -> None:
    """Hello, welcome, offer: the phone shows it and the receipt says when."""
    phone = Session("dave", "t0ken")
    assert phone.connected() == [Hello(shopper="dave", token="t0ken")]
    assert phone.received(WELCOME, T0) == [SettingsShown(WELCOME)]
    assert phone.received(SILVER_OAK, LATER) == [OfferArrived(SILVER_OAK)]
    assert phone.outbox() == [Receipt(offer="o-1", event="shown", ts=LATER)]
    assert phone.outbox() == []


def test_what_the_shopper_does_goes_out_in_order() -> None:
    """Shown, opened and accepted arrive in the order in which they happened."""
    phone = welcomed()
    phone.received(SILVER_OAK, LATER)
    assert phone.open("o-1", LATER + 1)
    assert phone.accept("o-1", LATER + 2)
    assert phone.outbox() == [
        Receipt(offer="o-1", event="shown", ts=LATER),
        Receipt(offer="o-1", event="opened", ts=LATER + 1),
        Receipt(offer="o-1", event="accepted", ts=LATER + 2),
    ]
    card = phone.card("o-1")
    assert card is not None
    assert card.stage is Stage.ACCEPTED


def test_the_same_offer_twice_rings_once() -> None:
    """The engine repeats an offer after a reconnect; the shopper is not bothered again."""
    phone = welcomed()
    phone.received(SILVER_OAK, LATER)
    phone.outbox()
    phone.disconnected()
    assert phone.connected() == [Hello(shopper="dave", token="t0ken", last_offer="o-1")]
    phone.received(WELCOME, LATER)
    assert phone.received(SILVER_OAK, LATER) == []
    assert phone.outbox() == []


def test_the_hello_names_the_newest_offer_even_if_it_came_first() -> None:
    """Offers are ordered by when they were decided, not by when they arrived."""
    phone = welcomed()
    phone.received(CHABLIS, LATER)
    phone.received(SILVER_OAK, LATER)
    phone.disconnected()
    assert phone.connected() == [Hello(shopper="dave", token="t0ken", last_offer="o-2")]


def test_an_offer_that_expired_on_the_way_is_never_shown() -> None:
    """Later is another aisle: a receipt says that it came too late, and that is all."""
    phone = welcomed()
    late = SILVER_OAK.expires_at + 1
    assert phone.received(SILVER_OAK, late) == [OfferLate(SILVER_OAK)]
    assert phone.outbox() == [Receipt(offer="o-1", event="expired", ts=late)]
    assert phone.card("o-1") is None
    assert not phone.open("o-1", late)


def test_an_offer_at_the_very_end_of_its_life_is_shown() -> None:
    """The expiry itself is still in time."""
    assert welcomed().received(SILVER_OAK, SILVER_OAK.expires_at) == [OfferArrived(SILVER_OAK)]


def test_a_phone_that_is_away_misses_nothing_that_has_not_expired() -> None:
    """Two offers are decided while the phone is away; the one still good rings, the other does not."""
    phone = welcomed()
    phone.disconnected()
    back = CHABLIS.expires_at - 500  # the first has expired by now, the second not yet
    phone.connected()
    assert phone.received(replace(WELCOME, ts=back), back)
    assert phone.received(SILVER_OAK, back) == [OfferLate(SILVER_OAK)]
    assert phone.received(CHABLIS, back) == [OfferArrived(CHABLIS)]
    assert phone.outbox() == [
        Receipt(offer="o-1", event="expired", ts=back),
        Receipt(offer="o-2", event="shown", ts=back),
    ]


def test_what_is_done_offline_waits_for_the_welcome() -> None:
    """Receipts and choices made without a connection go out after the next welcome, not after the hello."""
    phone = welcomed()
    phone.received(SILVER_OAK, LATER)
    phone.outbox()
    phone.disconnected()
    phone.accept("o-1", LATER + 1)
    phone.mute("hour", LATER + 2)
    assert phone.outbox() == []
    phone.connected()
    assert phone.outbox() == []
    phone.received(WELCOME, LATER)
    assert phone.outbox() == [
        Receipt(offer="o-1", event="accepted", ts=LATER + 1),
        Mute(scope="hour", ts=LATER + 2),
    ]


def test_an_offer_that_overtakes_the_welcome_is_shown() -> None:
    """Its receipt waits until the engine has accepted the phone."""
    phone = Session("dave", "t0ken")
    phone.connected()
    assert phone.received(SILVER_OAK, LATER) == [OfferArrived(SILVER_OAK)]
    assert phone.outbox() == []
    phone.received(WELCOME, LATER)
    assert phone.outbox() == [Receipt(offer="o-1", event="shown", ts=LATER)]


def test_a_receipt_is_never_older_than_its_offer() -> None:
    """A phone whose clock runs behind does not claim to have shown an offer before it was decided."""
    phone = welcomed()
    phone.received(SILVER_OAK, T0 - MINUTE)
    assert phone.outbox() == [Receipt(offer="o-1", event="shown", ts=T0)]


def test_what_could_not_be_sent_goes_out_next_time_in_order() -> None:
    """The link fails between two messages: the second and what was done since are sent after the next welcome."""
    phone = welcomed()
    phone.received(SILVER_OAK, LATER)
    phone.mute("hour", LATER)
    sent, *unsent = phone.outbox()
    phone.open("o-1", LATER + 1)
    phone.undelivered(unsent)
    phone.disconnected()
    phone.connected()
    phone.received(WELCOME, LATER)
    assert sent == Receipt(offer="o-1", event="shown", ts=LATER)
    assert phone.outbox() == [Mute(scope="hour", ts=LATER), Receipt(offer="o-1", event="opened", ts=LATER + 1)]


def test_a_stop_that_the_engine_never_answered_is_said_again() -> None:
    """A mute goes into a connection that is already dead; the phone does not trust that it was heard."""
    phone = welcomed()
    phone.mute("always", LATER)
    assert phone.outbox() == [Mute(scope="always", ts=LATER)]
    phone.disconnected()
    phone.connected()
    phone.received(WELCOME, LATER)
    assert phone.outbox() == [Mute(scope="always", ts=LATER)]


def test_a_stop_that_was_answered_is_not_said_again() -> None:
    """The welcome after a change is its answer."""
    phone = welcomed()
    phone.mute("always", LATER)
    phone.outbox()
    phone.received(replace(WELCOME, muted_until=ALWAYS_MS), LATER)
    phone.disconnected()
    phone.connected()
    phone.received(WELCOME, LATER)
    assert phone.outbox() == []


def test_a_stop_that_was_refused_is_not_said_again() -> None:
    """A refusal is an answer as well."""
    phone = welcomed()
    phone.mute("offer", LATER, "o-0")
    phone.outbox()
    refused = Refused(reason="unknown_offer", detail="no offer o-0")
    assert phone.received(refused, LATER) == [WasRefused(refused)]
    phone.disconnected()
    phone.connected()
    phone.received(WELCOME, LATER)
    assert phone.outbox() == []
    assert phone.state is State.READY


@pytest.mark.parametrize("scope", ["offer", "category", "hour", "always"])
def test_an_offer_that_crosses_a_mute_does_not_buzz(scope: Literal["offer", "category", "hour", "always"]) -> None:
    """The shopper says stop while the next offer is already on its way: it is not shown, and nothing claims it was."""
    phone = welcomed()
    phone.received(SILVER_OAK, LATER)
    phone.outbox()
    phone.mute(scope, LATER, "o-1" if scope in {"offer", "category"} else None)
    next_one = replace(SILVER_OAK, id="o-3", ts=LATER)
    assert phone.received(next_one, LATER + 1) == [OfferUnwanted(next_one)]
    assert [type(message) for message in phone.outbox()] == [Mute]


def test_an_offer_that_crosses_a_withdrawn_consent_does_not_buzz() -> None:
    """It rests on the history that the shopper has just taken back."""
    phone = welcomed()
    phone.set_consent(LATER, history=False)
    assert phone.received(SILVER_OAK, LATER) == [OfferUnwanted(SILVER_OAK)]
    plain = replace(CHABLIS, signals=["location"])
    assert phone.received(plain, LATER) == [OfferArrived(plain)]


def test_a_mute_ends_and_unmute_ends_it_sooner() -> None:
    """After an hour offers ring again; after an unmute at once."""
    phone = welcomed()
    phone.mute("hour", T0)
    after_an_hour = replace(SILVER_OAK, ts=T0 + 60 * MINUTE, expires_at=T0 + 65 * MINUTE)
    assert phone.received(after_an_hour, T0 + 60 * MINUTE) == [OfferArrived(after_an_hour)]
    phone.mute("always", T0 + 61 * MINUTE)
    phone.unmute(T0 + 62 * MINUTE)
    chablis = replace(CHABLIS, expires_at=T0 + 99 * MINUTE)
    assert phone.received(chablis, T0 + 63 * MINUTE) == [OfferArrived(chablis)]
    assert phone.outbox()[-2] == Unmute(ts=T0 + 62 * MINUTE)


def test_the_engines_account_counts_once_everything_is_answered() -> None:
    """A choice made on another phone of the same shopper arrives with a welcome."""
    phone = welcomed()
    phone.received(replace(WELCOME, basket=False), LATER)
    assert not phone.choices.basket
    phone.set_consent(LATER, basket=True)
    phone.received(replace(WELCOME, basket=False), LATER)  # crossed our change: said before the engine heard of it
    assert phone.choices.basket


def test_a_refused_token_ends_the_phone() -> None:
    """Nothing is sent or tried any more."""
    phone = Session("dave", "stale")
    phone.connected()
    refused = Refused(reason="token", detail="unknown token")
    assert phone.received(refused, T0) == [WasRefused(refused)]
    phone.disconnected()
    phone.mute("hour", T0)
    assert phone.state is State.REFUSED
    assert phone.connected() == []
    assert phone.outbox() == []
    assert phone.leave() == []


def test_an_engine_that_says_bye_is_greeted_again_later() -> None:
    """A restart of the engine is not the end: what happens meanwhile waits."""
    phone = welcomed()
    phone.received(SILVER_OAK, LATER)
    assert phone.received(Bye(), LATER) == [EngineLeft()]
    assert phone.outbox() == []
    phone.disconnected()
    phone.connected()
    phone.received(WELCOME, LATER)
    assert phone.outbox() == [Receipt(offer="o-1", event="shown", ts=LATER)]


def test_leaving_says_what_is_left_to_say_and_bye() -> None:
    """Afterwards the phone is deaf."""
    phone = welcomed()
    phone.received(SILVER_OAK, LATER)
    assert phone.leave() == [Receipt(offer="o-1", event="shown", ts=LATER), Bye()]
    assert phone.received(CHABLIS, LATER) == []
    assert phone.connected() == []
    assert phone.leave() == []


def test_leaving_without_a_connection_says_nothing() -> None:
    """There is nobody to say it to."""
    assert Session("dave", "t0ken").leave() == []


def test_an_offer_is_decided_on_once() -> None:
    """A second accept, or a dismiss after the accept, changes nothing and sends nothing."""
    phone = welcomed()
    phone.received(SILVER_OAK, LATER)
    phone.accept("o-1", LATER)
    assert not phone.accept("o-1", LATER)
    assert not phone.open("o-1", LATER)
    assert not phone.dismiss("o-1", LATER)
    assert phone.outbox() == [
        Receipt(offer="o-1", event="shown", ts=LATER),
        Receipt(offer="o-1", event="accepted", ts=LATER),
    ]


def test_not_for_me_is_heard_at_any_time() -> None:
    """Also after it was dismissed, and after it expired."""
    phone = welcomed()
    phone.received(SILVER_OAK, LATER)
    phone.dismiss("o-1", LATER)
    late = SILVER_OAK.expires_at + MINUTE
    assert phone.not_for_me("o-1", late)
    assert phone.outbox()[-1] == Receipt(offer="o-1", event="not_for_me", ts=late)


def test_an_offer_cannot_be_taken_after_it_expired() -> None:
    """The till would not honour it."""
    phone = welcomed()
    phone.received(SILVER_OAK, LATER)
    assert not phone.accept("o-1", SILVER_OAK.expires_at + 1)
    assert phone.accept("o-1", SILVER_OAK.expires_at)


def test_a_why_is_answered() -> None:
    """Asked twice while offline, it is sent once."""
    phone = welcomed()
    phone.ask_why("o-1")
    phone.ask_why("o-1")
    assert phone.outbox() == [Why(offer="o-1")]
    answer = Explanation(offer="o-1", reason="Because.", because=["in the wine aisle"])
    assert phone.received(answer, LATER) == [Explained(answer)]


def test_where_the_shopper_is_reaches_the_screen() -> None:
    """A zone change is passed on as it is."""
    here = Here(ts=LATER, zone="wine", zone_label="Wine")
    assert welcomed().received(here, LATER) == [ZoneChanged(here)]


def test_consents_left_out_stay_as_they_are() -> None:
    """Only what was said is sent; a change of nothing is not sent at all."""
    phone = welcomed()
    phone.set_consent(LATER)
    phone.set_consent(LATER, basket=False)
    assert phone.outbox() == [ConsentChange(ts=LATER, basket=False)]
    assert phone.choices.location
    assert not phone.choices.basket


def test_a_mute_of_a_category_needs_an_offer() -> None:
    """Otherwise the engine could not know which."""
    with pytest.raises(ValueError, match="needs an offer"):
        welcomed().mute("category", T0)


def test_the_holder_is_woken_when_there_is_something_to_send() -> None:
    """By a receipt, by a choice, and by the welcome that lets out what waited."""
    woken: list[str] = []
    phone = Session("dave", "t0ken")
    phone.wake = lambda: woken.append("woken")
    phone.set_consent(T0, basket=False)
    phone.connected()
    phone.received(WELCOME, T0)
    phone.outbox()
    phone.received(SILVER_OAK, T0)  # rests on the basket, so it is not shown, and there is nothing to say
    assert len(woken) == 2


def test_a_phone_left_on_for_ever_stays_small() -> None:
    """It forgets the oldest of several hundred offers."""
    phone = welcomed()
    for count in range(500):
        phone.received(replace(SILVER_OAK, id=f"o-{count}", ts=T0 + count), LATER)
        phone.outbox()
    assert phone.card("o-0") is None
    assert phone.card("o-499") is not None
    phone.disconnected()
    assert phone.connected() == [Hello(shopper="dave", token="t0ken", last_offer="o-499")]


FROM_ENGINE: list[EngineMessage] = [WELCOME, SILVER_OAK, CHABLIS, Bye(), Refused(reason="message", detail="")]
BY_SHOPPER: dict[ReceiptEvent, Callable[[Session, str, int], bool]] = {
    "opened": Session.open,
    "accepted": Session.accept,
    "dismissed": Session.dismiss,
    "not_for_me": Session.not_for_me,
}
BY_NETWORK: list[Callable[[Session], object]] = [Session.connected, Session.disconnected]
DRAIN = "the link takes what there is to send"


@given(st.lists(st.sampled_from([*FROM_ENGINE, *BY_SHOPPER, *BY_NETWORK, DRAIN]), max_size=40))
def test_every_receipt_goes_out_once_and_in_order(
    doings: list[EngineMessage | ReceiptEvent | Callable[[Session], object] | str],
) -> None:
    """Whatever happens to the connection: what left the phone, then what it still holds, is what was done."""
    phone = Session("dave", "t0ken")
    sent: list[PhoneMessage] = []
    done: list[PhoneMessage] = []
    for now_ms, doing in enumerate(doings, start=LATER):
        if doing == DRAIN:
            sent += phone.outbox()
        elif isinstance(doing, str):
            act = next(event for event in BY_SHOPPER if event == doing)
            done += [Receipt(offer="o-1", event=act, ts=now_ms)] if BY_SHOPPER[act](phone, "o-1", now_ms) else []
        elif callable(doing):
            doing(phone)
        else:
            rung = [event.offer.id for event in phone.received(doing, now_ms) if isinstance(event, OfferArrived)]
            done += [Receipt(offer=offer, event="shown", ts=now_ms) for offer in rung]
    phone.connected()
    phone.received(WELCOME, LATER)
    assert [*sent, *phone.outbox()] == done
