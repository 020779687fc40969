"""Turns a floor plan in GeoJSON into zones, fixtures, openings and gateways, noting everything that is wrong with it.

The plan is one FeatureCollection in local metres, with IMDF's words (OGC 20-094) for what stands on the floor. IMDF's
own properties are accepted and not used, so that a plan exported from an IMDF tool need not be stripped first. What one
feature alone can have wrong is found here; how features fit together is up to `floor_checks`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from shapely import LineString, MultiPolygon, Polygon
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

from offer_engine.core.json_lines import JsonSyntaxError, parse_collection
from offer_engine.core.record import Record, did_you_mean, shown
from offer_engine.core.store_map import Fixture, Gateway, Opening, Zone, ZoneKind
from offer_engine.core.world_tie import Tie, tie_from
from offer_engine.errors import MapError, Problem

SCHEMA = "store-map/1"
ZONE_KINDS: tuple[ZoneKind, ...] = ("dept", "aisle", "promo", "service")
FIXTURE_KINDS = ("gondola", "cooler", "freezer", "counter", "rack", "table", "till", "wall")
DIRECTIONS: tuple[Literal["in", "out", "both"], ...] = ("in", "out", "both")

FARTHEST_M = 10_000_000.0  # from the frame's origin: as far as a national grid's numbers go
_HOUR_MS = 3_600_000
_OF_ALL = ("category", "alt_name", "display_point")  # properties of IMDF's features that are accepted and not used ...
_UNUSED = {  # ... and those of one type only, and of radios
    "level": ("name", "restriction", "outdoor", "ordinal", "short_name", "address_id", "building_ids"),
    "fixture": ("name", "anchor_id", "level_id", "height_m"),
    "opening": ("accessibility", "access_control", "door", "level_id"),
    "geofence": ("restriction", "correlation_id", "building_ids", "parents", "level_ids"),
    "x-beacon": ("name", "level_id", "role", "protocol"),
}
_USED = {
    "level": (),
    "fixture": ("kind", "zone"),
    "opening": ("name", "direction"),
    "geofence": (
        "name",
        "kind",
        "floor",
        "min_inside_ms",
        "min_dwell_ms",
        "min_outside_ms",
        "exit_margin_m",
        "timeout_ms",
    ),
    "x-beacon": ("z_m", "rssi_1m_dbm"),
}
FEATURE_TYPES = tuple(_UNUSED)
_OUR_WORDS = {"zone": "geofence", "shelf": "fixture", "door": "opening", "gateway": "x-beacon", "beacon": "x-beacon"}
_COORDINATES = {
    "Point": "[x, y]",
    "LineString": "[[x, y], [x, y], ...]",
    "Polygon": "a list of rings, [[[x, y], [x, y], ...]]",
    "MultiPolygon": "a list of Polygons, each a list of rings",
}


@dataclass(slots=True)
class Floor:
    """What stands on a plan, by key; filled feature by feature."""

    file: Path
    is_json: bool = True  # False: nothing of the plan could be read
    tie: Tie | None = None  # to the world, where the plan has control points
    level: Polygon | None = None
    zones: dict[str, Zone] = field(default_factory=dict)
    fixtures: dict[str, Fixture] = field(default_factory=dict)
    openings: dict[str, Opening] = field(default_factory=dict)
    gateways: dict[str, Gateway] = field(default_factory=dict)
    lines: dict[tuple[str, str], int] = field(default_factory=dict)  # of each feature, by (feature type, key)


def parse_floor(text: str, file: Path, problems: list[Problem]) -> Floor:
    """Read the plan; what is wrong is added to `problems`, and what can be used is returned."""
    floor = Floor(file)
    if not text.strip():
        problems.append(Problem(file, 0, "", "is empty"))
        floor.is_json = False
        return floor
    members: list[tuple[str, object, int]] = []
    try:
        members.extend(parse_collection(text))
    except JsonSyntaxError as error:
        problems.append(Problem(file, error.line, "", f"is not JSON: {error}; nothing after this was read"))
        floor.is_json = False
        return floor
    top = {name: value for name, value, _ in members}
    collection = Record(file, 1, top, problems, {name: line for name, _, line in members if name != "features"})
    collection.one_of("type", ("FeatureCollection",))
    collection.one_of("schema", (SCHEMA,))
    collection.ignore("name", "features")
    floor.tie = _read_tie(collection)
    collection.finish()
    ids: dict[str, int] = {}
    for name, value, line in members:
        if name == "features":
            _read_feature(floor, value, line, ids, problems)
    return floor


def known_properties(feature_type: str) -> frozenset[str]:
    """Every property that a feature of this type may have."""
    return frozenset({"key", *_OF_ALL, *_USED[feature_type], *_UNUSED[feature_type]})


def zone_keys(floor: Floor) -> set[str]:
    """Every zone that the plan names, usable or not: what refers to an unusable one is not wrong itself."""
    return {key for kind, key in floor.lines if kind == "geofence"}


def _read_tie(collection: Record) -> Tie | None:
    """How the plan lies on the earth; None where it does not say, or says it wrongly."""
    georeference = collection.values.get("georeference") if collection.has("georeference") else {}
    if not isinstance(georeference, Mapping):
        collection.note("georeference", f"must be an object, not {shown(georeference)}")
        return None
    line = collection.lines.get("georeference", collection.line)
    record = Record(collection.file, line, georeference, collection.problems, prefix="georeference.")
    record.one_of("crs", ("local",), default="local")
    record.one_of("target", ("EPSG:4326",), default="EPSG:4326")
    points = georeference["ground_control_points"] if record.has("ground_control_points") else None
    record.finish()
    try:
        return None if points is None else tie_from(points, collection.file, line)
    except MapError as error:
        collection.problems.extend(error.problems)
        return None


def _read_feature(floor: Floor, value: object, line: int, ids: dict[str, int], problems: list[Problem]) -> None:
    if not isinstance(value, Mapping):
        problems.append(Problem(floor.file, line, "", f"a feature must be an object, not {shown(value)}"))
        return
    feature = Record(floor.file, line, value, problems)
    feature.one_of("type", ("Feature",))
    kind = feature.one_of("feature_type", FEATURE_TYPES)
    feature_id = feature.text("id")
    if feature_id in ids:
        feature.note("id", f"{shown(feature_id)} is used on line {ids[feature_id]} too; every feature needs its own")
    elif feature_id:
        ids[feature_id] = line
    feature.ignore("geometry", "properties")
    feature.finish()
    if value.get("feature_type") not in FEATURE_TYPES:
        _translate(feature)
        return
    properties = value.get("properties")
    if not isinstance(properties, Mapping):
        feature.note("properties", "is missing, or is not an object")
        return
    record = Record(floor.file, line, properties, problems, prefix="properties.")
    record.ignore(*_OF_ALL, *_UNUSED[kind])
    key = record.key("key")
    if (kind, key) in floor.lines:
        record.note("key", f"{kind} '{key}' stands on line {floor.lines[kind, key]} too; keys are unique")
    elif key:
        floor.lines[kind, key] = line
    _READERS[kind](floor, key, feature, record)
    record.finish()


def _translate(feature: Record) -> None:
    """Say what IMDF calls a thing that was called by its everyday name."""
    said = feature.values.get("feature_type")
    word = said.lower() if isinstance(said, str) else ""
    if word in _OUR_WORDS:
        feature.note("feature_type", f"IMDF calls a {word} '{_OUR_WORDS[word]}'")


def _read_level(floor: Floor, key: str, feature: Record, record: Record) -> None:
    area = _geometry(feature, "Polygon")
    if floor.level is not None:
        record.note("key", f"level '{key}' is a second one; a plan has one level, and each level a plan of its own")
    elif area is not None:
        floor.level = area


def _read_fixture(floor: Floor, key: str, feature: Record, record: Record) -> None:
    kind = record.one_of("kind", FIXTURE_KINDS)
    zone = record.text("zone", default="") or None
    area = _geometry(feature, "Polygon")
    if area is not None:
        floor.fixtures[key] = Fixture(key, kind, zone, area)


def _read_opening(floor: Floor, key: str, feature: Record, record: Record) -> None:
    label = _label(record)
    direction = record.one_of("direction", DIRECTIONS)
    line = _geometry(feature, "LineString")
    if isinstance(line, LineString):
        floor.openings[key] = Opening(key, label, direction, line)


def _read_zone(floor: Floor, key: str, feature: Record, record: Record) -> None:
    before = len(record.problems)
    area = _geometry(feature, "Polygon", "MultiPolygon")
    zone = Zone(
        key=key,
        label=_label(record),
        kind=record.one_of("kind", ZONE_KINDS),
        floor=record.whole("floor", -20, 200),
        area=MultiPolygon([area]) if isinstance(area, Polygon) else area,
        min_inside_ms=record.whole("min_inside_ms", 0, _HOUR_MS),
        min_dwell_ms=record.whole("min_dwell_ms", 0, _HOUR_MS),
        min_outside_ms=record.whole("min_outside_ms", 0, _HOUR_MS),
        exit_margin_m=record.number("exit_margin_m", 0, 20),
        timeout_ms=record.whole("timeout_ms", 1000, 24 * _HOUR_MS),
    )
    if len(record.problems) > before:
        return  # the checks below would speak of stand-ins
    if zone.min_dwell_ms < zone.min_inside_ms:
        record.note("min_dwell_ms", "is less than min_inside_ms, but a dwell comes after its enter; make it as long")
    if zone.timeout_ms <= zone.min_outside_ms:
        record.note("timeout_ms", "is not more than min_outside_ms, so that every exit would be a lost signal")
    floor.zones[key] = zone


def _read_gateway(floor: Floor, key: str, feature: Record, record: Record) -> None:
    z_m = record.number("z_m", -100, 100)
    rssi_1m_dbm = record.number("rssi_1m_dbm", -120, 0)
    point = _geometry(feature, "Point")
    if point is not None:
        floor.gateways[key] = Gateway(key, point.x, point.y, z_m, rssi_1m_dbm)


_READERS: Mapping[str, Callable[[Floor, str, Record, Record], None]] = {
    "level": _read_level,
    "fixture": _read_fixture,
    "opening": _read_opening,
    "geofence": _read_zone,
    "x-beacon": _read_gateway,
}


def _label(record: Record) -> str:
    """The English label, or the first there is, of an IMDF labels object like `{"en": "Wine"}`."""
    labels = record.values.get("name") if record.has("name") else None
    if isinstance(labels, Mapping):
        label = labels.get("en") or next(iter(labels.values()), "")
        if isinstance(label, str) and label.strip():
            return label.strip()
    record.note("name", 'must be labels by language, like {"en": "Wine"}')
    return ""


def _geometry(feature: Record, *kinds: str) -> BaseGeometry | None:
    """The feature's geometry, valid and of one of these kinds; None, and a problem, if it is not."""
    value = feature.values.get("geometry")
    wanted = " or ".join(kinds)
    if not isinstance(value, Mapping) or value.get("type") not in kinds:
        kind = value.get("type") if isinstance(value, Mapping) else value
        guess = did_you_mean(kind, kinds) if isinstance(kind, str) else ""
        feature.note("geometry", f"must be a {wanted}, not {shown(kind)}{guess}")
        return None
    try:
        geometry: BaseGeometry = shape(value)
    except (ShapelyError, ValueError) as error:
        feature.note("geometry", f"is not a {value['type']}: {error}")
        return None
    except (TypeError, KeyError, IndexError, AttributeError):
        kind = str(value["type"])
        feature.note("geometry", f"is not a {kind}, whose coordinates are {_COORDINATES[kind]}")
        return None
    if geometry.is_empty:
        feature.note("geometry", "has no coordinates")
    elif max(map(abs, geometry.bounds)) > FARTHEST_M:
        feature.note("geometry", f"has a coordinate beyond {FARTHEST_M:,.0f}; coordinates are metres from nearby")
    elif not geometry.is_valid:
        feature.note("geometry", f"is not valid: {explain_validity(geometry)}; draw it without crossing itself")
    else:
        return geometry
    return None
