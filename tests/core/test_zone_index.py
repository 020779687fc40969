"""The raster answers exactly what a point-in-polygon test would, with shapely as the oracle."""

import random
from collections.abc import Mapping

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, STRtree

from offer_engine.core.zone_index import compile_areas, compile_zones
from tests.core.worlds import STORE

RING = Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(3, 3), (6, 3), (6, 6), (3, 6)]])
AREAS: Mapping[str, MultiPolygon] = {
    "ring": MultiPolygon([RING]),
    "two": MultiPolygon([shapely.box(1, 1, 2.2, 2.2), shapely.box(4, 4, 5, 5)]),
    "slanted": MultiPolygon([Polygon([(0.3, 8.7), (4.1, 5.2), (11.7, 10.9), (2.2, 12.1)])]),
}
INDEX = compile_areas(AREAS)


def covering(areas: Mapping[str, MultiPolygon], x: float, y: float) -> tuple[str, ...]:
    """The oracle: keys of the areas that hold the point, edges included."""
    return tuple(key for key in sorted(areas) if areas[key].covers(shapely.Point(x, y)))


@given(st.floats(-3, 15), st.floats(-3, 15))
def test_a_point_is_found_where_shapely_finds_it(x: float, y: float) -> None:
    """Areas with holes, in several parts, slanted, overlapping, and the floor around them."""
    assert INDEX.at(x, y) == covering(AREAS, x, y)


@given(st.sampled_from([n / 2 for n in range(-2, 28)]), st.sampled_from([n / 2 for n in range(-2, 28)]))
def test_points_on_the_raster_s_own_lines_are_found(x: float, y: float) -> None:
    """Cell corners are where a raster errs first."""
    assert INDEX.at(x, y) == covering(AREAS, x, y)


@pytest.mark.parametrize("cell_m", [0.1, 0.3, 0.5, 0.7, 1.1])
@pytest.mark.parametrize("offset_m", [0.0, 0.1, -7.3])
def test_an_edge_is_inside_whatever_the_width_of_a_cell(cell_m: float, offset_m: float) -> None:
    """Areas are closed: every corner of an area, and the middle of every straight edge, is in it."""
    low, high = offset_m, offset_m + 0.3
    index = compile_areas({"a": MultiPolygon([shapely.box(low, low, high, high)])}, cell_m=cell_m)
    middle = (low + high) / 2
    edge = [(x, y) for x in (low, middle, high) for y in (low, middle, high)]
    assert [point for point in edge if index.at(*point) != ("a",)] == []


def test_a_hole_is_outside_and_its_edge_is_inside() -> None:
    """A pillar in the middle of a department is no part of it, its rim is."""
    ring = compile_areas({"ring": AREAS["ring"]})
    assert [ring.at(x, y) for x, y in ((4.5, 4.5), (3, 4.5), (2.9, 4.5))] == [(), ("ring",), ("ring",)]


@pytest.mark.parametrize(("x", "y"), [(1e9, 0), (-1e9, 0), (0, 1e9), (0, -1e9), (-1e-9, 0)])
def test_outside_the_raster_is_nowhere(x: float, y: float) -> None:
    """Points far away, or just beyond the first cell, are in no area and raise nothing."""
    assert INDEX.at(x, y) == ()


def test_a_floor_without_zones_has_no_place() -> None:
    """A map under construction."""
    assert compile_areas({}).at(0, 0) == ()


def test_two_thousand_zones_answer_as_exactly() -> None:
    """A chain's flagship: 2,000 zones of odd sizes, asked at 2,000 points, against an STRtree."""
    rng = random.Random(7)
    corners = [(rng.uniform(0, 200), rng.uniform(0, 100)) for _ in range(2000)]
    boxes = [shapely.box(x, y, x + rng.uniform(0.2, 4), y + rng.uniform(0.2, 4)) for x, y in corners]
    index = compile_areas({f"z{n:04}": MultiPolygon([box]) for n, box in enumerate(boxes)})
    tree = STRtree(boxes)
    for _ in range(2000):
        point = shapely.Point(rng.uniform(-1, 205), rng.uniform(-1, 105))
        found = sorted(f"z{n:04}" for n in tree.query(point, predicate="intersects"))
        assert list(index.at(point.x, point.y)) == found


@given(st.floats(-4, 14), st.floats(-2, 12))
def test_near_is_within_the_exit_margin(x: float, y: float) -> None:
    """Near a zone means at most its margin away; round corners are drawn 2 % of the margin too tight."""
    index = compile_zones(STORE.zones)
    near = index.near.at(x, y)
    assert set(index.inside.at(x, y)) <= set(near)
    for key, zone in STORE.zones.items():
        away_m = zone.area.distance(shapely.Point(x, y))
        if away_m < 0.98 * zone.exit_margin_m:
            assert key in near
        elif away_m > zone.exit_margin_m + 1e-9:
            assert key not in near


# --- ways across ------------------------------------------------------------------------------------------------------

PLACES = st.floats(-3, 15)


def met(x1: float, y1: float, x2: float, y2: float) -> dict[str, bool]:
    """The oracle: whether the way meets each area; areas that it touches or misses by a rounding are left out."""
    way = shapely.LineString([(x1, y1), (x2, y2)])
    return {
        key: way.intersects(area)
        for key, area in AREAS.items()
        if way.intersects(area.buffer(-1e-7)) or not way.intersects(area.buffer(1e-7))
    }


@given(PLACES, PLACES, PLACES, PLACES)
def test_a_way_meets_what_shapely_says(x1: float, y1: float, x2: float, y2: float) -> None:
    """Long ways and short, across holes and slanted edges, beginning or ending inside, or beyond the raster."""
    found = INDEX.crossed(x1, y1, x2, y2)
    assert list(found) == sorted(found)
    assert {key: key in found for key in met(x1, y1, x2, y2)} == met(x1, y1, x2, y2)


@given(PLACES, PLACES, PLACES, PLACES)
def test_a_way_back_meets_the_same(x1: float, y1: float, x2: float, y2: float) -> None:
    """There is no direction in it."""
    assert INDEX.crossed(x1, y1, x2, y2) == INDEX.crossed(x2, y2, x1, y1)


@pytest.mark.parametrize("cell_m", [0.1, 0.5, 1.1])
@pytest.mark.parametrize("way", [(2, -1, 2, 9), (-1, 4, 9, 4), (0, 0, 4, 4), (4, 0, 4, 8), (-2, 2, 2, -2)])
def test_a_way_along_an_edge_or_by_a_corner_meets(cell_m: float, way: tuple[float, float, float, float]) -> None:
    """Areas are closed, also for ways: straight through, along an edge, and just touching a corner."""
    index = compile_areas({"box": MultiPolygon([shapely.box(0, 0, 4, 4)])}, cell_m=cell_m)
    assert index.crossed(*way) == ("box",)
