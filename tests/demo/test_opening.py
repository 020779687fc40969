"""Who comes to a demo, and how many; the rest of the opening is run for real in `test_demo`."""

from datetime import date
from pathlib import Path

import pytest

from demo.history import Shoppers
from demo.opening import Plan, usual_crowd
from offer_engine.store_files import load_store

MAPS = Path(__file__).parents[2] / "maps"


def test_a_small_shop_gets_a_small_crowd() -> None:
    """As many people to the square metre as in the demo market with its 60."""
    assert usual_crowd(load_store(MAPS / "demo-market").level.area) == 60
    assert usual_crowd(load_store(MAPS / "corner-shop").level.area) == 6


@pytest.mark.parametrize(
    ("store", "population", "comes"),
    [("demo-market", "cast", True), ("demo-market", "completejourney", False), ("corner-shop", "cast", False)],
)
def test_the_cast_comes_to_its_store_wherever_its_folder_lies(
    tmp_path: Path, store: str, population: str, *, comes: bool
) -> None:
    """A retailer tries rules on a copy; Dave shops there too."""
    who = Shoppers(tmp_path / "my-copy", population, seed=7)
    plan = Plan(store, who, 60, 1.0, "127.0.0.1", 8600, None, date(2026, 3, 2), keep_data=False)
    assert plan.has_cast is comes
