"""Turns a file from elsewhere into a floor plan of ours: chooses the level, lays the frame, takes the features in."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shapely import MultiPolygon, Polygon

from offer_engine.core.world_tie import Tie, tie_from
from offer_engine.errors import MapError, Problem
from offer_engine.plans.floor_text import floor_text
from offer_engine.plans.intake import Frame, take_in
from offer_engine.plans.local_frame import frame_for, georeference, to_local
from offer_engine.plans.naming import english, labels
from offer_engine.plans.world_file import WorldFeature, WorldPlan, read_world


@dataclass(frozen=True, slots=True)
class ImportedPlan:
    """A floor plan as text, and what became of the file that it came from."""

    text: str  # of floor.geojson
    label: str  # what the file calls the venue, or the level; "" where it does not say
    taken: Mapping[str, int]  # features by type
    assumed: Mapping[str, int]  # what was put in where the file says nothing, and how often
    left: Sequence[Problem]  # what was left out, and why


def import_plan(path: Path, *, name: str, level: str | None = None) -> ImportedPlan:
    """Read an IMDF archive, or GeoJSON in WGS84, as the floor plan called `name`.

    Args:
        path: The file.
        name: Of the store's folder.
        level: The ordinal, name or id of the level to take, where there are several.

    Raises:
        MapError: it cannot be read, is not in degrees, or does not say which level to take.
    """
    plan = read_world(path)
    chosen, outline = _choose_level(path, plan, level)
    tie = _tie(path, plan, outline)
    local = to_local(outline, tie)
    if not isinstance(local, Polygon):
        raise TypeError("a polygon's image is a polygon")
    others = frozenset(found.id for found in plan.features if found.kind == "level" and found is not chosen)
    frame = Frame(tie, chosen, local, _ordinal(chosen), others, _unit_names(plan.features))
    intake = take_in(frame, plan.features)
    held = plan.georeference
    points = held if isinstance(held, Mapping) else georeference(tie, local)
    venue = [found for found in plan.features if found.kind == "venue"] or [chosen]
    return ImportedPlan(
        text=floor_text(name, points, intake.features),
        label=english(venue[0].properties.get("name")),
        taken=Counter(str(feature["feature_type"]) for feature in intake.features),
        assumed=intake.assumed,
        left=[*plan.unusable, *intake.left],
    )


def _tie(path: Path, plan: WorldPlan, outline: Polygon) -> Tie:
    """The tie that the file brings, as our exports do; else one that fits the level."""
    held = plan.georeference
    if isinstance(held, Mapping) and "ground_control_points" in held:
        return tie_from(held["ground_control_points"], path)
    plan.georeference = None
    return frame_for(outline)


def _choose_level(path: Path, plan: WorldPlan, wanted: str | None) -> tuple[WorldFeature, Polygon]:
    levels = [feature for feature in plan.features if feature.kind == "level"]
    if not levels:
        kinds = Counter(feature.kind or "no feature_type" for feature in plan.features)
        found = ", ".join(f"{count} × {kind}" for kind, count in kinds.items()) or "no feature"
        message = (
            f"has no level, the outline of the sales floor; give its feature the feature_type 'level'. Found: {found}"
        )
        raise MapError([Problem(path, 0, "features", message)])
    fitting = [level for level in levels if wanted is None or wanted in _names_of(level)]
    if wanted is None and len(levels) > 1:
        fitting = [level for level in levels if _ordinal(level) == 0]
    if len(fitting) != 1:
        listed = "; ".join(
            f"{_ordinal(level)} ({english(level.properties.get('name')) or level.id})" for level in levels
        )
        said = "has several levels" if wanted is None else f"has no single level {wanted!r}"
        raise MapError([Problem(path, 0, "features", f"{said}: choose with --level one of {listed}")])
    level = fitting[0]
    area = level.geometry
    if isinstance(area, MultiPolygon) and len(area.geoms) == 1:
        area = area.geoms[0]
    if not isinstance(area, Polygon):
        shape = "nothing" if area is None else f"a {area.geom_type} of several parts"
        message = f"the level must be one Polygon, not {shape}; a store's floor is one piece"
        raise MapError([Problem(level.file, level.line, "geometry", message)])
    return level, area


def _names_of(level: WorldFeature) -> set[str]:
    found = level.properties
    texts = [*labels(found.get("name")).values(), *labels(found.get("short_name")).values(), found.get("key"), level.id]
    return {str(text) for text in [*texts, _ordinal(level)] if text is not None}


def _ordinal(level: WorldFeature) -> int:
    ordinal = level.properties.get("ordinal")
    return ordinal if isinstance(ordinal, int) and not isinstance(ordinal, bool) else 0


def _unit_names(features: Sequence[WorldFeature]) -> Mapping[str, object]:
    """Names of units by id: in IMDF it is often the occupant, tied by an anchor, that has the name."""
    units = {feature.id: feature.properties.get("unit_id") for feature in features if feature.kind == "anchor"}
    names: dict[str, object] = {}
    for occupant in features:
        unit = units.get(str(occupant.properties.get("anchor_id"))) if occupant.kind == "occupant" else None
        if isinstance(unit, str):
            names[unit] = occupant.properties.get("name")
    return names
