"""Drawings as they come from elsewhere, written by code: an IMDF archive of a mall's corner, and a GIS's GeoJSON."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from offer_engine.core.world_tie import Tie, tie_at

Json = dict[str, object]

# Turned by half a radian, so that no wall of it runs north or east.
TOWN = tie_at(-0.1276, 51.5072, bearing_rad=0.5)


def box(west: float, south: float, east: float, north: float) -> list[tuple[float, float]]:
    """The corners of a rectangle, counter-clockwise and closed."""
    return [(west, south), (east, south), (east, north), (west, north), (west, south)]


def polygon(*rings: Sequence[tuple[float, float]], tie: Tie = TOWN) -> Json:
    """A Polygon, or a MultiPolygon of several rings, in degrees of seven decimals as most tools write them."""
    found = [[[_degrees(tie, *point) for point in ring]] for ring in rings]
    return (
        {"type": "Polygon", "coordinates": found[0]}
        if len(found) == 1
        else {"type": "MultiPolygon", "coordinates": found}
    )


def line(*points: tuple[float, float], tie: Tie = TOWN) -> Json:
    """A LineString in degrees."""
    return {"type": "LineString", "coordinates": [_degrees(tie, *point) for point in points]}


def point(x: float, y: float, tie: Tie = TOWN) -> Json:
    """A Point in degrees."""
    return {"type": "Point", "coordinates": _degrees(tie, x, y)}


def _degrees(tie: Tie, x: float, y: float) -> list[float]:
    return [round(side, 7) for side in tie.to_world(x, y)]


def feature(kind: str, geometry: Json | None, feature_id: str = "", /, **properties: object) -> Json:
    """One feature."""
    found: Json = {"type": "Feature", "id": feature_id} if feature_id else {"type": "Feature"}
    return {**found, "feature_type": kind, "geometry": geometry, "properties": properties}


def collection(features: Sequence[Mapping[str, object]], **top: object) -> str:
    """A FeatureCollection, one feature a line, the first on line 2."""
    head = json.dumps({"type": "FeatureCollection", **top})[:-1]
    return head + ', "features": [\n' + ",\n".join(json.dumps(found) for found in features) + "\n]}"


def archive(path: Path, features: Sequence[Json], folder: str = "") -> Path:
    """An IMDF archive: one file for each type, and a manifest."""
    by_kind: dict[str, list[Json]] = {}
    for found in features:
        by_kind.setdefault(str(found["feature_type"]), []).append(found)
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(f"{folder}manifest.json", '{"version": "1.0.0", "language": "en"}')
        for kind, found_of_kind in by_kind.items():
            packed.writestr(f"{folder}{kind}.geojson", collection(found_of_kind, name=kind))
    return path


def grocer() -> list[Json]:
    """A grocer of 30 by 20 m on the ground floor: what an IMDF tool draws, with nothing of ours in it."""
    return [
        feature("venue", polygon(box(-5, -5, 35, 25)), "V", category="retailstore", name={"en": "Old Mill Grocer"}),
        feature("address", None, "A", address="1 Mill Lane", locality="London", country="GB"),
        feature("level", polygon(box(0, 0, 30, 20)), "L0", category="unspecified", ordinal=0, name={"en": "Ground"}),
        feature("level", polygon(box(0, 0, 30, 20)), "L1", category="unspecified", ordinal=1, name={"en": "Upper"}),
        feature("unit", polygon(box(0, 0, 30, 20)), "U0", category="walkway", name={"en": "Shop"}, level_id="L0"),
        feature("unit", polygon(box(0, 12, 8, 20)), "U1", category="room", name=None, level_id="L0"),
        feature("unit", polygon(box(26, 16, 30, 20)), "U2", category="nonpublic", name={"en": "Store"}, level_id="L0"),
        feature("unit", polygon(box(10, 0, 14, 4)), "U3", category="walkway", name=None, level_id="L0"),
        feature("unit", polygon(box(0, 0, 9, 9)), "U9", category="room", name={"en": "Café"}, level_id="L1"),
        feature("anchor", point(4, 16), "N1", address_id="A", unit_id="U1"),
        feature("occupant", None, "O1", category="grocery", name={"en": "Cheese & wine"}, anchor_id="N1"),
        feature("fixture", polygon(box(10, 8, 20, 9)), "F1", category="furniture", name=None, level_id="L0"),
        feature("fixture", polygon(box(2, 2, 6, 3), box(2, 4, 6, 5)), "F2", category="desk", level_id="L0"),
        feature("kiosk", polygon(box(22, 2, 24, 4)), "K1", name=None, level_id="L0"),
        feature("section", polygon(box(10, 9, 20, 12)), "S1", category="retail", name={"en": "Tea"}, level_id="L0"),
        feature(
            "geofence", polygon(box(12, 9, 32, 11)), "G1", category="geofence", name={"en": "Offers"}, level_ids=["L0"]
        ),
        feature("opening", line((14, 0), (16, 0)), "D1", category="pedestrian.principal", name=None, level_id="L0"),
        feature("opening", line((4, 12), (5, 12)), "D2", category="pedestrian", name=None, level_id="L0"),
        feature("opening", line((0, 8), (0, 9)), "D3", category="emergencyexit", name=None, level_id="L0"),
        feature("amenity", point(22, 3), "M1", category="cashier", name=None, unit_ids=["U0"]),
    ]
