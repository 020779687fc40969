"""What is worth knowing of a plan that is right."""

from pathlib import Path

from offer_engine.core.floor_parse import parse_floor
from offer_engine.plans.survey import survey
from tests.core.tiny_store import FLOOR, edited


def lines(text: str) -> list[str]:
    """The survey of a plan's text."""
    floor = parse_floor(text, Path("floor.geojson"), [])
    assert floor.level is not None
    return survey(floor, floor.level)


def test_the_tiny_store_is_summed_up() -> None:
    """80 m2, of which a shelf of 4 m2 and the room beside it cannot be walked on; the promotion lies over two zones."""
    assert lines(FLOOR) == [
        "floor: 10.0 × 8.0 m, 80 m2, of which 76 m2 to walk on",
        "zones: 3 (2 dept, 1 promo), all reached from an entrance",
        "fixtures: 1 (1 rack)",
        "doors: 1 (1 both)",
        "gateways: 1, one for each 80 m2",
        "on earth: not tied; control points would say where the plan lies (docs/maps.md)",
        "overlap: 'wine' (dept) and 'promo' (promo) share 2.0 m2",
        "overlap: 'meat' (dept) and 'promo' (promo) share 2.0 m2",
    ]


def test_a_plan_without_gateways_or_shelves_says_so() -> None:
    """Both are optional, and either is worth knowing."""
    found = lines(edited(FLOOR, ('"x-beacon"', '"fence"'), ('"feature_type": "fixture"', '"feature_type": "shelf"')))
    assert "gateways: none; positions have to come from elsewhere" in found
    assert "fixtures: none" in found


def test_storeys_do_not_overlap() -> None:
    """What lies over something one floor up shares no floor with it."""
    upstairs = edited(FLOOR, ('"kind": "promo", "floor": 0', '"kind": "promo", "floor": 1'))
    assert not any(line.startswith("overlap") for line in lines(upstairs))
