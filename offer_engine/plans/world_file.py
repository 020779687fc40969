"""Turns an IMDF archive, or GeoJSON in WGS84, into features with the file and line that each of them stands on.

IMDF (OGC 20-094) is a ZIP with one FeatureCollection for each type of feature. Plain GeoJSON comes from a GIS, which
has its own ways: it knows no foreign members, so the feature's type stands among the properties, and it writes an
object as text. Both are read here; what the features mean to a store is up to `intake`.
"""

import json
import math
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

from offer_engine.core.json_lines import JsonSyntaxError, parse_collection
from offer_engine.core.record import shown
from offer_engine.errors import MapError, Problem

MAX_BYTES = 200_000_000  # unpacked; a large airport takes a tenth of it
MAX_DEGREES = 0.2  # 22 km
LEVEL_FILE = "level.geojson"
GEOREFERENCE = "georeference"  # of our own exports: brings a plan back to the very frame it came from

_DEGREES = ("CRS84", "4326", "WGS84", "WGS 84")  # one of these in a `crs` member means longitude and latitude


@dataclass(frozen=True, slots=True)
class WorldFeature:
    """One feature as it was found, in degrees."""

    file: Path
    line: int
    kind: str  # its feature_type, "" where it has none
    id: str
    geometry: BaseGeometry | None
    properties: Mapping[str, object]


@dataclass(slots=True)
class WorldPlan:
    """All features of a file, and what could not be read of it."""

    features: list[WorldFeature] = field(default_factory=list)
    georeference: object = None
    unusable: list[Problem] = field(default_factory=list)  # features left out: the rest can do without them


def read_world(path: Path) -> WorldPlan:
    """Read an archive or a GeoJSON file; told apart by content, not by name.

    Raises:
        MapError: it cannot be read at all, or is not in degrees.
    """
    plan = WorldPlan()
    try:
        texts = list(_members(path)) if zipfile.is_zipfile(path) else [(path, path.read_bytes(), "")]
    except OSError as error:
        raise MapError([Problem(path, 0, "", f"cannot be read: {error.strerror or error}")]) from None
    except zipfile.BadZipFile as error:
        raise MapError([Problem(path, 0, "", f"is a damaged ZIP: {error}")]) from None
    problems: list[Problem] = []
    for file, content, kind in texts:
        try:
            _read_collection(plan, file, content.decode("utf-8-sig"), kind)
        except JsonSyntaxError as error:
            problems.append(Problem(file, error.line, "", f"is not JSON: {error}"))
        except UnicodeDecodeError:
            problems.append(Problem(file, 0, "", "is not UTF-8 text, which GeoJSON must be"))
        except MapError as error:
            problems.extend(error.problems)
    if problems:
        raise MapError(problems)
    return plan


def _members(path: Path) -> Iterator[tuple[Path, bytes, str]]:
    """Each GeoJSON file of an archive, wherever in it they stand, with the type that its name says."""
    with zipfile.ZipFile(path) as archive:
        found = [info for info in archive.infolist() if info.filename.lower().endswith((".geojson", ".json"))]
        if sum(info.file_size for info in found) > MAX_BYTES:
            raise MapError(
                [Problem(path, 0, "", f"unpacks to more than {MAX_BYTES // 10**6} MB; no store is so large")]
            )
        names = {PurePosixPath(info.filename).name.lower() for info in found}
        if LEVEL_FILE not in names:
            listed = ", ".join(sorted(names)) or "no GeoJSON at all"
            message = f"holds no {LEVEL_FILE}, so it is not an IMDF archive; it holds {listed}"
            raise MapError([Problem(path, 0, "", message)])
        for info in sorted(found, key=lambda info: info.filename):
            name = PurePosixPath(info.filename)
            if name.name.lower() != "manifest.json" and not name.name.startswith("._"):  # macOS adds the latter
                yield path / name.name, archive.read(info), name.stem.lower()


def _read_collection(plan: WorldPlan, file: Path, text: str, kind: str) -> None:
    for name, value, line in parse_collection(text):
        if name == "crs" and not any(word in json.dumps(value) for word in _DEGREES):
            message = f"says its coordinates are in {_crs_name(value)}; save it in WGS84 (EPSG:4326)"
            raise MapError([Problem(file, line, "crs", message)])
        if name == GEOREFERENCE:
            plan.georeference = value
        if name != "features":
            continue
        if not isinstance(value, Mapping):
            plan.unusable.append(Problem(file, line, "", f"a feature must be an object, not {shown(value)}"))
            continue
        _read_feature(plan, file, line, value, kind)


def _crs_name(value: object) -> str:
    properties = value.get("properties") if isinstance(value, Mapping) else None
    return str(properties["name"]) if isinstance(properties, Mapping) and "name" in properties else shown(value)


def _read_feature(plan: WorldPlan, file: Path, line: int, value: Mapping[str, object], kind: str) -> None:
    found = value.get("properties")
    properties = {name: _unpacked(held) for name, held in found.items()} if isinstance(found, Mapping) else {}
    said = value.get("feature_type") or properties.pop("feature_type", None) or kind
    feature_id = value.get("id") or properties.pop("id", None)
    geometry, fault = _geometry(value.get("geometry"))
    if geometry is not None and not _is_in_degrees(geometry):
        x, y = shapely.get_coordinates(geometry)[0].tolist()
        message = f"[{x:g}, {y:g}] is not a longitude and a latitude; save the plan in WGS84 (EPSG:4326)"
        raise MapError([Problem(file, line, "geometry", message)])
    kind = str(said).strip().lower()
    if kind == "level" and geometry is not None:
        _check_size(file, line, geometry)
    if fault:
        plan.unusable.append(Problem(file, line, "geometry", fault))
        return
    text_id = "" if feature_id is None else str(feature_id)
    plan.features.append(WorldFeature(file, line, kind, text_id, geometry, properties))


def _check_size(file: Path, line: int, level: BaseGeometry) -> None:
    """Refuse a level in metres, which as degrees would be a store as large as a continent."""
    places = shapely.get_coordinates(level).tolist()
    wide = max(abs(math.remainder(lon - places[0][0], 360)) for lon, _ in places)
    high = max(lat for _, lat in places) - min(lat for _, lat in places)
    if max(wide, high) > MAX_DEGREES:
        advice = "a plan that is in metres already needs no import: save it as floor.geojson in the store's folder"
        message = f"the level would measure {wide:g} by {high:g} degrees; {advice} (docs/maps.md)"
        raise MapError([Problem(file, line, "geometry", message)])


def _unpacked(value: object) -> object:
    """An object that a GIS has written as text, as an object again; anything else as it is."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            unpacked: object = json.loads(value)
        except ValueError:
            return value
        return unpacked
    return value


def _geometry(value: object) -> tuple[BaseGeometry | None, str]:
    """A geometry in two dimensions, and what is wrong with it; neither where the feature has none."""
    if value is None:
        return None, ""
    try:
        geometry: BaseGeometry = shapely.force_2d(shape(value))
    except (ShapelyError, TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
        return None, f"is not a geometry: {error}"
    if geometry.is_empty:
        return None, "has no coordinates"
    if _is_in_degrees(geometry) and not geometry.is_valid:
        return None, f"is not valid: {explain_validity(geometry)}; draw it without crossing itself"
    return geometry, ""


def _is_in_degrees(geometry: BaseGeometry) -> bool:
    west, south, east, north = geometry.bounds
    return bool(west >= -180 and east <= 180 and south >= -90 and north <= 90)
