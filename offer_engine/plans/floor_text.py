"""Turns features into the text of a FeatureCollection: one feature a line, for finding and for comparing."""

import json
from collections.abc import Iterable, Mapping

from offer_engine.core.floor_parse import SCHEMA


def collection_text(top: Mapping[str, object], features: Iterable[Mapping[str, object]]) -> str:
    """A file with the members of `top`, then the features.

    >>> print(collection_text({"type": "FeatureCollection"}, [{"type": "Feature"}]), end="")
    {
    "type": "FeatureCollection",
    "features": [
    {"type": "Feature"}
    ]}
    """
    members = "".join(f"{_json(key)}: {_json(value)},\n" for key, value in top.items())
    lines = ",\n".join(_json(feature) for feature in features)
    return "{\n" + members + '"features": [\n' + lines + "\n]}\n"


def floor_text(name: str, georeference: Mapping[str, object], features: Iterable[Mapping[str, object]]) -> str:
    """A store's floor.geojson."""
    top = {"type": "FeatureCollection", "name": name, "schema": SCHEMA, "georeference": georeference}
    return collection_text(top, features)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
