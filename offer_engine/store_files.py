"""Turns a store's folder into a `StoreMap` and a `RuleSet`: reads the files, and leaves their meaning to the core.

A file that is missing, or is not UTF-8, is one more problem in the list that the core gathers.
"""

from collections.abc import Iterable
from pathlib import Path
from zoneinfo import available_timezones

from offer_engine.core.rules import RuleSet
from offer_engine.core.rules_parse import RULES_FILE, parse_rules
from offer_engine.core.store_map import StoreMap
from offer_engine.core.store_parse import OPTIONAL_FILES, STORE_FILES, parse_store
from offer_engine.errors import MapError, Problem, RuleError


def load_store(folder: Path) -> StoreMap:
    """Read the store in `folder`.

    Raises:
        MapError: with every problem of its floor plan, catalogue, pairings and settings.
    """
    if not folder.is_dir():
        raise MapError([Problem(folder, 0, "", "is not a folder")])
    texts, unreadable = _read(folder, STORE_FILES + OPTIONAL_FILES)
    try:
        store = parse_store(texts, folder, timezones=available_timezones())
    except MapError as error:
        known = {problem.file for problem in unreadable}
        raise MapError([*unreadable, *(problem for problem in error.problems if problem.file not in known)]) from None
    return store


def load_rules(folder: Path, store: StoreMap | None) -> RuleSet:
    """Read the offer rules in `folder`, which are about `store`; without it only their form is judged.

    Raises:
        RuleError: with every problem of the rules.
    """
    texts, problems = _read(folder, (RULES_FILE,))
    if problems:
        raise RuleError(problems)
    if RULES_FILE not in texts:
        raise RuleError([Problem(folder / RULES_FILE, 0, "", "is missing; without rules there are no offers")])
    return parse_rules(texts[RULES_FILE], folder / RULES_FILE, store)


def check(folder: Path) -> tuple[StoreMap, RuleSet]:
    """Read the store and its rules.

    Raises:
        MapError: with every problem of the store, and what is wrong with the form of its rules; whether these fit the
            store can only be said once it is right.
        RuleError: with every problem of the rules.
    """
    try:
        store = load_store(folder)
    except MapError as error:
        raise MapError([*error.problems, *_problems_of_form(folder)]) from None
    return store, load_rules(folder, store)


def _problems_of_form(folder: Path) -> tuple[Problem, ...]:
    if not folder.is_dir():
        return ()
    try:
        load_rules(folder, None)
    except RuleError as error:
        return error.problems
    return ()


def _read(folder: Path, names: Iterable[str]) -> tuple[dict[str, str], list[Problem]]:
    """The texts of those files that are there, by name, and what could not be read."""
    texts, problems = dict[str, str](), list[Problem]()
    for name in names:
        file = folder / name
        try:
            texts[name] = file.read_bytes().decode("utf-8-sig")  # spreadsheets put a byte-order mark in front
        except FileNotFoundError:
            continue
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            problems.append(Problem(file, line, "", "is not UTF-8 text; save it with that encoding"))
        except OSError as error:
            problems.append(Problem(file, 0, "", f"cannot be read: {error.strerror}"))
    return texts, problems
