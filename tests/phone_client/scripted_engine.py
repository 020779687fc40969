"""An engine that says what a test tells it to, on a real websocket, so that a test reads as a dialogue.

A phone's connection arrives as a `Call`: `hears` takes the phone's next message, `says` answers.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from websockets.asyncio.server import ServerConnection, serve

from offer_engine.messages import EngineMessage, PhoneMessage, encode, parse_phone_message

PATIENCE_S = 10.0  # a test that waits for longer has failed


@dataclass(frozen=True, slots=True)
class Call:
    """One phone's connection, seen from the engine."""

    link: ServerConnection

    async def hears(self) -> PhoneMessage:
        """The phone's next message."""
        async with asyncio.timeout(PATIENCE_S):
            return parse_phone_message(await self.link.recv())

    async def says(self, *messages: EngineMessage) -> None:
        """Send messages to the phone."""
        for message in messages:
            await self.link.send(encode(message), text=True)

    async def hangs_up(self) -> None:
        """Close the connection, as an engine does that restarts."""
        await self.link.close(code=1012)

    def drops(self) -> None:
        """Lose the connection without a word, as a network does."""
        self.link.transport.abort()


@dataclass(frozen=True, slots=True)
class Engine:
    """A listening engine: its address and the calls that come in."""

    url: str  # the phones' websocket
    port: int
    calls: asyncio.Queue[Call]

    async def call(self) -> Call:
        """The next phone that connects."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.calls.get()


@asynccontextmanager
async def scripted_engine(port: int = 0) -> AsyncIterator[Engine]:
    """An engine on a free port of the loopback, up to the end of the block."""
    calls: asyncio.Queue[Call] = asyncio.Queue()

    async def answer(link: ServerConnection) -> None:
        await calls.put(Call(link))
        await link.wait_closed()

    async with serve(answer, "127.0.0.1", port, compression=None, close_timeout=1) as server:
        bound = next(iter(server.sockets)).getsockname()[1]
        yield Engine(f"ws://127.0.0.1:{bound}/ws/phone", bound, calls)
