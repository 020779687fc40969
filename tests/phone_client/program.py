"""The terminal phone as a program: how a test starts it, and the first lines of every dialogue with it."""

import os
import sys
from pathlib import Path

from offer_engine.messages import Hello
from tests.phone_client.dialogue import WELCOME
from tests.phone_client.scripted_engine import Call

ROOT = Path(__file__).parents[2]


def command(url: str, *flags: str) -> list[str]:
    """The program as a shopper starts it, for the engine with this websocket."""
    engine = url.replace("ws://", "http://").removesuffix("/ws/phone")
    return [sys.executable, "-m", "phone_client", "--engine", engine, *flags]


def environment(**extra: str) -> dict[str, str]:
    """Ours, without what a developer may have set for a phone of their own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AISLEWISE_", "NO_COLOR"))}
    return kept | {"TERM": "xterm-256color"} | extra


async def greeted(call: Call) -> None:
    """The first two lines of every dialogue."""
    assert await call.hears() == Hello(shopper="dave", token="t0ken")
    await call.says(WELCOME)
