"""Turns CSV text into one record a row, with its line, noting headers and rows that do not fit.

Tables come from spreadsheets, so blank lines and quoted cells are welcome; semicolons, which some
spreadsheets write instead of commas, are named as such, and not as eight missing columns.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from offer_engine.core.record import Record, did_you_mean
from offer_engine.errors import Problem


def csv_rows(text: str, file: Path, columns: tuple[str, ...], problems: list[Problem]) -> Iterator[Record]:
    """One record a row; nothing at all when the header is wrong, since every row would be.

    Args:
        columns: those that must be there, in any order; no others may.
    """
    reader = csv.reader((f"{line}\n" for line in text.split("\n")), strict=True)
    end = 0  # the last line of the row before
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if not _is_header(header, Problem(file, 1, "", ""), columns, problems):
            return
        end = reader.line_num
        for row in reader:
            line, end = end + 1, reader.line_num
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                message = f"has {len(row)} cells where the header has {len(header)}; quote a text that holds a comma"
                problems.append(Problem(file, line, "", message))
                continue
            yield Record(file, line, dict(zip(header, row, strict=True)), problems, is_text=True)
    except csv.Error as error:
        problems.append(Problem(file, end + 1, "", f"is not CSV: {error}; nothing from here on was read"))


def _is_header(header: list[str], place: Problem, columns: tuple[str, ...], problems: list[Problem]) -> bool:
    messages: list[tuple[str, str]] = []
    if len(header) == 1 and ";" in header[0]:
        messages.append(("", "columns are separated by ';'; save it with commas"))
    else:
        messages += [(name, f"unknown column{did_you_mean(name, columns)}") for name in header if name not in columns]
        messages += [(name, "column is missing") for name in columns if name not in header]
        messages += [(name, "column stands twice") for name in columns if header.count(name) > 1]
    problems.extend(Problem(place.file, place.line, field, message) for field, message in messages)
    return not messages
