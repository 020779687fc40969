"""A plan that goes out into the world comes home as it left; and an archive has what IMDF asks for."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import shape

from offer_engine.core.world_tie import tie_at
from offer_engine.errors import MapError
from offer_engine.plans.exporting import Address, WorldExport, export_plan, geojson_text, imdf_archive
from offer_engine.plans.floor_text import floor_text
from offer_engine.plans.importing import import_plan
from offer_engine.plans.local_frame import georeference
from tests.core.tiny_store import FLOOR
from tests.worlds import MAPS

CREATED = "2026-01-01T09:00:00+00:00"
STORES = ("demo-market", "corner-shop")


def exported(store: str) -> WorldExport:
    """One of the demo's plans, in degrees."""
    file = MAPS / store / "floor.geojson"
    return export_plan(file.read_text(), file, store)


def home_again(export: WorldExport, folder: Path, suffix: str) -> Mapping[str, Mapping[str, object]]:
    """The features of a plan that was written and imported again, by id."""
    path = folder / f"plan{suffix}"
    is_archive = suffix == ".zip"
    path.write_bytes(imdf_archive(export, Address(), CREATED) if is_archive else geojson_text(export).encode())
    imported = import_plan(path, name=export.name)
    assert imported.assumed == {}
    return {feature["id"]: feature for feature in json.loads(imported.text)["features"]}


@pytest.mark.parametrize("suffix", [".zip", ".geojson"])
@pytest.mark.parametrize("store", STORES)
def test_a_plan_comes_home_as_it_left(tmp_path: Path, store: str, suffix: str) -> None:
    """Every coordinate of both stores, to 0.1 mm, and every property."""
    before = json.loads((MAPS / store / "floor.geojson").read_text())["features"]
    after = home_again(exported(store), tmp_path, suffix)
    assert len(after) == len(before)
    for feature in before:
        home = after[feature["id"]]
        left, came = shape(feature["geometry"]), shape(json.loads(json.dumps(home["geometry"])))
        assert shapely.hausdorff_distance(left, came) < 2e-4
        assert known(home) == known(feature)


def known(feature: Mapping[str, object]) -> dict[str, object]:
    """The properties of a feature that say something."""
    properties = feature["properties"]
    assert isinstance(properties, dict)
    return {name: value for name, value in properties.items() if value is not None}


@given(
    lon=st.floats(-180, 180), lat=st.floats(-70, 70), x=st.floats(0, 400), y=st.floats(0, 400), turn=st.floats(-3, 3)
)
def test_any_place_comes_home_within_a_centimetre(
    tmp_path_factory: pytest.TempPathFactory, lon: float, lat: float, x: float, y: float, turn: float
) -> None:
    """A hall of 400 m, tied anywhere on earth at any angle, with a receiver anywhere in it."""
    tie = tie_at(lon, lat, bearing_rad=turn)
    level = shapely.box(0, 0, 400, 400)
    features = [
        {
            "type": "Feature",
            "id": "L",
            "feature_type": "level",
            "geometry": shapely.geometry.mapping(level),
            "properties": {"key": "0"},
        },
        {
            "type": "Feature",
            "id": "B",
            "feature_type": "x-beacon",
            "geometry": {"type": "Point", "coordinates": [x, y]},
            "properties": {"key": "b", "z_m": 3, "rssi_1m_dbm": -59},
        },
    ]
    text = floor_text("hall", georeference(tie, level), features)
    export = export_plan(text, Path("floor.geojson"), "hall")
    home = home_again(export, tmp_path_factory.mktemp("hall"), ".geojson")
    came = shape(json.loads(json.dumps(home["B"]["geometry"])))
    assert came.distance(shapely.Point(x, y)) < 0.01


def members(archive: bytes) -> dict[str, list[dict[str, object]]]:
    """The features of each file of an archive."""
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        texts = {name: json.loads(packed.read(name)) for name in packed.namelist()}
    assert texts.pop("manifest.json") == {
        "version": "1.0.0",
        "created": CREATED,
        "generated_by": "Aislewise",
        "language": "en",
        "extensions": ["imdf:extension:aislewise:store-map#1.0.0"],
    }
    return {name: found["features"] for name, found in texts.items()}


@pytest.mark.parametrize("store", STORES)
def test_an_archive_has_what_imdf_asks_for(store: str) -> None:
    """One file a type, ids that are UUIDs and used once, references that lead somewhere, a point to display."""
    files = members(imdf_archive(exported(store), Address("1 Main Street", "Berlin", "DE"), CREATED))
    kinds = ["address", "building", "fixture", "footprint", "geofence", "level", "opening", "unit", "venue", "x-beacon"]
    assert sorted(files) == [f"{kind}.geojson" for kind in kinds]
    features = [feature for found in files.values() for feature in found]
    ids = {str(feature["id"]): feature["feature_type"] for feature in features}
    assert len(ids) == len(features)
    assert all(str(UUID(feature_id)) == feature_id for feature_id in ids)
    for feature in features:
        properties = feature["properties"]
        assert isinstance(properties, dict)
        for name, kind in (("level_id", "level"), ("address_id", "address")):
            assert properties.get(name) is None or ids[properties[name]] == kind
        for name, kind in (("level_ids", "level"), ("building_ids", "building")):
            assert all(ids[found] == kind for found in properties.get(name) or ())
        if feature["feature_type"] in {"level", "fixture", "geofence", "opening", "unit", "venue"}:
            assert properties["display_point"]["type"] == "Point"
            assert "category" in properties
    (address,) = files["address.geojson"]
    assert isinstance(address["properties"], dict)
    assert (address["properties"]["locality"], address["properties"]["country"]) == ("Berlin", "DE")


def test_the_same_plan_gives_the_same_archive() -> None:
    """Byte by byte, so that a change in it is a change of the plan."""
    export = exported("corner-shop")
    assert imdf_archive(export, Address(), CREATED) == imdf_archive(export, Address(), CREATED)


def test_ids_that_are_none_become_uuids() -> None:
    """A plan may number its features as it likes; IMDF may not see that."""
    tied = FLOOR.replace(
        '"features": [',
        f'"georeference": {json.dumps(georeference(tie_at(1, 2), shapely.box(0, 0, 9, 9)))}, "features": [',
    )
    files = members(imdf_archive(export_plan(tied, Path("floor.geojson"), "tiny"), Address(), CREATED))
    assert all(UUID(str(feature["id"])) for found in files.values() for feature in found)


def test_a_plan_that_is_not_tied_cannot_be_exported() -> None:
    """Where on earth it lies is what an export is about."""
    with pytest.raises(MapError, match="georeference: is missing; it takes control points to say where on earth"):
        export_plan(FLOOR, Path("floor.geojson"), "tiny")


def test_a_plan_without_a_level_is_not_exported() -> None:
    """There would be no venue, no building and no footprint."""
    with pytest.raises(MapError, match="there is no level to export"):
        export_plan(
            '{"type": "FeatureCollection", "schema": "store-map/1", "features": []}', Path("floor.geojson"), "x"
        )


def test_a_plan_with_problems_is_not_exported() -> None:
    """They are listed as `check` lists them."""
    with pytest.raises(MapError, match="must be level or fixture"):
        export_plan(FLOOR.replace('"geofence"', '"fence"'), Path("floor.geojson"), "tiny")
