"""The engine's commands as an operator types them: what they print, and each mistake in one line with exit status 2."""

import json
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from websockets.sync.client import connect

from demo.broker import embedded_broker
from demo.ports import any_free
from offer_engine.__main__ import main
from offer_engine.ledger import Ledger
from offer_engine.schema import asyncapi_text
from tests.live import LiveEngine, live_engine, until, wire

ROOT = Path(__file__).parents[1]
STOPPED_WITHIN_S = 8.0  # 3 s are usual at the most; the rest is for a laden machine
MARKET = ROOT / "maps/demo-market"
SALES = """\
shopper,at,basket,sku,qty,price_cents
dave,2026-02-01T10:00:00+01:00,b1,silver-oak-cabernet,1,1490
dave,2026-02-08T10:00:00+01:00,b2,silver-oak-cabernet,2,1490
dave,2026-02-08T10:00:00+01:00,b2,unicorn,1,100
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    errors: str


Run = Callable[..., Said]


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command of the engine in this process, from the project's folder."""

    def run(*arguments: object) -> Said:
        monkeypatch.chdir(ROOT)
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setattr(sys, "argv", ["offer_engine", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return Said(int(ended.value.code or 0), told.out, told.err)

    return run


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A copy of the market with one mistake each in the floor plan, the catalogue and the offers."""
    folder = tmp_path / "market"
    shutil.copytree(MARKET, folder)
    for file, old, new in (
        ("catalogue.csv", "silver-oak-cabernet,", "silver oak,"),
        ("store.toml", "holdout_share = 0.05", "holdout_share = 5"),
    ):
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


# --- check ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("store", ["demo-market", "corner-shop"])
def test_check_says_what_a_sound_store_holds(ran: Run, store: str) -> None:
    """The stores that we deliver have no problems."""
    said = ran("check", f"maps/{store}")

    assert said.code == 0
    assert said.out.endswith("rules: no problems\n")


def test_check_lists_every_problem_by_file_and_line(ran: Run, broken: Path) -> None:
    """All at once, and not a traceback among them."""
    said = ran("check", broken)

    assert said.code == 2
    assert said.out == ""
    files = {line.split(":")[0] for line in said.errors.splitlines()}
    assert {str(broken / "catalogue.csv"), str(broken / "store.toml")} <= files
    assert all(line.split(":")[1].isdigit() for line in said.errors.splitlines())


def test_check_of_a_folder_that_is_not_there_names_it(ran: Run, tmp_path: Path) -> None:
    """A mistyped path is the likeliest mistake of all."""
    said = ran("check", tmp_path / "nowhere")

    assert said.code == 2
    assert "nowhere" in said.errors
    assert "Traceback" not in said.errors


# --- import-history ---------------------------------------------------------------------------------------------------


def test_import_history_adds_each_purchase_once(ran: Run, tmp_path: Path) -> None:
    """The same file twice adds nothing; what cannot be used is counted with its line."""
    file, db = tmp_path / "sales.csv", tmp_path / "ledger.db"
    file.write_text(SALES, encoding="utf-8")

    first = ran("import-history", file, "--store", MARKET, "--db", db)
    again = ran("import-history", file, "--store", MARKET, "--db", db)

    assert (first.code, again.code) == (0, 0)
    assert "unicorn" in first.out
    with closing(Ledger(db)) as ledger:
        assert [sku for sku, _ in ledger.purchases("dave")] == ["silver-oak-cabernet"] * 2


def test_import_history_takes_headings_as_they_are(ran: Run, tmp_path: Path) -> None:
    """A retailer's own names for the columns are given, not edited into the file."""
    file, db = tmp_path / "sales.csv", tmp_path / "ledger.db"
    file.write_text(SALES.replace("shopper,at,", "card_no,sold_at,"), encoding="utf-8")

    said = ran("import-history", file, "--store", MARKET, "--db", db, "--map", "shopper=card_no,at=sold_at")

    assert said.code == 0
    with closing(Ledger(db)) as ledger:
        assert len(ledger.purchases("dave")) == 2


def test_import_history_reads_a_tills_own_time_when_told_to(ran: Run, tmp_path: Path) -> None:
    """A file of nothing but local times fails with the flag that reads them; with the flag it is imported."""
    file, db = tmp_path / "sales.csv", tmp_path / "ledger.db"
    file.write_text(SALES.replace("+01:00", ""), encoding="utf-8")

    refused = ran("import-history", file, "--store", MARKET, "--db", db)
    taken = ran("import-history", file, "--store", MARKET, "--db", db, "--timezone", "store")

    assert (refused.code, taken.code) == (2, 0)
    assert "--timezone store" in refused.errors
    with closing(Ledger(db)) as ledger:
        assert len(ledger.purchases("dave")) == 2


@pytest.mark.parametrize("content", [None, "", "shopper,when\n", "\x00\x01"])
def test_a_history_that_cannot_be_read_is_one_line(ran: Run, tmp_path: Path, content: str | None) -> None:
    """Missing, empty, with other headings, or no text at all."""
    file = tmp_path / "sales.csv"
    if content is not None:
        file.write_text(content, encoding="utf-8")

    said = ran("import-history", file, "--store", MARKET, "--db", tmp_path / "ledger.db")

    assert said.code == 2
    assert said.errors.startswith("cannot import: ")
    assert "sales.csv" in said.errors
    assert said.errors.count("\n") == 1


# --- schema -----------------------------------------------------------------------------------------------------------


def test_schema_writes_the_documents_and_says_when_one_is_behind(ran: Run, tmp_path: Path) -> None:
    """As `make docs` and `make check` call it."""
    assert ran("schema", "--check", "--folder", tmp_path).code == 1
    assert ran("schema", "--folder", tmp_path).code == 0
    assert (tmp_path / "asyncapi.json").read_text(encoding="utf-8") == asyncapi_text()
    assert ran("schema", "--check", "--folder", tmp_path).code == 0
    (tmp_path / "offers.schema.json").write_text("{}", encoding="utf-8")
    said = ran("schema", "--check", "--folder", tmp_path)
    assert (said.code, said.errors.count("\n")) == (1, 1)
    assert "offers.schema.json is behind" in said.errors


# --- run: mistakes ----------------------------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_one_line(ran: Run, tmp_path: Path) -> None:
    """It names the address and the flag that helps."""
    port = any_free()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        said = ran("run", "--port", port, "--db", tmp_path / "ledger.db")

    assert said.code == 2
    assert said.errors.splitlines()[-1].startswith(f"cannot listen on 127.0.0.1:{port}: ")
    assert "Traceback" not in said.errors


@pytest.mark.parametrize("command", ["run", "import-history"])
def test_a_ledger_that_is_none_is_one_line(ran: Run, tmp_path: Path, command: str) -> None:
    """Whatever file was given by mistake is named, and left as it was."""
    notes = tmp_path / "notes.txt"
    notes.write_text("milk, bread, silver oak\n" * 100, encoding="utf-8")
    file = tmp_path / "sales.csv"
    file.write_text(SALES, encoding="utf-8")
    arguments = [file] if command == "import-history" else ["--port", "0"]

    said = ran(command, *arguments, "--db", notes)

    assert said.code == 2
    assert "notes.txt: file is not a database" in said.errors
    assert "Traceback" not in said.errors
    assert notes.read_text(encoding="utf-8").startswith("milk")


def test_a_store_with_problems_does_not_start(ran: Run, broken: Path, tmp_path: Path) -> None:
    """The same list as of `check`, before anything runs."""
    said = ran("run", "--store", broken, "--port", "0", "--db", tmp_path / "ledger.db")

    assert said.code == 2
    assert f"{broken / 'store.toml'}:" in said.errors


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--ingest", "carrier-pigeon"), "ingest is 'carrier-pigeon'; expected gmqtt or paho"),
        (("--port", "70000"), "port is 70000; expected 0 to 65535"),
        (("--broker", "http://x", "--port", "0"), "broker 'http://x': expected mqtt://"),
    ],
)
def test_a_flag_that_cannot_be_used_is_one_line(
    ran: Run, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    """Each says what was given and what could have been."""
    said = ran("run", *arguments, "--db", tmp_path / "ledger.db")

    assert said.code == 2
    assert told in said.errors
    assert "Traceback" not in said.errors


def test_a_misspelt_variable_is_told(ran: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of an engine that runs on defaults."""
    monkeypatch.setenv("AISLEWISE_BROKR", "mqtt://10.0.0.1")

    said = ran("run")

    assert (said.code, said.errors) == (2, "unknown variable AISLEWISE_BROKR; did you mean AISLEWISE_BROKER?\n")


def test_without_a_command_there_is_help(ran: Run) -> None:
    """It lists the commands."""
    said = ran("--help")

    assert said.code == 0
    assert all(command in said.out for command in ("run", "import-history", "check", "schema"))


# --- run: the real program --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The embedded broker, one for all these tests."""
    with embedded_broker(tmp_path_factory.mktemp("broker")) as url:
        yield url


@pytest.mark.parametrize("ingest", ["gmqtt", "paho"])
def test_ctrl_c_ends_it_at_once_in_good_order(tmp_path: Path, broker: str, ingest: str) -> None:
    """Within seconds, pages open or not: status 0, the status topic at offline, the cart in the ledger."""
    with (
        live_engine(tmp_path, broker, "--ingest", ingest) as engine,
        connect(f"{engine.address.replace('http', 'ws')}/ws/live") as page,
    ):
        page.recv()
        _cart(engine, broker)
        assert engine.child is not None
        asked = time.monotonic()
        engine.child.process.send_signal(signal.SIGINT)
        code = engine.child.process.wait(timeout=10)
        took_s = time.monotonic() - asked

    assert code == 0
    assert took_s < STOPPED_WITHIN_S
    assert "Traceback" not in engine.log()
    with wire(broker) as late:
        assert late.next("status")["state"] == "offline"
    with closing(Ledger(engine.db)) as ledger:
        state = ledger.state("dave")
    assert state is not None
    assert state.visit is not None
    assert len(state.visit.basket) == 1


def _cart(engine: LiveEngine, broker: str) -> None:
    """Dave has salmon in his cart, and the engine knows."""
    with wire(broker) as beacon:
        now_ms = round(time.time() * 1000)  # noqa: TID251  this test runs against a real program
        beacon.send("dave", "basket", {"ts": now_ms, "rev": 1, "items": [{"sku": "salmon-fillet", "qty": 1}]})
        until(lambda: engine.get("/api/shoppers/dave")["basket"])


def test_an_engine_that_is_killed_is_said_to_be_offline(tmp_path: Path, broker: str) -> None:
    """Its last will speaks for it."""
    with live_engine(tmp_path, broker) as engine, wire(broker) as listener:
        assert listener.next("status")["state"] == "online"
        engine.kill()
        assert listener.next("status")["state"] == "offline"


def test_up_is_said_with_what_was_loaded(tmp_path: Path, broker: str) -> None:
    """One line with the address to open."""
    with live_engine(tmp_path, broker) as engine:
        (line,) = [line for line in engine.log().splitlines() if "pages on" in line]

    market = json.loads((MARKET / "floor.geojson").read_text(encoding="utf-8"))
    zones = sum(feature["feature_type"] == "geofence" for feature in market["features"])
    assert f"Northgate Market: {zones} zones" in line
    assert line.endswith(f"pages on {engine.address}/")
