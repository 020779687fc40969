"""Children of the demo: their logs, their complaints, and that none outlives its parent."""

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.child import ChildError, is_running, last_lines, last_words, run_to_end, start, stop, troubles

PATIENCE_S = 10.0
ROOT = Path(__file__).parents[2]


def script(code: str) -> tuple[str, ...]:
    """The command that runs a few lines of Python."""
    return (sys.executable, "-c", code)


def test_child_writes_to_its_log_and_sees_its_environment(tmp_path: Path) -> None:
    """What a child prints on either stream is in its log; it gets our environment and what is added to it."""
    code = "import os, sys; print(os.environ['ADDED'], 'PATH' in os.environ); print('oh', file=sys.stderr)"
    child = start("child", script(code), tmp_path / "logs" / "child.log", {"ADDED": "yes"})
    assert child.process.wait(PATIENCE_S) == 0
    assert sorted(last_lines(child.log, 5)) == ["oh", "yes True"]
    stop(child, PATIENCE_S)


@pytest.mark.parametrize(
    ("line", "is_told"),
    [
        ("2026-01-01 12:00:00 WARNING mqtt: the broker is away", True),
        ("ERROR: no", True),
        ("Traceback (most recent call last):", True),
        ("offer_engine.errors.MapError: floor.geojson:3: no level", True),
        ("[123] 2026/01/01 12:00:00 [WRN] slow consumer", True),
        ("error: unknown flag", True),
        ("2026-01-01 12:00:00 INFO mqtt: connected, no errors so far", False),
        ("[123] 2026/01/01 12:00:00 [INF] Server is ready", False),
        ("WARNINGS are rare", False),
    ],
)
def test_only_warnings_and_errors_are_told(tmp_path: Path, line: str, *, is_told: bool) -> None:
    """Of what a child logs, the console shows warnings, errors and uncaught exceptions, each once."""
    child = start("child", script(f"print({line!r})"), tmp_path / "child.log")
    child.process.wait(PATIENCE_S)
    assert troubles(child) == ([line] if is_told else [])
    assert troubles(child) == []
    stop(child, PATIENCE_S)


def test_last_words_say_who_and_how(tmp_path: Path) -> None:
    """How a child ended is told with its name, its exit code and the end of its log."""
    child = start("engine", script("print('first'); print('last'); raise SystemExit(3)"), tmp_path / "engine.log")
    child.process.wait(PATIENCE_S)
    words = last_words(child, count=1)
    assert "engine ended with exit code 3" in words
    assert "last" in words
    assert "first" not in words
    stop(child, PATIENCE_S)


def test_run_to_end_raises_what_a_failed_command_said(tmp_path: Path) -> None:
    """A command that fails raises with its last words; one that does well returns."""
    run_to_end("fine", script("print('done')"), tmp_path / "fine.log")
    with pytest.raises(ChildError, match=r"(?s)history ended with exit code 2.*no such store"):
        run_to_end("history", script("print('no such store'); raise SystemExit(2)"), tmp_path / "history.log")


def hear(pipe: int) -> bytes:
    """What the process at the other end of a named pipe says next; nothing once it is gone."""
    readable, _, _ = select.select([pipe], [], [], PATIENCE_S)
    assert readable, f"nothing was heard for {PATIENCE_S} s"
    return os.read(pipe, 100)


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[int]:
    """Our end of the named pipe that `SPEAKS` opens."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    yield end
    os.close(end)


SPEAKS = "import signal, sys; out = open(sys.argv[1], 'w'); "
READY = "print('ready', file=out, flush=True); signal.pause()"


def test_stop_asks_first(tmp_path: Path, pipe: int) -> None:
    """A child is asked to end, and may clean up."""
    code = SPEAKS + "signal.signal(signal.SIGTERM, lambda *_: sys.exit('cleaned up')); " + READY
    child = start("polite", (*script(code), str(tmp_path / "pipe")), tmp_path / "polite.log")
    assert hear(pipe) == b"ready\n"
    assert stop(child, PATIENCE_S) is True
    assert last_lines(child.log, 1) == ["cleaned up"]


def test_stop_ends_the_stubborn(tmp_path: Path, pipe: int) -> None:
    """A child that ignores the request is killed when its time is over."""
    code = SPEAKS + "signal.signal(signal.SIGTERM, signal.SIG_IGN); " + READY
    child = start("stubborn", (*script(code), str(tmp_path / "pipe")), tmp_path / "stubborn.log")
    assert hear(pipe) == b"ready\n"
    assert is_running(child)
    assert stop(child, within_s=0.1) is False
    assert not is_running(child)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a process to its parent")
def test_child_dies_with_a_parent_that_was_killed(tmp_path: Path, pipe: int) -> None:
    """Killed without a chance to clean up, a parent takes its children along."""
    command = (*script(SPEAKS + READY), str(tmp_path / "pipe"))
    code = f"""
import signal
from pathlib import Path
from demo.child import start
start("orphan", {command!r}, Path({str(tmp_path / "orphan.log")!r}))
signal.pause()
"""
    parent = subprocess.Popen(script(code), cwd=ROOT)
    assert hear(pipe) == b"ready\n"
    parent.kill()
    parent.wait(PATIENCE_S)
    assert hear(pipe) == b"", "the child outlived its parent"
