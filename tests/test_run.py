"""A whole engine in this loop: what it brings up, what it refuses to start with, and that it leaves nothing behind."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from demo.broker import embedded_broker
from demo.ports import any_free
from offer_engine.core.person import Visit
from offer_engine.errors import SettingsError
from offer_engine.ledger import Ledger
from offer_engine.messages import (
    Basket,
    BasketItem,
    Bye,
    Checkout,
    ConsentChange,
    Hello,
    Position,
    SoldItem,
    Welcome,
    encode,
    parse_engine_message,
    phone_token,
    shopper_topic,
)
from offer_engine.run import Engine, run_engine
from offer_engine.settings import Settings
from tests.worlds import demo_market

KEY = "test-key"
NOW_MS = 1_772_442_000_000
PATIENCE_S = 20.0
NO_BROKER = "mqtt://127.0.0.1:1"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The embedded broker, one for all these tests."""
    with embedded_broker(tmp_path_factory.mktemp("broker")) as url:
        yield url


def settings(folder: Path, **changes: str | int) -> Settings:
    """An engine on any free port, with a ledger of its own and no broker to find."""
    own: dict[str, str | int] = {"broker": NO_BROKER, "port": 0, "db": str(folder / "ledger.db"), "phone_key": KEY}
    return Settings(**(own | changes))  # type: ignore[arg-type]  # each test gives each field its own type


def wall_ms() -> int:
    """Always the same morning."""
    return NOW_MS


async def until(is_so: Callable[[], bool]) -> None:
    """Return once something is so that happens on the network or in the ledger's thread."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110  what is waited for happens elsewhere
            await asyncio.sleep(0.005)


def feed(engine: Engine, leaf: str, message: Position | Basket) -> None:
    """One message of the store."""
    engine.service.receive(shopper_topic("demo-market", "dave", leaf), encode(message))


async def test_it_talks_to_broker_phone_and_browser(tmp_path: Path, broker: str) -> None:
    """The three ways in and out of one engine, each used once."""
    async with run_engine(settings(tmp_path, broker=broker), demo_market(), wall_ms) as engine:
        await until(lambda: engine.link.connected)
        reader, writer = await asyncio.open_connection("127.0.0.1", engine.port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        health = await reader.read()
        writer.close()
        async with connect(f"ws://127.0.0.1:{engine.port}/ws/phone") as phone:
            await phone.send(encode(Hello("dave", phone_token(KEY.encode(), "dave"))).decode())
            welcome = parse_engine_message(await phone.recv())

    assert json.loads(health.partition(b"\r\n\r\n")[2]) == {"state": "up", "broker": "connected"}
    assert isinstance(welcome, Welcome)


async def test_a_phone_that_says_bye_is_let_go_in_good_order(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whether it waits for the answer or hangs up at once, nothing is logged as a fault."""
    async with run_engine(settings(tmp_path), demo_market(), wall_ms) as engine:
        url = f"ws://127.0.0.1:{engine.port}/ws/phone"
        hello = encode(Hello("dave", phone_token(KEY.encode(), "dave"))).decode()
        async with connect(url) as patient:
            await patient.send(hello)
            await patient.send(encode(Bye()).decode())
            async with asyncio.timeout(PATIENCE_S):
                await patient.wait_closed()
        for _ in range(5):
            async with connect(url) as hasty:
                await hasty.send(hello)
                await hasty.send(encode(Bye()).decode())
        await until(lambda: len(engine.service.phones) == 0)

    assert patient.close_code == 1000
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


async def test_what_was_sold_out_is_still_sold_out_after_a_restart(tmp_path: Path) -> None:
    """The engine counts from when it first saw the shelves, not from when it was last started."""
    sale = Checkout(NOW_MS, "visit-1", [SoldItem("silver-oak-cabernet", 21, 1490)], [])
    async with run_engine(settings(tmp_path), demo_market(), wall_ms) as engine:
        engine.service.receive(shopper_topic("demo-market", "dave", "checkout"), encode(sale))
    async with run_engine(settings(tmp_path), demo_market(), wall_ms) as engine:
        assert engine.service.tally.sold == {"silver-oak-cabernet": 21}


async def test_a_clean_stop_keeps_every_state_and_closes_everything(tmp_path: Path) -> None:
    """The cart of the last moment is in the ledger; no thread, no port, no phone is left."""
    async with (
        run_engine(settings(tmp_path), demo_market(), wall_ms) as engine,
        connect(f"ws://127.0.0.1:{engine.port}/ws/live") as page,
    ):
        await page.recv()
        engine.service.phone("dave", ConsentChange(NOW_MS, location=True))
        feed(engine, "position", Position(NOW_MS, 3.0, 12.0))
        feed(engine, "basket", Basket(NOW_MS, 1, [BasketItem("rack-of-lamb", 1)]))
        port = engine.port

    with closing(Ledger(tmp_path / "ledger.db")) as ledger:
        state = ledger.state("dave")
    assert state is not None
    assert isinstance(state.visit, Visit)
    assert state.visit.basket == (BasketItem("rack-of-lamb", 1),)
    assert state.track is not None, "stored at the stop, since a fix alone stores nothing"
    assert "ledger" not in {thread.name for thread in threading.enumerate()}
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that have just ended may linger
        free.bind(("127.0.0.1", port))
        free.listen()


async def test_an_engine_that_falls_keeps_what_it_had_recorded(tmp_path: Path) -> None:
    """Whatever ends it, what waits for the ledger is written and the file is closed."""
    with pytest.raises(ExceptionGroup) as fallen:
        await _fall(tmp_path)

    assert fallen.group_contains(ZeroDivisionError)
    with closing(Ledger(tmp_path / "ledger.db")) as ledger:
        assert ledger.state("dave") is not None
    assert "ledger" not in {thread.name for thread in threading.enumerate()}


async def _fall(folder: Path) -> None:
    async with run_engine(settings(folder), demo_market(), wall_ms) as engine:
        feed(engine, "basket", Basket(NOW_MS, 1, [BasketItem("rack-of-lamb", 1)]))
        raise ZeroDivisionError


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """And nothing of the engine is left running, nor a ledger begun."""
    port = any_free()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(SettingsError, match=f"cannot listen on 127.0.0.1:{port}: .*--port"):
            async with run_engine(settings(tmp_path, port=port), demo_market(), wall_ms):
                pass
    assert not (tmp_path / "ledger.db").exists()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("broker", "http://broker", "expected mqtt://"),
        ("host", "no.such.host.invalid", "cannot listen on no.such.host.invalid"),
        ("db", "{folder}", "cannot keep the ledger"),
    ],
)
async def test_a_setting_that_cannot_be_used_is_named_before_anything_runs(
    tmp_path: Path, name: str, value: str, told: str
) -> None:
    """One line for the operator; the port is free again at once."""
    port = any_free()
    wrong = settings(tmp_path, port=port, **{name: value.format(folder=tmp_path)})
    with pytest.raises(SettingsError, match=told):
        async with run_engine(wrong, demo_market(), wall_ms):
            pass
    with socket.socket() as free:
        free.bind(("127.0.0.1", port))


async def test_the_phone_key_outlives_the_engine_when_none_was_given(tmp_path: Path) -> None:
    """Made once and kept in the ledger: a phone paired before a restart is still paired after it."""
    without_key = settings(tmp_path, phone_key="")
    tokens = []
    for _ in range(2):
        async with run_engine(without_key, demo_market(), wall_ms) as engine:
            reader, writer = await asyncio.open_connection("127.0.0.1", engine.port)
            body = b'{"shopper": "dave"}'
            head = f"POST /api/phones HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
            writer.write(head.encode() + b"Content-Type: application/json\r\n\r\n" + body)
            tokens.append(json.loads((await reader.read()).partition(b"\r\n\r\n")[2])["token"])
            writer.close()

    assert tokens[0] == tokens[1] != phone_token(b"", "dave")
