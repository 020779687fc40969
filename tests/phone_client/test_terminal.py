"""The terminal phone as its shopper has it: the program in a pseudo-terminal, against an engine on a real websocket."""

import asyncio
import fcntl
import os
import pty
import signal
import termios
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from offer_engine.messages import Bye, Receipt, Refused
from phone_client.terminal import keys_in
from tests.phone_client.dialogue import MINUTE, SILVER_OAK, T0
from tests.phone_client.program import ROOT, command, environment, greeted
from tests.phone_client.scripted_engine import PATIENCE_S, scripted_engine

BELL, HIDE_SCREEN, SHOW_CURSOR = b"\x07", b"\x1b[?1049l", b"\x1b[?25h"


@dataclass
class Terminal:
    """A terminal with the program in it: what it printed, and a keyboard."""

    process: Process
    keyboard: int
    line: int
    printed: bytearray = field(default_factory=bytearray)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self) -> None:
        """Read what the program printed."""
        self.printed += os.read(self.keyboard, 65536)
        self.news.set()

    async def shows(self, expected: bytes) -> None:
        """Wait until the program has printed `expected`."""
        async with asyncio.timeout(PATIENCE_S):
            while expected not in self.printed:
                self.news.clear()
                await self.news.wait()

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.keyboard, keys.encode())

    def modes(self) -> list[object]:
        """How the terminal treats what is typed."""
        return list(termios.tcgetattr(self.line))

    async def ends(self) -> int:
        """The program's exit code."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()


@asynccontextmanager
async def in_a_terminal(url: str, *flags: str) -> AsyncIterator[Terminal]:
    """Dave's phone in a terminal of 80 by 24."""
    keyboard, line = pty.openpty()
    termios.tcsetwinsize(line, (24, 80))

    def own_the_terminal() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C reaches it

    process = await asyncio.create_subprocess_exec(
        *command(url, "--shopper", "dave", "--token", "t0ken", *flags),
        stdin=line,
        stdout=line,
        stderr=line,
        cwd=ROOT,
        env=environment(),
        preexec_fn=own_the_terminal,
    )
    terminal = Terminal(process, keyboard, line)
    loop = asyncio.get_running_loop()
    loop.add_reader(keyboard, terminal.take)
    try:
        yield terminal
    finally:
        loop.remove_reader(keyboard)
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(keyboard)
        os.close(line)


async def test_an_offer_rings_and_a_key_takes_it() -> None:
    """Bell, banner, `a`, the code for the till; `q` says bye and puts the terminal back."""
    async with scripted_engine() as engine, in_a_terminal(engine.url) as terminal:
        before = terminal.modes()
        call = await engine.call()
        await greeted(call)
        await terminal.shows("● connected".encode())
        assert terminal.modes() != before
        assert BELL not in terminal.printed

        await call.says(SILVER_OAK)
        await terminal.shows(BELL)
        await terminal.shows(b"Silver Oak Cabernet Sauvignon")
        shown = await call.hears()
        assert isinstance(shown, Receipt)
        assert (shown.offer, shown.event) == ("o-1", "shown")
        assert T0 <= shown.ts < T0 + MINUTE  # the store's time, not this machine's

        terminal.press("\x1b[A\x1b[1;5D")  # arrows are neither an a nor a d
        terminal.press("a")
        accepted = await call.hears()
        assert isinstance(accepted, Receipt)
        assert (accepted.offer, accepted.event) == ("o-1", "accepted")
        await terminal.shows(b"OAK-20")

        terminal.press("q")
        assert await call.hears() == Bye()
        assert await terminal.ends() == 0
        await terminal.shows(HIDE_SCREEN)
        await terminal.shows(SHOW_CURSOR)
        assert terminal.modes() == before


@pytest.mark.parametrize("way", ["Ctrl-C", "SIGTERM", "SIGHUP"])
async def test_the_terminal_is_put_back_however_it_ends(way: str) -> None:
    """The engine hears a bye, the screen and the line editing return."""
    async with scripted_engine() as engine, in_a_terminal(engine.url) as terminal:
        before = terminal.modes()
        call = await engine.call()
        await greeted(call)
        await terminal.shows("● connected".encode())
        if way == "Ctrl-C":
            terminal.press("\x03")
        else:
            terminal.process.send_signal(signal.Signals[way])
        assert await call.hears() == Bye()
        assert await terminal.ends() == 0
        await terminal.shows(HIDE_SCREEN)
        assert terminal.modes() == before


async def test_a_refused_phone_says_why_and_ends() -> None:
    """Exit code 2, and the sentence stays on the ordinary screen."""
    async with scripted_engine() as engine, in_a_terminal(engine.url) as terminal:
        before = terminal.modes()
        call = await engine.call()
        await call.hears()
        await call.says(Refused(reason="token", detail="unknown token"))
        assert await terminal.ends() == 2
        await terminal.shows(b"The engine refused: unknown token.")
        assert terminal.modes() == before


@pytest.mark.parametrize("flags", [["--calm"], []], ids=["calm", "as it comes"])
async def test_calm_rings_without_shaking(flags: list[str]) -> None:
    """A pattern of two seconds: with --calm the banner never leaves its column, without it does."""
    async with scripted_engine() as engine, in_a_terminal(engine.url, "--no-color", *flags) as terminal:
        call = await engine.call()
        await greeted(call)
        await call.says(replace(SILVER_OAK, vibrate=[2000]))
        await terminal.shows(BELL)
        terminal.press("o")
        await terminal.shows(b"Uses: location")
        assert ("   ╭─".encode() in terminal.printed) is not bool(flags)


@pytest.mark.parametrize(
    ("typed", "keys"),
    [(b"a", "a"), (b"ma", "ma"), (b"\x1b", "\x1b"), (b"\x1b[Aa", "a"), (b"\x1bOP", ""), (b"\xc3", "")],
)
def test_only_plain_keys_count(typed: bytes, keys: str) -> None:
    """An arrow key sends an escape, a bracket and a letter; none of them is meant."""
    assert keys_in(typed) == keys
