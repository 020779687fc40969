"""Store folders for measuring: the demo's with its manners relaxed, and generated ones with any number of zones.

With the demo's own manners a shopper gets two offers a visit, so a flood would push a few offers at its beginning and
none later. Here no cap holds an offer back and every cart and history asks for some, so that nearly every decision
goes the whole way: recorded, pushed to a phone, published.
"""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from bench.walk import Floats
from offer_engine.core.store_map import StoreMap
from offer_engine.history import Purchase
from offer_engine.messages import BasketItem

DEMO = Path(__file__).parents[1] / "maps" / "demo-market"
NO_MANNERS = {
    "pushes_per_visit": "100",
    "min_gap_s": "0",
    "rule_cooldown_h": "0",
    "category_cooldown_h": "0",
    "ignores_before_pause": "100",
    "pause_days": "0",
    "holdout_share": "0",
    "min_score_cents": "0",
}
ZONE_M, PITCH_M, WALL_M = 5.0, 6.0, 0.5  # a generated zone's side, the distance to the next, what surrounds them
PRODUCTS = 3  # in each generated zone
RULES = 20  # of a generated store, however large
# What the demo's rules look for in a cart, by category or sku, and how often which category was bought before.
CART = ("lamb", "pasta", "fresh-fish", "bitter-aperitif", "sausages", "nappies")
HABITS = {"red-wine": 2, "coffee": 2, "yoghurt": 3, "fresh-fish": 2, "ice-cream": 1}


def demo_store(folder: Path) -> Path:
    """A copy of the demo's store whose manners hold nothing back."""
    shutil.copytree(DEMO, folder)
    file = folder / "store.toml"
    text = file.read_text()
    for name, value in NO_MANNERS.items():
        text, found = re.subn(rf"(?m)^{name} = [^#\n]*", f"{name} = {value} ", text)
        if found != 1:
            raise ValueError(f"{file}: expected one line for {name}, found {found}")
    file.write_text(text)
    (folder / "walk.csv").unlink()  # without it no offer waits for a better one
    rules = folder / "offers.toml"
    rules.write_text(re.sub(r"(?m)^hours = .*\n", "", rules.read_text()))  # the same at any time of the day
    return folder


def grid_store(folder: Path, zones: int) -> Path:
    """A store of `zones` square departments in a grid, each with three products and a rule that fires at a dwell.

    There are always twenty rules and twenty categories, each for every twentieth zone.
    """
    columns = next(n for n in range(int(zones**0.5), 0, -1) if zones % n == 0)
    folder.mkdir(parents=True)
    policy = {**NO_MANNERS, "quiet_from": '"00:00"', "quiet_until": '"00:00"', "offer_valid_s": "600"}
    policy["consent_on_join"] = '["location", "basket", "history"]'
    lines = [f'store = "grid-{zones}"', 'label = "Grid"', 'timezone = "Europe/Berlin"', 'currency = "EUR"', "[policy]"]
    lines += [f"{name} = {value}" for name, value in policy.items()]
    lines += ["[categories]", *(f'c{rule} = "Category {rule}"' for rule in range(RULES))]
    (folder / "store.toml").write_text("\n".join(lines) + "\n")
    (folder / "floor.geojson").write_text(json.dumps(_floor(zones, columns)))
    rows = [
        f"p{zone}-{number},Product {zone} {number},,c{zone % RULES},z{zone},{199 + number},0.3,100000,{10 + number}"
        for zone in range(zones)
        for number in range(PRODUCTS)
    ]
    head = "sku,name,brand,category,zone,price_cents,margin_share,stock,popularity"
    (folder / "catalogue.csv").write_text("\n".join([head, *rows]) + "\n")
    (folder / "pairings.csv").write_text("when,then,lift,note\n")
    (folder / "offers.toml").write_text("\n".join(_rule(rule, zones) for rule in range(RULES)))
    return folder


def _rule(rule: int, zones: int) -> str:
    places = json.dumps([f"z{zone}" for zone in range(rule, zones, RULES)])
    return (
        f'[[offer]]\nid = "r{rule}"\nlabel = "Rule {rule}"\nowner = "bench"\nstarts = 2025-01-01\nends = 2035-12-31\n'
        f'zones = {places}\ntransition = "dwell"\ncategory = "c{rule}"\npercent_off = 10\nper_visit = 100\n'
    )


def _floor(zones: int, columns: int) -> dict[str, object]:
    rows = zones // columns
    width, depth = columns * PITCH_M + 2 * WALL_M, rows * PITCH_M + 2 * WALL_M
    features = [_feature("level", "ground", "Polygon", [_box(0, 0, width, depth)], {})]
    for zone in range(zones):
        west, south = WALL_M + zone % columns * PITCH_M, WALL_M + zone // columns * PITCH_M
        fence = {"kind": "dept", "floor": 0, "min_inside_ms": 2000, "min_dwell_ms": 5000, "min_outside_ms": 3000}
        fence |= {"exit_margin_m": 1.0, "timeout_ms": 20000, "name": {"en": f"Zone {zone}"}}
        box = _box(west, south, west + ZONE_M, south + ZONE_M)
        features.append(_feature("geofence", f"z{zone}", "Polygon", [box], fence))
    door = {"name": {"en": "Door"}, "direction": "both"}
    features.append(_feature("opening", "door", "LineString", [[1, 0], [3, 0]], door))
    return {"type": "FeatureCollection", "schema": "store-map/1", "features": features}


def _feature(
    kind: str, key: str, shape: str, coordinates: object, properties: Mapping[str, object]
) -> dict[str, object]:
    return {
        "type": "Feature",
        "id": f"{kind}-{key}",
        "feature_type": kind,
        "geometry": {"type": shape, "coordinates": coordinates},
        "properties": {"key": key, **properties},
    }


def _box(west: float, south: float, east: float, north: float) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def stops(store: StoreMap) -> Floats:
    """A place to stand in every zone, metres, (zones, 2)."""
    places = [zone.area.representative_point() for zone in store.zones.values()]
    return np.array([(place.x, place.y) for place in places])


def cart(store: StoreMap) -> list[BasketItem]:
    """What everybody carries: in the demo's store, what its rules look for; elsewhere nothing."""
    return [BasketItem(sku, 1) for what in CART if (sku := _first(store, what)) is not None]


def purchases(store: StoreMap, shoppers: list[str], now_ms: int) -> Iterator[Purchase]:
    """What everybody has bought before, on as many days."""
    for category, times in HABITS.items():
        sku = _first(store, category)
        if sku is not None:
            for shopper in shoppers:
                for time in range(times):
                    at = now_ms - (30 + time) * 86_400_000
                    yield Purchase(shopper, at, f"b{time}", sku, 1, store.products[sku].price_cents)


def _first(store: StoreMap, what: str) -> str | None:
    return next((product.sku for product in store.products.values() if what in (product.sku, product.category)), None)
