"""Names on a plan: each inside its zone, off the shelves and off one another, or a number where none fits."""

import itertools

import pytest
import shapely
from shapely import MultiPolygon, Polygon

from offer_engine.core.context import World
from offer_engine.core.store_map import Zone, ZoneKind
from offer_engine.plans.labels import Lettering, letter, wrappings
from tests.worlds import corner_shop, demo_market


def zone(label: str, area: Polygon, kind: ZoneKind = "dept") -> Zone:
    """A zone as far as its name is concerned."""
    return Zone(label.lower(), label, kind, 0, MultiPolygon([area]), 0, 0, 0, 0.0, 1000)


def only(lettering: Lettering) -> tuple[tuple[str, ...], bool]:
    """The lines of the only label, and whether it stands upright."""
    (label,) = lettering.labels
    return label.lines, label.is_upright


@pytest.mark.parametrize("px", [12.0, 23.0, 44.0])
@pytest.mark.parametrize("world", [demo_market(), corner_shop()], ids=["demo-market", "corner-shop"])
def test_no_name_covers_a_shelf_or_another_name(world: World, px: float) -> None:
    """Both stores, at the scale of a thumbnail, of a page and of a poster."""
    zones = list(world.store.zones.values())
    shelves = [fixture.area for fixture in world.store.fixtures]
    lettering = letter(zones, shelves, [], px)
    assert len(lettering.labels) == sum(len(zone.area.geoms) for zone in zones)
    names = [label for label in lettering.labels if not label.lines[0].isdigit()]
    for label in names:
        assert not any(label.box.intersects(shelf) for shelf in shelves)
        area = next(zone.area for zone in zones if zone.label == " ".join(label.lines))
        assert area.contains(label.box)
    assert not any(one.box.intersects(other.box) for one, other in itertools.combinations(names, 2))
    assert px < 23 or not lettering.numbered


def test_a_narrow_aisle_is_lettered_upright() -> None:
    """A department as narrow may lie, if its name fits that way."""
    narrow = shapely.box(0, 0, 2.5, 8)
    assert only(letter([zone("Tea", narrow, "aisle")], [], [], 24)) == (("Tea",), True)
    assert only(letter([zone("Tea", narrow)], [], [], 24)) == (("Tea",), False)


def test_a_long_name_takes_two_lines() -> None:
    """Before it stands upright, and before it shrinks below what can be read."""
    assert only(letter([zone("Household & cleaning", shapely.box(0, 0, 5, 4))], [], [], 24)) == (
        ("Household", "& cleaning"),
        False,
    )


def test_marks_are_avoided_where_there_is_room() -> None:
    """A receiver in the middle moves the name; in a zone without room to spare it does not."""
    mark = shapely.Point(3, 3).buffer(0.2)
    (label,) = letter([zone("Tea", shapely.box(0, 0, 6, 6))], [], [mark], 24).labels
    assert not label.box.intersects(mark)
    small = shapely.box(0, 0, 1.6, 0.9)
    (label,) = letter([zone("Tea", small)], [], [small], 24).labels
    assert label.lines == ("Tea",)


def test_a_name_that_fits_nowhere_becomes_a_number() -> None:
    """The number is told under the plan, once for a zone of several parts."""
    parts = MultiPolygon([shapely.box(0, 0, 0.8, 0.8), shapely.box(2, 0, 2.8, 0.8)])
    split = Zone("tea", "Tea & coffee", "dept", 0, parts, 0, 0, 0, 0.0, 1000)
    lettering = letter([split, zone("Chocolate", shapely.box(4, 0, 4.2, 0.2))], [], [], 24)
    assert list(lettering.numbered) == ["Tea & coffee", "Chocolate"]
    assert [label.lines for label in lettering.labels] == [("1",), ("1",), ("2",)]


def test_one_word_is_never_broken() -> None:
    """There is nothing to break it at."""
    assert wrappings("Chocolate") == [("Chocolate",)]
