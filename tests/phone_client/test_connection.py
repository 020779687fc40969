"""The connection against a real websocket: what a phone says, hears and does when the network misbehaves."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from offer_engine.messages import Bye, Hello, Mute, Receipt, Refused
from phone_client import connection
from phone_client.connection import LAST_RETRY_S, retry_delay_s, run_phone
from phone_client.events import (
    EngineLeft,
    Event,
    LinkLost,
    NotUnderstood,
    OfferArrived,
    SettingsShown,
    WasRefused,
)
from phone_client.session import Session
from phone_client.states import State
from tests.phone_client.dialogue import CHABLIS, SILVER_OAK, T0, WELCOME
from tests.phone_client.scripted_engine import PATIENCE_S, Call, scripted_engine


@dataclass
class Pocket:
    """A phone that is kept connected, and what it told its holder."""

    session: Session
    events: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)
    pauses_s: list[float] = field(default_factory=list)

    async def next_event(self) -> Event:
        """What the phone tells its holder next."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.events.get()

    async def pause(self, delay_s: float) -> None:
        """Wait for nothing, but keep the books."""
        self.pauses_s.append(delay_s)
        await asyncio.sleep(0)

    async def run(self, url: str) -> None:
        """Keep the phone connected, without a pause between tries."""
        await run_phone(
            self.session, url, self.events.put_nowait, lambda: T0 + 1000, jitter=lambda: 0.5, pause=self.pause
        )


@asynccontextmanager
async def pocketed(url: str) -> AsyncIterator[Pocket]:
    """Dave's phone, kept connected to `url` up to the end of the block."""
    pocket = Pocket(Session("dave", "t0ken"))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(pocket.run(url))
        yield pocket
        running.cancel()


async def greeted(call: Call, *, last_offer: str | None = None) -> None:
    """The first two lines of every dialogue."""
    assert await call.hears() == Hello(shopper="dave", token="t0ken", last_offer=last_offer)
    await call.says(WELCOME)


async def test_an_offer_rings_and_what_the_shopper_does_is_sent_at_once() -> None:
    """Hello, welcome, offer, shown, accepted."""
    async with scripted_engine() as engine, pocketed(engine.url) as pocket:
        call = await engine.call()
        await greeted(call)
        assert await pocket.next_event() == SettingsShown(WELCOME)
        await call.says(SILVER_OAK)
        assert await pocket.next_event() == OfferArrived(SILVER_OAK)
        assert await call.hears() == Receipt(offer="o-1", event="shown", ts=T0 + 1000)
        pocket.session.accept("o-1", T0 + 2000)
        assert await call.hears() == Receipt(offer="o-1", event="accepted", ts=T0 + 2000)


@pytest.mark.parametrize("politely", [True, False], ids=["the engine hangs up", "the network drops"])
async def test_a_lost_connection_is_made_again_and_nothing_is_missed(*, politely: bool) -> None:
    """What the shopper did meanwhile is sent after the next welcome; the offer that rang does not ring again."""
    async with scripted_engine() as engine, pocketed(engine.url) as pocket:
        first = await engine.call()
        await greeted(first)
        await first.says(SILVER_OAK)
        assert await first.hears() == Receipt(offer="o-1", event="shown", ts=T0 + 1000)
        if politely:
            await first.hangs_up()
        else:
            first.drops()
        assert [type(await pocket.next_event()) for _ in range(3)] == [SettingsShown, OfferArrived, LinkLost]
        pocket.session.accept("o-1", T0 + 2000)

        second = await engine.call()
        await greeted(second, last_offer="o-1")
        await second.says(SILVER_OAK, CHABLIS)
        assert await second.hears() == Receipt(offer="o-1", event="accepted", ts=T0 + 2000)
        assert await second.hears() == Receipt(offer="o-2", event="shown", ts=T0 + 1000)
        assert [await pocket.next_event() for _ in range(2)] == [SettingsShown(WELCOME), OfferArrived(CHABLIS)]


async def test_a_restarting_engine_is_greeted_again() -> None:
    """Its bye is passed on, and the phone returns by itself."""
    async with scripted_engine() as engine, pocketed(engine.url) as pocket:
        first = await engine.call()
        await greeted(first)
        await first.says(Bye())
        assert [await pocket.next_event() for _ in range(2)] == [SettingsShown(WELCOME), EngineLeft()]
        await greeted(await engine.call())


async def test_an_engine_that_is_not_up_yet_is_waited_for() -> None:
    """Each try waits longer than the one before, up to a limit; the first welcome starts the count again."""
    with socket.create_server(("127.0.0.1", 0)) as placeholder:
        port = int(placeholder.getsockname()[1])
    async with pocketed(f"ws://127.0.0.1:{port}/ws/phone") as pocket:
        for _ in range(8):
            lost = await pocket.next_event()
            assert isinstance(lost, LinkLost)
            assert "\n" not in lost.cause
        async with scripted_engine(port) as engine:
            call = await engine.call()
            await greeted(call)
            while not isinstance(await pocket.next_event(), SettingsShown):
                pass
            tries = len(pocket.pauses_s)
            await call.hangs_up()
            await greeted(await engine.call())
    assert pocket.pauses_s[:tries] == [retry_delay_s(attempt, 0.5) for attempt in range(tries)]
    assert pocket.pauses_s[:tries] == sorted(pocket.pauses_s[:tries])
    assert pocket.pauses_s[tries] == retry_delay_s(0, 0.5)


async def test_a_refused_token_ends_it() -> None:
    """The phone says so and does not try again."""
    refused = Refused(reason="token", detail="unknown token")
    async with scripted_engine() as engine:
        pocket = Pocket(Session("dave", "t0ken"))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(pocket.run(engine.url))
            call = await engine.call()
            await call.hears()
            await call.says(refused)
        assert await pocket.next_event() == WasRefused(refused)
        assert pocket.session.state is State.REFUSED
        assert pocket.pauses_s == []


async def test_putting_the_phone_away_says_bye() -> None:
    """What is left to say goes first."""
    async with scripted_engine() as engine:
        async with pocketed(engine.url) as pocket:
            call = await engine.call()
            await greeted(call)
            await pocket.next_event()
            pocket.session.mute("hour", T0)
        assert await call.hears() == Mute(scope="hour", ts=T0)
        assert await call.hears() == Bye()
        assert pocket.session.state is State.CLOSED


async def test_a_phone_put_away_between_two_connections_is_closed() -> None:
    """There is nobody to say bye to."""
    with socket.create_server(("127.0.0.1", 0)) as placeholder:
        port = placeholder.getsockname()[1]
    async with pocketed(f"ws://127.0.0.1:{port}/ws/phone") as pocket:
        await pocket.next_event()
    assert pocket.session.state is State.CLOSED


async def test_what_cannot_be_read_is_left_out() -> None:
    """A newer engine may send messages that this phone does not know; the rest works."""
    async with scripted_engine() as engine, pocketed(engine.url) as pocket:
        call = await engine.call()
        await greeted(call)
        await call.link.send('{"type": "fireworks"}')
        await call.link.send(b"\xff\xfe")
        await call.says(SILVER_OAK)
        kinds = [type(await pocket.next_event()) for _ in range(4)]
        assert kinds == [SettingsShown, NotUnderstood, NotUnderstood, OfferArrived]


async def test_an_engine_that_never_welcomes_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket that opens and stays silent is a fault, not a reason to wait for ever."""
    monkeypatch.setattr(connection, "WELCOME_WITHIN_S", 0.0)
    async with scripted_engine() as engine, pocketed(engine.url) as pocket:
        await engine.call()
        lost = await pocket.next_event()
        assert isinstance(lost, LinkLost)
        assert lost.cause.startswith("no welcome within")


def test_retries_spread_and_have_a_limit() -> None:
    """Half to all of a wait that doubles and ends at the limit."""
    assert retry_delay_s(0, 0.0) < retry_delay_s(0, 0.99) <= retry_delay_s(1, 0.0)
    assert retry_delay_s(10_000, 0.999) < LAST_RETRY_S
