"""Days for the tests: the stores and populations, loaded once, and a counter that collects what a day publishes."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from beacon_sim.cast import load_cast
from beacon_sim.day import DaySettings, StoreDay
from beacon_sim.habits import habits_population
from beacon_sim.pocket import OpenPhone, PhoneLink
from beacon_sim.population import Persona, Population
from offer_engine.core.store_map import StoreMap
from offer_engine.messages import ConsentChange, Offer, PhoneMessage, Welcome, phone_token
from offer_engine.store_files import load_store
from phone_client.events import Event
from phone_client.session import Session

STORES = ("demo-market", "corner-shop")
START_MS = 1_772_442_000_000
MINUTE_MS = 60_000


@cache
def store_of(name: str) -> StoreMap:
    """One of the project's stores."""
    return load_store(Path(__file__).parents[2] / "maps" / name)


@cache
def people_of(name: str, seed: int = 7) -> Population:
    """The store's own population."""
    store = store_of(name)
    return habits_population(store, seed=seed, cast=load_cast(store))


@dataclass
class Heard:
    """Everything that a day published, in order."""

    messages: list[tuple[str, bytes, int]] = field(default_factory=list)

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        """Take one message."""
        self.messages.append((topic, payload, qos))

    def of(self, leaf: str, shopper: str | None = None) -> list[tuple[str, dict[str, object]]]:
        """The messages of one kind, of one shopper or all, as (shopper, payload)."""
        split = ((topic.split("/"), payload) for topic, payload, _ in self.messages)
        return [
            (parts[3], json.loads(payload))
            for parts, payload in split
            if parts[4] == leaf and shopper in {None, parts[3]}
        ]


def a_day(
    name: str = "demo-market",
    *,
    seed: int = 7,
    settings: DaySettings | None = None,
    open_phone: OpenPhone | None = None,
    people: Population | None = None,
) -> tuple[StoreDay, Heard]:
    """A day in one of the stores, not yet begun, and what it will publish."""
    heard = Heard()
    day = StoreDay(
        store_of(name),
        people or people_of(name),
        seed=seed,
        start_ms=START_MS,
        publish=heard.publish,
        open_phone=open_phone,
        settings=settings,
    )
    return day, heard


class Counter:
    """An engine of a few lines behind real phone sessions: welcomes, notes what is said, sends what it is told."""

    def __init__(self) -> None:
        self.said: dict[str, list[PhoneMessage]] = {}
        self.closed: list[str] = []
        self._phones: dict[str, tuple[Session, Callable[[Event], None]]] = {}

    def open(self, persona: Persona, on_event: Callable[[Event], None]) -> PhoneLink:
        """Welcome a phone."""
        shopper = persona.shopper
        session = Session(shopper, phone_token(b"key", shopper))
        self.said[shopper] = session.connected()
        self._phones[shopper] = session, on_event
        welcome = Welcome(shopper, "demo-market", "Market", START_MS, location=True, basket=True, history=True)
        session.received(welcome, START_MS)
        session.wake = lambda: self.said[shopper].extend(session.outbox())
        return PhoneLink(session, lambda: self.closed.append(shopper))

    def send(self, shopper: str, offer: Offer) -> None:
        """Push an offer to a phone."""
        session, on_event = self._phones[shopper]
        for event in session.received(offer, offer.ts):
            on_event(event)

    def consent(self, shopper: str) -> ConsentChange:
        """What the shopper's phone allowed when it connected."""
        return next(message for message in self.said[shopper] if isinstance(message, ConsentChange))


def an_offer(sku: str, *, at_ms: int, price_cents: int, offer_price_cents: int, category: str = "red-wine") -> Offer:
    """An offer of a product, decided at `at_ms` of virtual time."""
    return Offer(
        id=f"offer-{sku}-{at_ms}",
        ts=START_MS + at_ms,
        expires_at=START_MS + at_ms + 600_000,
        visit="v1",
        rule="rule",
        zone="wine",
        zone_label="Wine",
        category=category,
        sku=sku,
        title=sku,
        benefit="20% off",
        price_cents=price_cents,
        offer_price_cents=offer_price_cents,
        reason="Because.",
        signals=["location"],
        code="code-1",
        vibrate=[200],
    )
