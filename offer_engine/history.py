"""Turns a retailer's purchase history, CSV or Parquet, into checked purchases, and says what it left out.

A till system's export is never quite clean, and a file refused whole for one bad line would never be imported. So each
row is judged by itself: it becomes a `Purchase` or a `BadRow` with its line and its reason, and the report counts both.
Nothing is dropped in silence. Purchases of products that the store does not sell are not wrong, only of no use, and are
counted apart. The file is streamed: memory does not grow with it.
"""

import csv
import difflib
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path

from msgspec import Struct

from offer_engine.core.store_map import StoreMap
from offer_engine.errors import ImportDataError
from offer_engine.messages import Cents, Id, Quantity, TimestampMs, is_id

COLUMNS = ("shopper", "at", "basket", "sku", "qty", "price_cents")
FIRST_DAY_MS = 946_684_800_000  # 2000-01-01: an earlier number is almost surely in seconds, not milliseconds
LAST_MS = 253_402_300_799_999  # the end of the year 9999, as in `messages.TimestampMs`
MAX_QTY = 10_000  # as in `messages.Quantity`
MAX_CENTS = 100_000_000  # as in `messages.Cents`
SHOWN_PER_REASON = 3  # bad rows kept for the report, of each reason
BATCH_ROWS = 10_000  # purchases handed to the ledger at once: one transaction

_MAX_DIGITS = 18  # more is no number of ours, and Python reads very long ones slowly
_GZIP_MAGIC = b"\x1f\x8b"
_PARQUET_MAGIC = b"PAR1"


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
    path: Path, known_skus: Collection[str], columns: Mapping[str, str] | None = None
) -> Iterator[Purchase | BadRow]:
    """Read a history file row by row.

    Args:
        path: A CSV file with a heading, plain or gzipped, or a Parquet file; told apart by content, not by name.
            The CSV's separator may be a comma, a semicolon or a tab.
        known_skus: What the store sells.
        columns: The file's own heading for each of `COLUMNS` that it calls something else.

    Raises:
        ImportDataError: the file cannot be read at all, or lacks a column.
    """
    headings = {column: (columns or {}).get(column, column) for column in COLUMNS}
    rows = _parquet_rows(path, headings) if _head(path) == _PARQUET_MAGIC else _csv_rows(path, headings)
    for line, fields in rows:
        yield _judge(line, fields, known_skus)


def import_history(
    path: Path,
    store: StoreMap,
    ledger_import: Callable[[Iterable[Purchase]], int],
    *,
    columns: Mapping[str, str],
    progress: Callable[[int], None],
) -> ImportReport:
    """Hand every good row of a history file to the ledger, and say what became of all of them.

    Args:
        path: See `read_history`.
        store: What is sold; rows of other products are left out and counted.
        ledger_import: Stores a batch of purchases and returns how many of them were new.
        columns: See `read_history`.
        progress: Called with the number of rows read so far, after every batch.

    Raises:
        ImportDataError: the file cannot be read. What came before the fault is imported; importing again does no harm.
    """
    tally = _Tally()
    purchases = tally.good_rows(read_history(path, store.products.keys(), columns))
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
            near = _suggestion(column, COLUMNS)
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
            basket[row.sku] = row if before is None else _together(before, row)
        yield from basket.values()


def _together(first: Purchase, second: Purchase) -> Purchase:
    """The same product twice in one basket; the price of one is the mean by pieces, and the time is the first's."""
    qty = first.qty + second.qty
    paid_cents = first.qty * first.price_cents + second.qty * second.price_cents
    price_cents = round(paid_cents / qty)
    return Purchase(first.shopper, first.at_ms, first.basket, first.sku, min(qty, MAX_QTY), price_cents)


# --- one row ----------------------------------------------------------------------------------------------------------


def _judge(line: int, fields: Sequence[str] | None, known_skus: Collection[str]) -> Purchase | BadRow:
    """Turn the six fields of a row, in the order of `COLUMNS`, into a purchase or what is wrong with it."""
    if fields is None:
        return BadRow(line, RowFault.SHORT, "fewer fields than the heading")
    shopper, at, basket, sku, qty_text, price_text = fields
    at_ms = _time_ms(at)
    qty = _whole(qty_text, 1, MAX_QTY)
    price_cents = _whole(price_text, 0, MAX_CENTS)
    if at_ms is None or qty is None or price_cents is None or not (is_id(shopper) and is_id(basket) and is_id(sku)):
        return _fault(line, dict(zip(COLUMNS, fields, strict=True)))
    if sku not in known_skus:
        return BadRow(line, RowFault.UNKNOWN_SKU, f"sku {sku!r} is not in the catalogue")
    return Purchase(shopper, at_ms, basket, sku, qty, price_cents)


def _fault(line: int, row: Mapping[str, str]) -> BadRow:
    """Name the first thing wrong with a row that is known to be bad."""
    if empty := [column for column, field in row.items() if not field]:
        return BadRow(line, RowFault.MISSING, f"{', '.join(empty)} is empty")
    for column in ("shopper", "basket", "sku"):
        if not is_id(row[column]):
            wanted = "is not 1 to 64 of the characters A-Z a-z 0-9 _ -"
            return BadRow(line, RowFault.BAD_ID, f"{column} {row[column]!r} {wanted}")
    if _time_ms(row["at"]) is None:
        return BadRow(line, RowFault.BAD_TIME, _time_fault(row["at"]))
    if _whole(row["qty"], 1, MAX_QTY) is None:
        return BadRow(line, RowFault.BAD_QTY, f"qty is {row['qty']!r}; expected a whole number from 1 to {MAX_QTY:,}")
    return BadRow(line, RowFault.BAD_PRICE, f"price_cents is {row['price_cents']!r}; expected whole cents")


def _time_ms(text: str) -> int | None:
    """Milliseconds since the epoch, of a number or of ISO 8601 with a zone; None when it is neither, or out of range.

    >>> _time_ms("2026-03-01T09:30:00+01:00") == _time_ms("1772353800000")
    True
    """
    if text.isdigit():
        return _whole(text, FIRST_DAY_MS, LAST_MS)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    at_ms = round(at.timestamp() * 1000)
    return at_ms if FIRST_DAY_MS <= at_ms <= LAST_MS else None


def _time_fault(text: str) -> str:
    if _whole(text, 1, FIRST_DAY_MS - 1) is not None:
        return f"at is {text!r}: before the year 2000; are these seconds? milliseconds are expected"
    if re.fullmatch(r"\d{4}-\d\d-\d\d([T ][\d:.]+)?", text):
        return f"at is {text!r}: a time zone is missing, such as Z or +01:00"
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


# --- the two kinds of file --------------------------------------------------------------------------------------------


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(4)
    except OSError as error:
        raise ImportDataError(f"{path}: {error.strerror or error}") from None


def _csv_rows(path: Path, headings: Mapping[str, str]) -> Iterator[tuple[int, Sequence[str] | None]]:
    """Rows of a CSV file as (line, the six fields); None for a row with too few."""
    text = gzip.open if _head(path).startswith(_GZIP_MAGIC) else open
    line = 0
    try:
        with text(path, "rt", encoding="utf-8-sig", newline="") as file:
            heading_line = file.readline()
            separator = max(",;\t", key=heading_line.count)
            names = next(csv.reader([heading_line], delimiter=separator), [])
            places = _places(path, [name.strip() for name in names], headings)
            needed = max(places) + 1
            reader = csv.reader(file, delimiter=separator)
            for record in reader:
                line = reader.line_num + 1
                if record:
                    yield line, [record[at].strip() for at in places] if len(record) >= needed else None
    except UnicodeDecodeError:
        raise ImportDataError(f"{path}: after line {line}: not UTF-8; save it as CSV in UTF-8") from None
    except (csv.Error, EOFError, OSError, zlib.error) as error:
        raise ImportDataError(f"{path}: after line {line}: {error}") from None


def _places(path: Path, names: Sequence[str], headings: Mapping[str, str]) -> list[int]:
    """Where each column stands."""
    missing = [heading for heading in headings.values() if heading not in names]
    if not missing:
        return [names.index(heading) for heading in headings.values()]
    wanted = "; ".join(f"no column {heading!r}{_suggestion(heading, names)}" for heading in missing)
    found = ", ".join(names) if any(names) else "none"
    raise ImportDataError(f"{path}: {wanted}. Columns found: {found}. Name yours with --map {missing[0]}=YOUR_HEADING")


def _parquet_rows(path: Path, headings: Mapping[str, str]) -> Iterator[tuple[int, Sequence[str] | None]]:
    """Rows of a Parquet file as (row, the six fields as text), so that both kinds of file are judged alike."""
    try:
        import pyarrow as pa  # noqa: PLC0415  an extra: only who has Parquet files needs it
        from pyarrow import compute, parquet  # noqa: PLC0415
    except ImportError:
        raise ImportDataError(f"{path}: reading Parquet needs an extra: pip install 'aislewise[parquet]'") from None
    try:
        file = parquet.ParquetFile(path)
        names = file.schema_arrow.names
        _places(path, names, headings)
        _check_zone(path, headings["at"], str(file.schema_arrow.field(headings["at"]).type))
        row = 0
        for batch in file.iter_batches(BATCH_ROWS, columns=list(headings.values())):
            texts: list[list[str]] = []
            for heading in headings.values():
                column = batch.column(batch.schema.get_field_index(heading))
                if pa.types.is_timestamp(column.type):
                    column = column.cast(pa.timestamp("ms", "UTC"), safe=False).cast(pa.int64())
                texts.append(compute.fill_null(column.cast(pa.string()), "").to_pylist())
            for fields in zip(*texts, strict=True):
                row += 1
                yield row, fields
    except pa.ArrowException as error:
        raise ImportDataError(f"{path}: {error}") from None


def _check_zone(path: Path, heading: str, kind: str) -> None:
    """Refuse timestamps without a zone: they would be hours off, in silence."""
    if kind.startswith("timestamp") and "tz=" not in kind:
        raise ImportDataError(f"{path}: column {heading!r} is {kind}; it needs a time zone")


def _suggestion(word: str, words: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(words), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
