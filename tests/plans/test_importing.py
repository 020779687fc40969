"""Drawings from elsewhere become floor plans: the frame that is laid, what is taken, put in, and left out."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offer_engine.core.floor_checks import check_floor
from offer_engine.core.floor_parse import Floor, parse_floor
from offer_engine.core.world_tie import tie_at
from offer_engine.errors import MapError, Problem
from offer_engine.plans.importing import ImportedPlan, import_plan
from tests.plans.drawn import archive, box, collection, feature, grocer, line, point, polygon
from tests.spoilt import spoilt


def floor_of(imported: ImportedPlan) -> tuple[Floor, list[str]]:
    """The plan as the engine reads it, and what is wrong with it."""
    problems: list[Problem] = []
    floor = parse_floor(imported.text, Path("floor.geojson"), problems)
    check_floor(floor, problems)
    return floor, [str(problem) for problem in problems]


@pytest.fixture
def imported(tmp_path: Path) -> ImportedPlan:
    """The grocer's archive, imported."""
    return import_plan(archive(tmp_path / "grocer.zip", grocer()), name="mill")


def test_an_imdf_archive_becomes_a_plan_without_problems(imported: ImportedPlan) -> None:
    """The grocer of an IMDF tool can be walked in at once: nothing is left to mend by hand."""
    floor, problems = floor_of(imported)
    assert problems == []
    assert imported.label == "Old Mill Grocer"
    assert {zone.key: (zone.label, zone.kind) for zone in floor.zones.values()} == {
        "tea": ("Tea", "dept"),
        "cheese-wine": ("Cheese & wine", "dept"),
        "offers": ("Offers", "promo"),
    }
    assert sorted((fixture.key, fixture.kind) for fixture in floor.fixtures.values()) == [
        ("fixture", "gondola"),
        ("fixture-2", "counter"),
        ("fixture-3", "counter"),
        ("kiosk", "counter"),
        ("store", "wall"),
    ]
    assert [(door.label, door.direction) for door in floor.openings.values()] == [("Door", "both")]


def test_the_frame_begins_in_a_corner_and_runs_along_the_longest_wall(imported: ImportedPlan) -> None:
    """A store that stands askew in its town comes out straight, to the centimetre of the drawing's degrees."""
    floor, _ = floor_of(imported)
    assert floor.level is not None
    assert floor.tie is not None
    assert floor.level.bounds == pytest.approx((0, 0, 30, 20), abs=0.02)
    assert floor.fixtures["fixture"].area.bounds == pytest.approx((10, 8, 20, 9), abs=0.02)
    assert floor.tie.to_world(0, 0) == pytest.approx((-0.1276, 51.5072), abs=2e-7)


def test_another_level_can_be_chosen(tmp_path: Path) -> None:
    """By ordinal or by name; what stands on the ground floor then is what is left out."""
    path = archive(tmp_path / "grocer.zip", grocer())
    for level in ("1", "Upper", "L1"):
        floor, _ = floor_of(import_plan(path, name="mill", level=level))
        assert [(zone.key, zone.floor) for zone in floor.zones.values()] == [("cafe", 1)]
    with pytest.raises(
        MapError, match=r"has no single level 'Roof': choose with --level one of 0 \(Ground\); 1 \(Upper\)"
    ):
        import_plan(path, name="mill", level="Roof")


def test_importing_twice_gives_the_same_plan(tmp_path: Path) -> None:
    """Ids and keys are made from the drawing, not drawn by lot."""
    path = archive(tmp_path / "grocer.zip", grocer())
    assert import_plan(path, name="mill") == import_plan(path, name="mill")


def test_a_drawing_of_a_gis_is_read_as_it_writes(tmp_path: Path) -> None:
    """QGIS keeps the type among the properties, writes objects as text, and gives every feature every column."""
    flat = [
        feature("", polygon(box(0, 0, 20, 30)), kind=None, name=None, feature_type="level"),
        feature("", polygon(box(2, 2, 9, 9)), kind="dept", name='{ "en": "Tea" }', feature_type="geofence"),
        feature("", polygon(box(11, 2, 18, 9)), kind="aisle", name="Coffee", feature_type="geofence"),
        feature("", line((9, 0), (11, 0)), kind=None, name="Front", feature_type="opening"),
        feature("", point(10, 10), kind=None, name=None, feature_type="x-beacon"),
        feature("", polygon(box(0, 0, 1, 1)), kind=None, name="?"),
    ]
    for found in flat:
        del found["feature_type"]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    path = tmp_path / "plan.geojson"
    path.write_text(collection(flat, crs=crs))
    imported = import_plan(path, name="tea")
    floor, problems = floor_of(imported)
    assert problems == []
    assert [(zone.key, zone.label, zone.kind) for zone in floor.zones.values()] == [
        ("tea", "Tea", "dept"),
        ("coffee", "Coffee", "aisle"),
    ]
    assert (floor.gateways["x-beacon"].z_m, floor.gateways["x-beacon"].rssi_1m_dbm) == (3.0, -59)
    types = "fixture, geofence, kiosk, level, opening, section, unit, x-beacon"
    assert [problem.message for problem in imported.left] == [f"has no feature_type; give it one of {types}"]


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (
            [],
            "has no level, the outline of the sales floor; give its feature the feature_type 'level'. Found: no feat",
        ),
        ([feature("unit", polygon(box(0, 0, 5, 5)))] * 2, "Found: 2 × unit"),
        ([feature("level", polygon(box(0, 0, 5, 5), box(6, 6, 9, 9)))], "must be one Polygon, not a MultiPolygon"),
        ([feature("level", None)], "must be one Polygon, not nothing"),
        (
            [feature("level", polygon(box(0, 0, 5, 5)), "a", ordinal=7)] * 2,
            "has several levels: choose with --level one of 7",
        ),
    ],
)
def test_a_drawing_without_one_level_is_refused(
    tmp_path: Path, features: list[dict[str, object]], message: str
) -> None:
    """Without an outline there is no floor; the message says what was found instead."""
    path = tmp_path / "plan.geojson"
    path.write_text(collection(features))
    with pytest.raises(MapError) as caught:
        import_plan(path, name="x")
    assert message in str(caught.value)


@given(
    lon=st.floats(-180, 180),
    lat=st.floats(-70, 70),
    turn=st.floats(-math.pi, math.pi),
    wide=st.floats(5, 120),
    deep=st.floats(5, 120),
)
def test_any_rectangle_anywhere_comes_out_straight(
    tmp_path_factory: pytest.TempPathFactory, lon: float, lat: float, turn: float, wide: float, deep: float
) -> None:
    """Wherever a store stands and however it is turned, its longest wall lies along x and its corner at the origin."""
    tie = tie_at(lon, lat, bearing_rad=turn)
    path = tmp_path_factory.mktemp("anywhere") / "plan.geojson"
    path.write_text(collection([feature("level", polygon(box(0, 0, wide, deep), tie=tie), "L")]))
    (level,) = json.loads(import_plan(path, name="x").text)["features"]
    corners = [tuple(corner) for corner in level["geometry"]["coordinates"][0]]
    east, north = max(x for x, _ in corners), max(y for _, y in corners)
    assert (min(x for x, _ in corners), min(y for _, y in corners)) == pytest.approx((0, 0), abs=1e-3)
    assert (east, north) == pytest.approx((max(wide, deep), min(wide, deep)), abs=0.1)


@given(spoilt(grocer()))
def test_a_drawing_with_something_wrong_in_it_never_ends_in_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, features: object
) -> None:
    """Whatever one value of it is, the drawing is imported without it, or refused with the reason."""
    path = tmp_path_factory.mktemp("spoilt") / "plan.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    try:
        taken = import_plan(path, name="x").taken
    except MapError:
        taken = {"level": 1}
    assert taken["level"] == 1
