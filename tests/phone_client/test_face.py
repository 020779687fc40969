"""The terminal phone's screen without a terminal: what is in front, and what each key does."""

import pytest
from msgspec.structs import replace

from offer_engine.messages import (
    ConsentChange,
    EngineMessage,
    Explanation,
    Here,
    Mute,
    PhoneMessage,
    Receipt,
    Refused,
    Unmute,
    Why,
)
from phone_client.events import EngineLeft, LinkLost
from phone_client.face import KEYS, Face, Menu
from tests.phone_client.dialogue import CHABLIS, MINUTE, SILVER_OAK, T0, welcomed

NOW = T0 + 2000


def face_with(*messages: EngineMessage) -> Face:
    """The face of a connected phone that received some messages; the receipts are on their way."""
    face = Face(welcomed())
    face.trouble = ""
    hears(face, *messages)
    face.session.outbox()
    return face


def hears(face: Face, *messages: EngineMessage, now_ms: int = NOW) -> None:
    """The engine says something."""
    for message in messages:
        for event in face.session.received(message, now_ms):
            face.saw(event)


def front(face: Face, now_ms: int = NOW) -> str | None:
    """The id of the offer in front."""
    card = face.front(now_ms)
    return card.offer.id if card else None


@pytest.mark.parametrize(
    ("keys", "sent"),
    [
        ("o", [Receipt(offer="o-1", event="opened", ts=NOW)]),
        ("A", [Receipt(offer="o-1", event="accepted", ts=NOW)]),
        ("n", [Receipt(offer="o-1", event="not_for_me", ts=NOW)]),
        ("d", [Receipt(offer="o-1", event="dismissed", ts=NOW)]),
        ("w", [Why(offer="o-1")]),
        ("m1", [Mute(scope="offer", ts=NOW, offer="o-1")]),
        ("m2", [Mute(scope="category", ts=NOW, offer="o-1")]),
        ("m3", [Mute(scope="hour", ts=NOW)]),
        ("m4", [Mute(scope="always", ts=NOW)]),
        ("u", [Unmute(ts=NOW)]),
        ("p1", [ConsentChange(ts=NOW, location=False)]),
        ("p2", [ConsentChange(ts=NOW, basket=False)]),
        ("p33", [ConsentChange(ts=NOW, history=False), ConsentChange(ts=NOW, history=True)]),
        ("mmo", [Receipt(offer="o-1", event="opened", ts=NOW)]),
        ("ppa", [Receipt(offer="o-1", event="accepted", ts=NOW)]),
        ("m\x1b", []),
        ("x1?", []),
    ],
)
def test_each_key_says_one_thing(keys: str, sent: list[PhoneMessage]) -> None:
    """With the Silver Oak in front."""
    face = face_with(SILVER_OAK)
    for key in keys:
        face.press(key, NOW)
    assert face.session.outbox() == sent


@pytest.mark.parametrize("keys", [*KEYS, "m1", "m2"])
def test_every_key_is_harmless_without_an_offer(keys: str) -> None:
    """Nothing about an offer is sent, and where one was needed the screen says so."""
    face = face_with()
    for key in keys:
        face.press(key, NOW)
    assert all(isinstance(message, Unmute) for message in face.session.outbox())
    assert face.notice or face.menu is not Menu.NONE


def test_the_newest_offer_is_in_front() -> None:
    """Putting it away brings back the one under it."""
    face = face_with(SILVER_OAK, CHABLIS)
    assert (front(face), face.waiting()) == ("o-2", 1)
    face.press("d", NOW)
    assert (front(face), face.waiting()) == ("o-1", 0)


def test_an_accepted_offer_keeps_its_code_until_it_was_not_for_me() -> None:
    """Dismissing only clears the screen; the code is for the till."""
    face = face_with(SILVER_OAK)
    face.press("a", NOW)
    assert front(face, SILVER_OAK.expires_at + 1) == "o-1"
    face.press("d", NOW)
    assert front(face) is None
    assert [offer.code for offer in face.codes] == ["OAK-20"]
    hears(face, CHABLIS)
    face.press("a", NOW)
    face.press("n", NOW)
    assert [offer.code for offer in face.codes] == ["OAK-20"]


def test_an_offer_that_expires_on_the_screen_leaves_it() -> None:
    """And the screen says why."""
    face = face_with(SILVER_OAK)
    assert front(face, SILVER_OAK.expires_at) == "o-1"
    assert front(face, SILVER_OAK.expires_at + 1) is None
    assert "expired" in face.notice


@pytest.mark.parametrize("keys", ["m1", "m2", "m3", "m4", "p3"])
def test_a_choice_clears_what_it_is_about_from_the_screen(keys: str) -> None:
    """An offer that may no longer ring may no longer stand there either."""
    face = face_with(SILVER_OAK)
    for key in keys:
        face.press(key, NOW)
    assert front(face) is None


def test_a_mute_of_one_category_leaves_the_other() -> None:
    """The Chablis is white."""
    face = face_with(CHABLIS, SILVER_OAK)
    face.press("m", NOW)
    face.press("2", NOW)
    assert front(face) == "o-2"
    assert "red wine" in face.notice


def test_a_new_offer_closes_a_menu() -> None:
    """It rings; it should also be seen."""
    face = face_with()
    face.press("m", NOW)
    hears(face, SILVER_OAK)
    assert face.menu is Menu.NONE


def test_answers_and_places_reach_the_screen() -> None:
    """Why, where, and what was refused."""
    face = face_with(SILVER_OAK, Here(ts=NOW, zone="wine", zone_label="Wine"))
    face.press("w", NOW)
    answer = Explanation(offer="o-1", reason="Because.", because=["In the aisle."])
    hears(face, answer)
    assert face.why == answer
    assert (face.place, face.notice) == ("Wine", "")
    hears(face, Here(ts=NOW, zone="", zone_label=""), Refused(reason="message", detail="too odd"))
    assert face.place == ""
    assert "too odd" in face.notice


def test_an_answer_steps_aside() -> None:
    """For any key about the offer, for a second w, and for a new offer."""
    answer = Explanation(offer="o-1", reason="Because.", because=["In the aisle."])
    for key in "owapm":
        face = face_with(SILVER_OAK, answer)
        face.press(key, NOW)
        assert face.why is None
        assert not any(isinstance(message, Why) for message in face.session.outbox())
    face = face_with(SILVER_OAK, answer, CHABLIS)
    assert face.why is None


def test_trouble_is_shown_until_the_next_welcome() -> None:
    """A lost link and a leaving engine; an offer that came too late is mentioned."""
    face = face_with()
    face.saw(LinkLost("connection refused", 1.0))
    assert face.trouble == "connection refused"
    face.saw(EngineLeft())
    assert "away" in face.trouble
    hears(face, replace(SILVER_OAK), now_ms=T0 + 99 * MINUTE)
    assert "too late" in face.notice


def test_q_quits_from_everywhere() -> None:
    """Also out of a menu."""
    for keys in ("q", "mq", "pq"):
        face = face_with()
        for key in keys:
            face.press(key, NOW)
        assert face.has_quit
