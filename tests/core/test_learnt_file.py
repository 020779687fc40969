"""The table of learnt pairings: what is written is read, what is wrong is named, the retailer's own goes first."""

from math import log

import pytest

from offer_engine.core.learnt_file import LEARNT_FILE, learnt_csv
from offer_engine.core.pairing import pairing_table
from offer_engine.core.store_map import Evidence, Pairing
from offer_engine.core.store_parse import parse_store
from offer_engine.errors import MapError
from tests.core.tiny_store import FOLDER, TEXTS, TIMEZONES

HEADER = "when,then,lift,low,high,households\n"
LEARNT = Pairing("red-wine", "lamb", 1.75, "learnt", Evidence(41, 1.125, 2.5))


def problems_with(text: str) -> list[str]:
    """What is said about the tiny store with this table."""
    with pytest.raises(MapError) as refused:
        parse_store({**TEXTS, LEARNT_FILE: text}, FOLDER, timezones=TIMEZONES)
    return [str(problem) for problem in refused.value.problems]


def test_what_is_written_is_read_beside_the_retailer_s_own() -> None:
    """The retailer's pairings first, then the learnt with their evidence; without the file there are none."""
    curated = parse_store(TEXTS, FOLDER, timezones=TIMEZONES).pairings
    store = parse_store({**TEXTS, LEARNT_FILE: learnt_csv([*curated, LEARNT])}, FOLDER, timezones=TIMEZONES)
    assert store.pairings == (*curated, LEARNT)
    assert not any(pairing.evidence for pairing in curated)


def test_the_retailer_s_word_goes_before_what_was_learnt() -> None:
    """For the same pair, whatever was measured; for another, the lower end of the interval counts."""
    curated = Pairing("lamb", "red-wine", 1.5, "curated")
    measured = Pairing("lamb", "red-wine", 9.0, "learnt", Evidence(300, 8.0, 10.0))
    table = pairing_table([measured, curated, LEARNT])
    assert table.by_then == {"red-wine": {"lamb": log(1.5)}, "lamb": {"red-wine": log(1.125)}}
    assert table.learnt == {("red-wine", "lamb")}


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("red-wein,lamb,2,1.5,3,40", "2: when: category or sku 'red-wein' unknown; did you mean 'red-wine'?"),
        ("lamb,lamb,2,1.5,3,40", "2: then: 'lamb' cannot be paired with itself"),
        ("red-wine,lamb,0.5,1.5,3,40", "2: lift: must be a number from 1 to 100000, not '0.5'"),
        ("red-wine,lamb,4,1.5,3,40", "2: lift: must lie in its interval, from low to high: 1.5 to 3"),
        ("red-wine,lamb,2,1.5,3,0", "2: households: must be a whole number from 1 to 1000000000, not 0"),
        ("red-wine,lamb,2,1.5,3", "2: has 5 cells where the header has 6; quote a text that holds a comma"),
        (
            "red-wine,lamb,2,1.5,3,40\nred-wine,lamb,2,1.5,3,40",
            "3: 'red-wine' with 'lamb' stands on line 2 too; keep one",
        ),
    ],
)
def test_a_bad_table_refuses_the_store_with_line_and_field(row: str, problem: str) -> None:
    """Like every other file of a store: whole or not at all."""
    assert problems_with(f"{HEADER}{row}\n") == [f"tiny/{LEARNT_FILE}:{problem}"]


def test_a_table_without_its_header_is_refused() -> None:
    """Columns are named, so that nobody's lift is read as a count."""
    assert f"tiny/{LEARNT_FILE}:1: households: column is missing" in problems_with("when,then,lift,low,high\n")
