"""Turns the text of a GeoJSON FeatureCollection into its members, each with the line on which it begins.

The standard library's decoder yields values without their places. So the outermost object and its list of features are
walked here, and every feature is decoded by itself: its line is exact, however the file is laid out. NaN and Infinity,
which Python's decoder lets pass, are not JSON and are refused.
"""

import json
from collections.abc import Iterator

_WHITESPACE = " \t\r\n"


class JsonSyntaxError(Exception):
    """Text that is not JSON, or not an object; `line` is 1-based."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


def parse_collection(text: str) -> Iterator[tuple[str, object, int]]:
    r"""Each member of the outermost object as (name, value, line); of a list of `features`, each element by itself.

    Raises:
        JsonSyntaxError: it is not JSON, or not an object.

    >>> list(parse_collection('{"name": "shop",\n"features": [\n{"id": 1},\n{"id": 2}]}'))
    [('name', 'shop', 1), ('features', {'id': 1}, 3), ('features', {'id': 2}, 4)]
    """
    decoder = json.JSONDecoder(parse_constant=_refuse_constant)
    at = _expect(text, 0, "{")
    while text[at : at + 1] != "}":
        line = _line(text, at)
        name, at = _decode(decoder, text, at)
        if not isinstance(name, str):
            raise JsonSyntaxError(line, "a name must be a text")
        at = _expect(text, at, ":")
        if name == "features" and text[at : at + 1] == "[":
            at = _expect(text, at, "[")
            while text[at : at + 1] != "]":
                line = _line(text, at)
                element, at = _decode(decoder, text, at)
                yield "features", element, line
                at = _separator(text, at, "]")
            at = _expect(text, at, "]")
        else:
            value, at = _decode(decoder, text, at)
            yield name, value, line
        at = _separator(text, at, "}")
    at = _expect(text, at, "}")
    if at < len(text):
        raise JsonSyntaxError(_line(text, at), "there is more after the closing brace")


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number in JSON")


def _decode(decoder: json.JSONDecoder, text: str, at: int) -> tuple[object, int]:
    try:
        value, end = decoder.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise JsonSyntaxError(error.lineno, error.msg) from None
    except (ValueError, RecursionError) as error:
        raise JsonSyntaxError(_line(text, at), str(error)) from None
    return value, _skip(text, end)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _WHITESPACE:
        at += 1
    return at


def _expect(text: str, at: int, mark: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] != mark:
        raise JsonSyntaxError(_line(text, at), f"expected '{mark}'")
    return _skip(text, at + 1)


def _separator(text: str, at: int, end: str) -> int:
    """Past a comma that something follows, or at the end mark."""
    if text[at : at + 1] == end:
        return at
    at = _expect(text, at, ",")
    if text[at : at + 1] == end:
        raise JsonSyntaxError(_line(text, at), f"a comma stands before '{end}'")
    return at


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
