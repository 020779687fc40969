"""The phone on a terminal: one key at a time in, a bell and a picture that moves out, and everything put back.

It ends by cancellation, whatever the cause (a key, Ctrl-C, a closed window), because cancelling runs every `finally`
on the way: the engine hears a bye, and the terminal gets its screen, cursor and line editing back.
"""

import asyncio
import os
import re
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from rich.console import Console
from rich.live import Live

from phone_client.card import SHAKE_MS, draw, shake_columns
from phone_client.clock import StoreClock
from phone_client.events import Event, OfferArrived
from phone_client.face import Face
from phone_client.session import Session

_FUNCTION_KEY = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|O.)")  # CSI and SS3 sequences, ECMA-48
_IDLE_S = 1.0  # between two pictures while nothing moves; the countdown shows seconds
_LOCAL_MODES, _CONTROL_CHARACTERS = 3, 6  # of termios.tcgetattr


@contextmanager
def key_at_a_time(fd: int) -> Iterator[None]:
    """A terminal that hands over each key as it is pressed and does not echo it; as it was before, afterwards.

    Ctrl-C stays a signal. Ctrl-Z is off: a stopped program could not give the screen back.
    """
    before = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd, termios.TCSANOW)
        modes = termios.tcgetattr(fd)
        modes[_CONTROL_CHARACTERS][termios.VSUSP] = b"\0"
        termios.tcsetattr(fd, termios.TCSANOW, modes)
        yield
    finally:
        with suppress(termios.error):  # the window is gone
            termios.tcsetattr(fd, termios.TCSAFLUSH, before)


def keys_in(data: bytes) -> str:
    r"""The plain keys in what a terminal sent; an arrow or function key is none of them.

    >>> keys_in(b"oa"), keys_in(b"\x1b[Aa"), keys_in(b"\x1b")
    ('oa', 'a', '\x1b')
    """
    return _FUNCTION_KEY.sub(b"", data).decode("utf-8", "ignore")


class Screen:
    """A face on a console: rings, shakes, and is drawn again when something changed."""

    def __init__(self, session: Session, clock: StoreClock, console: Console, tick_ms: Callable[[], int]) -> None:
        self.face = Face(session)
        self.is_calm = False
        self._clock = clock
        self._console = console
        self._tick_ms = tick_ms
        self._changed = asyncio.Event()
        self._rang_at_ms = 0
        self._pattern_ms: list[int] = []

    def saw(self, event: Event) -> None:
        """Take in an event of the phone; an offer rings."""
        self._clock.heard(event)
        self.face.saw(event)
        if isinstance(event, OfferArrived):
            self._console.bell()
            self._rang_at_ms = self._tick_ms()
            self._pattern_ms = [] if self.is_calm else event.offer.vibrate
        self._changed.set()

    def read_keys(self, fd: int, leave: Callable[[], object]) -> None:
        """Take what was typed; `leave` is called for q and for a keyboard that is gone."""
        data = _read(fd)
        for key in keys_in(data):
            self.face.press(key, self._clock.now_ms())
        if self.face.has_quit or not data:
            leave()
        self._changed.set()

    async def show(self) -> None:
        """Draw for ever."""
        with Live(console=self._console, screen=True, auto_refresh=False) as live:
            while True:
                elapsed_ms = self._tick_ms() - self._rang_at_ms
                shake = shake_columns(self._pattern_ms, elapsed_ms)
                live.update(draw(self.face, self._clock.now_ms(), shake, self._console.height), refresh=True)
                is_shaking = elapsed_ms <= sum(self._pattern_ms)
                with suppress(TimeoutError):
                    async with asyncio.timeout(SHAKE_MS / 1000 if is_shaking else _IDLE_S):
                        await self._changed.wait()
                self._changed.clear()


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, 1024)
    except OSError:  # the window is gone
        return b""
