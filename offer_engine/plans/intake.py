"""Turns features of an IMDF archive, or of GeoJSON in WGS84, into the features of a store's floor plan.

What the world's drawing lacks (a zone's numbers, which way a door is used) is put in with a default, and said; what a
floor plan has no use for is left out, and listed. Nothing is dropped in silence, since somebody drew it.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import NAMESPACE_OID, uuid5

from shapely import LineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from offer_engine.core.floor_checks import DOOR_OFF_WALL_M, OUTSIDE_M2
from offer_engine.core.floor_parse import DIRECTIONS, FIXTURE_KINDS, ZONE_KINDS, known_properties
from offer_engine.core.record import shown
from offer_engine.core.world_tie import Tie
from offer_engine.errors import Problem
from offer_engine.messages import is_id
from offer_engine.plans import imdf_words
from offer_engine.plans.local_frame import LOCAL_DECIMALS, geojson, to_local
from offer_engine.plans.naming import english, key_for, labels
from offer_engine.plans.world_file import WorldFeature

NUMBERS: Mapping[str, float] = {  # a zone's, where the drawing has none: those of Northgate Market
    "min_inside_ms": 4000,
    "min_dwell_ms": 5000,
    "min_outside_ms": 3000,
    "exit_margin_m": 1.0,
    "timeout_ms": 20_000,
}
GATEWAY = {"z_m": 3.0, "rssi_1m_dbm": -59}  # under a usual ceiling; at the strength that most receivers are set to
WHOLE_SHARE = 0.9  # an area this large is the floor itself and no part of it
SHARED_SHARE = 0.1  # a geofence that has this much of itself in common with a department lies over it


@dataclass(frozen=True, slots=True)
class Frame:
    """The level that is imported, and how it lies on the earth."""

    tie: Tie
    level: WorldFeature
    area: Polygon  # the level's, in local metres
    floor: int  # its storey
    others: frozenset[str]  # ids of the other levels
    names: Mapping[str, object]  # of units, by id, from the occupants that are in them


@dataclass(slots=True)
class Intake:
    """The floor plan so far."""

    features: list[dict[str, object]] = field(default_factory=list)
    departments: list[BaseGeometry] = field(default_factory=list)
    keys: dict[str, set[str]] = field(default_factory=dict)  # taken ones, by feature type
    ids: set[str] = field(default_factory=set)
    assumed: Counter[str] = field(default_factory=Counter)  # what was put in, and how often
    left: list[Problem] = field(default_factory=list)  # what was left out, and why


def take_in(frame: Frame, features: list[WorldFeature]) -> Intake:
    """Make a store's features of a world's; geofences of no known kind last, to see what they lie over."""
    intake = Intake()
    _add(intake, frame, frame.level, "level", frame.area, {})
    for feature in sorted(features, key=_order):
        if feature is frame.level:
            continue
        if _levels(feature) & frame.others:
            _leave(intake, feature, "stands on another level")
        elif feature.kind in imdf_words.UNUSED:
            _leave(intake, feature, imdf_words.UNUSED[feature.kind])
        elif feature.kind == "level":
            _leave(intake, feature, "another level; each level is a plan of its own, and --level chooses")
        elif feature.kind in _READERS:
            _READERS[feature.kind](intake, frame, feature)
        elif feature.kind:
            _leave(intake, feature, f"the type {shown(feature.kind)} is not known")
        else:
            _leave(intake, feature, f"has no feature_type; give it one of {', '.join(sorted({'level', *_READERS}))}")
    return intake


def _order(feature: WorldFeature) -> int:
    has_kind = feature.properties.get("kind") in ZONE_KINDS
    return 2 if feature.kind == "geofence" and not has_kind else 1 if feature.kind in {"section", "unit"} else 0


def _levels(feature: WorldFeature) -> set[str]:
    several = feature.properties.get("level_ids")
    found = several if isinstance(several, list) else [feature.properties.get("level_id")]
    return {level for level in found if isinstance(level, str)}


def _leave(intake: Intake, feature: WorldFeature, why: str) -> None:
    intake.left.append(Problem(feature.file, feature.line, feature.kind, why))


def _take_fixture(intake: Intake, frame: Frame, feature: WorldFeature) -> None:
    category = str(feature.properties.get("category") or "")
    kind = feature.properties.get("kind")
    if kind not in FIXTURE_KINDS:
        is_unit = feature.kind == "unit"
        kind = "wall" if is_unit else imdf_words.FIXTURE_KIND.get(category, imdf_words.SHELF)
        kind = "counter" if feature.kind == "kiosk" else kind
        intake.assumed[f"{feature.kind} without a kind of shelf: taken for a {kind}"] += 1
    area = _area_on(intake, frame, feature)
    parts = area.geoms if isinstance(area, MultiPolygon) else [area] if area is not None else []
    zone = feature.properties.get("zone")
    for part in parts:
        _add(intake, frame, feature, "fixture", part, {"kind": kind, "zone": zone if isinstance(zone, str) else None})


def _take_unit(intake: Intake, frame: Frame, feature: WorldFeature) -> None:
    if imdf_words.is_closed(str(feature.properties.get("category") or "")):
        _take_fixture(intake, frame, feature)
    elif not english(_name(frame, feature)):
        _leave(intake, feature, "floor to walk on, without a name that would make it a zone")
    else:
        _take_zone(intake, frame, feature)


def _take_zone(intake: Intake, frame: Frame, feature: WorldFeature) -> None:
    area = _area_on(intake, frame, feature)
    if area is None:
        return
    kind = feature.properties.get("kind")
    if kind not in ZONE_KINDS:
        if area.area > WHOLE_SHARE * frame.area.area:
            _leave(intake, feature, "covers nearly the whole level; zones are parts of it")
            return
        shared_m2 = sum(area.intersection(other).area for other in intake.departments)
        kind = "promo" if shared_m2 > SHARED_SHARE * area.area else "dept"
        over = ", since it lies over another" if kind == "promo" else ""
        intake.assumed[f"zone without a kind: taken for kind '{kind}'{over}"] += 1
    if kind in {"dept", "aisle"}:
        intake.departments.append(area)
    numbers = {name: feature.properties.get(name) for name in NUMBERS}
    if None in numbers.values():
        numbers = {name: NUMBERS[name] if value is None else value for name, value in numbers.items()}
        said = ", ".join(f"{name} {value:g}" for name, value in NUMBERS.items())
        intake.assumed[f"zone without all its numbers: those missing are {said}"] += 1
    floor = feature.properties.get("floor")
    name = labels(_name(frame, feature)) or {"en": "Zone"}
    own = {"name": name, "kind": kind, "floor": frame.floor if floor is None else floor}
    _add(intake, frame, feature, "geofence", area, {**own, **numbers})


def _take_opening(intake: Intake, frame: Frame, feature: WorldFeature) -> None:
    category = str(feature.properties.get("category") or "")
    if not isinstance(feature.geometry, LineString):
        _leave(intake, feature, f"must be a LineString, not {_shape(feature)}")
        return
    line = to_local(feature.geometry, frame.tie)
    off_m = frame.area.exterior.distance(line)
    direction = feature.properties.get("direction")
    if direction not in DIRECTIONS:
        if category in imdf_words.OPENINGS_NOT_FOR_SHOPPERS:
            _leave(intake, feature, f"category '{category}': not a door for shoppers")
            return
        if off_m > DOOR_OFF_WALL_M:
            _leave(
                intake, feature, "a door inside the store; only those in the level's outline let shoppers in and out"
            )
            return
        direction = "both"
        intake.assumed["door without a direction: taken for a way in and out"] += 1
    name = labels(feature.properties.get("name")) or {"en": "Door"}
    _add(intake, frame, feature, "opening", line, {"name": name, "direction": direction})


def _take_gateway(intake: Intake, frame: Frame, feature: WorldFeature) -> None:
    if not isinstance(feature.geometry, Point):
        _leave(intake, feature, f"must be a Point, not {_shape(feature)}")
        return
    own = {name: feature.properties.get(name) for name in GATEWAY}
    if None in own.values():
        own = {name: GATEWAY[name] if value is None else value for name, value in own.items()}
        said = ", ".join(f"{name} {value:g}" for name, value in GATEWAY.items())
        intake.assumed[f"gateway without its height or strength: those missing are {said}"] += 1
    _add(intake, frame, feature, "x-beacon", to_local(feature.geometry, frame.tie), own)


_NOT_OF_A_FLOOR = {"display_point", "building_ids", "address_id", "anchor_id"}  # in degrees, or of what is left out
_READERS: Mapping[str, Callable[[Intake, Frame, WorldFeature], None]] = {
    "fixture": _take_fixture,
    "geofence": _take_zone,
    "kiosk": _take_fixture,
    "opening": _take_opening,
    "section": _take_zone,
    "unit": _take_unit,
    "x-beacon": _take_gateway,
}


def _name(frame: Frame, feature: WorldFeature) -> object:
    return feature.properties.get("name") or frame.names.get(feature.id)


def _shape(feature: WorldFeature) -> str:
    return "nothing" if feature.geometry is None else f"a {feature.geometry.geom_type}"


def _area_on(intake: Intake, frame: Frame, feature: WorldFeature) -> Polygon | MultiPolygon | None:
    """The feature's area in local metres, cut at the level's outline; None, and a note, where none is left."""
    if not isinstance(feature.geometry, Polygon | MultiPolygon):
        _leave(intake, feature, f"must be a Polygon, not {_shape(feature)}")
        return None
    area = to_local(feature.geometry, frame.tie)
    if area.difference(frame.area).area > OUTSIDE_M2:
        area = area.intersection(frame.area)
        parts = [
            part for part in getattr(area, "geoms", [area]) if isinstance(part, Polygon) and part.area > OUTSIDE_M2
        ]
        if not parts:
            _leave(intake, feature, "lies outside the level")
            return None
        intake.assumed[f"{feature.kind} that reached out of the level: cut at its outline"] += 1
        area = parts[0] if len(parts) == 1 else MultiPolygon(parts)
    return area if isinstance(area, Polygon | MultiPolygon) else None


def _add(
    intake: Intake,
    frame: Frame,
    feature: WorldFeature,
    kind: str,
    area: BaseGeometry,
    own: Mapping[str, object],
) -> None:
    """Put a feature on the plan: with `own` properties, and with those of its properties that a plan may have."""
    taken = intake.keys.setdefault(kind, set())
    key = feature.properties.get("key")
    if isinstance(key, str) and is_id(key) and key not in taken:
        taken.add(key)
    else:
        key = key_for(english(_name(frame, feature)) or feature.kind, taken)
    feature_id = feature.id
    if not feature_id or feature_id in intake.ids:
        feature_id = str(uuid5(NAMESPACE_OID, f"aislewise/{kind}/{key}"))
    intake.ids.add(feature_id)
    allowed = known_properties(kind) - _NOT_OF_A_FLOOR
    kept = {name: value for name, value in feature.properties.items() if name in allowed and value is not None}
    properties = {"key": key, **kept, **own}
    shape = geojson(area, LOCAL_DECIMALS)
    intake.features.append(
        {"type": "Feature", "id": feature_id, "feature_type": kind, "geometry": shape, "properties": properties}
    )
