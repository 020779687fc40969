"""The phone's states as two tables, which also draw themselves into `docs/phone.md`.

The tables are total: every state has an answer to everything that can happen, so that nothing depends on the order in
which a network happens to deliver things. Where an entry equals its own state, the happening changes nothing.

To draw them again after a change: `python -m phone_client.states docs/phone.md`.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TypeVar


class State(StrEnum):
    """Where a phone stands with the engine."""

    OFFLINE = "offline"  # no connection; what the shopper does is kept
    GREETING = "greeting"  # connected, hello said, no welcome yet
    READY = "ready"  # welcomed: what was kept goes out
    REFUSED = "refused"  # the engine does not know this token; final
    CLOSED = "closed"  # the shopper put the phone away; final


class Happening(StrEnum):
    """What can happen to a connection."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    WELCOME = "welcome"
    TURNED_AWAY = "token refused"
    BYE = "engine's bye"
    LEFT = "shopper leaves"


class Stage(StrEnum):
    """How far an offer has come on the phone."""

    SHOWN = "shown"
    OPENED = "opened"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"
    NOT_FOR_ME = "not_for_me"


class Act(StrEnum):
    """What a shopper can do with an offer that was shown."""

    OPEN = "open"
    ACCEPT = "accept"
    DISMISS = "dismiss"
    NOT_FOR_ME = "not_for_me"


TRANSITIONS: Mapping[State, Mapping[Happening, State]] = {
    State.OFFLINE: {
        Happening.CONNECTED: State.GREETING,
        Happening.DISCONNECTED: State.OFFLINE,
        Happening.WELCOME: State.OFFLINE,
        Happening.TURNED_AWAY: State.REFUSED,
        Happening.BYE: State.OFFLINE,
        Happening.LEFT: State.CLOSED,
    },
    State.GREETING: {
        Happening.CONNECTED: State.GREETING,
        Happening.DISCONNECTED: State.OFFLINE,
        Happening.WELCOME: State.READY,
        Happening.TURNED_AWAY: State.REFUSED,
        Happening.BYE: State.OFFLINE,
        Happening.LEFT: State.CLOSED,
    },
    State.READY: {
        Happening.CONNECTED: State.GREETING,
        Happening.DISCONNECTED: State.OFFLINE,
        Happening.WELCOME: State.READY,
        Happening.TURNED_AWAY: State.REFUSED,
        Happening.BYE: State.OFFLINE,
        Happening.LEFT: State.CLOSED,
    },
    State.REFUSED: dict.fromkeys(Happening, State.REFUSED) | {Happening.LEFT: State.CLOSED},
    State.CLOSED: dict.fromkeys(Happening, State.CLOSED),
}

# An act that is missing changes nothing and sends nothing: an accepted offer cannot be dismissed by a slip of the
# thumb, but "not for me" is heard at any time.
ACTS: Mapping[Stage, Mapping[Act, Stage]] = {
    Stage.SHOWN: {
        Act.OPEN: Stage.OPENED,
        Act.ACCEPT: Stage.ACCEPTED,
        Act.DISMISS: Stage.DISMISSED,
        Act.NOT_FOR_ME: Stage.NOT_FOR_ME,
    },
    Stage.OPENED: {Act.ACCEPT: Stage.ACCEPTED, Act.DISMISS: Stage.DISMISSED, Act.NOT_FOR_ME: Stage.NOT_FOR_ME},
    Stage.ACCEPTED: {Act.NOT_FOR_ME: Stage.NOT_FOR_ME},
    Stage.DISMISSED: {Act.NOT_FOR_ME: Stage.NOT_FOR_ME},
    Stage.NOT_FOR_ME: {},
}

NEEDS_A_LIVE_OFFER = frozenset({Act.OPEN, Act.ACCEPT})  # the other two are heard after the expiry as well


Row = TypeVar("Row", bound=StrEnum)
Column = TypeVar("Column", bound=StrEnum)
Cell = TypeVar("Cell", bound=StrEnum)


def _table(corner: str, rows: Mapping[Row, Mapping[Column, Cell]], columns: Sequence[Column]) -> str:
    lines = [f"| {corner} | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for row, cells in rows.items():
        drawn = ["·" if cells.get(column, row) == row else f"**{cells[column]}**" for column in columns]
        lines.append(f"| {row} | {' | '.join(drawn)} |")
    return "\n".join(lines)


def draw_connection() -> str:
    """The table of connection states in Markdown; a dot means no change."""
    return _table("state", TRANSITIONS, tuple(Happening))


def draw_offer() -> str:
    """The table of an offer's stages in Markdown; a dot means no change and nothing sent."""
    return _table("stage", ACTS, tuple(Act))


def draw_into(text: str) -> str:
    """Replace what stands between the markers of a Markdown document by the tables as they are now.

    >>> draw_into("<!-- offer table -->old<!-- end -->").count("dismissed")
    3
    """
    for name, table in (("connection", draw_connection()), ("offer", draw_offer())):
        text = re.sub(rf"(<!-- {name} table -->).*?(<!-- end -->)", rf"\1\n\n{table}\n\n\2", text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(draw_into(page.read_text(encoding="utf-8")), encoding="utf-8")
