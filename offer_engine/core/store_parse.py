"""Turns the texts of a store's files into a `StoreMap`, or into a list of everything that is wrong with them.

A store is taken whole or not at all: an engine that runs on half a catalogue makes offers that the shop cannot keep. So
every file is read to its end, all problems are gathered, and any problem refuses the store. Pure: texts come in as an
argument, and so do the time zones that exist.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from offer_engine.core.csv_rows import csv_rows
from offer_engine.core.floor_checks import check_floor
from offer_engine.core.floor_parse import Floor, parse_floor, zone_keys
from offer_engine.core.learnt_file import LEARNT_FILE, parse_learnt
from offer_engine.core.record import Record, shown
from offer_engine.core.store_map import (
    ANNOYANCE_LIMIT,
    ANNOYANCE_MIN_SHOWN,
    PAUSE_GROWTH,
    PAUSE_MAX_DAYS,
    Pairing,
    Policy,
    Product,
    StoreMap,
)
from offer_engine.core.toml_lines import TomlSyntaxError, field_lines, line_at, parse_toml
from offer_engine.core.usual_walk import WALK_FILE, parse_walk
from offer_engine.errors import MapError, Problem
from offer_engine.messages import is_id

STORE_FILE = "store.toml"
FLOOR_FILE = "floor.geojson"
CATALOGUE_FILE = "catalogue.csv"
PAIRINGS_FILE = "pairings.csv"
STORE_FILES = (STORE_FILE, FLOOR_FILE, CATALOGUE_FILE, PAIRINGS_FILE)
OPTIONAL_FILES = (LEARNT_FILE, WALK_FILE)

NEXT_STEP = "a store needs it: copy that of maps/corner-shop and make it yours (docs/maps.md says how)"
CONSENTS = ("location", "basket", "history")

_CATALOGUE_COLUMNS = ("sku", "name", "brand", "category", "zone", "price_cents", "margin_share", "stock", "popularity")
_PAIRING_COLUMNS = ("when", "then", "lift", "note")
_MAX_CENTS = 100_000_000  # as on the wire
_YEAR_H = 24 * 366


@dataclass(slots=True)
class _Head:
    """What store.toml says; empty where it cannot be read."""

    store: str = ""
    label: str = ""
    timezone: str = ""
    currency: str = ""
    categories: dict[str, str] = field(default_factory=dict)
    policy: Policy | None = None


def parse_store(texts: Mapping[str, str], folder: Path, *, timezones: Collection[str]) -> StoreMap:
    """Read a store from the texts of its `STORE_FILES` and `OPTIONAL_FILES`, by file name.

    Args:
        texts: one of `STORE_FILES` that is not in here is reported as missing.
        folder: where the files stand, for naming them.
        timezones: every IANA time zone there is.

    Raises:
        MapError: with every problem found.
    """
    problems = [Problem(folder / name, 0, "", f"is missing; {NEXT_STEP}") for name in STORE_FILES if name not in texts]
    head, floor, products, pairings = _Head(), Floor(folder / FLOOR_FILE), dict[str, Product](), list[Pairing]()
    if STORE_FILE in texts:
        head = _parse_head(texts[STORE_FILE], folder / STORE_FILE, timezones, problems)
    if FLOOR_FILE in texts:
        floor = parse_floor(texts[FLOOR_FILE], folder / FLOOR_FILE, problems)
        check_floor(floor, problems)
    if CATALOGUE_FILE in texts:
        products = _parse_catalogue(texts[CATALOGUE_FILE], folder / CATALOGUE_FILE, head, zone_keys(floor), problems)
    is_known = bool(products and head.categories) and _is_whole(folder / CATALOGUE_FILE, problems)
    things = products.keys() | head.categories.keys() if is_known else None
    if PAIRINGS_FILE in texts:
        pairings = _parse_pairings(texts[PAIRINGS_FILE], folder / PAIRINGS_FILE, things, problems)
    if LEARNT_FILE in texts:
        pairings += parse_learnt(texts[LEARNT_FILE], folder / LEARNT_FILE, things, problems)
    zones = zone_keys(floor) or None
    onward = parse_walk(texts[WALK_FILE], folder / WALK_FILE, zones, problems) if WALK_FILE in texts else ()
    if problems or head.policy is None or floor.level is None:
        raise MapError(problems)
    return StoreMap(
        store=head.store,
        label=head.label,
        timezone=head.timezone,
        currency=head.currency,
        level=floor.level,
        zones=floor.zones,
        fixtures=tuple(floor.fixtures.values()),
        openings=tuple(floor.openings.values()),
        gateways=tuple(floor.gateways.values()),
        category_labels=head.categories,
        products=products,
        pairings=tuple(pairings),
        policy=head.policy,
        onward=onward,
        tie=floor.tie,
    )


def _parse_head(text: str, file: Path, timezones: Collection[str], problems: list[Problem]) -> _Head:
    try:
        values, lines = parse_toml(text)
    except TomlSyntaxError as error:
        problems.append(Problem(file, error.line, "", f"is not TOML: {error}; nothing else in it was read"))
        return _Head()
    record = Record(file, 1, values, problems, field_lines(lines, ()))
    head = _Head(
        store=record.key("store"),
        label=record.text("label"),
        timezone=record.text("timezone"),
        currency=record.text("currency"),
    )
    record.refers_to("timezone", head.timezone, "time zone", timezones)
    if head.currency and not (len(head.currency) == 3 and head.currency.isascii() and head.currency.isupper()):
        record.note("currency", f"must be three capital letters (ISO 4217), like EUR, not {shown(head.currency)}")
    tables = dict[str, Record]()
    for name in ("policy", "categories"):
        table = values.get(name) if record.has(name) else None
        if isinstance(table, Mapping):
            line = line_at(lines, (name,))
            tables[name] = Record(file, line, table, problems, field_lines(lines, (name,)), f"{name}.")
        else:
            record.note(name, f"the table [{name}] is missing")
    record.finish()
    if "categories" in tables:
        head.categories = _parse_categories(tables["categories"])
    if "policy" in tables:
        head.policy = _parse_policy(tables["policy"])
    return head


def _parse_categories(record: Record) -> dict[str, str]:
    for key in record.values:
        if not is_id(key):
            record.note(key, f"must be 1 to 64 of the characters A-Z a-z 0-9 _ -, not {shown(key)}")
    return {key: record.text(key) for key in record.values}


def _parse_policy(record: Record) -> Policy:
    policy = Policy(
        pushes_per_visit=record.whole("pushes_per_visit", 0, 100),
        min_gap_s=record.whole("min_gap_s", 0, 86_400),
        rule_cooldown_h=record.number("rule_cooldown_h", 0, _YEAR_H),
        category_cooldown_h=record.number("category_cooldown_h", 0, _YEAR_H),
        ignores_before_pause=record.whole("ignores_before_pause", 1, 100),
        pause_days=record.number("pause_days", 0, 366),
        quiet_from=record.time_of_day("quiet_from"),
        quiet_until=record.time_of_day("quiet_until"),
        holdout_share=record.number("holdout_share", 0, 0.9),
        offer_valid_s=record.whole("offer_valid_s", 10, 86_400),
        min_score_cents=record.number("min_score_cents", 0, 100_000),
        consent_on_join=record.words("consent_on_join", CONSENTS, "consent"),
        pause_growth=record.number("pause_growth", 1, 10, default=PAUSE_GROWTH),
        pause_max_days=record.number("pause_max_days", 0, 366, default=PAUSE_MAX_DAYS),
        annoyance_limit=record.number("annoyance_limit", 0, 1, default=ANNOYANCE_LIMIT),
        annoyance_min_shown=record.whole("annoyance_min_shown", 1, 1_000_000, default=ANNOYANCE_MIN_SHOWN),
        store_pushes_per_h=record.whole("store_pushes_per_h", 0, 1_000_000)
        if record.has("store_pushes_per_h")
        else None,
    )
    record.finish()
    return policy


def _parse_catalogue(
    text: str, file: Path, head: _Head, zones: Collection[str], problems: list[Problem]
) -> dict[str, Product]:
    products, lines, before = dict[str, Product](), dict[str, int](), len(problems)
    for row in csv_rows(text, file, _CATALOGUE_COLUMNS, problems):
        product = _parse_product(row)
        if product.sku in products:
            row.note("sku", f"'{product.sku}' stands on line {lines[product.sku]} too; every product needs its own")
        elif product.sku in head.categories:
            row.note("sku", f"'{product.sku}' is a category too; rules and pairings could not tell them apart")
        if head.categories:
            row.refers_to("category", product.category, "category", head.categories)
        if zones:
            row.refers_to("zone", product.zone, "zone", zones)
        products.setdefault(product.sku, product)
        lines.setdefault(product.sku, row.line)
    products.pop("", None)
    if not products and len(problems) == before:
        problems.append(Problem(file, 0, "", "holds no product; a store needs some"))
    return products


def _is_whole(file: Path, problems: list[Problem]) -> bool:
    """Whether no row of a table was lost: all problems in it, if any, are about single cells."""
    return all(problem.file != file or (problem.line > 1 and problem.field) for problem in problems)


def _parse_product(row: Record) -> Product:
    return Product(
        sku=row.key("sku"),
        name=row.text("name"),
        brand=row.text("brand", default=""),
        category=row.text("category"),
        zone=row.text("zone"),
        price_cents=row.whole("price_cents", 1, _MAX_CENTS),
        margin_share=row.number("margin_share", 0, 1),
        stock=row.whole("stock", 0, 1_000_000),
        popularity=row.number("popularity", 0, 100_000),
    )


def _parse_pairings(text: str, file: Path, things: Collection[str] | None, problems: list[Problem]) -> list[Pairing]:
    """Read the pairings; `things` are the categories and skus there are, None when these could not all be read."""
    pairings, lines = list[Pairing](), dict[tuple[str, str], int]()
    for row in csv_rows(text, file, _PAIRING_COLUMNS, problems):
        when, then, lift = row.text("when"), row.text("then"), row.number("lift", 1, 100)
        row.ignore("note")
        for column, thing in (("when", when), ("then", then)):
            if things is not None:
                row.refers_to(column, thing, "category or sku", things)
        if when and when == then:
            row.note("then", f"'{then}' cannot be paired with itself")
        elif (when, then) in lines:
            row.note("", f"'{when}' with '{then}' stands on line {lines[when, then]} too; keep one")
        lines.setdefault((when, then), row.line)
        pairings.append(Pairing(when, then, lift, "curated"))
    return pairings
