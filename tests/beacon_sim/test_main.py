"""The command line as a user runs it: recordings, history, the cast, signals, and mistakes in one line."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from beacon_sim.__main__ import DEFAULT_BROKER, _radio, main
from offer_engine.errors import SettingsError
from offer_engine.store_files import load_store

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0


def command(*arguments: str) -> list[str]:
    """The simulator with these arguments, as a process of its own."""
    return [sys.executable, "-m", "beacon_sim", *arguments]


@dataclass(frozen=True, slots=True)
class Said:
    """What the command line answered."""

    code: int
    out: str
    errors: str


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run the simulator's command line in this process, from the project's folder."""

    def run(*arguments: str, key: str = "") -> Said:
        monkeypatch.chdir(ROOT)
        monkeypatch.setenv("AISLEWISE_PHONE_KEY", key)
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setattr(sys, "argv", ["beacon_sim", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return Said(int(ended.value.code or 0), told.out, told.err)

    return run


def test_two_recordings_with_one_seed_are_byte_identical(tmp_path: Path) -> None:
    """At full speed and at 200 times real time, in processes of their own, the same bytes."""
    files = [tmp_path / "full.jsonl", tmp_path / "paced.jsonl"]
    for file, speed in zip(files, ("max", "200"), strict=True):
        line = command("run", "--record", str(file), "--speed", speed, "--minutes", "0.5", "--seed", "3")
        done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert done.returncode == 0, done.stderr
        assert "the store is closed after 0:30" in done.stderr
    assert files[0].read_bytes() == files[1].read_bytes()
    lines = [json.loads(line) for line in files[0].read_text().splitlines()]
    assert {line["qos"] for line in lines} == {0, 1}
    assert lines[0]["topic"].startswith("store/demo-market/shopper/")


def test_history_is_written_and_repeats(ran: Callable[..., Said], tmp_path: Path) -> None:
    """The same seed and end give the same file, with the columns of the import and Dave's Silver Oak in it."""
    files = [tmp_path / "a" / "history.csv", tmp_path / "b.csv"]
    for file in files:
        done = ran("history", "--out", str(file), "--days", "40", "--until", "2026-03-02T09:00:00Z")
        assert done.code == 0, done.errors
    text = files[0].read_text()
    assert text == files[1].read_text()
    assert text.startswith("shopper,at,basket,sku,qty,price_cents\n")
    assert any(line.startswith("dave,") and ",silver-oak-cabernet," in line for line in text.splitlines())


def test_the_cast_is_listed(ran: Callable[..., Said]) -> None:
    """`--list-cast` names everyone who is booked and what they come for."""
    done = ran("run", "--list-cast")
    assert done.code == 0
    assert all(name in done.out for name in ("Dave", "Ana", "Chloe", "rack-of-lamb"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--speed", "fast"), "--speed: expected a number"),
        (("run", "--broker", "tcp://x"), "--broker: expected mqtt://"),
        (("run", "--engine", "x"), "--engine: expected an address"),
        (("run", "--start", "yesterday"), "expected ISO 8601"),
        (("run", "--store", "maps/none"), "is not a folder"),
        (("run", "--population", "completejourney"), "no Complete Journey households here"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(ran: Callable[..., Said], arguments: tuple[str, ...], said: str) -> None:
    """No traceback: what is wrong with which flag."""
    done = ran(*arguments, key="k")
    assert done.code == 2
    assert said in done.errors
    assert len(done.errors.splitlines()) == 1


def test_the_help_names_every_flag(ran: Callable[..., Said]) -> None:
    """`--help` tells what each flag is for, and where messages go without one."""
    told = ran("run", "--help").out
    flags = (
        "store broker engine phones seed speed shoppers minutes population source noise sigma record start list-cast"
    )
    assert all(f"--{flag}" in told for flag in flags.split())
    assert DEFAULT_BROKER in told


def test_ranges_need_gateways() -> None:
    """A floor plan without any is refused; sigma is that of the kind of noise unless it is given."""
    store = load_store(ROOT / "maps" / "demo-market")
    with pytest.raises(SettingsError, match="no gateway"):
        _radio(replace(store, gateways=()), "ranges", "correlated", None)
    assert _radio(store, "ranges", "correlated", None).source == "ranges"
    assert [_radio(store, "positions", "uwb", sigma_m).sigma_m for sigma_m in (None, 0.3)] == [0.5, 0.3]


def test_phones_need_the_key(ran: Callable[..., Said]) -> None:
    """Without the engine's key the simulator says so, and what else can be done."""
    done = ran("run")
    assert done.code == 2
    assert "--no-phones" in done.errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_a_run_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    """While publishing, Ctrl-C or a termination closes the store: exit 0, a last line, no traceback."""
    record = tmp_path / "day.jsonl"
    os.mkfifo(record)
    line = command("run", "--record", str(record), "--speed", "5")
    process = await asyncio.create_subprocess_exec(*line, cwd=ROOT, stderr=asyncio.subprocess.PIPE)
    async with asyncio.timeout(PATIENCE_S):
        with await asyncio.to_thread(record.open) as lines:
            assert await asyncio.to_thread(lines.readline)
            process.send_signal(number)
            await asyncio.to_thread(lines.read)
        _, errors = await process.communicate()
    assert process.returncode == 0, errors
    assert b"the store is closed after" in errors
    assert b"Traceback" not in errors
