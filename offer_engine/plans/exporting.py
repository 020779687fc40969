"""Turns a store's floor plan into features in WGS84, as one GeoJSON file or as an IMDF archive.

The way back of `importing`: coordinates through the plan's tie, everything else as the plan has it, so that a plan that
comes home is the plan that left. IMDF wants more than a floor (a venue with an address, a building, its footprint, a
unit); those are made from the level, and what only the retailer knows is marked as unknown.
"""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from offer_engine.core.floor_parse import parse_floor
from offer_engine.core.json_lines import parse_collection
from offer_engine.core.world_tie import Tie
from offer_engine.errors import MapError, Problem
from offer_engine.plans.floor_text import collection_text
from offer_engine.plans.local_frame import WORLD_DECIMALS, geojson, to_world
from offer_engine.plans.naming import uuid_for

Json = dict[str, object]

EXTENSION = "imdf:extension:aislewise:store-map#1.0.0"  # our own properties, and the type x-beacon
UNKNOWN = "unknown"
NO_COUNTRY = "ZZ"  # ISO 3166 leaves it to users; here: not known

# Properties that IMDF wants to be there, null where nothing is known (OGC 20-094, each type's "Property Keys").
_WANTED: Mapping[str, tuple[str, ...]] = {
    "level": (
        "category",
        "restriction",
        "outdoor",
        "ordinal",
        "name",
        "short_name",
        "display_point",
        "address_id",
        "building_ids",
    ),
    "fixture": ("category", "name", "alt_name", "anchor_id", "level_id", "display_point"),
    "opening": (
        "category",
        "accessibility",
        "access_control",
        "door",
        "name",
        "alt_name",
        "display_point",
        "level_id",
    ),
    "geofence": (
        "category",
        "restriction",
        "name",
        "alt_name",
        "correlation_id",
        "display_point",
        "building_ids",
        "level_ids",
        "parents",
    ),
    "x-beacon": ("level_id",),
}
_CATEGORY = {"fixture": "unspecified", "opening": "pedestrian", "geofence": "geofence"}
_DEFAULT = {"category": "unspecified", "outdoor": False, "ordinal": 0, "short_name": {"en": "0"}}  # of a level


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store stands, as IMDF asks for it."""

    street: str = UNKNOWN
    locality: str = UNKNOWN
    country: str = NO_COUNTRY  # ISO 3166, two letters


@dataclass(frozen=True, slots=True)
class WorldExport:
    """A floor plan in WGS84."""

    name: str
    georeference: Mapping[str, object]
    features: Sequence[Json]
    level: BaseGeometry  # in degrees


def export_plan(text: str, file: Path, name: str) -> WorldExport:
    """Bring every feature of a floor plan to WGS84.

    Raises:
        MapError: the plan has problems, or does not say where on earth it lies.
    """
    problems: list[Problem] = []
    floor = parse_floor(text, file, problems)
    if problems:
        raise MapError(problems)
    if floor.level is None:
        raise MapError([Problem(file, 0, "features", "there is no level to export")])
    if floor.tie is None:
        what = "is missing; it takes control points to say where on earth the plan lies"
        raise MapError([Problem(file, 0, "georeference", what)])
    members = [(member, value) for member, value, _ in parse_collection(text)]
    georeference = next(value for member, value in members if member == "georeference")
    features = [value for member, value in members if member == "features"]
    return WorldExport(
        name=name,
        georeference=georeference if isinstance(georeference, Mapping) else {},
        features=[_in_world(feature, floor.tie) for feature in features if isinstance(feature, dict)],
        level=to_world(floor.level, floor.tie),
    )


def geojson_text(export: WorldExport) -> str:
    """One FeatureCollection, one feature a line."""
    top = {"type": "FeatureCollection", "name": export.name, "georeference": export.georeference}
    return collection_text(top, export.features)


def imdf_archive(export: WorldExport, address: Address, created: str) -> bytes:
    """An IMDF archive; the same plan and `created` (ISO 8601) give the same bytes."""
    by_kind: dict[str, list[Json]] = {}
    for feature in _surroundings(export, address) + [_as_imdf(feature, export) for feature in export.features]:
        by_kind.setdefault(str(feature["feature_type"]), []).append(feature)
    manifest = {
        "version": "1.0.0",
        "created": created,
        "generated_by": "Aislewise",
        "language": "en",
        "extensions": [EXTENSION],
    }
    texts = {"manifest.json": json.dumps(manifest, indent=2) + "\n"}
    for kind, features in sorted(by_kind.items()):
        top: Json = {"type": "FeatureCollection", "name": kind}
        frame: Json = {"georeference": export.georeference} if kind == "level" else {}
        texts[f"{kind}.geojson"] = collection_text({**top, **frame}, features)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)  # dated 1980: a date would be a change
    return packed.getvalue()


def _in_world(feature: Mapping[str, object], tie: Tie) -> Json:
    geometry = feature.get("geometry")
    if not isinstance(geometry, Mapping):
        raise TypeError("a plan without problems has a geometry in every feature")
    return {**feature, "geometry": geojson(to_world(shape(geometry), tie), WORLD_DECIMALS)}


def _as_imdf(feature: Json, export: WorldExport) -> Json:
    """The feature with every property that IMDF wants, and ids that are UUIDs and agree with one another."""
    kind, found = str(feature["feature_type"]), feature["properties"]
    known = {name: value for name, value in found.items() if value is not None} if isinstance(found, Mapping) else {}
    ties: Json = {
        "display_point": _display_point(shape(feature["geometry"])),
        "level_id": _id(export, "level"),
        "level_ids": [_id(export, "level")],
        "building_ids": [_id(export, "building")],
    }
    tied = {name: value for name, value in ties.items() if name in _WANTED[kind]}
    default = {**_DEFAULT, "name": {"en": export.name}} if kind == "level" else {"category": _CATEGORY.get(kind)}
    feature_id = _id(export, "level") if kind == "level" else uuid_for(str(feature["id"]), export.name, kind)
    properties = {**dict.fromkeys(_WANTED[kind]), **default, **known, **tied}
    return {**feature, "id": feature_id, "properties": properties}


def _surroundings(export: WorldExport, address: Address) -> list[Json]:
    """What IMDF wants round a level: a venue at an address, a building with its footprint, a unit to walk in."""
    outline = geojson(export.level, WORLD_DECIMALS)
    point, name = _display_point(export.level), {"en": export.name}
    at, building = _id(export, "address"), [_id(export, "building")]
    no_name: Json = {"name": None, "alt_name": None}
    postal: Json = {
        "address": address.street,
        "unit": None,
        "locality": address.locality,
        "province": None,
        "country": address.country,
        "postal_code": None,
        "postal_code_ext": None,
    }
    contact: Json = {"hours": None, "website": None, "phone": None}
    here: Json = {"display_point": point, "restriction": None}
    venue = {"category": "retailstore", "name": name, "alt_name": None, **contact, **here, "address_id": at}
    unit = {"category": "walkway", "accessibility": None, **no_name, **here, "level_id": _id(export, "level")}
    return [
        _feature(export, "address", None, postal),
        _feature(export, "venue", outline, venue),
        _feature(export, "building", None, {"category": "unspecified", **no_name, **here, "address_id": at}),
        _feature(export, "footprint", outline, {"category": "ground", "name": None, "building_ids": building}),
        _feature(export, "unit", outline, unit),
    ]


def _feature(export: WorldExport, kind: str, geometry: Json | None, properties: Json) -> Json:
    found: Json = {"type": "Feature", "id": _id(export, kind), "feature_type": kind}
    return {**found, "geometry": geometry, "properties": properties}


def _id(export: WorldExport, kind: str) -> str:
    """The id of the store's one feature of a kind."""
    held = next((str(feature["id"]) for feature in export.features if feature["feature_type"] == kind), "")
    return uuid_for(held, export.name, kind)


def _display_point(area: BaseGeometry) -> Json:
    return geojson(area.representative_point(), WORLD_DECIMALS)
