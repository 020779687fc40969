"""The engine's pages and feeds without a network: requests and websockets handed to the application in this loop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import msgspec
from fastapi import FastAPI
from starlette.types import Message, Scope

from offer_engine.api.app import create_app
from offer_engine.api.live import LiveView
from offer_engine.api.phones import Pairing
from offer_engine.messages import EngineMessage, Hello, PhoneMessage, encode, parse_engine_message, phone_token
from tests.engines import Bench
from tests.worlds import demo_market

KEY = b"test-key"
JOIN_URL = "http://192.0.2.7:8600/p"
LOOPBACK, ELSEWHERE = "127.0.0.1", "192.0.2.44"
PATIENCE_S = 10.0
TURNS = 20  # of the loop: more than any message needs from one end to the other

Json = dict[str, object]


@dataclass(slots=True)
class Site:
    """The application on a bench, with its live view."""

    bench: Bench
    view: LiveView
    app: FastAPI

    async def settle(self) -> None:
        """Let everything happen that follows from what was said so far."""
        for _ in range(TURNS):
            await asyncio.sleep(0)
            self.bench.end_turn()

    async def get(self, path: str, *, caller: str = LOOPBACK) -> httpx.Response:
        """Ask for a page or for JSON."""
        async with self._client(caller) as client:
            return await client.get(path)

    async def post(self, path: str, body: object, *, caller: str = LOOPBACK) -> httpx.Response:
        """Send JSON."""
        async with self._client(caller) as client:
            return await client.post(path, json=body)

    def _client(self, caller: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=(caller, 50_000))
        return httpx.AsyncClient(transport=transport, base_url="http://engine.test")

    @asynccontextmanager
    async def socket(self, path: str, own: "Socket | None" = None) -> AsyncIterator["Socket"]:
        """An open websocket; whoever leaves the block is gone without a word."""
        own = own or Socket()
        scope: Scope = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [],
            "client": (LOOPBACK, 50_000),
            "subprotocols": [],
        }
        own.sent.put_nowait({"type": "websocket.connect"})
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.app(scope, own.sent.get, own.take), name=path)
            async with asyncio.timeout(PATIENCE_S):
                assert (await own.got.get())["type"] == "websocket.accept"
            try:
                yield own
            finally:
                own.sent.put_nowait({"type": "websocket.disconnect", "code": 1001})

    @asynccontextmanager
    async def phone(self, shopper: str, *, last_offer: str | None = None) -> AsyncIterator["Socket"]:
        """A phone that has said hello; what it was greeted with waits to be heard."""
        async with self.socket("/ws/phone") as own:
            own.say(Hello(shopper, phone_token(KEY, shopper), last_offer))
            await self.settle()
            yield own


@dataclass(slots=True)
class Socket:
    """The far end of one websocket; `reads` is cleared for one that does not read what it is sent."""

    sent: "asyncio.Queue[Message]" = field(default_factory=asyncio.Queue)
    got: "asyncio.Queue[Message]" = field(default_factory=asyncio.Queue)
    reads: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Reads at first."""
        self.reads.set()

    async def take(self, message: Message) -> None:
        """What the application sends; it waits as long as the far end does not read."""
        if message["type"] == "websocket.send":
            await self.reads.wait()
        self.got.put_nowait(message)

    def say(self, message: PhoneMessage | str | bytes) -> None:
        """Send a message, or any text or bytes."""
        if isinstance(message, bytes):
            self.sent.put_nowait({"type": "websocket.receive", "bytes": message})
        else:
            text = message if isinstance(message, str) else encode(message).decode()
            self.sent.put_nowait({"type": "websocket.receive", "text": text})

    def texts(self) -> list[str]:
        """Everything that has come since last asked; a close stays unread."""
        found: list[str] = []
        while not self.got.empty():
            message = self.got.get_nowait()
            if message["type"] == "websocket.close":
                self.got.put_nowait(message)
                return found
            found.append(str(message["text"]))
        return found

    def hears(self) -> list[EngineMessage]:
        """What has come since last asked, as a phone reads it."""
        return [parse_engine_message(text) for text in self.texts()]

    def feed(self) -> list[Json]:
        """What has come since last asked, as the live page reads it."""
        return [msgspec.json.decode(text, type=Json) for text in self.texts()]

    def close_code(self) -> int | None:
        """The code with which the application has closed, None while it is open."""
        if self.got.empty():
            return None
        message = self.got.get_nowait()
        self.got.put_nowait(message)
        return int(message["code"]) if message["type"] == "websocket.close" else None


def site(*, is_open: bool = False, prepare: Callable[[Bench], None] = lambda _bench: None) -> Site:
    """Northgate Market's application; `prepare` is called before anything watches."""
    bench = Bench(demo_market())
    prepare(bench)
    view = LiveView(bench.service, ("dave", "ana", "chloe"))
    app = create_app(bench.service, view, Pairing(KEY, is_open=is_open), join_url=JOIN_URL, version="1.2.3")
    return Site(bench, view, app)
