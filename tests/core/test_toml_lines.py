"""Lines of tables and keys, found in text that tries to hide them."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offer_engine.core.toml_lines import TomlSyntaxError, field_lines, line_at, lines_by_table, parse_toml

TRICKY = '''\
# [not.a.table]
label = "a # b = [c"  # = [
"quoted.key" = 1
'it' = """
[inside]
x = "a string \\""" of several lines"""
list = [
  "one",  # ]
  { a = 1, b = "]" },
]
dotted.key = 2
[table]
raw = \'\'\'
[[inside]]
\'\'\'
[table.sub]  # with a comment
a = {b = 1}
[[offer]]
id = "first"
[offer.extra]
deep = true
[[offer.step]]
n = 1
[[offer.step]]
n = 2
[[offer]]
id = "second"
'''


def test_every_line_is_found() -> None:
    """Strings, comments, arrays and nested tables move no line."""
    values, lines = parse_toml(TRICKY)
    assert values == tomllib.loads(TRICKY)
    assert lines == {
        ("label",): 2,
        ("quoted.key",): 3,
        ("it",): 4,
        ("list",): 7,
        ("dotted", "key"): 11,
        ("table",): 12,
        ("table", "raw"): 13,
        ("table", "sub"): 16,
        ("table", "sub", "a"): 17,
        ("offer", 0): 18,
        ("offer", 0, "id"): 19,
        ("offer", 0, "extra"): 20,
        ("offer", 0, "extra", "deep"): 21,
        ("offer", 0, "step", 0): 22,
        ("offer", 0, "step", 0, "n"): 23,
        ("offer", 0, "step", 1): 24,
        ("offer", 0, "step", 1, "n"): 25,
        ("offer", 1): 26,
        ("offer", 1, "id"): 27,
    }


def test_carriage_returns_move_no_line() -> None:
    """A file from another system counts the same."""
    assert parse_toml(TRICKY.replace("\n", "\r\n"))[1] == parse_toml(TRICKY)[1]


def test_a_path_without_a_line_has_its_holders() -> None:
    """What stands in an inline table is reported on the line of the key that holds it."""
    _, lines = parse_toml(TRICKY)
    assert line_at(lines, ("table", "sub", "a", "b")) == 17
    assert line_at(lines, ("nowhere",)) == 1


def test_the_fields_of_a_table_are_its_own() -> None:
    """Fields of a nested table are not those of the table around it."""
    _, lines = parse_toml(TRICKY)
    assert field_lines(lines, ("offer", 0)) == {"id": 19, "extra": 20}


@pytest.mark.parametrize(
    ("text", "line"), [("a = 1\nb = \nc = 2\n", 2), ("a = 1\n\n[b", 3), ("a = 1\na = 2", 2), ('a = """', 1)]
)
def test_what_is_not_toml_names_its_line(text: str, line: int) -> None:
    """A syntax error carries the line, and a message without it."""
    with pytest.raises(TomlSyntaxError, match=r"^[^(]+$") as caught:
        parse_toml(text)
    assert caught.value.line == line


@given(st.lists(st.sampled_from(["#", "\n", "[x]\n", "[[y]]\n"]), max_size=12))
def test_keys_are_found_after_anything(before: list[str]) -> None:
    """Whatever stands before it, a key's line is the one it stands on."""
    text = "".join(before) + "\n[table]\n\nkey = 1\n"
    try:
        _, lines = parse_toml(text)
    except TomlSyntaxError:
        return  # a table declared twice
    assert lines["table", "key"] == text.count("\n")


def test_all_tables_at_once_are_the_tables_one_by_one() -> None:
    """One pass finds for every table what a search for it alone finds."""
    _, lines = parse_toml(TRICKY)
    found = lines_by_table(lines)
    assert found[()] == {"label": 2, "quoted.key": 3, "it": 4, "list": 7, "table": 12}
    assert all(field_lines(lines, table) == fields for table, fields in found.items())
