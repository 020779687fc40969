"""The phone's events as lines of text or of JSON, for pipes, logs and programs that read along."""

import dataclasses
import re

from offer_engine.messages import encode
from phone_client.choices import Choices, from_welcome
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
from phone_client.words import allowed, clock_time, listing, muted, price, printable


def json_line(event: Event, now_ms: int) -> str:
    """One event as a JSON object: `event` names it, `ts` is when, the rest is what came over the wire.

    >>> json_line(LinkLost("refused", 0.5), 7)
    '{"event":"link_lost","ts":7,"cause":"refused","retry_in_s":0.5}'
    """
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(event).__name__).lower()
    values: dict[str, object] = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    return encode({"event": name, "ts": now_ms, **values}).decode()


def text_line(event: Event, now_ms: int) -> str:
    """One event as a line that a person can read, with the time of day in front."""
    return f"{clock_time(now_ms)}  {printable(_sentence(event, now_ms))}"


def _sentence(event: Event, now_ms: int) -> str:  # noqa: C901, PLR0911 one line per kind of event
    match event:
        case SettingsShown(welcome=welcome):
            choices = from_welcome(welcome, Choices())
            silence = muted(choices, now_ms)
            return (
                f"Connected to {welcome.store_label} as {welcome.shopper}; it may use: {listing(allowed(choices))}."
                + (f" Muted: {silence}." if silence else "")
            )
        case OfferArrived(offer=offer):
            benefit = f", {offer.benefit}" if offer.benefit else ""
            return (
                f"OFFER {offer.id}: {offer.title}{benefit}, {price(offer)}, until {clock_time(offer.expires_at)}. "
                f"{offer.reason} (uses: {listing(offer.signals)})"
            )
        case OfferLate(offer=offer):
            return f"An offer on {offer.title} came too late and was not shown."
        case OfferUnwanted(offer=offer):
            return f"An offer on {offer.title} crossed your wish on the way and was not shown."
        case ZoneChanged(here=here):
            return f"You are here: {here.zone_label}." if here.zone else "You are between the aisles."
        case Explained(explanation=explanation):
            return " ".join([f"Why {explanation.offer}: {explanation.reason}", *explanation.because])
        case WasRefused(refused=refused):
            return f"Refused: {refused.detail or refused.reason}."
        case EngineLeft():
            return "The engine is going away for a moment."
        case LinkLost(cause=cause, retry_in_s=retry_in_s):
            return f"Not connected: {cause}. Trying again in {retry_in_s:.1f} s."
        case NotUnderstood(detail=detail):
            return f"The engine sent something this phone cannot read: {detail}"
