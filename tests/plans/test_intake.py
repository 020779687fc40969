"""What a store has no use for is left out and listed; what a drawing lacks is put in and said."""

from pathlib import Path

import pytest

from offer_engine.plans import imdf_words
from offer_engine.plans.importing import ImportedPlan, import_plan
from tests.plans.drawn import archive, box, collection, feature, grocer, line, point, polygon


@pytest.fixture
def imported(tmp_path: Path) -> ImportedPlan:
    """The grocer's archive, imported."""
    return import_plan(archive(tmp_path / "grocer.zip", grocer()), name="mill")


def test_what_was_put_in_is_said(imported: ImportedPlan) -> None:
    """Every default is named with how often it was used."""
    numbers = "min_inside_ms 4000, min_dwell_ms 5000, min_outside_ms 3000, exit_margin_m 1, timeout_ms 20000"
    assert imported.assumed == {
        "fixture without a kind of shelf: taken for a gondola": 1,
        "fixture without a kind of shelf: taken for a counter": 1,
        "kiosk without a kind of shelf: taken for a counter": 1,
        "unit without a kind of shelf: taken for a wall": 1,
        "zone without a kind: taken for kind 'dept'": 2,
        "zone without a kind: taken for kind 'promo', since it lies over another": 1,
        f"zone without all its numbers: those missing are {numbers}": 3,
        "geofence that reached out of the level: cut at its outline": 1,
        "door without a direction: taken for a way in and out": 1,
    }


def test_what_was_left_out_is_listed_with_its_place(imported: ImportedPlan) -> None:
    """Nothing that somebody drew is dropped in silence."""
    left = {(problem.file.name, problem.line): problem.message for problem in imported.left}
    assert left["venue.geojson", 2] == imdf_words.UNUSED["venue"]
    assert left["unit.geojson", 2] == "covers nearly the whole level; zones are parts of it"
    assert left["unit.geojson", 5] == "floor to walk on, without a name that would make it a zone"
    assert left["unit.geojson", 6] == "stands on another level"
    assert left["level.geojson", 3] == "another level; each level is a plan of its own, and --level chooses"
    assert left["opening.geojson", 3].startswith("a door inside the store")
    assert left["opening.geojson", 4] == "category 'emergencyexit': not a door for shoppers"
    assert left["amenity.geojson", 2] == imdf_words.UNUSED["amenity"]


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (feature("fixture", point(1, 1)), "must be a Polygon, not a Point"),
        (feature("fixture", None), "must be a Polygon, not nothing"),
        (feature("opening", point(1, 1)), "must be a LineString, not a Point"),
        (feature("x-beacon", line((1, 1), (2, 2))), "must be a Point, not a LineString"),
        (feature("fixture", polygon(box(50, 50, 60, 60))), "lies outside the level"),
        (feature("shelving", polygon(box(1, 1, 2, 2))), "the type 'shelving' is not known"),
        (feature("detail", line((1, 1), (2, 2))), imdf_words.UNUSED["detail"]),
        (feature("fixture", polygon([(1, 1), (3, 3), (3, 1), (1, 3), (1, 1)])), "is not valid: Self-intersection"),
        (feature("fixture", {"type": "Polygon", "coordinates": 5}), "is not a geometry"),
        (feature("fixture", {"type": "Polygon", "coordinates": []}), "has no coordinates"),
    ],
)
def test_a_feature_that_cannot_be_used_is_left_out(tmp_path: Path, found: dict[str, object], message: str) -> None:
    """One bad feature does not cost the retailer the other hundred."""
    path = tmp_path / "plan.geojson"
    path.write_text(collection([feature("level", polygon(box(0, 0, 20, 30)), "L"), found]))
    (left,) = import_plan(path, name="tea").left
    assert (left.line, left.message[: len(message)]) == (3, message)
