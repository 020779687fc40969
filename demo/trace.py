"""`python -m demo.trace`: one message through the whole path, and what each stage of the tour received and returned.

Everything is real: an embedded broker, the engine on it, a phone on its websocket. Dave's history and cart are laid in,
his beacon sends the fixes of five seconds in the wine aisle, and the last of them is watched with Python's profiling
hook, so that the code on the path holds nothing made for being watched.
"""

import asyncio
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sized
from dataclasses import dataclass, field, fields, is_dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from types import CodeType, FrameType, FunctionType

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from rich.console import Console
from rich.text import Text

from demo.broker import embedded_broker
from offer_engine import TOUR
from offer_engine.history import Purchase
from offer_engine.ledger import Ledger
from offer_engine.messages import Basket, BasketItem, Position, encode, phone_token, shopper_topic
from offer_engine.mqtt import parse_broker
from offer_engine.run import Engine, load_world, run_engine
from offer_engine.settings import Settings
from phone_client.connection import run_phone
from phone_client.events import Event, OfferArrived, SettingsShown
from phone_client.session import Session

SHOPPER = "dave"
KEY = b"trace"
WINE_AISLE = (3.0, 12.0)
LAMB, WINE = "rack-of-lamb", "silver-oak-cabernet"
SHOWN_CHARS = 150
PATIENCE_S = 10.0


def resolve(name: str) -> FunctionType:
    """The function behind a dotted name of the tour.

    Raises:
        AttributeError: there is none.
        ModuleNotFoundError: not even its module.
    """
    parts = name.split(".")
    for split in range(len(parts) - 1, 0, -1):
        try:
            found: object = import_module(".".join(parts[:split]))
        except ModuleNotFoundError:
            continue
        for part in parts[split:]:
            found = getattr(found, part)
        if isinstance(found, FunctionType):
            return found
    raise ModuleNotFoundError(name)


@dataclass(slots=True)
class Call:
    """One call of a stage: where it stands, what came in, what went out."""

    name: str
    where: str
    received: dict[str, object]
    returned: object = None


@dataclass(slots=True)
class Watcher:
    """Notes the calls of some functions while it is on."""

    names: dict[CodeType, str]
    is_on: bool = False
    calls: list[Call] = field(default_factory=list)
    _open: dict[FrameType, Call] = field(default_factory=dict)

    def __call__(self, frame: FrameType, event: str, arg: object) -> None:
        """Python's profiling hook."""
        name = self.names.get(frame.f_code) if self.is_on else None
        if name is None:
            return
        if event == "call":
            code = frame.f_code
            given = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            received = {word: frame.f_locals[word] for word in given if word not in ("self", "client", "properties")}
            call = Call(name, f"{_relative(code.co_filename)}:{code.co_firstlineno}", received)
            self._open[frame] = call
            self.calls.append(call)
        elif event == "return" and frame in self._open:
            self._open.pop(frame).returned = arg


def _relative(file: str) -> str:
    path = Path(file)
    root = Path(__file__).parents[1]
    return str(path.relative_to(root)) if path.is_relative_to(root) else path.name


def brief(value: object) -> str:
    """A value on one line: structs and bytes as JSON, whole worlds by name, the rest as Python shows it, shortened."""
    if isinstance(value, bytes):
        text = "".join(one if one.isprintable() else "·" for one in value.decode(errors="replace"))
    elif isinstance(value, msgspec.Struct | tuple | list | dict):
        try:
            text = msgspec.json.encode(value).decode()
        except (TypeError, ValueError):
            text = ", ".join(map(brief, value)) if isinstance(value, tuple | list) else type(value).__name__
    elif is_dataclass(value) and len(repr(value)) > SHOWN_CHARS:
        shown = ", ".join(filter(None, (_short(f.name, getattr(value, f.name)) for f in fields(value))))
        text = f"{type(value).__name__}({shown})"
    else:
        text = repr(value)
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]} …"


def _short(name: str, held: object) -> str:
    """A field of a value too large to show: itself when it is plain, else how much it holds."""
    if isinstance(held, str | int):
        return f"{name}={held!r}"
    return f"{name}=<{len(held)}>" if isinstance(held, Sized) and held else ""


async def trace(broker: str, folder: Path, watcher: Watcher) -> None:
    """Play the scene on `broker`; the watcher is on for its last message only."""
    settings = Settings(broker=broker, port=0, db=str(folder / "ledger.db"), phone_key=KEY.decode())
    _remember_purchases(settings.db)
    arrived: asyncio.Queue[Event] = asyncio.Queue()
    session = Session(SHOPPER, phone_token(KEY, SHOPPER))
    async with run_engine(settings, load_world(settings), wall_ms) as engine, asyncio.TaskGroup() as tasks:
        await _until(lambda: engine.link.connected)
        url = f"ws://127.0.0.1:{engine.port}/ws/phone"
        phone = tasks.create_task(
            run_phone(session, url, arrived.put_nowait, wall_ms, jitter=random.random), name="Dave's phone"
        )
        await _until_event(arrived, SettingsShown)
        beacon = _beacon(broker)
        await _walk(beacon, engine, watcher)
        await _until_event(arrived, OfferArrived)
        watcher.is_on = False
        beacon.disconnect()
        beacon.loop_stop()
        phone.cancel()


def wall_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000


def _remember_purchases(db: str) -> None:
    ledger = Ledger(db)
    month_ms = 30 * 86_400_000
    ledger.import_purchases(
        Purchase(SHOPPER, wall_ms() - months * month_ms, f"b{months}", WINE, 1, 1490) for months in (1, 2)
    )
    ledger.close()


def _beacon(url: str) -> paho.Client:
    broker = parse_broker(url)
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect(broker.host, broker.port)
    client.loop_start()
    return client


async def _walk(beacon: paho.Client, engine: Engine, watcher: Watcher) -> None:
    """A basket, fixes over 4.9 s of event time, and then the one that completes the dwell."""
    store = engine.service.world.store.store
    start = wall_ms()  # the fixes run ahead of the clock, so that no timer dwells before the last of them
    basket = Basket(start, 1, [BasketItem(LAMB, 1)])
    beacon.publish(shopper_topic(store, SHOPPER, "basket"), encode(basket), qos=1)
    await _until(lambda: engine.service.counts.messages == 1)
    at_ms = [*range(0, 4901, 700), 5000]
    for number, elapsed in enumerate(at_ms, start=1):
        watcher.is_on = elapsed == at_ms[-1]
        fix = Position(start + elapsed, *WINE_AISLE, accuracy=0.9)
        beacon.publish(shopper_topic(store, SHOPPER, "position"), encode(fix), qos=0)
        await _until(partial(_has_come, engine, number))


def _has_come(engine: Engine, fixes: int) -> bool:
    return engine.service.counts.positions == fixes


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110  what is waited for happens in another program
            await asyncio.sleep(0.002)


async def _until_event(arrived: "asyncio.Queue[Event]", kind: type[Event]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not isinstance(await arrived.get(), kind):
            pass


def show(calls: list[Call], console: Console) -> None:
    """Print the calls in the order of the tour, the first of each stage."""
    for number, name in enumerate(TOUR, start=1):
        seen = [call for call in calls if call.name == name]
        if not seen:
            console.print(f"{number:>2}. {name}: was not called")
            continue
        more = f"  (the first of {len(seen)} calls)" if len(seen) > 1 else ""
        console.print(Text.assemble(f"{number:>2}. ", (name, "bold"), more))
        console.print(Text(f"    {seen[0].where}", style="dim"))
        for word, value in seen[0].received.items():
            console.print(Text(f"    {word} = {brief(value)}"))
        console.print(Text(f"    -> {brief(seen[0].returned)}", style="green"))
        console.print()


def main() -> None:
    """Run the trace and print it."""
    watcher = Watcher({resolve(name).__code__: name for name in TOUR})
    threading.setprofile(watcher)
    sys.setprofile(watcher)
    with tempfile.TemporaryDirectory() as folder, embedded_broker(Path(folder) / "broker") as broker:
        asyncio.run(trace(broker, Path(folder), watcher))
    sys.setprofile(None)
    threading.setprofile(None)
    show(watcher.calls, Console(soft_wrap=True, highlight=False))


if __name__ == "__main__":
    main()
