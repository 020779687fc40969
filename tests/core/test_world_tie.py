"""The tie between plan and world: there and back, against the geodesic, and what is wrong with control points."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offer_engine.core.world_tie import FIELD, Tie, fit, tie_at, tie_from
from offer_engine.errors import MapError

FILE = Path("floor.geojson")
WIDE_M, FLAT = 6_378_137.0, 1 / 298.257223563

longitudes = st.floats(-180, 180)
latitudes = st.floats(-75, 75)
turns = st.floats(-math.pi, math.pi)
metres = st.floats(-1000, 1000)


def vincenty(lon: float, lat: float, bearing_rad: float, metres_away: float) -> tuple[float, float]:
    """Where a walk of so many metres leads along a geodesic of WGS84 (Vincenty 1975, the direct problem)."""
    tan_u = (1 - FLAT) * math.tan(math.radians(lat))
    cos_u = 1 / math.hypot(1, tan_u)
    sin_u = tan_u * cos_u
    sin_b, cos_b = math.sin(bearing_rad), math.cos(bearing_rad)
    sigma1, sin_alpha = math.atan2(tan_u, cos_b), cos_u * sin_b
    cos_sq = 1 - sin_alpha**2
    narrow_m = WIDE_M * (1 - FLAT)
    u_sq = cos_sq * (WIDE_M**2 - narrow_m**2) / narrow_m**2
    a = 1 + u_sq / 16384 * (4096 + u_sq * (-768 + u_sq * (320 - 175 * u_sq)))
    b = u_sq / 1024 * (256 + u_sq * (-128 + u_sq * (74 - 47 * u_sq)))
    sigma = metres_away / (narrow_m * a)
    for _ in range(8):
        twice = math.cos(2 * sigma1 + sigma)
        inner = math.cos(sigma) * (-1 + 2 * twice**2)
        outer = b / 6 * twice * (-3 + 4 * math.sin(sigma) ** 2) * (-3 + 4 * twice**2)
        sigma = metres_away / (narrow_m * a) + b * math.sin(sigma) * (twice + b / 4 * (inner - outer))
    sin_s, cos_s = math.sin(sigma), math.cos(sigma)
    below = (1 - FLAT) * math.hypot(sin_alpha, sin_u * sin_s - cos_u * cos_s * cos_b)
    lat_there = math.atan2(sin_u * cos_s + cos_u * sin_s * cos_b, below)
    away = math.atan2(sin_s * sin_b, cos_u * cos_s - sin_u * sin_s * cos_b)
    c = FLAT / 16 * cos_sq * (4 + FLAT * (4 - 3 * cos_sq))
    twice = math.cos(2 * sigma1 + sigma)
    away -= (1 - c) * FLAT * sin_alpha * (sigma + c * sin_s * (twice + c * cos_s * (-1 + 2 * twice**2)))
    return math.remainder(lon + math.degrees(away), 360), math.degrees(lat_there)


def problem_with(points: object) -> str:
    """What is said about control points that cannot be used."""
    with pytest.raises(MapError) as caught:
        tie_from(points, FILE, 5)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.field) == (FILE, 5, FIELD)
    return problem.message


def seen_from(tie: Tie, *places: tuple[float, float]) -> list[object]:
    """Control points, as a file has them, for places on the plan."""
    return [list(point) for x, y in places for point in (tie.to_world(x, y), (x, y))]


@given(lon=longitudes, lat=latitudes, turn=turns, x=metres, y=metres)
def test_there_and_back_is_the_same_place(lon: float, lat: float, turn: float, x: float, y: float) -> None:
    """Plan to world to plan moves no point of a store by a micrometre, wherever it stands and however it is turned."""
    tie = tie_at(lon, lat, bearing_rad=turn)
    assert math.dist(tie.to_local(*tie.to_world(x, y)), (x, y)) < 1e-6


@given(lon=longitudes, lat=latitudes, bearing=turns)
def test_a_walk_of_150_m_ends_where_the_geodesic_does(lon: float, lat: float, bearing: float) -> None:
    """Against Vincenty's formulas, which share nothing with ours, 150 m are right to a tenth of a millimetre."""
    tie = tie_at(lon, lat)
    there = tie.to_local(*vincenty(lon, lat, bearing, 150.0))
    assert math.dist(there, (150 * math.sin(bearing), 150 * math.cos(bearing))) < 1e-4


@given(lon=longitudes, lat=latitudes, turn=turns, x=metres, y=metres)
def test_control_points_bring_back_the_tie_they_came_from(
    lon: float, lat: float, turn: float, x: float, y: float
) -> None:
    """Three exact control points put any place of a 100 m store where it was to within a millimetre."""
    tie = tie_at(lon, lat, bearing_rad=turn)
    found = tie_from(seen_from(tie, (0, 0), (100, 0), (0, 60)), FILE)
    x, y = x / 10, y / 10
    assert math.dist(found.to_local(*tie.to_world(x, y)), (x, y)) < 1e-3


@given(st.lists(st.tuples(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1)), min_size=4, max_size=4))
def test_errors_of_the_points_are_shared_out(errors: list[tuple[float, float]]) -> None:
    """Four corners, each measured within 10 cm a side, leave no place of the store more than 30 cm off."""
    tie = tie_at(13.37, 52.51, bearing_rad=0.4)
    corners = [(0.0, 0.0), (48.0, 0.0), (48.0, 34.0), (0.0, 34.0)]
    measured = [(tie.to_world(x, y), (x + dx, y + dy)) for (x, y), (dx, dy) in zip(corners, errors, strict=True)]
    found = fit(measured)
    assert all(math.dist(found.to_local(*tie.to_world(x, y)), (x, y)) < 0.3 for x, y in [*corners, (24, 17)])


def test_the_date_line_is_no_border() -> None:
    """A store in Fiji with one wall on either side of the antimeridian is tied like any other."""
    tie = tie_from(seen_from(tie_at(180.0, -16.8), (-20, 0), (20, 0), (0, 30)), FILE)
    assert tie.to_local(-179.9999, -16.8)[0] == pytest.approx(10.66, abs=0.01)


IN_METRES = "x and y are metres, and each follows the longitude and latitude of the same place"
FOURTH = "point 4 does not fit the others, which agree; measure again which place on the plan it is"
MIRRORED = "the plan is mirrored: seen from above, y points to the left of x"
CORNERS = seen_from(tie_at(13.37, 52.51), (0, 0), (48, 0), (0, 34))


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (None, "must be pairs of points, [[lon, lat], [x, y], ...], not null"),
        ([[13.37, 52.51]], "must be pairs of points, [[lon, lat], [x, y], ...], not [[13.37, 52.51]]"),
        ([], "holds 0 point(s); two are needed, and a third shows mistakes of the others"),
        (CORNERS[:2], "holds 1 point(s); two are needed, and a third shows mistakes of the others"),
        ([[13.37, True], [0, 0]], "must hold points of two numbers, not [13.37, true]"),
        ([[13.37, 52.51], [0]], "must hold points of two numbers, not [0]"),
        ([[13.37, 99], [0, 0]], "must name places as [longitude, latitude] in degrees, up to 85, not [13.37, 99]"),
        (CORNERS[:2] * 2, "its points are one place; take places as far apart as the store allows"),
        (
            [*CORNERS[:3], [4800, 0], CORNERS[4], [0, 3400]],
            "makes a metre on the ground 100.000 m on the plan, more than 1% off; " + IN_METRES,
        ),
        (
            [*CORNERS[:3], [-48, 0], *CORNERS[4:]],
            "makes a metre on the ground 0.577 m on the plan, more than 1% off; " + MIRRORED,
        ),
        (
            [[52.51, 13.37], [0, 0], [52.51, 13.3707066], [48, 0], [52.5103056, 13.37], [0, 34]],
            "makes a metre on the ground 0.469 m on the plan, more than 1% off; longitude comes before latitude",
        ),
        (
            [*CORNERS, CORNERS[2], [51, 3]],
            "makes a metre on the ground 1.015 m on the plan, more than 1% off; " + FOURTH,
        ),
        (
            [*CORNERS, list(tie_at(13.37, 52.51).to_world(48, 34)), [46.3, 36.4]],
            "puts point 4 on the plan 1.5 m from where it should be; measure again which place on the plan it is",
        ),
    ],
)
def test_a_mistake_in_the_points_is_named(points: object, expected: str) -> None:
    """Each mistake that control points can hold comes out as one problem that says what to mend."""
    assert problem_with(points) == expected
