"""A command becomes a child process with a name and a log, which ends in good order or at once, but always ends.

A child writes straight to its log file, so that it never waits for us; what we want to tell of it is read back from
there. It lives in a session of its own: Ctrl-C reaches only the parent, which stops its children in the order it likes.
"""

import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

TETHER = Path(__file__).with_name("tether.py")

# Python's levels in full, nats-server's in brackets, an uncaught exception, a command line that was refused.
TROUBLE = re.compile(
    r"\b(WARNING|ERROR|CRITICAL)\b|\[(WRN|ERR|FTL)\]|^Traceback|^\w+(\.\w+)*(Error|Exception)\b|^[Ee]rror:",
)


class ChildError(RuntimeError):
    """A program of ours did not do what it was started for; the message is its last words."""


@dataclass(frozen=True, slots=True)
class Child:
    """A running program of ours."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    lines: TextIO  # the log, read as it grows


def python(*arguments: str) -> Sequence[str]:
    """The command that runs one of our packages on this Python."""
    return (sys.executable, "-m", *arguments)


def start(name: str, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> Child:
    """Start `command`, tethered to this process, its output going to `log`; the log of an earlier run is replaced."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environment is None else {**os.environ, **environment},
            start_new_session=True,
        )
    return Child(name, process, log, log.open(encoding="utf-8", errors="replace"))


def troubles(child: Child) -> list[str]:
    """The warnings and errors that the child has logged since the last call."""
    return [line.rstrip() for line in child.lines if TROUBLE.search(line)]


def last_lines(log: Path, count: int) -> list[str]:
    """The last `count` lines of a log."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        return [line.rstrip() for line in deque(lines, count)]


def is_running(child: Child) -> bool:
    """Whether the child has not ended yet."""
    return child.process.poll() is None


def stop(child: Child, within_s: float) -> bool:
    """Ask the child to end, and end it when it has not after `within_s` seconds; whether asking was enough."""
    child.process.terminate()
    try:
        child.process.wait(within_s)
    except subprocess.TimeoutExpired:
        child.process.kill()
        child.process.wait()
        return False
    finally:
        child.lines.close()
    return True


def last_words(child: Child, count: int = 8) -> str:
    """How a child ended: its name, its exit code and the last lines of its log."""
    code = child.process.poll()
    lines = "".join(f"\n    {line}" for line in last_lines(child.log, count))
    return f"{child.name} ended with exit code {code}; the end of {child.log}:{lines or ' (empty)'}"


def run_to_end(name: str, command: Sequence[str], log: Path) -> None:
    """Run a command that ends by itself.

    Raises:
        ChildError: it ended with an exit code other than 0.
    """
    child = start(name, command, log)
    try:
        if child.process.wait() != 0:
            raise ChildError(last_words(child))
    finally:
        stop(child, within_s=1.0)
