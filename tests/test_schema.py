"""The AsyncAPI document is generated from the types, holds all of them, and the examples in the documents fit it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from offer_engine import messages
from offer_engine.messages import (
    TYPE_BY_LEAF,
    EngineMessage,
    EngineStatus,
    Offer,
    PhoneMessage,
    Rejected,
    ZoneEvent,
    parse_engine_message,
    parse_phone_message,
    parse_report,
    rejected_topic,
    shopper_topic,
    status_topic,
    zone_topic,
)
from offer_engine.schema import asyncapi, asyncapi_text

ROOT = Path(__file__).parents[1]
Json = dict[str, object]
DOCUMENT = json.loads(asyncapi_text())


def test_the_document_is_up_to_date() -> None:
    """Whoever changes a type writes it anew: `python -m offer_engine schema`."""
    assert (ROOT / "docs/asyncapi.json").read_text(encoding="utf-8") == asyncapi_text()


def test_every_topic_is_a_channel() -> None:
    """The tree of topics, with the type that travels on each and how."""
    found = {channel["address"]: channel for channel in DOCUMENT["channels"].values()}
    leaves = {**TYPE_BY_LEAF, "offer": Offer}
    expected = {shopper_topic("{store}", "{shopper}", leaf): kind for leaf, kind in leaves.items()}
    expected |= {zone_topic("{store}", "{zone}"): ZoneEvent}
    expected |= {status_topic("{store}"): EngineStatus, rejected_topic("{store}"): Rejected}

    assert set(found) == {*expected, "/ws/phone"}
    for topic, kind in expected.items():
        assert list(found[topic]["messages"]) == [kind.__name__]
        assert set(found[topic]["parameters"]) == set(re.findall(r"{(\w+)}", topic))
    assert "QoS 0" in found[shopper_topic("{store}", "{shopper}", "position")]["description"]
    assert "retained" in found[status_topic("{store}")]["description"]


@pytest.mark.parametrize(("operation", "union"), [("from_phone", PhoneMessage), ("to_phone", EngineMessage)])
def test_every_message_of_a_phone_is_in_its_operation(operation: str, union: object) -> None:
    """Neither direction forgets a type, and each is told apart by its tag."""
    found = [str(message["$ref"]).rpartition("/")[2] for message in DOCUMENT["operations"][operation]["messages"]]

    assert found == [kind.__name__ for kind in get_args(union)]
    for name in found:
        schema = DOCUMENT["components"]["schemas"][name]
        assert schema["properties"]["type"]["enum"] == [getattr(messages, name).__struct_config__.tag]


def test_every_reference_leads_somewhere() -> None:
    """A generator that stumbles over a dead reference would be our fault."""
    for path in set(_references(asyncapi())):
        found: object = DOCUMENT
        for part in path.removeprefix("#/").split("/"):
            assert isinstance(found, dict)
            assert part in found, path
            found = found[part]


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, held in value.items():
            if key == "$ref":
                yield str(held)
            yield from _references(held)
    elif isinstance(value, list):
        for held in value:
            yield from _references(held)


def test_every_field_s_range_is_in_it() -> None:
    """A sender can check before sending: the ranges are those that the engine refuses by."""
    position = DOCUMENT["components"]["schemas"]["Position"]

    assert position["required"] == ["ts", "x", "y"]
    assert position["properties"]["x"] == {"type": "number", "minimum": -100_000, "maximum": 100_000}


FIELDS_SHOWN = {
    "position": b'{"ts": 1, "x": 2.5, "y": 3, "accuracy": 0.9, "floor": 0}',
    "ranges": b'{"ts": 1, "heard": [{"gateway": "b01", "distance": 4.2, "sigma": 1.3}], "floor": 0}',
    "basket": b'{"ts": 1, "rev": 1, "items": [{"sku": "rice", "qty": 2}]}',
    "checkout": b'{"ts": 1, "visit": "v", "items": [{"sku": "rice", "qty": 2, "price_cents": 199}], "codes": ["A-1"]}',
    "presence": b'{"ts": 1, "event": "arrived", "visit": "v-1"}',
}


@pytest.mark.parametrize("leaf", TYPE_BY_LEAF)
def test_the_payloads_that_the_wire_s_document_shows_are_taken(leaf: str) -> None:
    """Each row of the table in docs/wire.md names just the fields of its type, and such a payload is parsed."""
    (row,) = [
        line for line in _wire().splitlines() if line.startswith(f"| `store/{{store}}/shopper/{{shopper}}/{leaf}`")
    ]
    named = set(re.findall(r'"(\w+)"', row.split("|")[3])) - {"arrived", "left"}

    assert named == set(_keys(json.loads(FIELDS_SHOWN[leaf])))
    assert isinstance(parse_report(leaf, FIELDS_SHOWN[leaf]), TYPE_BY_LEAF[leaf])


def _wire() -> str:
    return (ROOT / "docs/wire.md").read_text(encoding="utf-8")


def _keys(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, held in value.items():
            yield str(key)
            yield from _keys(held)
    elif isinstance(value, list):
        for held in value:
            yield from _keys(held)


def _said() -> list[tuple[str, str]]:
    """(who, JSON) of each line of the dialogue in docs/phone.md."""
    text = (ROOT / "docs/phone.md").read_text(encoding="utf-8")
    return re.findall(r"^    (phone|engine) +({.*})$", text, re.MULTILINE)


@pytest.mark.parametrize(("who", "text"), _said())
def test_the_dialogue_that_the_phone_s_document_shows_is_of_this_wire(who: str, text: str) -> None:
    """Every message of it has a type and fields that exist; those written whole are parsed."""
    is_whole = "…" not in re.sub(r'"[^"]*…[^"]*"', '""', text)
    shown: Json = json.loads(re.sub(r",? *…(?=})", "", text))
    union = PhoneMessage if who == "phone" else EngineMessage
    (kind,) = [kind for kind in get_args(union) if kind.__struct_config__.tag == shown["type"]]

    assert set(shown) <= {"type", *kind.__struct_fields__}
    if is_whole:
        parse_phone_message(text) if who == "phone" else parse_engine_message(text)


def test_the_dialogue_was_found() -> None:
    """A document laid out anew must not empty the test above."""
    assert {who for who, _ in _said()} == {"phone", "engine"}
