"""How many shoppers a demo opens with; the rest of the opening is run for real in `test_demo`."""

from pathlib import Path

from demo.opening import usual_crowd
from offer_engine.store_files import load_store

MAPS = Path(__file__).parents[2] / "maps"


def test_a_small_shop_gets_a_small_crowd() -> None:
    """As many people to the square metre as in the demo market with its 60."""
    assert usual_crowd(load_store(MAPS / "demo-market").level.area) == 60
    assert usual_crowd(load_store(MAPS / "corner-shop").level.area) == 6
