"""A store of three zones and four products: the smallest on which every check has something to bite."""

from collections.abc import Mapping
from pathlib import Path

from offer_engine.core.store_map import StoreMap
from offer_engine.core.store_parse import parse_store
from offer_engine.errors import MapError

FOLDER = Path("tiny")
TIMEZONES = frozenset({"Europe/Berlin", "Europe/London", "UTC"})

STORE = """\
store = "tiny"
label = "Tiny Store"
timezone = "Europe/Berlin"
currency = "EUR"

[policy]
pushes_per_visit = 2
min_gap_s = 180
rule_cooldown_h = 20
category_cooldown_h = 12
ignores_before_pause = 3
pause_days = 7
quiet_from = "22:00"
quiet_until = "07:00"
holdout_share = 0.05
offer_valid_s = 600
min_score_cents = 5

[categories]
red-wine = "Red wine"
lamb = "Lamb"
"""

# 10 x 8 m; wine in the west, meat in the east, a promotion between them, a shelf at the back; one door in the south.
FLOOR = """\
{"type": "FeatureCollection", "schema": "store-map/1", "features": [
{"type": "Feature", "id": "L", "feature_type": "level", "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [10, 8], [0, 8], [0, 0]]]}, "properties": {"key": "0"}},
{"type": "Feature", "id": "F1", "feature_type": "fixture", "geometry": {"type": "Polygon", "coordinates": [[[0, 7], [4, 7], [4, 8], [0, 8], [0, 7]]]}, "properties": {"key": "shelf", "kind": "rack", "zone": "wine"}},
{"type": "Feature", "id": "Z1", "feature_type": "geofence", "geometry": {"type": "Polygon", "coordinates": [[[0, 4], [4, 4], [4, 7], [0, 7], [0, 4]]]}, "properties": {"key": "wine", "name": {"en": "Wine"}, "kind": "dept", "floor": 0, "min_inside_ms": 2000, "min_dwell_ms": 5000, "min_outside_ms": 3000, "exit_margin_m": 1.0, "timeout_ms": 20000}},
{"type": "Feature", "id": "Z2", "feature_type": "geofence", "geometry": {"type": "Polygon", "coordinates": [[[6, 4], [10, 4], [10, 8], [6, 8], [6, 4]]]}, "properties": {"key": "meat", "name": {"en": "Meat"}, "kind": "dept", "floor": 0, "min_inside_ms": 2000, "min_dwell_ms": 5000, "min_outside_ms": 3000, "exit_margin_m": 1.0, "timeout_ms": 20000}},
{"type": "Feature", "id": "Z3", "feature_type": "geofence", "geometry": {"type": "Polygon", "coordinates": [[[3, 4], [7, 4], [7, 6], [3, 6], [3, 4]]]}, "properties": {"key": "promo", "name": {"en": "This week"}, "kind": "promo", "floor": 0, "min_inside_ms": 2000, "min_dwell_ms": 5000, "min_outside_ms": 3000, "exit_margin_m": 1.0, "timeout_ms": 20000}},
{"type": "Feature", "id": "D1", "feature_type": "opening", "geometry": {"type": "LineString", "coordinates": [[4, 0], [6, 0]]}, "properties": {"key": "door", "name": {"en": "Door"}, "direction": "both"}},
{"type": "Feature", "id": "B1", "feature_type": "x-beacon", "geometry": {"type": "Point", "coordinates": [5, 4]}, "properties": {"key": "b1", "z_m": 3.0, "rssi_1m_dbm": -59}}
]}
"""  # noqa: E501 -- one feature a line, as in a store's own files

CATALOGUE = """\
sku,name,brand,category,zone,price_cents,margin_share,stock,popularity
oak-red,Silver Oak Red,Silver Oak,red-wine,wine,1000,0.30,20,8
house-red,House Red,,red-wine,wine,400,0.25,90,20.5
rack-of-lamb,Rack of lamb,,lamb,meat,2500,0.25,6,4
lamb-chops,Lamb chops,,lamb,meat,1600,0.25,8,5
"""

PAIRINGS = """\
when,then,lift,note
lamb,red-wine,2.5,the classic
rack-of-lamb,oak-red,3,
"""

TEXTS: Mapping[str, str] = {
    "store.toml": STORE,
    "floor.geojson": FLOOR,
    "catalogue.csv": CATALOGUE,
    "pairings.csv": PAIRINGS,
}


def tiny_store() -> StoreMap:
    """The store as it should be."""
    return parse_store(TEXTS, FOLDER, timezones=TIMEZONES)


def edited(text: str, *edits: tuple[str, str]) -> str:
    """`text` with each first occurrence of an old part replaced by a new one; every old part must be there."""
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def problems_with(texts: Mapping[str, str]) -> list[str]:
    """Every problem that the store is refused with, as printed; empty when it is taken."""
    try:
        parse_store(texts, FOLDER, timezones=TIMEZONES)
    except MapError as error:
        return [str(problem) for problem in error.problems]
    return []
