"""Reading a record field by field: the value, or a problem and a stand-in."""

from pathlib import Path

import pytest

from offer_engine.core.record import Record
from offer_engine.errors import Problem


def record_of(*, is_text: bool = False, **values: object) -> Record:
    """A record of these fields on line 7."""
    return Record(Path("f"), 7, values, [], is_text=is_text)


def test_a_wrong_field_is_noted_and_reading_goes_on() -> None:
    """The stand-in is in range, so that whatever comes next can be checked too."""
    record = record_of(a="x", b=3)
    assert (record.whole("a", 1, 9), record.whole("b", 1, 9), record.whole("c", 1, 9)) == (1, 3, 1)
    assert record.problems == [
        Problem(Path("f"), 7, "a", "must be a whole number from 1 to 9, not 'x'"),
        Problem(Path("f"), 7, "c", "is missing"),
    ]


@pytest.mark.parametrize("text", ["1", " 1 ", "+1", "01"])
def test_a_cell_may_spell_a_whole_number_its_way(text: str) -> None:
    """Spreadsheets pad and sign."""
    record = record_of(is_text=True, n=text)
    assert (record.whole("n", 0, 9), record.problems) == (1, [])


@pytest.mark.parametrize("text", ["1.0", "1e0", "0x1", "1_0", "²", "nan", "10" * 30])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    """Nothing is rounded or guessed."""
    record = record_of(is_text=True, n=text)
    assert record.whole("n", 0, 9) == 0
    assert len(record.problems) == 1


@pytest.mark.parametrize("value", [True, float("nan"), float("inf"), "1", None, [1]])
def test_what_is_no_number_is_refused(value: object) -> None:
    """A truth is not 1, and NaN compares with nothing."""
    record = record_of(n=value)
    assert record.number("n", 0.5, 9) == 0.5
    assert len(record.problems) == 1


def test_defaults_stand_for_missing_fields_only() -> None:
    """A field that is there and wrong is wrong, default or not."""
    record = record_of(there=99)
    assert record.whole("absent", 1, 9, default=5) == 5
    assert record.problems == []
    assert record.whole("there", 1, 9, default=5) == 1
    assert len(record.problems) == 1


def test_lists_hold_different_known_words() -> None:
    """A repeated word, a number and an unknown word are each noted."""
    assert record_of(words=["a", "b"]).words("words", ("a", "b"), "letter") == ("a", "b")
    for wrong in (["a", "a"], ["a", 1], ["c"], "a"):
        record = record_of(words=wrong)
        record.words("words", ("a", "b"), "letter")
        assert len(record.problems) == 1, wrong


def test_fields_nobody_asked_for_are_unknown() -> None:
    """The likeliest of the fields that were asked for is suggested."""
    record = record_of(lable="x", note="y")
    record.text("label", default="")
    record.ignore("note")
    record.finish()
    assert [problem.message for problem in record.problems] == ["unknown field; did you mean 'label'?"]


def test_a_problem_names_the_field_s_own_line() -> None:
    """Where the line of a single field is known, it is the one."""
    record = Record(Path("f"), 7, {"n": "x"}, [], lines={"n": 9}, prefix="policy.")
    record.number("n", 0, 1)
    assert str(record.problems[0]) == "f:9: policy.n: must be a number from 0 to 1, not 'x'"


def test_a_long_value_is_quoted_in_part() -> None:
    """A problem stays on one line."""
    record = record_of(n="x" * 500)
    record.number("n", 0, 1)
    assert len(record.problems[0].message) < 100
