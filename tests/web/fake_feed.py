"""The engine as the pages see it, without an engine: their routes, their feeds, and a stage for tests.

`python -m tests.web.fake_feed --people 500` serves both pages with a store full of people for looking at. Browser tests
use `serve()` with an empty stage and say exactly what the pages are told. Everything a phone sends is parsed with
`offer_engine.messages`, so a page that breaks the contract breaks its test.
"""

import argparse
import asyncio
import functools
import io
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import segno
import uvicorn
from fastapi import FastAPI, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from offer_engine import messages
from offer_engine.core.store_map import StoreMap
from offer_engine.store_files import load_store
from tests.web.fake_show import Json, run_show, snapshot

ROOT = Path(__file__).parents[2]
LIVE = ROOT / "offer_engine/api/web"
PHONE = ROOT / "phone_client/web"


def now_ms() -> int:
    """The fake's clock."""
    return time.time_ns() // 1_000_000  # noqa: TID251  the fake is its own composition root


@dataclass(slots=True)
class Stage:
    """Who is connected, what they were told first, and what the phones have said."""

    store: StoreMap
    first: Json  # the snapshot every live page gets
    lives: list[WebSocket] = field(default_factory=list)
    phones: dict[str, WebSocket] = field(default_factory=dict)
    said: list[messages.PhoneMessage] = field(default_factory=list)
    consents: dict[str, messages.Welcome] = field(default_factory=dict)
    is_up: bool = True  # False: refuse every feed, as an engine that is down does
    loop: asyncio.AbstractEventLoop | None = None

    async def tell_live(self, message: Json) -> None:
        """Send one message to every live page."""
        for page in list(self.lives):
            await page.send_json(message)

    async def tell_phone(self, shopper: str, message: messages.EngineMessage) -> None:
        """Send one message to a shopper's phone, if it is connected."""
        phone = self.phones.get(shopper)
        if phone is not None:
            await phone.send_text(messages.encode(message).decode())

    async def go_down(self) -> None:
        """Drop every connection and refuse new ones."""
        self.is_up = False
        for page in [*self.lives, *self.phones.values()]:
            await page.close()


def map_json(store: StoreMap) -> Json:
    """A store as `/api/map` describes it."""
    return {
        "store": store.store,
        "label": store.label,
        "currency": store.currency,
        "timezone": store.timezone,
        "bounds": list(store.level.bounds),
        "level": list(store.level.exterior.coords),
        "zones": [
            {
                "key": zone.key,
                "label": zone.label,
                "kind": zone.kind,
                "polygons": [list(part.exterior.coords) for part in zone.area.geoms],
            }
            for zone in store.zones.values()
        ],
        "fixtures": [
            {"key": shelf.key, "kind": shelf.kind, "ring": list(shelf.area.exterior.coords)} for shelf in store.fixtures
        ],
        "openings": [
            {"label": door.label, "direction": door.direction, "line": list(door.line.coords)}
            for door in store.openings
        ],
        "categories": [{"key": key, "label": label} for key, label in store.category_labels.items()],
        "join_url": "http://192.168.1.20:8600/p",
    }


def _welcome(stage: Stage, shopper: str) -> messages.Welcome:
    known = stage.consents.get(shopper)
    return known or messages.Welcome(
        shopper=shopper,
        store=stage.store.store,
        store_label=stage.store.label,
        ts=now_ms(),
        location=False,
        basket=False,
        history=False,
    )


def _after(welcome: messages.Welcome, message: messages.PhoneMessage) -> messages.Welcome:
    """What the engine would hold after this message; the same welcome when it changes nothing."""
    fields = {name: getattr(welcome, name) for name in welcome.__struct_fields__}
    match message:
        case messages.ConsentChange():
            for name in ("location", "basket", "history"):
                if getattr(message, name) is not None:
                    fields[name] = getattr(message, name)
        case messages.Mute(scope="hour"):
            fields["muted_until"] = now_ms() + 3_600_000
        case messages.Mute(scope="always"):
            fields["muted_until"] = messages.ALWAYS_MS
        case messages.Mute(scope="category"):
            fields["muted_categories"] = [*welcome.muted_categories, "red-wine"]
        case messages.Unmute():
            fields |= {"muted_until": None, "muted_categories": []}
        case _:
            return welcome
    return messages.Welcome(**fields)


async def _serve_phone(stage: Stage, socket: WebSocket) -> None:
    hello = messages.parse_phone_message(await socket.receive_text())
    if not isinstance(hello, messages.Hello) or hello.token != f"token-of-{hello.shopper}":
        await socket.send_text(messages.encode(messages.Refused("token", "this phone is not known here")).decode())
        await socket.close()
        return
    stage.said.append(hello)
    stage.phones[hello.shopper] = socket
    await stage.tell_phone(hello.shopper, _welcome(stage, hello.shopper))
    while True:
        message = messages.parse_phone_message(await socket.receive_text())
        stage.said.append(message)
        before = _welcome(stage, hello.shopper)
        after = _after(before, message)
        if after is not before:
            stage.consents[hello.shopper] = after
            await stage.tell_phone(hello.shopper, after)
        if isinstance(message, messages.Moved):
            await stage.tell_phone(hello.shopper, _here(stage.store, message))
        if isinstance(message, messages.Why):
            because = ["You stayed in Wine for 9 s", "You let this store use your cart", "First offer of this visit"]
            reason = "Because there is lamb in your cart and you have bought this twice."
            await stage.tell_phone(hello.shopper, messages.Explanation(message.offer, reason, because))


def _here(store: StoreMap, moved: messages.Moved) -> messages.Here:
    for zone in store.zones.values():
        west, south, east, north = zone.area.bounds
        if west <= moved.x <= east and south <= moved.y <= north:
            return messages.Here(moved.ts, zone.key, zone.label)
    return messages.Here(moved.ts, "", "")


def create_app(stage: Stage, people: int = 0) -> FastAPI:
    """The pages and their feeds; with `people` the show runs by itself."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        stage.loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as tasks:
            show = tasks.create_task(run_show(stage.store, people, stage.tell_live, now_ms)) if people else None
            yield
            if show is not None:
                show.cancel()

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    def live_page() -> FileResponse:
        return FileResponse(LIVE / "live.html")

    @app.get("/p")
    def phone_page() -> FileResponse:
        return FileResponse(PHONE / "phone.html")

    _add_data_routes(app, stage)
    _add_feeds(app, stage)
    app.mount("/static", StaticFiles(directory=LIVE))
    app.mount("/p/static", StaticFiles(directory=PHONE))
    return app


def _add_data_routes(app: FastAPI, stage: Stage) -> None:
    @app.get("/api/map")
    def floor_plan() -> Json:
        return map_json(stage.store)

    @app.get("/api/qr.svg")
    def qr_code() -> Response:
        picture = io.BytesIO()
        segno.make("http://192.168.1.20:8600/p").save(picture, kind="svg", border=2, scale=4)
        return Response(picture.getvalue(), media_type="image/svg+xml")

    @app.get("/api/products")
    def products(zone: str) -> list[Json]:
        return [
            {"sku": item.sku, "name": item.name, "category": item.category, "price_cents": item.price_cents}
            for item in stage.store.products.values()
            if item.zone == zone
        ]

    @app.post("/api/phones")
    def new_phone(body: dict[str, str]) -> Json:
        shopper = body.get("shopper", "visitor-1")
        return {"shopper": shopper, "token": f"token-of-{shopper}"}


def _add_feeds(app: FastAPI, stage: Stage) -> None:
    @app.websocket("/ws/live")
    async def live_feed(page: WebSocket) -> None:
        if not stage.is_up:
            await page.close()
            return
        await page.accept()
        await page.send_json({**stage.first, "ts": now_ms()})
        stage.lives.append(page)
        try:
            while True:
                await page.receive_text()
        except WebSocketDisconnect:
            stage.lives.remove(page)

    @app.websocket("/ws/phone")
    async def phone_feed(phone: WebSocket) -> None:
        if not stage.is_up:
            await phone.close()
            return
        await phone.accept()
        try:
            await _serve_phone(stage, phone)
        except WebSocketDisconnect:
            stage.phones = {shopper: other for shopper, other in stage.phones.items() if other is not phone}


@contextmanager
def serve(stage: Stage, people: int = 0, port: int = 0) -> Iterator[str]:
    """Run the fake in a thread of its own on loopback; yields its address, where callers queue until it is up."""
    config = uvicorn.Config(create_app(stage, people), log_level="warning", ws="websockets-sansio", lifespan="on")
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", port))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


@functools.cache
def demo_store() -> StoreMap:
    """The demo's store, read once."""
    return load_store(ROOT / "maps/demo-market")


def demo_stage() -> Stage:
    """A stage in the demo's store, with nothing on it yet."""
    return Stage(demo_store(), snapshot(now_ms()))


def main() -> None:
    """Serve the pages with a show, until stopped."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--people", type=int, default=120)
    flags.add_argument("--port", type=int, default=8650)
    chosen = flags.parse_args()
    with serve(demo_stage(), chosen.people, chosen.port) as address:
        print(f"{address}/ and {address}/p")  # noqa: T201  a command line prints
        threading.Event().wait()


if __name__ == "__main__":
    main()
