"""The phones of the store on real websockets: each says who it is, hears offers, and is said to be away only once."""

import asyncio
from dataclasses import dataclass, field

import pytest

from beacon_sim.phones import Phones, phone_url
from beacon_sim.pocket import PhoneLink
from offer_engine.errors import SettingsError
from offer_engine.messages import Bye, Hello, Receipt, Refused, Welcome, phone_token
from phone_client.events import Event, OfferArrived
from tests.beacon_sim.days import START_MS, an_offer, people_of
from tests.phone_client.scripted_engine import Engine, scripted_engine

DAVE, ANA, _ = people_of("demo-market").booked
KEY = b"key"


@dataclass
class Store:
    """What the phones told the simulator and the person who watches it."""

    events: "asyncio.Queue[Event]" = field(default_factory=asyncio.Queue)
    said: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)

    def phones(self, tasks: asyncio.TaskGroup, engine: Engine) -> Phones:
        """Phones for one engine."""
        return Phones(tasks, engine.url, KEY, lambda: START_MS, jitter=lambda: 0.0, say=self.said.put_nowait)

    def open(self, phones: Phones) -> PhoneLink:
        """Switch on Dave's phone."""
        return phones.open(DAVE, self.events.put_nowait)


def welcome(shopper: str) -> Welcome:
    """The engine's answer to a hello."""
    return Welcome(shopper, "demo-market", "Market", START_MS, location=True, basket=True, history=True)


async def test_a_phone_says_who_it_is_and_shows_an_offer() -> None:
    """Hello with the shopper's token; an offer becomes an event and a receipt; switched off, it says bye."""
    async with scripted_engine() as engine, asyncio.TaskGroup() as tasks:
        store = Store()
        phones = store.phones(tasks, engine)
        link = store.open(phones)
        call = await engine.call()
        assert await call.hears() == Hello("dave", phone_token(KEY, "dave"))
        await call.says(welcome("dave"), an_offer("malbec", at_ms=0, price_cents=949, offer_price_cents=759))
        receipt = await call.hears()
        assert isinstance(receipt, Receipt)
        assert receipt.event == "shown"
        shown = [await store.events.get(), await store.events.get()]
        assert isinstance(shown[1], OfferArrived)
        assert (phones.connected, phones.offers) == (1, 1)
        link.close()
        assert await call.hears() == Bye()
        assert phones.connected == 0


async def test_an_engine_that_is_away_is_said_once() -> None:
    """Two phones lose the engine: one sentence, and one when the first is welcomed again."""
    async with asyncio.TaskGroup() as tasks:
        store = Store()
        async with scripted_engine() as engine:
            port = engine.port
            phones = store.phones(tasks, engine)
            store.open(phones)
            phones.open(ANA, store.events.put_nowait)
            for _ in range(2):
                call = await engine.call()
                hello = await call.hears()
                assert isinstance(hello, Hello)
                await call.says(welcome(hello.shopper))
        assert "cannot reach the engine" in await store.said.get()
        async with scripted_engine(port) as engine:
            call = await engine.call()
            hello = await call.hears()
            assert isinstance(hello, Hello)
            await call.says(welcome(hello.shopper))
            assert "is back" in await store.said.get()
            phones.close()
    assert store.said.empty()


async def test_a_refused_key_is_said_and_not_tried_for_ever() -> None:
    """When the engine does not know the tokens, the sentence names the variable to mend."""
    async with scripted_engine() as engine, asyncio.TaskGroup() as tasks:
        store = Store()
        store.open(store.phones(tasks, engine))
        call = await engine.call()
        await call.hears()
        await call.says(Refused("token", "unknown token"))
        assert "AISLEWISE_PHONE_KEY" in await store.said.get()


@pytest.mark.parametrize("engine", ["ftp://x", "127.0.0.1:8600", "http://"])
def test_an_engine_that_is_no_address_is_refused(engine: str) -> None:
    """Phones need an http address."""
    with pytest.raises(SettingsError, match="--engine"):
        phone_url(engine)
    assert phone_url("https://h/aislewise/") == "wss://h/aislewise/ws/phone"
