"""The phone's events as lines: one each, readable by a person or by a program."""

import json

import pytest
from msgspec.structs import replace

from offer_engine.messages import Explanation, Here, Refused
from phone_client.events import (
    EngineLeft,
    Event,
    Explained,
    LinkLost,
    NotUnderstood,
    OfferArrived,
    OfferLate,
    OfferUnwanted,
    SettingsShown,
    WasRefused,
    ZoneChanged,
)
from phone_client.plain import json_line, text_line
from tests.phone_client.dialogue import MINUTE, SILVER_OAK, T0, WELCOME

LINES: list[tuple[Event, str]] = [
    (SettingsShown(WELCOME), "Connected to Northgate Market as dave; it may use: location, basket and history."),
    (SettingsShown(replace(WELCOME, muted_until=T0 + MINUTE)), "Muted: until"),
    (OfferArrived(SILVER_OAK), "OFFER o-1: Silver Oak Cabernet Sauvignon, 20% off, 19.92 instead of 24.90, until"),
    (OfferLate(SILVER_OAK), "came too late"),
    (OfferUnwanted(SILVER_OAK), "crossed your wish"),
    (ZoneChanged(Here(ts=T0, zone="wine", zone_label="Wine")), "You are here: Wine."),
    (ZoneChanged(Here(ts=T0, zone="", zone_label="")), "between the aisles"),
    (Explained(Explanation(offer="o-1", reason="Because.", because=["In the aisle.", "Likes it."])), "Likes it."),
    (WasRefused(Refused(reason="token", detail="unknown token")), "Refused: unknown token."),
    (EngineLeft(), "going away"),
    (LinkLost("connection refused", 0.25), "connection refused. Trying again in 0.2 s"),
    (NotUnderstood("a new kind"), "cannot read: a new kind"),
]


@pytest.mark.parametrize(
    ("event", "part"), LINES, ids=[f"{i} {type(event).__name__}" for i, (event, _) in enumerate(LINES)]
)
def test_every_event_is_one_line_for_a_person_and_one_for_a_program(event: Event, part: str) -> None:
    """The first in words without JSON, the second an object that names the event."""
    line = text_line(event, T0)
    assert part in line
    assert "\n" not in line
    assert "{" not in line
    fields = json.loads(json_line(event, T0))
    assert fields["ts"] == T0
    assert fields["event"].replace("_", "") == type(event).__name__.lower()


def test_an_offer_as_json_is_the_offer_as_it_came() -> None:
    """A program reads the same fields as on the wire."""
    offer = json.loads(json_line(OfferArrived(SILVER_OAK), T0))["offer"]
    assert offer["code"] == "OAK-20"
    assert offer["signals"] == ["location", "basket", "history"]
