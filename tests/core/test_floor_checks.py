"""What no single feature shows: zones outside, over one another, under fixtures or out of reach; doors in no wall."""

import json

import pytest
from hypothesis import given

from tests.core.tiny_store import FLOOR, TEXTS, edited, problems_with
from tests.spoilt import spoilt

_WINE = "[[0, 4], [4, 4], [4, 7], [0, 7], [0, 4]]"
_SHELF = "[[0, 7], [4, 7], [4, 8], [0, 8], [0, 7]]"

CASES = {
    "centimetres": (
        ("[[0, 0], [10, 0], [10, 8], [0, 8], [0, 0]]", "[[0, 0], [4800, 0], [4800, 3400], [0, 3400], [0, 0]]"),
        "2: geometry: the level measures 4800 by 3400; coordinates are metres, and a side must be from 2 to 1000",
    ),
    "degrees": (
        ("[[0, 0], [10, 0], [10, 8], [0, 8], [0, 0]]", "[[0, 0], [0.01, 0], [0.01, 0.01], [0, 0.01], [0, 0]]"),
        (
            "2: geometry: the level measures 0.01 by 0.01; coordinates are metres, and a side must be from 2 to 1000; "
            "these look like degrees, of which `python -m offer_engine map import` makes metres"
        ),
    ),
    "a zone outside": (
        (_WINE, "[[-1, 4], [4, 4], [4, 7], [-1, 7], [-1, 4]]"),
        "4: geometry: zone 'wine' lies 3.0 m2 outside the level",
    ),
    "a fixture outside": (
        (_SHELF, "[[0, 7], [4, 7], [4, 9], [0, 9], [0, 7]]"),
        "3: geometry: fixture 'shelf' lies 4.0 m2 outside the level",
    ),
    "two departments over one another": (
        (_WINE, "[[0, 4], [6.5, 4], [6.5, 7], [0, 7], [0, 4]]"),
        "5: geometry: zone 'meat' overlaps zone 'wine' by 1.5 m2; only promo zones may",
    ),
    "a fixture of no zone": (
        ('"zone": "wine"', '"zone": "wines"'),
        "3: properties.zone: zone 'wines' unknown; did you mean 'wine'?",
    ),
    "a zone under a fixture": (
        (_SHELF, "[[0, 3.5], [4.5, 3.5], [4.5, 8], [0, 8], [0, 3.5]]"),
        "4: geometry: zone 'wine' lies wholly under fixtures; nobody can stand in it",
    ),
    "a zone that is walled in": (
        (_SHELF, "[[0, 3], [4.6, 3], [4.6, 8], [4.4, 8], [4.4, 3.2], [0, 3.2], [0, 3]]"),
        "4: geometry: zone 'wine' cannot be walked to from an entrance; fixtures stand in the way",
    ),
    "a door in no wall": (
        ("[[4, 0], [6, 0]]", "[[4, 2], [6, 2]]"),
        "7: geometry: opening 'door' stands 2.0 m off the level's outline; doors are in its walls",
    ),
    "no way out": (
        ('"direction": "both"', '"direction": "in"'),
        "0: features: there is no opening to go out by; one needs the direction 'out' or 'both'",
    ),
    "a gateway far away": (
        ("[5, 4]}", "[50, 4]}"),
        "8: geometry: gateway 'b1' is 40 m off the level",
    ),
}


@pytest.mark.parametrize(("edit", "expected"), CASES.values(), ids=CASES.keys())
def test_floor_is_refused_with(edit: tuple[str, str], expected: str) -> None:
    """Each mistake of the floor comes out as just its own problem, on the line of the feature to move."""
    whole = f"tiny/floor.geojson:{expected}".replace(":0:", ":")
    assert problems_with({**TEXTS, "floor.geojson": edited(FLOOR, edit)}) == [whole]


def test_an_exit_that_cannot_be_reached_is_named() -> None:
    """A second door behind a shelf is no way out."""
    behind = edited(
        FLOOR,
        (_SHELF, "[[0, 3], [4.6, 3], [4.6, 8], [4.4, 8], [4.4, 3.2], [0, 3.2], [0, 3]]"),
        (
            '"x-beacon", "geometry": {"type": "Point", "coordinates": [5, 4]}',
            '"opening", "geometry": {"type": "LineString", "coordinates": [[0, 5], [0, 6]]}',
        ),
        ('"z_m": 3.0, "rssi_1m_dbm": -59', '"name": {"en": "Back door"}, "direction": "out"'),
    )
    assert problems_with({**TEXTS, "floor.geojson": behind}) == [
        "tiny/floor.geojson:8: geometry: opening 'b1' cannot be walked to from an entrance; fixtures stand in the way",
        "tiny/floor.geojson:4: geometry: zone 'wine' cannot be walked to from an entrance; fixtures stand in the way",
    ]


def test_a_plan_rounded_to_the_centimetre_is_no_mistake() -> None:
    """A centimetre over a neighbour, or out of the level, comes of rounding degrees; three are meant."""
    meat = "[[6, 4], [10, 4], [10, 8], [6, 8], [6, 4]]"
    rounded = "[[3.99, 4], [10.01, 4], [10.01, 8], [3.99, 8], [3.99, 4]]"
    meant = "[[3.97, 4], [10.03, 4], [10.03, 8], [3.97, 8], [3.97, 4]]"
    assert problems_with({**TEXTS, "floor.geojson": edited(FLOOR, (meat, rounded))}) == []
    assert len(problems_with({**TEXTS, "floor.geojson": edited(FLOOR, (meat, meant))})) == 2


def test_promotions_may_lie_over_departments() -> None:
    """The tiny store's promotion lies over both of its departments, and that is fine."""
    assert problems_with(TEXTS) == []


def test_a_floor_without_usable_departments_is_checked_all_the_same() -> None:
    """When every zone is misspelt, each is named, and the rest of the plan is still looked at."""
    broken = FLOOR.replace('"kind": "dept"', '"kind": "department"').replace("[[4, 0], [6, 0]]", "[[4, 2], [6, 2]]")
    problems = problems_with({**TEXTS, "floor.geojson": broken})
    assert [problem.split(": ")[1] for problem in problems] == ["properties.kind", "properties.kind", "geometry"]


@given(spoilt(json.loads(FLOOR)))
def test_a_floor_with_something_wrong_in_it_never_ends_in_a_traceback(floor: object) -> None:
    """Whatever one value of it is, the plan is taken or its problems are listed, on lines that there are."""
    problems = problems_with({**TEXTS, "floor.geojson": json.dumps(floor, indent=0)})
    assert all(problem.startswith("tiny/") for problem in problems)
