"""The face of the phone, drawn with rich for one moment; the same face and the same moment give the same picture.

Colour only repeats what a word says as well, so that the picture also works without.
"""

from collections.abc import Sequence

from rich import box
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from offer_engine.messages import Explanation
from phone_client.face import KEYS, Face, Menu
from phone_client.session import Card
from phone_client.states import Stage
from phone_client.words import allowed, category_name, clock_time, countdown, listing, muted, price, printable

WIDTH = 72  # columns; what a narrower terminal leaves is used instead
SHAKE_COLUMNS = 2
SHAKE_MS = 40  # to one side; slow enough for ssh, fast enough to look like a buzz
_HURRY_MS = 60_000
_ROWS_AROUND_WHY = 10  # status, frame, title, codes and keys


def shake_columns(pattern_ms: Sequence[int], elapsed_ms: int) -> int:
    """How far to the right the banner stands, `elapsed_ms` into a vibration of on, off, on, ... milliseconds.

    >>> [shake_columns([80, 100, 40], at_ms) for at_ms in (0, 40, 100, 180, 230)]
    [2, 0, 0, 2, 0]
    """
    begin_ms = 0
    for index, length_ms in enumerate(pattern_ms):
        if begin_ms <= elapsed_ms < begin_ms + length_ms:
            is_on = index % 2 == 0
            return SHAKE_COLUMNS if is_on and (elapsed_ms - begin_ms) // SHAKE_MS % 2 == 0 else 0
        begin_ms += length_ms
    return 0


def draw(face: Face, now_ms: int, shake: int = 0, height: int = 24) -> RenderableType:
    """The whole screen of `height` rows at `now_ms`, its banner `shake` columns to the right."""
    card = face.front(now_ms)
    parts: list[RenderableType] = [_status(face, now_ms), Text()]
    if card and face.why and face.why.offer == card.offer.id:
        parts.append(_why(face.why, card, height - _ROWS_AROUND_WHY))
    elif card:
        parts.append(Padding(_offer(card, now_ms), (0, 0, 0, shake)))
    else:
        parts.append(Padding(Text(_silence(face, now_ms), style="dim"), (1, 2)))
    parts.append(Padding(_below(face, card, now_ms), (1, 2, 0, 2)))
    return Padding(Group(*parts), (0, 1))


def _status(face: Face, now_ms: int) -> Text:
    welcome = face.session.welcome
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append("○ not connected" if face.trouble else "● connected", style="yellow" if face.trouble else "green")
    line.append(" · ")
    line.append(printable(welcome.store_label) if welcome else "Aislewise", style="bold")
    line.append(f" · {printable(face.session.shopper)}")
    if face.place:
        line.append(f" · {printable(face.place)}")
    line.append(f" · {clock_time(now_ms)}")
    return line


def _silence(face: Face, now_ms: int) -> str:
    if silence := muted(face.session.choices, now_ms):
        return f"Muted {silence}. Press u to hear from the store again."
    if not face.session.choices.location:
        return "The store may not use your location, so it cannot tell where you are. Press p to change that."
    if face.trouble:
        return "No offer, and no connection. This phone finds its way back and rings by itself."
    return "No offer right now. Walk on; this phone rings by itself."


def _offer(card: Card, now_ms: int) -> Panel:
    offer, is_accepted = card.offer, card.stage is Stage.ACCEPTED
    left_ms = offer.expires_at - now_ms
    lines: list[RenderableType] = [
        Text(printable(offer.title), style="bold"),
        Text.assemble((printable(offer.benefit), "bold green"), "   " if offer.benefit else "", price(offer)),
        Text(),
        Text(printable(offer.reason)),
    ]
    if card.stage is not Stage.SHOWN:
        lines.append(Text(f"Where: {printable(offer.zone_label)}.  Uses: {listing(offer.signals)}.", style="dim"))
    if is_accepted:
        lines += [Text(), Text.assemble("Show this at the till:  ", (f" {offer.code} ", "bold reverse"))]
    if is_accepted:
        heading, style = "Taken", "green"
    else:
        heading, style = f"Offer · {countdown(left_ms)} left", "red" if left_ms < _HURRY_MS else "yellow"
    return Panel(
        Group(*lines),
        title=heading,
        title_align="left",
        border_style=style,
        box=box.ROUNDED,
        padding=(1, 2),
        width=WIDTH,
    )


def _why(why: Explanation, card: Card, rows: int) -> Panel:
    """The engine's checks, as many as fit: the first ones say most."""
    shown = why.because if len(why.because) <= rows else why.because[: max(1, rows - 1)]
    lines: list[RenderableType] = [Text(printable(card.offer.title), style="bold"), Text()]
    for line in shown:
        bullet = Table.grid(padding=(0, 1))
        bullet.add_row("·", Text(printable(line)))
        lines.append(bullet)
    if left_out := len(why.because) - len(shown):
        lines.append(Text(f"… and {left_out} more; a taller window shows them", style="dim"))
    return Panel(Group(*lines), title="Why this, and why now", title_align="left", box=box.ROUNDED, width=WIDTH)


def _below(face: Face, card: Card | None, now_ms: int) -> Group:
    lines: list[RenderableType] = []
    if face.waiting():
        lines.append(Text(f"{face.waiting()} more under this one", style="dim"))
    behind = [offer for offer in face.codes if card is None or offer.id != card.offer.id]
    lines += [Text.assemble("At the till: ", (offer.code, "bold"), f"  {printable(offer.title)}") for offer in behind]
    if face.notice:
        lines.append(Text(printable(face.notice)))
    if face.trouble and face.session.welcome:
        lines.append(
            Text(f"{printable(face.trouble)}; trying again. What you do is kept and sent later.", style="yellow")
        )
    elif face.trouble:
        lines.append(Text(f"{printable(face.trouble)}; trying again.", style="yellow"))
    if lines:
        lines.append(Text())
    lines.append(_menu(face, card, now_ms))
    return Group(*lines)


def _menu(face: Face, card: Card | None, now_ms: int) -> RenderableType:
    match face.menu:
        case Menu.NONE:
            return _keys([(key, label) for key, (label, _) in KEYS.items() if _is_of_use(key, face, card, now_ms)])
        case Menu.MUTE:
            about = [("1", "this offer"), ("2", category_name(card.offer.category))] if card else []
            return _keys(
                [*about, ("3", "everything for an hour"), ("4", "everything for good"), ("m", "back")], "Mute: "
            )
        case Menu.PRIVACY:
            shared = allowed(face.session.choices)
            boxes = [(key, f"[{'x' if name in shared else ' '}] {name}") for key, name in _CONSENTS]
            return _keys([*boxes, ("p", "back")], "The store may use:")


_CONSENTS = (("1", "location"), ("2", "basket"), ("3", "history"))


def _is_of_use(key: str, face: Face, card: Card | None, now_ms: int) -> bool:
    if key == "u":
        return bool(muted(face.session.choices, now_ms))
    if key in {"m", "p"}:
        return True
    if card is None:
        return False
    if key == "o":
        return card.stage is Stage.SHOWN
    return key != "a" or card.stage is not Stage.ACCEPTED


def _keys(keys: Sequence[tuple[str, str]], before: str = "") -> RenderableType:
    items = [Text.assemble((key, "bold underline"), f" {label}", no_wrap=True) for key, label in [*keys, ("q", "quit")]]
    columns = Columns(items, padding=(0, 2))
    return Group(Text(before), columns) if before else columns
