"""`python -m demo` for real: the whole tree comes up, says where, and is gone afterwards, however it ends."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from demo.child import TETHER
from demo.opening import is_healthy
from demo.ports import LOOPBACK, next_free

ROOT = Path(__file__).parents[2]
UP_WITHIN_S = 60.0  # on a laden machine; 5 s is usual
CLOSED_WITHIN_S = 10.0  # 5 s is the promise; the rest is for a laden machine
PORT = 8700  # the search for a free one starts here

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


@dataclass(slots=True)
class Demo:
    """A running demo, its output read line by line."""

    process: subprocess.Popen[bytes]
    said: str = ""
    children: dict[str, int] = field(default_factory=dict)  # program -> pid

    def listen_for(self, text: str, within_s: float) -> None:
        """Read on until the demo has said `text`."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + within_s
        while text not in self.said:
            left_s = deadline - time.monotonic()
            assert left_s > 0, f"the demo did not say {text!r} within {within_s} s; it said:\n{self.said}"
            if select.select([self.process.stdout], [], [], left_s)[0]:
                piece = os.read(self.process.stdout.fileno(), 65536)
                assert piece, f"the demo ended before it said {text!r}; it said:\n{self.said}"
                self.said += piece.decode()

    def end(self, within_s: float = CLOSED_WITHIN_S) -> int:
        """Wait for the demo's end; its exit code."""
        rest, _ = self.process.communicate(timeout=within_s)
        self.said += rest.decode()
        return self.process.returncode


def programs_under(parent: int) -> dict[str, int]:
    """Process ids of the children of a process, by what they run."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat, command = (folder / "stat").read_text(), (folder / "cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(stat.rpartition(")")[2].split()[1]) == parent:
                words = command.decode().split("\0")
                words = words[5:] if words[3:4] == [str(TETHER)] else words  # not yet the program it will become
                found[words[2] if "-m" in words[:2] else Path(words[0]).name] = int(folder.name)
    return found


def programs_of(parent: int, names: set[str]) -> dict[str, int]:
    """Process ids of the programs that a process has started: one that is just being started has no name yet."""
    deadline = time.monotonic() + UP_WITHIN_S
    while set(found := programs_under(parent)) != names:
        assert time.monotonic() < deadline, f"these run: {sorted(found)}"
        time.sleep(0.01)
    return found


@contextmanager
def all_end(pids: dict[str, int]) -> Iterator[None]:
    """Inside the block, the processes may still run; after it, each has ended or the test fails."""
    watches = {os.pidfd_open(pid): name for name, pid in pids.items()}
    try:
        yield
        for watch, name in watches.items():
            assert select.select([watch], [], [], CLOSED_WITHIN_S)[0], f"{name} is still running"
    finally:
        for watch in watches:
            os.close(watch)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for every demo here, so that the shoppers' history is made only once."""
    return tmp_path_factory.mktemp("demo")


@contextmanager
def demo(place: Path, *flags: str) -> Iterator[Demo]:
    """A demo of a few shoppers, begun; killed in the end if it has not ended."""
    port = next_free(PORT)
    defaults = ("--port", str(port), "--store", str(ROOT / "maps" / "demo-market"), "--shoppers", "5")
    process = subprocess.Popen(
        [sys.executable, "-m", "demo", *defaults, *flags],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield Demo(process)
    finally:
        process.kill()
        process.communicate()


@contextmanager
def open_store(place: Path, *flags: str) -> Iterator[Demo]:
    """A demo that is up, with its three programs."""
    with demo(place, *flags) as running:
        running.listen_for("close the store", UP_WITHIN_S)
        running.children = programs_of(running.process.pid, {"nats-server", "offer_engine", "beacon_sim"})
        with all_end(running.children):
            yield running


def test_store_opens_beside_a_taken_port_and_ctrl_c_closes_it(place: Path) -> None:
    """On a taken port the demo says where it opens instead, and does; Ctrl-C ends every program, exit code 0."""
    port = next_free(PORT)
    assert port is not None
    with socket.create_server((LOOPBACK, port)), open_store(place, "--port", str(port)) as running:
        assert f"port {port} is taken" in running.said
        address = running.said.partition("is open:")[2].split()[0]
        assert is_healthy(address)
        began = time.monotonic()
        os.killpg(running.process.pid, signal.SIGINT)  # as the terminal does: to the whole foreground group
        assert running.end() == 0
        assert time.monotonic() - began < CLOSED_WITHIN_S
        assert "nothing is left running" in running.said
        assert "ERROR" not in running.said


def test_program_that_falls_over_closes_the_store(place: Path) -> None:
    """When a program dies, the demo says which, shows its last lines, ends the others, and exits with 1."""
    with open_store(place) as running:
        os.kill(running.children["offer_engine"], signal.SIGKILL)
        assert running.end() == 1
        assert "engine ended with exit code -9; the end of build/demo-" in running.said
        assert "Northgate Market" in running.said.partition("engine ended")[2]


def test_nothing_outlives_a_demo_that_was_killed(place: Path) -> None:
    """Killed without a chance to clean up, the demo takes its programs along."""
    with open_store(place) as running:
        running.process.kill()
        running.process.wait()


def test_store_with_problems_does_not_open(place: Path, tmp_path: Path) -> None:
    """Problems of the store's files are shown before anything is started, exit code 2."""
    with demo(place, "--store", str(tmp_path / "nowhere")) as running:
        assert running.end(UP_WITHIN_S) == 2
        assert "cannot open:" in running.said
        assert "is not a folder" in running.said
