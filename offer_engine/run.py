"""One running engine: everything built, wired and kept alive in one event loop, and taken down in order.

The composition root reads flags, clock and signals and calls `run_engine`; tests call it too, with a clock of their
own.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from secrets import token_hex

import uvicorn
from fastapi import FastAPI

from offer_engine.adapters.listening import Listening
from offer_engine.api.app import create_app
from offer_engine.api.live import LiveView
from offer_engine.api.phones import Pairing
from offer_engine.core.context import World, build_world
from offer_engine.errors import SettingsError
from offer_engine.ledger import Ledger
from offer_engine.messages import MAX_PAYLOAD_BYTES
from offer_engine.mqtt import GmqttLink, Link, parse_broker
from offer_engine.mqtt_paho import PahoLink
from offer_engine.push import Phones
from offer_engine.recorder import Recorder
from offer_engine.reload import watch_rules
from offer_engine.service import Service
from offer_engine.settings import Settings
from offer_engine.store_files import check
from offer_engine.zone_events import zone_teller

TICK_S = 0.1  # how often the service looks for what is due
STOP_S = 2.0  # how long open connections may take to close
BACKLOG = 2048  # connections that may wait to be accepted: a store's phones all come back at once

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that is up."""

    service: Service
    link: Link
    port: int


def load_world(settings: Settings) -> World:
    """Read the store's folder.

    Raises:
        MapError: the floor plan or what is sold has problems.
        RuleError: the offer rules have problems.
    """
    store, rules = check(settings.store_folder)
    return build_world(store, rules, is_on_grid=settings.tracking == "grid")


@asynccontextmanager
async def run_engine(settings: Settings, world: World, wall_ms: Callable[[], int]) -> AsyncIterator[Engine]:
    """Bring an engine up, and take it down when the block ends, however it ends.

    Raises:
        SettingsError: the port is taken, the broker's address is no address, or the ledger cannot be opened.
    """
    loop = asyncio.get_running_loop()
    broker = parse_broker(settings.broker)
    with ExitStack() as held:  # let go of in reverse: states, recorder, ledgers, port
        listener = held.enter_context(_listen(settings.host, settings.port))
        reader = held.enter_context(closing(Ledger(settings.db)))
        if settings.clock == "wall":  # a replay's clock begins at nothing, and its store is not this one's shelves
            reader.note_stock(world.store.products.values(), wall_ms())
        recorder = Recorder(held.enter_context(closing(Ledger(settings.db))), loop)
        held.callback(recorder.close)
        service = Service(
            world,
            reader,
            record=recorder.record,
            phones=Phones(),
            soon=loop.call_soon,
            wall_ms=wall_ms if settings.clock == "wall" else None,
        )
        held.callback(service.keep_all)
        service.restore()
        listening = _listen_to_others(settings, service)
        kind: type[GmqttLink | PahoLink] = GmqttLink if settings.ingest == "gmqtt" else PahoLink
        link = kind(broker, world.store.store, service.receive, wall_ms, version("aislewise"), listening.filters)
        service.out.publish = link.publish
        view = LiveView(service, _followed(settings))
        view.is_connected = lambda: link.connected
        engine = Engine(service, link, int(listener.getsockname()[1]))
        app = _app(settings, engine, view, reader)
        async with _running(settings, engine, view, _server(app), listener):
            yield engine


def _listen_to_others(settings: Settings, service: Service) -> Listening:
    """Switch on the adapters of other systems, and what is told to them and to anyone."""

    def visit_of(shopper: str) -> str | None:
        visit = service.state(shopper).visit
        return None if visit is None else visit.id

    listening = Listening(settings.systems, visit_of)
    if settings.systems:
        service.foreign = listening
        _log.info("listening to %s too", ", ".join(settings.systems))
    service.tell_zones = zone_teller(
        service.world.store.store,
        tells_anyone=settings.zone_events == "on",
        tells_omlox="omlox" in settings.systems,
    )
    return listening


@asynccontextmanager
async def _running(
    settings: Settings, engine: Engine, view: LiveView, server: uvicorn.Server, listener: socket.socket
) -> AsyncIterator[None]:
    """Run every task for as long as the block does; the pages are the last to end."""
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(server.serve(sockets=[listener]), name="http")
        others = [
            tasks.create_task(engine.link.run(), name="broker"),
            tasks.create_task(_tick(engine.service), name="tick"),
            tasks.create_task(view.run(), name="live feed"),
            tasks.create_task(watch_rules(settings.store_folder, engine.service), name="rules"),
        ]
        try:
            yield
        finally:
            for task in others:
                task.cancel()
            server.should_exit = True
            await asyncio.wait([serving])


def _app(settings: Settings, engine: Engine, view: LiveView, ledger: Ledger) -> FastAPI:
    key = settings.phone_key or ledger.phone_key(token_hex)
    join_url = settings.public_url or f"http://{_address(settings.host)}:{engine.port}/p"
    return create_app(
        engine.service,
        view,
        Pairing(key.encode(), is_open=settings.pairing == "open"),
        join_url=join_url,
        version=version("aislewise"),
    )


def _server(app: FastAPI) -> uvicorn.Server:
    return _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            ws_max_size=MAX_PAYLOAD_BYTES,
            timeout_graceful_shutdown=round(STOP_S),
            lifespan="off",
        )
    )


class _Server(uvicorn.Server):
    """uvicorn without its own handlers of Ctrl-C: the composition root owns the signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)  # from here on callers wait instead of being refused, and the port is ours alone
    except OSError as error:
        listener.close()
        raise SettingsError(f"cannot listen on {host}:{port}: {error.strerror}; choose another with --port") from None
    return listener


def _followed(settings: Settings) -> tuple[str, ...]:
    return tuple(name.strip() for name in settings.follow.split(",") if name.strip())[:3]


def _address(host: str) -> str:
    """An address of this machine that a phone on the same network can open; no packet is sent to find it out."""
    if host not in ("0.0.0.0", "::"):  # noqa: S104  compared, not bound
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


async def _tick(service: Service) -> None:
    while True:
        await asyncio.sleep(TICK_S)
        service.tick()
