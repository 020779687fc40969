"""Foreign ids and payloads: the same shopper each time, and a reason for everything that cannot be read."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from offer_engine.adapters.foreign import decoded, shopper_of
from offer_engine.errors import MessageError, Refusal
from offer_engine.messages import MAX_PAYLOAD_BYTES, is_id


class Shape(Struct):
    """Anything."""

    number: int
    text: str = ""


@given(st.text(min_size=1))
def test_every_foreign_id_is_a_shopper(foreign: str) -> None:
    """Whatever a system calls its devices, the result may stand in a topic, and is the same each time."""
    assert is_id(shopper_of("espresense", foreign))
    assert shopper_of("espresense", foreign) == shopper_of("espresense", foreign)


def test_a_token_of_ours_stays_what_it_is() -> None:
    """So a tag that is named after a shopper needs no table; others are told apart by system and hash."""
    assert shopper_of("omlox", "s-0001") == "s-0001"
    assert shopper_of("omlox", "70:b3:d5:32:91:04") != shopper_of("omlox", "70:b3:d5:32:91:05")
    assert shopper_of("omlox", "a:b").startswith("omlox-")


@pytest.mark.parametrize(
    ("payload", "refusal"),
    [
        (b"{", Refusal.MALFORMED),
        (b"", Refusal.MALFORMED),
        (b'{"number": NaN}', Refusal.MALFORMED),
        (b'{"number": 1, "text": "\xff"}', Refusal.MALFORMED),
        (b'{"number": "1"}', Refusal.INVALID),
        (b"[]", Refusal.INVALID),
        (b" " * (MAX_PAYLOAD_BYTES + 1), Refusal.TOO_LARGE),
    ],
)
def test_what_cannot_be_read_has_a_reason(payload: bytes, refusal: Refusal) -> None:
    """The same reasons as on our own wire."""
    with pytest.raises(MessageError) as caught:
        decoded(msgspec.json.Decoder(Shape), payload)
    assert caught.value.refusal is refusal


def test_what_can_be_read_is_a_value() -> None:
    """Fields that nobody asked for are passed over."""
    assert decoded(msgspec.json.Decoder(Shape), b'{"number": 1, "more": []}').number == 1
