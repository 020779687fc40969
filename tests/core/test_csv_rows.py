"""Rows of a table with their lines, whatever a spreadsheet made of them."""

from pathlib import Path

from offer_engine.core.csv_rows import csv_rows
from offer_engine.errors import Problem

FILE = Path("t.csv")


def rows_of(text: str) -> tuple[list[tuple[int, dict[str, object]]], list[str]]:
    """Each row as (line, cells), and the problems."""
    problems: list[Problem] = []
    rows = [(row.line, dict(row.values)) for row in csv_rows(text, FILE, ("a", "b"), problems)]
    return rows, [str(problem) for problem in problems]


def test_columns_may_stand_in_any_order() -> None:
    """The header says which cell is which."""
    assert rows_of("b,a\n1,2\n") == ([(2, {"a": "2", "b": "1"})], [])


def test_blank_lines_and_quoted_newlines_keep_the_count() -> None:
    """A row's line is the one on which it begins."""
    rows, problems = rows_of('a,b\r\n\r\n1,"x\r\ny"\r\n,,\r\n2,3\r\n')
    assert [(line, cells["a"]) for line, cells in rows] == [(3, "1"), (6, "2")]
    assert problems == []


def test_a_wrong_header_yields_no_rows() -> None:
    """Every row would be wrong in the same way; the header is said once."""
    assert rows_of("a,c\n1,2\n") == (
        [],
        ["t.csv:1: c: unknown column", "t.csv:1: b: column is missing"],
    )
    assert rows_of("a,b,a\n1,2,3\n") == ([], ["t.csv:1: a: column stands twice"])


def test_an_empty_text_lacks_its_columns() -> None:
    """Nothing at all is a table without columns."""
    assert rows_of("") == ([], ["t.csv:1: a: column is missing", "t.csv:1: b: column is missing"])
