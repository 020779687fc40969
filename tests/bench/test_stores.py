"""The bench's stores are stores: they pass every check that a retailer's would."""

from pathlib import Path

import pytest

from bench.stores import cart, demo_store, grid_store, purchases, stops
from offer_engine.core.context import build_world
from offer_engine.store_files import check


def test_the_demo_store_loses_only_its_manners(tmp_path: Path) -> None:
    """The copy has every zone, product and rule of the demo, and no cap that holds an offer back."""
    store, rules = check(demo_store(tmp_path / "store"))
    assert (store.policy.pushes_per_visit, store.policy.min_gap_s, store.policy.holdout_share) == (100, 0, 0)
    assert len(store.zones) == len(stops(store)) == 20
    assert len(cart(store)) == 6
    assert {bought.sku for bought in purchases(store, ["s-0000"], 0)} <= store.products.keys()
    assert rules.rules


@pytest.mark.parametrize("zones", [20, 60])
def test_a_generated_store_has_a_rule_for_every_zone(tmp_path: Path, zones: int) -> None:
    """Whatever its size: so many zones, twenty rules, and in every zone one of them waits for a dwell."""
    store, rules = check(grid_store(tmp_path / "store", zones))
    world = build_world(store, rules)
    assert (len(store.zones), len(rules.rules)) == (zones, 20)
    assert all(len(world.triggered[zone, "dwell"]) == 1 for zone in store.zones)
    for (x, y), zone in zip(stops(store).tolist(), store.zones, strict=True):
        assert world.index.inside.at(x, y) == (zone,)
