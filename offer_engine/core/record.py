"""Turns one record of a retailer's file (a TOML table, a GeoJSON feature, a CSV row) into checked values.

A retailer mends a file fastest when told everything that is wrong with it at once. So a field that cannot be used is
noted, with its line and what to do, and a harmless stand-in is returned; reading goes on, and whoever holds the list of
problems refuses the whole in the end. Fields that nobody asked for are noted too: they are nearly always misspelt.
"""

import difflib
import json
import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from offer_engine.errors import Problem
from offer_engine.messages import is_id

_Choice = TypeVar("_Choice", bound=str)
_WHOLE = re.compile(r"[+-]?\d{1,18}")
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
MAX_TEXT = 200  # a label that long fits on no phone
_MAX_SHOWN = 40  # of a wrong value, in a problem's message


def shown(value: object) -> str:
    """A value as a problem quotes it: as it stands in the file, shortened.

    >>> shown("wines"), shown(True), shown([1, 2])
    ("'wines'", 'true', '[1, 2]')
    """
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 3]}..."


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: the likeliest right one, or nothing.

    >>> did_you_mean("wines", ["wine", "meat"])
    "; did you mean 'wine'?"
    >>> did_you_mean("xyz", ["wine", "meat"])
    ''
    """
    near = difflib.get_close_matches(word, sorted(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


@dataclass(slots=True)
class Record:
    """One record and where it stands; every read either yields a value or notes a problem and yields a stand-in."""

    file: Path
    line: int  # of the record's beginning, 1-based
    values: Mapping[str, object]
    problems: list[Problem]  # shared by all records of a store
    lines: Mapping[str, int] = field(default_factory=dict)  # of single fields, where they are known
    prefix: str = ""  # "policy." for the fields of a nested table
    is_text: bool = False  # a CSV row: numbers are written out, and an empty cell is a missing field
    asked: set[str] = field(default_factory=set)

    def note(self, key: str, message: str) -> None:
        """Add a problem with field `key`; "" for the whole record."""
        path = f"{self.prefix}{key}" if key else self.prefix.rstrip(".")
        self.problems.append(Problem(self.file, self.lines.get(key, self.line), path, message))

    def has(self, key: str) -> bool:
        """Whether the field is there (JSON's null and an empty CSV cell are not), noting that it is known."""
        self.asked.add(key)
        value = self.values.get(key)
        return value is not None and not (self.is_text and value == "")

    def ignore(self, *keys: str) -> None:
        """These fields are known, and not used."""
        self.asked.update(keys)

    def text(self, key: str, *, default: str | None = None) -> str:
        """A text of 1 to 200 characters; `default` (which may be empty) when it is missing."""
        if not self._is_there(key, needed=default is None):
            return default or ""
        value = self.values[key]
        if not isinstance(value, str) or not value.strip() or len(value) > MAX_TEXT:
            self.note(key, f"must be a text of 1 to {MAX_TEXT} characters, not {shown(value)}")
            return ""
        return value.strip()

    def key(self, key: str) -> str:
        """An id that may travel in a topic: 1 to 64 of A-Z a-z 0-9 _ -; "" when it is wrong."""
        value = self.text(key)
        if value and not is_id(value):
            self.note(key, f"must be 1 to 64 of the characters A-Z a-z 0-9 _ -, not {shown(value)}")
            return ""
        return value

    def whole(self, key: str, low: int, high: int, *, default: int | None = None) -> int:
        """A whole number from `low` to `high`, both included."""
        if not self._is_there(key, needed=default is None):
            return low if default is None else default
        value = self.values[key]
        if self.is_text and isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.note(key, f"must be a whole number from {low} to {high}, not {shown(value)}")
        return low

    def number(self, key: str, low: float, high: float, *, default: float | None = None) -> float:
        """A number from `low` to `high`, both included."""
        if not self._is_there(key, needed=default is None):
            return low if default is None else default
        value = self.values[key]
        if self.is_text and isinstance(value, str):
            value = _float_or_text(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        self.note(key, f"must be a number from {low:g} to {high:g}, not {shown(self.values[key])}")
        return low

    def one_of(self, key: str, choices: tuple[_Choice, ...], *, default: _Choice | None = None) -> _Choice:
        """One of a few words."""
        stand_in = choices[0] if default is None else default
        if not self._is_there(key, needed=default is None):
            return stand_in
        value = self.values[key]
        for choice in choices:
            if choice == value:
                return choice
        guess = did_you_mean(value, choices) if isinstance(value, str) else ""
        self.note(key, f"must be {' or '.join(choices)}, not {shown(value)}{guess}")
        return stand_in

    def words(self, key: str, known: Collection[str] | None, what: str) -> tuple[str, ...]:
        """A list, perhaps empty or missing, of different words, each one of `known`; `what` names one of them."""
        value = self.values.get(key) if self.has(key) else ()
        if not isinstance(value, list | tuple):
            self.note(key, f"must be a list, like [{shown(value)}]")
            return ()
        words = tuple(word for word in value if isinstance(word, str))
        if len(words) < len(value) or len(set(words)) < len(words):
            self.note(key, f"must list different texts, not {shown(value)}")
        for word in words:
            self.refers_to(key, word, what, known)
        return words

    def time_of_day(self, key: str) -> str:
        """A time as "HH:MM", from 00:00 to 23:59."""
        value = self.text(key)
        if value and not _TIME_OF_DAY.fullmatch(value):
            self.note(key, f'must be a time as "HH:MM", not {shown(value)}')
            return "00:00"
        return value

    def flag(self, key: str) -> bool:
        """Yes or no, written true or false; no when it is missing."""
        value = self.values[key] if self.has(key) else False
        if isinstance(value, bool):
            return value
        self.note(key, f"must be true or false, not {shown(value)}")
        return False

    def refers_to(self, key: str, value: str, what: str, known: Collection[str] | None) -> bool:
        """Whether `value`, read from `key`, is one of `known`; an empty value was noted before and is not again.

        None for `known`: what there is could not be read, so nothing is held against the value.
        """
        if known is None:
            return True
        if value and value not in known:
            self.note(key, f"{what} '{value}' unknown{did_you_mean(value, known)}")
        return value in known

    def finish(self) -> None:
        """Note every field that nobody asked for."""
        for key in self.values:
            if key not in self.asked:
                self.note(key, f"unknown field{did_you_mean(key, self.asked)}")

    def _is_there(self, key: str, *, needed: bool) -> bool:
        is_there = self.has(key)
        if needed and not is_there:
            self.note(key, "is missing")
        return is_there


def _float_or_text(text: str) -> float | str:
    try:
        value = float(text)
    except ValueError:
        return text
    return value if math.isfinite(value) else text
