"""`phone-client`: a shopper's phone in a terminal, or as lines for a program that reads along.

Composition root: reads the environment and the clock, owns the signals, and picks the screen or the lines.
"""

import asyncio
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console

from offer_engine.errors import SettingsError
from offer_engine.messages import is_id, phone_token
from phone_client.clock import StoreClock
from phone_client.connection import retry_delay_s, run_phone
from phone_client.events import Event, OfferArrived
from phone_client.pairing import Identity, pair, websocket_url
from phone_client.plain import json_line, text_line
from phone_client.session import Session
from phone_client.states import State
from phone_client.terminal import Screen, key_at_a_time

USAGE_OR_REFUSED = 2

app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})
_chance = secrets.SystemRandom().random  # many phones on many machines must not retry in step


@dataclass(frozen=True, slots=True)
class _Options:
    engine: str
    shopper: str | None
    token: str | None
    phone_key: str | None
    is_json: bool
    ends_after_one: bool
    is_calm: bool


def _tick_ms() -> int:
    return time.time_ns() // 1_000_000


def _known_identity(options: _Options) -> Identity | None:
    """Who we are, as far as the flags and the environment say; None when the engine has to be asked."""
    if options.shopper is not None and not is_id(options.shopper):
        raise SettingsError(f"--shopper is 1 to 64 of the characters A-Z a-z 0-9 _ -, not {options.shopper!r}")
    if options.token:
        if options.shopper is None:
            raise SettingsError("--token belongs to one shopper: say which with --shopper")
        return Identity(options.shopper, options.token)
    if options.phone_key and options.shopper:
        return Identity(options.shopper, phone_token(options.phone_key.encode(), options.shopper))
    return None


async def _paired(options: _Options, notes: Console) -> Identity:
    """Ask the engine who we are, waiting for it if it is not up yet."""
    attempt = 0
    while True:
        answer = await asyncio.to_thread(pair, options.engine, options.shopper)
        if isinstance(answer, Identity):
            return answer
        if attempt == 0:
            note = f"Waiting for the engine at {options.engine} ({answer.cause})."
            notes.print(note, markup=False, soft_wrap=True)
        await asyncio.sleep(retry_delay_s(attempt, _chance()))
        attempt += 1


async def _on_screen(session: Session, url: str, console: Console, *, is_calm: bool) -> None:
    clock = StoreClock(_tick_ms)
    screen = Screen(session, clock, console, _tick_ms)
    screen.is_calm = is_calm
    loop, fd, leave = asyncio.get_running_loop(), sys.stdin.fileno(), _leaver()
    with key_at_a_time(fd):
        loop.add_reader(fd, screen.read_keys, fd, leave)
        try:
            async with asyncio.TaskGroup() as tasks:
                drawing = tasks.create_task(screen.show(), name="draw")
                await run_phone(session, url, screen.saw, clock.now_ms, jitter=_chance)
                drawing.cancel()
        finally:
            loop.remove_reader(fd)
    console.print(screen.face.notice, markup=False, soft_wrap=True)  # only a refusal gets here


async def _in_lines(session: Session, url: str, options: _Options) -> None:
    clock = StoreClock(_tick_ms)
    as_line = json_line if options.is_json else text_line
    leave = _leaver()

    def tell(event: Event) -> None:
        clock.heard(event)
        try:
            print(as_line(event, clock.now_ms()), flush=True)
        except BrokenPipeError:  # whoever read along has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            leave()
        if options.ends_after_one and isinstance(event, OfferArrived):
            leave()

    await run_phone(session, url, tell, clock.now_ms, jitter=_chance)


def _leaver() -> Callable[[], object]:
    """What ends the program cleanly: every `finally` on the way runs, and the engine hears a bye."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 a coroutine always runs in a task
    return task.cancel


async def _hold(options: _Options, console: Console, notes: Console) -> int:
    leave = _leaver()
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(ending, leave)
    try:
        url = websocket_url(options.engine)
        identity = _known_identity(options) or await _paired(options, notes)
        session = Session(identity.shopper, identity.token)
        is_screen = console.is_terminal and sys.stdin.isatty() and not console.is_dumb_terminal
        if is_screen and not (options.is_json or options.ends_after_one):
            await _on_screen(session, url, console, is_calm=options.is_calm)
        else:
            await _in_lines(session, url, options)
    except asyncio.CancelledError:
        return 0
    return USAGE_OR_REFUSED if session.state is State.REFUSED else 0


@app.command(
    epilog="Keys: o open, a accept, n not for me, d dismiss, w why, m mute, u unmute, p privacy, q quit. "
    "Exit code: 0 after q or Ctrl-C, 2 when refused or misused."
)
def phone(
    *,
    shopper: Annotated[
        str | None, typer.Option(help="Whose phone this is, such as dave. Without it: a new shopper's.")
    ] = None,
    engine: Annotated[str, typer.Option(help="Address of the offer engine.")] = "http://127.0.0.1:8600",
    token: Annotated[
        str | None,
        typer.Option(
            envvar="AISLEWISE_TOKEN",
            help="The shopper's token. Without it, one is made from AISLEWISE_PHONE_KEY, or else the engine is "
            "asked, which pairs a named shopper only with a phone on its own machine.",
        ),
    ] = None,
    is_calm: Annotated[bool, typer.Option("--calm", help="Ring without shaking.")] = False,
    has_no_color: Annotated[bool, typer.Option("--no-color", help="No colours.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Print each event as a line of JSON.")] = False,
    ends_after_one: Annotated[bool, typer.Option("--once", help="Print lines, and end after the first offer.")] = False,
) -> None:
    """A shopper's phone in a terminal: an offer rings, a key answers it.

    It reconnects by itself and misses nothing that has not expired. Piped, it prints a line for each event.
    """
    options = _Options(
        engine=engine.rstrip("/"),
        shopper=shopper,
        token=token,
        phone_key=os.environ.get("AISLEWISE_PHONE_KEY"),
        is_json=is_json,
        ends_after_one=ends_after_one,
        is_calm=is_calm,
    )
    notes = Console(stderr=True, highlight=False, no_color=has_no_color or None)
    console = Console(highlight=False, no_color=has_no_color or None)
    try:
        code = asyncio.run(_hold(options, console, notes))
    except SettingsError as error:
        notes.print(f"phone-client: {error}", markup=False, soft_wrap=True)
        code = USAGE_OR_REFUSED
    raise typer.Exit(code)


def main() -> None:
    """Entry point of `phone-client` and `python -m phone_client`."""
    app(prog_name="phone-client")


if __name__ == "__main__":
    main()
