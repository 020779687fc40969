"""Turns a history file, CSV or Parquet, into rows of text in the order asked for, so that both kinds are judged alike.

A file is what its content says, not its name. What cannot be read at all is refused with what to do about it; what is
merely wrong in a row is for `history` to judge.
"""

import csv
import difflib
import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from pathlib import Path

from offer_engine.errors import ImportDataError

STORES_OWN = "store"  # as a time zone: the store's
BATCH_ROWS = 10_000  # read, and handed to the ledger, at once: one transaction

_GZIP_MAGIC = b"\x1f\x8b"
_PARQUET_MAGIC = b"PAR1"


def file_rows(
    path: Path, headings: Mapping[str, str], zone: tzinfo | None
) -> Iterator[tuple[int, Sequence[str] | None]]:
    """Each row as (line, its fields in the order of `headings`); None for a row with too few.

    Args:
        path: CSV with a heading (comma, semicolon or tab; plain or gzipped) or Parquet.
        headings: The file's own heading for each column.
        zone: Of a Parquet file's timestamps that have none.

    Raises:
        ImportDataError: the file cannot be read, or lacks a column.
    """
    return _parquet_rows(path, headings, zone) if _head(path) == _PARQUET_MAGIC else _csv_rows(path, headings)


def suggestion(word: str, words: Iterable[str]) -> str:
    """The end of a message about an unknown word: the likeliest right one, or nothing."""
    close = difflib.get_close_matches(word, list(words), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


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
    wanted = "; ".join(f"no column {heading!r}{suggestion(heading, names)}" for heading in missing)
    found = ", ".join(names) if any(names) else "none"
    raise ImportDataError(f"{path}: {wanted}. Columns found: {found}. Name yours with --map {missing[0]}=YOUR_HEADING")


def _parquet_rows(
    path: Path, headings: Mapping[str, str], zone: tzinfo | None
) -> Iterator[tuple[int, Sequence[str] | None]]:
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
        _check_zone(path, headings["at"], str(file.schema_arrow.field(headings["at"]).type), zone)
        row = 0
        for batch in file.iter_batches(BATCH_ROWS, columns=list(headings.values())):
            texts: list[list[str]] = []
            for heading in headings.values():
                column = batch.column(batch.schema.get_field_index(heading))
                if pa.types.is_timestamp(column.type) and column.type.tz is None:
                    at_any = {"ambiguous": "earliest", "nonexistent": "earliest"}
                    column = compute.assume_timezone(column, str(zone), **at_any)
                if pa.types.is_timestamp(column.type):
                    column = column.cast(pa.timestamp("ms", "UTC"), safe=False).cast(pa.int64())
                texts.append(compute.fill_null(column.cast(pa.string()), "").to_pylist())
            for fields in zip(*texts, strict=True):
                row += 1
                yield row, fields
    except pa.ArrowException as error:
        raise ImportDataError(f"{path}: {error}") from None


def _check_zone(path: Path, heading: str, kind: str, zone: tzinfo | None) -> None:
    """Refuse timestamps without a zone: they would be hours off, in silence."""
    if kind.startswith("timestamp") and "tz=" not in kind and zone is None:
        advice = f"--timezone {STORES_OWN} reads it as the store's local time"
        raise ImportDataError(f"{path}: column {heading!r} is {kind}; it needs a time zone; {advice}")
