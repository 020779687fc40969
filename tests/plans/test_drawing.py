"""A plan as a drawing: well-formed, complete, to scale, with its mistakes in red."""

import json
import math
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from offer_engine.core.floor_checks import check_floor
from offer_engine.core.floor_parse import Floor, parse_floor
from offer_engine.core.world_tie import tie_at
from offer_engine.errors import Problem
from offer_engine.plans.drawing import Plan, north_up, plan_of, svg
from offer_engine.plans.look import INKS
from tests.core.tiny_store import FLOOR, edited
from tests.plans.drawn import feature
from tests.worlds import MAPS

SVG = "{http://www.w3.org/2000/svg}"


def read(text: str) -> tuple[Floor, set[int]]:
    """A floor, and the lines on which something is wrong."""
    problems: list[Problem] = []
    floor = parse_floor(text, Path("floor.geojson"), problems)
    check_floor(floor, problems)
    return floor, {problem.line for problem in problems}


def plan(text: str, title: str = "Tiny Store") -> Plan:
    """What is drawn of a plan's text."""
    floor, wrong = read(text)
    assert floor.level is not None
    return plan_of(floor, title, floor.level, wrong)


def market() -> Plan:
    """Northgate Market's."""
    return plan((MAPS / "demo-market" / "floor.geojson").read_text(), "Northgate Market")


def texts(drawing: str) -> list[str]:
    """Everything that is written on a drawing."""
    return ["".join(found.itertext()) for found in ET.fromstring(drawing).iter(f"{SVG}text")]  # noqa: S314  our own


def test_everything_is_on_the_drawing() -> None:
    """Title, counts, every zone's name, the scale and a legend of what there is."""
    written = texts(svg(market()))
    assert written[:3] == ["Northgate Market", "48 × 34 m · 20 zones · 36 fixtures · 30 gateways", "N"]
    for name in ("Wine", "Dairy", "Middle aisle specials", "5 m", "Chilled, frozen", "Shelves", "Gateways"):
        assert name in written
    assert written.count("Pasta & rice") == 2  # an aisle of two parts bears its name on both
    assert "Something is wrong" not in written


def test_the_drawing_is_to_scale() -> None:
    """The bar of five metres is five metres of the plan."""
    drawing = svg(market())
    floor = next(iter(ET.fromstring(drawing).findall(f"{SVG}path")))  # noqa: S314
    corners = [tuple(map(float, part.split())) for part in floor.attrib["d"].strip("MZ").split("L")]
    wide = max(x for x, _ in corners) - min(x for x, _ in corners)
    bar = next(found for found in ET.fromstring(drawing).iter(f"{SVG}path") if "v10m0 -5h" in found.attrib["d"])  # noqa: S314
    long = float(bar.attrib["d"].partition("h")[2].partition("m")[0])
    assert long / wide == pytest.approx(5 / 48, rel=0.01)


def test_a_mistake_is_outlined_in_red() -> None:
    """Where it lies is most of what there is to know; the rest of the plan is drawn all the same."""
    wine = "[[0, 4], [4, 4], [4, 7], [0, 7], [0, 4]]"
    drawing = svg(plan(edited(FLOOR, (wine, "[[0, 4], [6.5, 4], [6.5, 7], [0, 7], [0, 4]]"))))
    assert drawing.count(f'stroke="{INKS["bad"]}" stroke-width="3"') == 1
    assert "Something is wrong" in texts(drawing)


def test_a_door_that_no_zone_names_gets_its_name_outside() -> None:
    """Beside the wall, where it covers nothing."""
    drawing = svg(plan(FLOOR))
    door = next(found for found in ET.fromstring(drawing).iter(f"{SVG}text") if found.text == "Door")  # noqa: S314
    wall = max(float(part.split()[1]) for part in _floor(drawing).strip("MZ").split("L"))
    assert float(door.attrib["y"]) > wall


def _floor(drawing: str) -> str:
    return ET.fromstring(drawing).findall(f"{SVG}path")[0].attrib["d"]  # noqa: S314


def test_a_hypermarket_is_drawn_large_enough_to_read() -> None:
    """At 14 pixels a metre at least, however wide the paper gets."""
    wide = plan(
        edited(FLOOR, ("[[0, 0], [10, 0], [10, 8], [0, 8], [0, 0]]", "[[0, 0], [300, 0], [300, 8], [0, 8], [0, 0]]"))
    )
    assert float(ET.fromstring(svg(wide)).attrib["width"]) == 300 * 14 + 64  # noqa: S314


def small(west: float) -> dict[str, object]:
    """A triangle in which no name fits."""
    return {"type": "Polygon", "coordinates": [[[west, 0.1], [west + 0.2, 0.1], [west + 0.2, 0.3], [west, 0.1]]]}


def name(place: int) -> dict[str, str]:
    """A long one."""
    return {"en": f"A long name, number {place}"}


def test_numbers_are_explained_in_columns_under_the_plan() -> None:
    """Names too long for their zones: every one is told, none beyond the edge of the paper."""
    numbers = dict.fromkeys(("min_inside_ms", "min_dwell_ms", "min_outside_ms", "exit_margin_m"), 0)
    own = {"kind": "promo", "floor": 0, **numbers, "timeout_ms": 1000}
    zones = "".join(
        json.dumps(feature("geofence", small(place / 4), f"N{place}", key=f"n{place}", name=name(place), **own)) + ",\n"
        for place in range(12)
    )
    head = '{"type": "Feature", "id": "D1"'
    drawing = svg(plan(edited(FLOOR, (head, zones + head))))
    notes = [found for found in ET.fromstring(drawing).iter(f"{SVG}text") if "A long name" in (found.text or "")]  # noqa: S314
    assert len(notes) == 12
    assert len({found.attrib["x"] for found in notes}) > 1
    assert max(float(found.attrib["x"]) for found in notes) < float(ET.fromstring(drawing).attrib["width"]) - 100  # noqa: S314


def test_names_cannot_break_the_drawing() -> None:
    """A store may be called what it likes."""
    odd = plan(edited(FLOOR, ('{"en": "Wine"}', '{"en": "<b>W&W</b>"}')), title='"<script>" & Sons')
    written = texts(svg(odd))
    assert written[0] == '"<script>" & Sons'
    assert any("W&W" in text for text in written)


def test_a_plan_can_be_turned_north_up() -> None:
    """A store that stands at half a radian comes out with the needle straight up and its size unchanged."""
    tie = tie_at(13.37, 52.51, bearing_rad=0.5)
    points = [list(point) for x, y in ((0, 0), (10, 0), (0, 8)) for point in (tie.to_world(x, y), (x, y))]
    head = f'"schema": "store-map/1", "georeference": {{"ground_control_points": {points}}}'
    turned = plan(edited(FLOOR, ('"schema": "store-map/1"', head)))
    assert turned.north is not None
    assert math.isclose(turned.north.real, math.sin(0.5), abs_tol=1e-6)
    upright = north_up(turned, turned.north)
    assert upright.north == 1j
    assert upright.level.area == pytest.approx(turned.level.area)
    west, _, east, _ = upright.level.bounds
    assert (upright.gateways[0][0] - west) / (east - west) == pytest.approx(0.5)
    assert "rotate(0.00)" in svg(upright)
    assert "rotate(28.65)" in svg(turned)
