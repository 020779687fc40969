"""Files from elsewhere: what can be read of them, and what is said of those that cannot be."""

import zipfile
from pathlib import Path

import pytest

from offer_engine.errors import MapError
from offer_engine.plans import world_file
from offer_engine.plans.world_file import read_world
from tests.plans.drawn import archive, box, collection, feature, grocer, polygon

IN_WGS84 = "save the plan in WGS84 (EPSG:4326)"
LEVEL = feature("level", polygon(box(0, 0, 20, 30)), "L")


def problem_with(path: Path) -> str:
    """The one thing that is wrong with a file, without the folder it is in."""
    with pytest.raises(MapError) as caught:
        read_world(path)
    (problem,) = caught.value.problems
    return str(problem).replace(f"{path.parent}/", "")


def test_an_archive_may_keep_its_files_in_a_folder(tmp_path: Path) -> None:
    """Zipping a folder, as most people do, is as good as zipping what is in it; so are the copies that macOS adds."""
    path = archive(tmp_path / "plan.zip", grocer(), folder="plan/")
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("__MACOSX/plan/._level.geojson", b"\x00\x05")
    flat = archive(tmp_path / "flat.zip", grocer())
    assert [found.id for found in read_world(path).features] == [found.id for found in read_world(flat).features]


def test_features_know_where_they_stand(tmp_path: Path) -> None:
    """File and line, so that the drawing can be mended where it was made."""
    path = archive(tmp_path / "plan.zip", grocer())
    (found,) = [found for found in read_world(path).features if found.id == "F2"]
    assert (found.file, found.line, found.kind) == (path / "fixture.geojson", 3, "fixture")


def test_heights_and_byte_order_marks_are_no_matter(tmp_path: Path) -> None:
    """A third coordinate is dropped, and so is the mark with which some editors begin a file."""
    path = tmp_path / "plan.geojson"
    text = collection([{**LEVEL, "geometry": {"type": "Point", "coordinates": [8.5, 47.3, 402.5]}}])
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    (found,) = read_world(path).features
    assert found.geometry is not None
    assert found.geometry.coords[:] == [(8.5, 47.3)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"features": [', "plan.geojson:1: is not JSON: Expecting value"),
        ("[]", "plan.geojson:1: is not JSON: expected '{'"),
        (
            collection([LEVEL], crs={"type": "name", "properties": {"name": "EPSG::3857"}}),
            "plan.geojson:1: crs: says its coordinates are in EPSG::3857; save it in WGS84 (EPSG:4326)",
        ),
        (
            collection([LEVEL, {**LEVEL, "geometry": {"type": "Point", "coordinates": [389012.5, 5820000]}}]),
            "plan.geojson:3: geometry: [389012, 5.82e+06] is not a longitude and a latitude; " + IN_WGS84,
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    """The message names the file, the line and what to do."""
    path = tmp_path / "plan.geojson"
    path.write_text(text)
    assert problem_with(path) == expected


def test_a_plan_in_metres_is_told_apart(tmp_path: Path) -> None:
    """A plan that is in metres already needs no import, and as degrees would be a store as large as Africa."""
    path = tmp_path / "plan.geojson"
    metres = {"type": "Polygon", "coordinates": [[[0, 0], [48, 0], [48, 34], [0, 34], [0, 0]]]}
    path.write_text(collection([{**LEVEL, "geometry": metres}]))
    assert problem_with(path) == (
        "plan.geojson:2: geometry: the level would measure 48 by 34 degrees; a plan that is in metres already needs no "
        "import: save it as floor.geojson in the store's folder (docs/maps.md)"
    )


def test_what_is_no_drawing_is_refused(tmp_path: Path) -> None:
    """A missing file, bytes that are no text, a ZIP of something else, a ZIP that would fill the memory."""
    assert problem_with(tmp_path / "none.zip") == "none.zip: cannot be read: No such file or directory"
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n")
    assert problem_with(tmp_path / "picture.png") == "picture.png: is not UTF-8 text, which GeoJSON must be"
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as packed:
        packed.writestr("readme.txt", "hello")
        packed.writestr("plan.geojson", "{}")
    assert problem_with(tmp_path / "other.zip") == (
        "other.zip: holds no level.geojson, so it is not an IMDF archive; it holds plan.geojson"
    )


def test_an_archive_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything of it is unpacked."""
    monkeypatch.setattr(world_file, "MAX_BYTES", 1_000_000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("level.geojson", " " * 1_000_001)
    assert problem_with(tmp_path / "bomb.zip") == "bomb.zip: unpacks to more than 1 MB; no store is so large"


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    """A download that broke off is told from an empty one."""
    path = archive(tmp_path / "plan.zip", grocer())
    content = bytearray(path.read_bytes())
    content[60:90] = b"x" * 30
    path.write_bytes(bytes(content))
    assert "plan.zip: is a damaged ZIP" in problem_with(path)
