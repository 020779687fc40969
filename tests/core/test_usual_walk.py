"""What is usually still to come is counted as it was walked, written down, and read back or refused by line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offer_engine.core.store_map import Onward
from offer_engine.core.usual_walk import LEAST_VISITS, Pass, learn_walk, parse_walk, walk_csv
from offer_engine.errors import Problem

ZONES = ("bread", "dairy", "wine")
passes = st.lists(st.tuples(st.sampled_from(ZONES), st.sampled_from(["enter", "dwell"])), max_size=6)
HEADER = "from,to,transition,share,visits\n"


def shares(visits: list[list[Pass]]) -> dict[tuple[str, str, str], float]:
    """What is learnt, when every visit was made thirty times."""
    return {(one.zone, one.to, one.transition): one.share for one in learn_walk(visits * LEAST_VISITS)}


def test_who_has_been_there_before_is_not_asked() -> None:
    """Two of three who came by the wine and had no bread yet went for bread later; the fourth had it already."""
    bread: Pass = ("bread", "dwell")
    wine: Pass = ("wine", "dwell")
    visits: list[list[Pass]] = [[wine, bread], [wine, bread], [wine], [bread, wine]]
    found = shares(visits)
    assert found["wine", "bread", "dwell"] == pytest.approx(2 / 3, abs=1e-3)
    assert found["bread", "wine", "dwell"] == 1.0


def test_a_stay_is_still_to_come_for_who_has_just_entered() -> None:
    """Within one zone: of two who entered the wine, one stayed; who was first seen staying says nothing of it."""
    entered: Pass = ("wine", "enter")
    stayed: Pass = ("wine", "dwell")
    assert shares([[entered, stayed], [entered], [stayed]]) == {("wine", "wine", "dwell"): 0.5}


def test_few_visits_say_nothing() -> None:
    """Below thirty a share is a rumour."""
    visits: list[list[Pass]] = [[("wine", "enter"), ("bread", "enter")]]
    assert learn_walk(visits * (LEAST_VISITS - 1)) == []
    assert learn_walk(visits * LEAST_VISITS) == [Onward("wine", "bread", "enter", 1.0, LEAST_VISITS)]


@given(st.lists(passes, max_size=8))
def test_shares_are_shares_and_the_file_keeps_them(visits: list[list[Pass]]) -> None:
    """Whatever was walked: each in (0, 1], of no more visits than there were, and the same when read again."""
    learnt = learn_walk(visits * LEAST_VISITS)
    assert all(0 < one.share <= 1 and LEAST_VISITS <= one.visits <= len(visits) * LEAST_VISITS for one in learnt)
    problems: list[Problem] = []
    assert parse_walk(walk_csv(learnt), Path("walk.csv"), ZONES, problems) == tuple(learnt)
    assert problems == []


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("wines,bread,enter,0.5,40", "walk.csv:2: from: zone 'wines' unknown; did you mean 'wine'?"),
        ("wine,breads,enter,0.5,40", "walk.csv:2: to: zone 'breads' unknown; did you mean 'bread'?"),
        ("wine,bread,exit,0.5,40", "walk.csv:2: transition: must be enter or dwell, not 'exit'"),
        ("wine,bread,enter,50,40", "walk.csv:2: share: must be a number from 0 to 1, not '50'"),
        ("wine,bread,enter,0.5,", "walk.csv:2: visits: is missing"),
        (
            "wine,bread,enter,0.5,40\nwine,bread,enter,0.6,40",
            "walk.csv:3: 'wine' to 'bread' (enter) stands on line 2 too; keep one",
        ),
    ],
)
def test_each_mistake_is_named_by_line(row: str, problem: str) -> None:
    """As in the store's other tables."""
    problems: list[Problem] = []
    parse_walk(f"{HEADER}{row}\n", Path("walk.csv"), ZONES, problems)
    assert [str(found) for found in problems] == [problem]


def test_without_the_floor_zones_are_taken_on_trust() -> None:
    """A floor plan that cannot be read has its own problems; this file gets none for it."""
    problems: list[Problem] = []
    (one,) = parse_walk(f"{HEADER}wine,bread,enter,0.5,40\n", Path("walk.csv"), None, problems)
    assert (one, problems) == (Onward("wine", "bread", "enter", 0.5, 40), [])
