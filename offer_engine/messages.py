"""The wire: one typed struct per message, the topic tree, and parsing that returns a message or raises.

Everything that crosses a process border is declared here and nowhere else: MQTT payloads, and the JSON that a phone
and the live page exchange with the engine over a websocket. `docs/asyncapi.json` is generated from these types.

`ts` is event time in integer milliseconds since the Unix epoch. `x` and `y` are metres in the store's own frame, x
east, y north. Unknown fields are ignored, so that a newer sender does not break an older engine; a known field of the
wrong type or range refuses the message.
"""

import hashlib
import hmac
import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from offer_engine.errors import MessageError, Refusal

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="a pseudonymous token or a key, never a name")]
TimestampMs = Annotated[int, Meta(ge=0, le=253_402_300_799_999, description="ms since the Unix epoch, event time")]
Metres = Annotated[float, Meta(ge=-100_000, le=100_000)]
Cents = Annotated[int, Meta(ge=0, le=100_000_000)]
Quantity = Annotated[int, Meta(ge=1, le=10_000)]

MAX_PAYLOAD_BYTES = 256 * 1024  # a basket of 2,000 lines is about 80 kB; nothing honest is larger
REJECTED_HEAD_BYTES = 1024  # how much of a refused payload is kept


# --- MQTT: what the store sends -------------------------------------------------------------------------------------


class Position(Struct, frozen=True, gc=False):
    """Where a shopper is, as far as the source can tell."""

    ts: TimestampMs
    x: Metres
    y: Metres
    accuracy: Annotated[float, Meta(gt=0, le=1000, description="median error in metres")] | None = None
    floor: Annotated[int, Meta(ge=-20, le=200)] | None = None


class Reading(Struct, frozen=True, gc=False):
    """How far from one gateway a shopper is, as far as radio can tell; in metres."""

    gateway: Id  # the key of an `x-beacon` of the floor plan
    distance: Annotated[float, Meta(gt=0, le=1000)]
    sigma: Annotated[float, Meta(gt=0, le=1000, description="standard deviation of the distance")] | None = None


class Ranges(Struct, frozen=True):
    """What the gateways heard of a shopper within the same second; the engine finds the place itself."""

    ts: TimestampMs
    heard: Annotated[list[Reading], Meta(min_length=1, max_length=64)]
    floor: Annotated[int, Meta(ge=-20, le=200)] | None = None


class BasketItem(Struct, frozen=True, gc=False):
    """One line of a basket."""

    sku: Id
    qty: Quantity


class Basket(Struct, frozen=True):
    """The whole basket; the highest `rev` of a visit wins."""

    ts: TimestampMs
    rev: Annotated[int, Meta(ge=0)]
    items: Annotated[list[BasketItem], Meta(max_length=2000)]


class SoldItem(Struct, frozen=True, gc=False):
    """One line of a till receipt; `price_cents` is what was paid for one."""

    sku: Id
    qty: Quantity
    price_cents: Cents


class Checkout(Struct, frozen=True):
    """A visit paid for, with the offer codes that were used."""

    ts: TimestampMs
    visit: Id
    items: Annotated[list[SoldItem], Meta(max_length=2000)]
    codes: Annotated[list[Id], Meta(max_length=100)] = []


class Presence(Struct, frozen=True):
    """A shopper came in or went out."""

    ts: TimestampMs
    event: Literal["arrived", "left"]
    visit: Id


TYPE_BY_LEAF = {
    "position": Position,
    "ranges": Ranges,
    "basket": Basket,
    "checkout": Checkout,
    "presence": Presence,
}
Report = Position | Ranges | Basket | Checkout | Presence
AT_MOST_ONCE = frozenset({"position", "ranges"})  # QoS 0: the next second brings a newer one


# --- MQTT: what the engine sends ------------------------------------------------------------------------------------


class Offer(Struct, frozen=True, tag_field="type", tag="offer", kw_only=True):
    """What reaches the phone, and the offer topic."""

    id: Id  # a function of (shopper, rule, visit, count)
    ts: TimestampMs  # when it was decided
    expires_at: TimestampMs  # not shown after this
    visit: Id
    rule: Id
    zone: Id
    zone_label: str
    category: Id
    sku: Id
    title: str  # the product, as a shopper reads it
    benefit: str  # "20% off", "2 for 5.00", "" for a plain reminder
    price_cents: Cents
    offer_price_cents: Cents  # equal to price_cents for a plain reminder
    reason: str  # one sentence, true by construction
    signals: list[Literal["location", "basket", "history"]]  # the personal data this offer rests on
    code: Id  # shown at the till
    vibrate: list[int]  # ms on, off, on, ...
    currency: str = ""  # ISO 4217 code of the prices


class ZoneEvent(Struct, frozen=True, omit_defaults=True):
    """A shopper who shares their location went into a zone, stayed, left it, or passed through it."""

    ts: TimestampMs
    shopper: Id
    zone: Id
    event: Literal["enter", "dwell", "exit", "cross"]
    since: TimestampMs  # the first moment inside
    visit: Id | None = None
    cause: Literal["walked", "lost", "ended", "removed"] | None = None  # of an exit


class EngineStatus(Struct, frozen=True):
    """Retained on `engine/status`; also the engine's last will."""

    state: Literal["online", "offline"]
    ts: TimestampMs = 0
    version: str = ""


class Rejected(Struct, frozen=True):
    """A message that was refused, with the beginning of its payload."""

    ts: TimestampMs  # when it was refused, by the engine's clock
    topic: str
    reason: str  # a member of `errors.Refusal`
    detail: str
    payload: str  # the first 1 kB, undecodable bytes replaced


# --- websocket /ws/phone: from the phone ----------------------------------------------------------------------------


class Hello(Struct, frozen=True, tag_field="type", tag="hello"):
    """First message of a phone: who it is, and the last offer it has seen (offers after it are sent again)."""

    shopper: Id
    token: str
    last_offer: Id | None = None


class Receipt(Struct, frozen=True, tag_field="type", tag="receipt"):
    """What became of an offer on the phone; `expired` means it arrived too late to be shown."""

    offer: Id
    event: Literal["shown", "opened", "accepted", "dismissed", "not_for_me", "expired"]
    ts: TimestampMs


class Mute(Struct, frozen=True, tag_field="type", tag="mute"):
    """Stop: this offer's rule, its category, everything for an hour, or everything for good."""

    scope: Literal["offer", "category", "hour", "always"]
    ts: TimestampMs
    offer: Id | None = None  # needed for the first two scopes


class Unmute(Struct, frozen=True, tag_field="type", tag="unmute"):
    """Take every mute back."""

    ts: TimestampMs


class ConsentChange(Struct, frozen=True, tag_field="type", tag="consent"):
    """Which personal data the store may use; a field left out stays as it is."""

    ts: TimestampMs
    location: bool | None = None
    basket: bool | None = None
    history: bool | None = None


class Why(Struct, frozen=True, tag_field="type", tag="why"):
    """Ask for the reasons behind an offer."""

    offer: Id


class Moved(Struct, frozen=True, tag_field="type", tag="moved"):
    """The phone is a source of positions itself: handled like a `position` message of its shopper."""

    ts: TimestampMs
    x: Metres
    y: Metres


class Cart(Struct, frozen=True, tag_field="type", tag="cart"):
    """The phone is a self-scanner: handled like a `basket` message of its shopper."""

    ts: TimestampMs
    rev: Annotated[int, Meta(ge=0)]
    items: Annotated[list[BasketItem], Meta(max_length=2000)]


class Bye(Struct, frozen=True, tag_field="type", tag="bye"):
    """One side leaves on purpose."""


PhoneMessage = Hello | Receipt | Mute | Unmute | ConsentChange | Why | Moved | Cart | Bye


# --- websocket /ws/phone: to the phone ------------------------------------------------------------------------------


class Welcome(Struct, frozen=True, tag_field="type", tag="welcome"):
    """Answer to a hello, and again after every change: what the engine holds about this shopper's choices."""

    shopper: Id
    store: Id
    store_label: str
    ts: TimestampMs  # the engine's event time, for showing expiries
    location: bool
    basket: bool
    history: bool
    muted_until: TimestampMs | None = None  # None: not muted; the largest value: for good
    muted_categories: list[str] = []


class Here(Struct, frozen=True, tag_field="type", tag="here"):
    """The shopper entered or left a zone; `zone` is empty outside every zone."""

    ts: TimestampMs
    zone: str
    zone_label: str


class Explanation(Struct, frozen=True, tag_field="type", tag="explanation"):
    """Answer to a why: the sentence, then each check that let this offer through."""

    offer: Id
    reason: str
    because: list[str]


class Refused(Struct, frozen=True, tag_field="type", tag="refused"):
    """Something the phone sent cannot be used; after a refused hello the engine closes the connection."""

    reason: Literal["token", "message", "unknown_offer"]
    detail: str


EngineMessage = Welcome | Offer | Here | Explanation | Refused | Bye

ALWAYS_MS = 253_402_300_799_999  # `muted_until` for good: the end of the year 9999


# --- topics ---------------------------------------------------------------------------------------------------------

SHOPPER_FILTER = "store/{store}/shopper/+/{leaf}"
OURS = "store/"  # what every topic of ours begins with
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


def leaf_of(report: Report) -> str:
    """The last level of the topic on which such a report travels."""
    return type(report).__name__.lower()


def is_id(text: str) -> bool:
    """Whether `text` may be a store, shopper, visit, rule or sku on the wire."""
    return _ID.match(text) is not None


def shopper_topic(store: str, shopper: str, leaf: str) -> str:
    """Topic of a shopper's `position`, `ranges`, `basket`, `checkout`, `presence` or `offer`.

    >>> shopper_topic("demo-market", "dave", "basket")
    'store/demo-market/shopper/dave/basket'
    """
    return f"store/{store}/shopper/{shopper}/{leaf}"


def zone_topic(store: str, zone: str) -> str:
    """Topic on which one zone's events are told."""
    return f"store/{store}/zone/{zone}/event"


def status_topic(store: str) -> str:
    """Topic of the engine's retained status."""
    return f"store/{store}/engine/status"


def rejected_topic(store: str) -> str:
    """Topic on which refused messages are reported."""
    return f"store/{store}/engine/rejected"


def subscriptions(store: str) -> tuple[tuple[str, int], ...]:
    """What the engine subscribes to, as (topic filter, QoS): places at 0, all else at 1."""
    return tuple(
        (SHOPPER_FILTER.format(store=store, leaf=leaf), int(leaf not in AT_MOST_ONCE)) for leaf in TYPE_BY_LEAF
    )


def parse_topic(store: str, topic: str) -> tuple[str, str]:
    """Split a topic into (shopper, leaf).

    Raises:
        MessageError: it is not a shopper topic of this store, or the shopper is not a valid id.

    >>> parse_topic("demo-market", "store/demo-market/shopper/dave/position")
    ('dave', 'position')
    """
    parts = topic.split("/")
    if len(parts) != 5 or parts[:3] != ["store", store, "shopper"] or parts[4] not in TYPE_BY_LEAF:
        raise MessageError(Refusal.TOPIC, f"expected store/{store}/shopper/<id>/<{'|'.join(TYPE_BY_LEAF)}>")
    if not is_id(parts[3]):
        raise MessageError(Refusal.TOPIC, "a shopper is 1 to 64 of the characters A-Z a-z 0-9 _ -")
    return parts[3], parts[4]


# --- bytes to messages and back -------------------------------------------------------------------------------------

_encoder = msgspec.json.Encoder()
encode = _encoder.encode
_decoders: dict[str, msgspec.json.Decoder[Report]] = {
    leaf: msgspec.json.Decoder(kind) for leaf, kind in TYPE_BY_LEAF.items()
}
_phone_decoder: msgspec.json.Decoder[PhoneMessage] = msgspec.json.Decoder(PhoneMessage)
_engine_decoder: msgspec.json.Decoder[EngineMessage] = msgspec.json.Decoder(EngineMessage)


def _refusal(error: msgspec.DecodeError) -> MessageError:
    kind = Refusal.INVALID if isinstance(error, msgspec.ValidationError) else Refusal.MALFORMED
    return MessageError(kind, str(error))


def parse_report(leaf: str, payload: bytes) -> Report:
    """Decode what the store sent on a shopper topic ending in `leaf`.

    Raises:
        MessageError: too large, not JSON, or JSON of another shape.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise MessageError(Refusal.TOO_LARGE, f"{len(payload)} bytes; the limit is {MAX_PAYLOAD_BYTES}")
    try:
        return _decoders[leaf].decode(payload)
    except msgspec.DecodeError as error:
        raise _refusal(error) from None
    except UnicodeDecodeError as error:
        raise MessageError(Refusal.MALFORMED, f"not UTF-8: {error}") from None


def parse_phone_message(payload: str | bytes) -> PhoneMessage:
    """Decode what a phone sent.

    Raises:
        MessageError: too large, not JSON, or not one of the phone's messages.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise MessageError(Refusal.TOO_LARGE, f"{len(payload)} bytes; the limit is {MAX_PAYLOAD_BYTES}")
    try:
        return _phone_decoder.decode(payload)
    except msgspec.DecodeError as error:
        raise _refusal(error) from None
    except UnicodeDecodeError as error:
        raise MessageError(Refusal.MALFORMED, f"not UTF-8: {error}") from None


def parse_engine_message(payload: str | bytes) -> EngineMessage:
    """Decode what the engine sent to a phone.

    Raises:
        MessageError: not JSON, or not one of the engine's messages.
    """
    try:
        return _engine_decoder.decode(payload)
    except msgspec.DecodeError as error:
        raise _refusal(error) from None


# --- who may speak for a shopper ------------------------------------------------------------------------------------


def phone_token(key: bytes, shopper: str) -> str:
    """The token that lets a phone speak for `shopper`: HMAC-SHA256 (RFC 2104) of the id under the store's phone key.

    >>> phone_token(b"k", "dave") == phone_token(b"k", "dave") != phone_token(b"k", "ana")
    True
    """
    return hmac.new(key, shopper.encode(), hashlib.sha256).hexdigest()[:32]
