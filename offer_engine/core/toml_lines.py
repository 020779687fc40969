"""Turns TOML text into its values together with the line on which each table and key stands.

The standard library's parser yields values without their places, and a problem without its line is a search. So the
parser reads the values, and this module only finds the lines, of text that the parser has already accepted.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping

TomlPath = tuple[str | int, ...]

# Strings and comments first, so that a bracket, an equals sign or a newline inside one is not taken for syntax.
_PIECE = re.compile(
    r'''"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|\#[^\n]*|\n|[\[\]{}=]|[^\[\]{}="'\#\n]+''',
    re.DOTALL,
)
_KEY_PART = re.compile(r"""\s*("(?:\\.|[^"\\])*"|'[^']*'|[A-Za-z0-9_-]+)\s*\.?""")
_ERROR_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


class TomlSyntaxError(Exception):
    """Text that is not TOML; `line` is 1-based."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


def parse_toml(text: str) -> tuple[Mapping[str, object], Mapping[TomlPath, int]]:
    r"""The values, and the line of each table and key by its path, like `("offer", 0, "zone")`.

    Keys inside an inline table have no entry of their own; `line_at` falls back to the key that holds it.

    Raises:
        TomlSyntaxError: it is not TOML.

    >>> values, lines = parse_toml('label = "Shop"\n\n[[offer]]\nzone = "wine"\n')
    >>> values["label"], dict(lines)
    ('Shop', {('label',): 1, ('offer', 0): 3, ('offer', 0, 'zone'): 4})
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _ERROR_PLACE.search(str(error))
        line = int(place[1]) if place and place[1] else text.count("\n") + 1
        raise TomlSyntaxError(line, _ERROR_PLACE.sub("", str(error))) from None
    return values, _lines(text.replace("\r\n", "\n"))


def line_at(lines: Mapping[TomlPath, int], path: TomlPath) -> int:
    """The line of `path`, or of the nearest table or key around it; 1 for the whole document."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def field_lines(lines: Mapping[TomlPath, int], table: TomlPath) -> dict[str, int]:
    """The lines of the fields that stand directly in a table, by name.

    >>> field_lines({("policy",): 2, ("policy", "min_gap_s"): 3}, ("policy",))
    {'min_gap_s': 3}
    """
    return lines_by_table(lines).get(table, {})


def lines_by_table(lines: Mapping[TomlPath, int]) -> dict[TomlPath, dict[str, int]]:
    """The lines of every table's own fields, by name: one pass, for files of many tables."""
    found: dict[TomlPath, dict[str, int]] = {}
    for path, line in lines.items():
        if path:
            found.setdefault(path[:-1], {})[str(path[-1])] = line
    return found


def _lines(text: str) -> dict[TomlPath, int]:
    lines: dict[TomlPath, int] = {}
    length: dict[TomlPath, int] = {}  # of each array of tables so far
    table: TomlPath = ()
    for line, head in _statements(text):
        if head.startswith("[["):
            path = _resolve((), _key_parts(head[2:-2]), length)
            path = path[:-1] if isinstance(path[-1], int) else path
            length[path] = length.get(path, 0) + 1
            table = (*path, length[path] - 1)
            lines[table] = line
        elif head.startswith("["):
            table = _resolve((), _key_parts(head[1:-1]), length)
            lines[table] = line
        else:
            lines[_resolve(table, _key_parts(head), length)] = line
    return lines


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each table header, and each key up to its equals sign, with its line."""
    line, depth, head, started, is_value = 1, 0, "", 1, False
    for piece in _PIECE.findall(text + "\n"):
        if piece == "\n" and depth == 0:
            if head.strip():
                yield started, head.strip()
            head, is_value = "", False
        elif piece == "=" and depth == 0:
            is_value = True
        elif not is_value and not piece.startswith("#"):
            started = started if head.strip() else line
            head += piece
        depth += (piece in "[{") - (piece in "]}")
        line += piece.count("\n")


def _key_parts(dotted: str) -> list[str]:
    return [
        part if part[0] not in "\"'" else str(tomllib.loads(f"key = {part}")["key"])
        for part in _KEY_PART.findall(dotted)
    ]


def _resolve(table: TomlPath, parts: list[str], length: Mapping[TomlPath, int]) -> TomlPath:
    """A header's path, with the index of the newest element after each array of tables on the way."""
    path = table
    for part in parts:
        path = (*path, part)
        if path in length:
            path = (*path, length[path] - 1)
    return path
