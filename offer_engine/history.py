"""Turns a retailer's purchase history, CSV or Parquet, into checked purchases, and says what it left out.

A till system's export is never quite clean, and a file refused whole for one bad line would never be imported. So each
row is judged by itself: it becomes a `Purchase` or a `BadRow` with its line and its reason, and the report counts both.
Nothing is dropped in silence. Purchases of products that the store does not sell are not wrong, only of no use, and are
counted apart. The file is streamed: memory does not grow with it.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from msgspec import Struct

from offer_engine.core.store_map import StoreMap
from offer_engine.errors import ImportDataError
from offer_engine.history_files import BATCH_ROWS, STORES_OWN, file_rows, suggestion
from offer_engine.messages import Cents, Id, Quantity, TimestampMs, is_id

COLUMNS = ("shopper", "at", "basket", "sku", "qty", "price_cents")
FIRST_DAY_MS = 946_684_800_000  # 2000-01-01: an earlier number is almost surely in seconds, not milliseconds
LAST_MS = 253_402_300_799_999  # the end of the year 9999, as in `messages.TimestampMs`
MAX_QTY = 10_000  # as in `messages.Quantity`
MAX_CENTS = 100_000_000  # as in `messages.Cents`
SHOWN_PER_REASON = 3  # bad rows kept for the report, of each reason

_MAX_DIGITS = 18  # more is no number of ours, and Python reads very long ones slowly


class Purchase(Struct, frozen=True, gc=False):
    """One product in one basket of one shopper; `price_cents` is what was paid for one piece."""

    shopper: Id
    at_ms: TimestampMs
    basket: Id
    sku: Id
    qty: Quantity
    price_cents: Cents


class RowFault(StrEnum):
    """Why a row of a history file was left out."""

    SHORT = "short"  # fewer fields than the heading
    MISSING = "missing"  # an empty field
    BAD_ID = "bad_id"  # shopper, basket or sku is not an id
    BAD_TIME = "bad_time"  # neither ISO 8601 with a zone nor milliseconds since the epoch
    BAD_QTY = "bad_qty"  # not a whole number from 1 to 10,000: a return, perhaps
    BAD_PRICE = "bad_price"  # not a whole number of cents from 0 to 100,000,000
    UNKNOWN_SKU = "unknown_sku"  # a good row of a product that the store does not sell


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that was left out: where it stands and why."""

    line: int  # 1-based; of a CSV file the heading is line 1, of a Parquet file the first row is
    fault: RowFault
    detail: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of the rows of a history file: rows = imported + known + merged + left out."""

    rows: int
    imported: int  # new in the ledger
    known: int  # the ledger had them already
    merged: int  # the same product again in the same basket: added to the row before
    left_out: Mapping[RowFault, int]
    first: tuple[BadRow, ...]  # the first few of each fault, by line


def read_history(
    path: Path,
    known_skus: Collection[str],
    columns: Mapping[str, str] | None = None,
    zone: tzinfo | None = None,
) -> Iterator[Purchase | BadRow]:
    """Read a history file row by row.

    Args:
        path: A CSV file with a heading, plain or gzipped, or a Parquet file; told apart by content, not by name.
            The CSV's separator may be a comma, a semicolon or a tab.
        known_skus: What the store sells.
        columns: The file's own heading for each of `COLUMNS` that it calls something else.
        zone: Where times that state no zone were written; without it they are refused, since they could be hours off.
            An hour that comes twice, when clocks go back, is taken for the first.

    Raises:
        ImportDataError: the file cannot be read at all, or lacks a column.
    """
    headings = {column: (columns or {}).get(column, column) for column in COLUMNS}
    for line, fields in file_rows(path, headings, zone):
        yield _judge(line, fields, known_skus, zone)


def import_history(
    path: Path,
    store: StoreMap,
    ledger_import: Callable[[Iterable[Purchase]], int],
    *,
    columns: Mapping[str, str],
    progress: Callable[[int], None],
    zone: tzinfo | None = None,
) -> ImportReport:
    """Hand every good row of a history file to the ledger, and say what became of all of them.

    Args:
        path: See `read_history`.
        store: What is sold; rows of other products are left out and counted.
        ledger_import: Stores a batch of purchases and returns how many of them were new.
        columns: See `read_history`.
        progress: Called with the number of rows read so far, after every batch.
        zone: See `read_history`.

    Raises:
        ImportDataError: the file cannot be read. What came before the fault is imported; importing again does no harm.
    """
    tally = _Tally()
    purchases = tally.good_rows(read_history(path, store.products.keys(), columns, zone))
    imported = handed = 0
    while batch := list(islice(purchases, BATCH_ROWS)):
        handed += len(batch)
        imported += ledger_import(batch)
        progress(tally.rows)
    first = tuple(sorted(tally.first, key=lambda bad: bad.line))
    return ImportReport(tally.rows, imported, handed - imported, tally.merged, dict(tally.left_out), first)


def report_lines(report: ImportReport) -> list[str]:
    """Say a report in plain lines, for a terminal."""
    lines = [f"{report.rows:,} rows: {report.imported:,} imported, {report.known:,} known already"]
    if report.merged:
        lines.append(f"{report.merged:,} rows named a product again in the same basket and were added up")
    for fault, rows in sorted(report.left_out.items(), key=lambda item: -item[1]):
        lines.append(f"{rows:,} rows left out: {fault}")
        lines.extend(f"  line {bad.line}: {bad.detail}" for bad in report.first if bad.fault is fault)
    return lines


def why_nothing(report: ImportReport) -> str:
    """Why a file brought nothing, and what to do about it; "" when it did, or when all of it was known already."""
    if report.imported or report.known:
        return ""
    if not report.left_out:
        return "the file holds a heading and no row"
    fault = max(report.left_out, key=lambda fault: report.left_out[fault])
    return (
        f"none of the {report.rows:,} rows could be used; {report.left_out[fault]:,} of them: {fault}. {ADVICE[fault]}"
    )


ADVICE: Mapping[RowFault, str] = {
    RowFault.SHORT: "Is every row as long as the heading?",
    RowFault.MISSING: "Every column needs a value in every row.",
    RowFault.BAD_ID: "Shoppers, baskets and skus are keys: A-Z a-z 0-9 _ -.",
    RowFault.BAD_TIME: "Local times are read with --timezone store, or --timezone Europe/Berlin.",
    RowFault.BAD_QTY: "Quantities are whole pieces.",
    RowFault.BAD_PRICE: "Prices are whole cents: 399, not 3.99.",
    RowFault.UNKNOWN_SKU: "Are these the skus of the store's catalogue.csv? --store says which store.",
}


def parse_zone(text: str, store: StoreMap) -> tzinfo | None:
    """Read the flag that names the zone of local times: `store` for the store's own, or an IANA name; None without.

    Raises:
        ImportDataError: there is no such zone.
    """
    name = store.timezone if text == STORES_OWN else text
    if name and name not in available_timezones():
        near = suggestion(name, available_timezones())
        raise ImportDataError(f"{text!r} is no time zone (one is like Europe/Berlin, or {STORES_OWN!r}){near}")
    return ZoneInfo(name) if name else None


def parse_columns(text: str) -> dict[str, str]:
    """Read the flag that names a file's own headings.

    Raises:
        ImportDataError: a part is not `column=heading`, or names no column of ours.

    >>> parse_columns("shopper=card_no, at=sold_at")
    {'shopper': 'card_no', 'at': 'sold_at'}
    """
    columns = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        column, equals, heading = (piece.strip() for piece in part.partition("="))
        if not equals or not heading:
            raise ImportDataError(f"{part!r}: expected column=heading, for instance shopper=card_no")
        if column not in COLUMNS:
            near = suggestion(column, COLUMNS)
            raise ImportDataError(f"{column!r} is not a column{near}; there are {', '.join(COLUMNS)}")
        columns[column] = heading
    return columns


class _Tally:
    """Counts the rows as they stream by; keeps the first few bad ones of each fault."""

    def __init__(self) -> None:
        self.rows = 0
        self.merged = 0
        self.left_out: Counter[RowFault] = Counter()
        self.first: list[BadRow] = []

    def good_rows(self, rows: Iterable[Purchase | BadRow]) -> Iterator[Purchase]:
        """Let purchases through, one per basket and product: the ledger's key, by which it knows a repeat.

        Tills write a product twice when it was scanned twice. Those lines stand together in every export, so only the
        basket at hand is remembered.
        """
        basket: dict[str, Purchase] = {}
        key = ("", "")
        for row in rows:
            self.rows += 1
            if isinstance(row, BadRow):
                self.left_out[row.fault] += 1
                if self.left_out[row.fault] <= SHOWN_PER_REASON:
                    self.first.append(row)
                continue
            if (row.shopper, row.basket) != key:
                yield from basket.values()
                basket, key = {}, (row.shopper, row.basket)
            before = basket.get(row.sku)
            if before is not None:
                self.merged += 1
            basket[row.sku] = row if before is None else together(before, row)
        yield from basket.values()


def together(first: Purchase, second: Purchase) -> Purchase:
    """The same product twice in one basket; the price of one is the mean by pieces, and the time is the first's."""
    qty = first.qty + second.qty
    paid_cents = first.qty * first.price_cents + second.qty * second.price_cents
    price_cents = round(paid_cents / qty)
    return Purchase(first.shopper, first.at_ms, first.basket, first.sku, min(qty, MAX_QTY), price_cents)


# --- one row ----------------------------------------------------------------------------------------------------------


def _judge(
    line: int, fields: Sequence[str] | None, known_skus: Collection[str], zone: tzinfo | None
) -> Purchase | BadRow:
    """Turn the six fields of a row, in the order of `COLUMNS`, into a purchase or what is wrong with it."""
    if fields is None:
        return BadRow(line, RowFault.SHORT, "fewer fields than the heading")
    shopper, at, basket, sku, qty_text, price_text = fields
    at_ms = _time_ms(at, zone)
    qty = _whole(qty_text, 1, MAX_QTY)
    price_cents = _whole(price_text, 0, MAX_CENTS)
    if at_ms is None or qty is None or price_cents is None or not (is_id(shopper) and is_id(basket) and is_id(sku)):
        return _fault(line, dict(zip(COLUMNS, fields, strict=True)), is_timed=at_ms is not None)
    if sku not in known_skus:
        return BadRow(line, RowFault.UNKNOWN_SKU, f"sku {sku!r} is not in the catalogue")
    return Purchase(shopper, at_ms, basket, sku, qty, price_cents)


def _fault(line: int, row: Mapping[str, str], *, is_timed: bool) -> BadRow:
    """Name the first thing wrong with a row that is known to be bad."""
    if empty := [column for column, field in row.items() if not field]:
        return BadRow(line, RowFault.MISSING, f"{', '.join(empty)} is empty")
    for column in ("shopper", "basket", "sku"):
        if not is_id(row[column]):
            wanted = "is not 1 to 64 of the characters A-Z a-z 0-9 _ -"
            return BadRow(line, RowFault.BAD_ID, f"{column} {row[column]!r} {wanted}")
    if not is_timed:
        return BadRow(line, RowFault.BAD_TIME, _time_fault(row["at"]))
    if _whole(row["qty"], 1, MAX_QTY) is None:
        return BadRow(line, RowFault.BAD_QTY, f"qty is {row['qty']!r}; expected a whole number from 1 to {MAX_QTY:,}")
    return BadRow(line, RowFault.BAD_PRICE, f"price_cents is {row['price_cents']!r}; expected whole cents")


def _time_ms(text: str, zone: tzinfo | None = None) -> int | None:
    """Milliseconds since the epoch, of a number or of ISO 8601 with a zone; None when it is neither, or out of range.

    What states no zone is local time in `zone`, where there is one.

    >>> _time_ms("2026-03-01T09:30:00+01:00") == _time_ms("1772353800000")
    True
    """
    if text.isdigit():
        return _whole(text, FIRST_DAY_MS, LAST_MS)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if at.tzinfo is None and zone is None:
        return None
    try:
        at_ms = round((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp() * 1000)
    except OverflowError:  # the year 1 east of Greenwich
        return None
    return at_ms if FIRST_DAY_MS <= at_ms <= LAST_MS else None


def _time_fault(text: str) -> str:
    if _whole(text, 1, FIRST_DAY_MS - 1) is not None:
        return f"at is {text!r}: before the year 2000; are these seconds? milliseconds are expected"
    if re.fullmatch(r"\d{4}-\d\d-\d\d([T ][\d:.]+)?", text):
        return f"at is {text!r}: a time zone is missing, such as Z or +01:00; --timezone store reads local times"
    return f"at is {text!r}: expected ISO 8601 with a zone, or milliseconds since 1970"


def _whole(text: str, least: int, most: int) -> int | None:
    """A whole number in [least, most], also when a spreadsheet has written it as 2.0; None for anything else.

    >>> _whole("12", 1, 99), _whole("2.0", 1, 99), _whole("-1", 1, 99), _whole("2.5", 1, 99), _whole("1e1", 1, 99)
    (12, 2, None, None, None)
    """
    digits = text.rstrip("0").removesuffix(".") if "." in text else text
    if not (digits.isdigit() and digits.isascii()) or len(digits) > _MAX_DIGITS:
        return None
    number = int(digits)
    return number if least <= number <= most else None
