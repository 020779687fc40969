"""What a phone tells whoever holds it: a screen, a simulated shopper, a test.

Each event is a frozen value; `Event` is their union, to be matched exhaustively. The first eight come from
`Session.received`, the last two from the connection around it.
"""

from dataclasses import dataclass

from offer_engine.messages import Explanation, Here, Offer, Refused, Welcome


@dataclass(frozen=True, slots=True)
class OfferArrived:
    """A new offer, in time: show it now. Its `shown` receipt is already on its way."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class OfferLate:
    """An offer that expired before it could be shown: never show it. Its `expired` receipt is on its way."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class OfferUnwanted:
    """An offer that crossed a mute or a withdrawn consent on the way: never show it. No receipt."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class SettingsShown:
    """Welcomed, or a choice took effect: what the engine holds about this shopper."""

    welcome: Welcome


@dataclass(frozen=True, slots=True)
class ZoneChanged:
    """The shopper entered or left a zone; `here.zone` is empty outside every zone."""

    here: Here


@dataclass(frozen=True, slots=True)
class Explained:
    """The answer to a why."""

    explanation: Explanation


@dataclass(frozen=True, slots=True)
class WasRefused:
    """The engine could not use something; with reason `token` the phone has ended for good."""

    refused: Refused


@dataclass(frozen=True, slots=True)
class EngineLeft:
    """The engine said bye, as it does before it restarts."""


@dataclass(frozen=True, slots=True)
class LinkLost:
    """There is no connection; the next try comes by itself."""

    cause: str  # one line
    retry_in_s: float


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """The engine sent something this phone cannot read, as a newer engine may; it is left out."""

    detail: str


Event = (
    OfferArrived
    | OfferLate
    | OfferUnwanted
    | SettingsShown
    | ZoneChanged
    | Explained
    | WasRefused
    | EngineLeft
    | LinkLost
    | NotUnderstood
)
