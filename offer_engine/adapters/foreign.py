"""A foreign payload becomes a typed value, and a foreign id one of ours, the same one each time."""

import hashlib
from typing import TypeVar

import msgspec

from offer_engine.errors import MessageError, Refusal
from offer_engine.messages import MAX_PAYLOAD_BYTES, Report, is_id

_T = TypeVar("_T")

Said = tuple[str, Report]  # a shopper, and what is reported of them

HASH_DIGITS = 16  # 64 bits: two of a million ids are mapped to one with a chance of 1 in 37 million


def shopper_of(system: str, foreign: str) -> str:
    """The shopper that a foreign id stands for: the id itself where it may be one, else a hash of it.

    The hash keeps `:` and other characters out of topics. It is not anonymity: who knows an id finds its hash.

    >>> shopper_of("espresense", "s-0001")
    's-0001'
    >>> shopper_of("espresense", "irk:1234")  # printf %s irk:1234 | sha256sum | cut -c1-16
    'espresense-2c531afe82eac331'
    """
    if is_id(foreign):
        return foreign
    return f"{system}-{hashlib.sha256(foreign.encode()).hexdigest()[:HASH_DIGITS]}"


def decoded(decoder: msgspec.json.Decoder[_T], payload: bytes) -> _T:
    """Decode a foreign payload.

    Raises:
        MessageError: too large, not JSON, or JSON of another shape.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise MessageError(Refusal.TOO_LARGE, f"{len(payload)} bytes; the limit is {MAX_PAYLOAD_BYTES}")
    try:
        return decoder.decode(payload)
    except msgspec.ValidationError as error:
        raise MessageError(Refusal.INVALID, str(error)) from None
    except msgspec.DecodeError as error:
        raise MessageError(Refusal.MALFORMED, str(error)) from None
    except UnicodeDecodeError as error:
        raise MessageError(Refusal.MALFORMED, f"not UTF-8: {error}") from None
