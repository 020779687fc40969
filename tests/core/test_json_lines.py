"""A collection's members and features with their lines, and what is not JSON with its own."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offer_engine.core.json_lines import JsonSyntaxError, parse_collection

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(st.text(max_size=5), VALUES, max_size=4), st.lists(VALUES, max_size=4), st.sampled_from([None, 1])
)
def test_members_are_those_of_the_json_module(
    top: dict[str, object], features: list[object], indent: int | None
) -> None:
    """Whatever the layout, walking the text yields what decoding it whole does."""
    document = {**top, "features": features}
    members = list(parse_collection(json.dumps(document, indent=indent)))
    assert [value for name, value, _ in members if name == "features"] == features
    assert {name: value for name, value, _ in members if name != "features"} == {
        name: value for name, value in top.items() if name != "features"
    }


def test_lines_are_those_on_which_values_begin() -> None:
    """A member's line is its name's; a feature's is its brace's."""
    text = '\n{\n"a":\n1, "features": [{"x":\n2},\n\n{}\n]\n,"b": 2}\n'
    assert [(name, line) for name, _, line in parse_collection(text)] == [
        ("a", 3),
        ("features", 4),
        ("features", 7),
        ("b", 9),
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "expected '{'"),
        ("[]", 1, "expected '{'"),
        ('{"a": 1\n', 2, "expected ','"),
        ('{"a": 1,\n}', 2, "a comma stands before '}'"),
        ('{"features": [\n1,\n]}', 3, "a comma stands before ']'"),
        ('{"features": [\n1\n2]}', 3, "expected ','"),
        ('{"features": [\n{"a" 1}]}', 2, "Expecting ':' delimiter"),
        ('{\n"a": -Infinity}', 2, "-Infinity is not a number in JSON"),
        ('{\n"a": 1}\n{}', 3, "there is more after the closing brace"),
        ("{1: 2}", 1, "a name must be a text"),
    ],
)
def test_what_is_not_json_names_its_line(text: str, line: int, message: str) -> None:
    """A syntax error carries its line and what is wrong."""
    with pytest.raises(JsonSyntaxError) as caught:
        list(parse_collection(text))
    assert (caught.value.line, str(caught.value)) == (line, message)


def test_a_bottomless_nesting_is_refused() -> None:
    """Ten thousand brackets are a broken file, not a crash."""
    with pytest.raises(JsonSyntaxError):
        list(parse_collection('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}"))
