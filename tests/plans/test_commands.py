"""The commands under `map`, as a retailer uses them."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from offer_engine.__main__ import cli
from offer_engine.errors import MapError, OffersError, SettingsError
from offer_engine.store_files import load_store
from tests.core.tiny_store import FLOOR, edited
from tests.plans.drawn import archive, grocer
from tests.worlds import MAPS

MARKET = MAPS / "demo-market"


def run(*words: object) -> str:
    """What a command prints; its mistakes are raised as they are in `main`."""
    result = CliRunner().invoke(cli, ["map", *map(str, words)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def a_store(folder: Path, floor: str) -> Path:
    """A folder with nothing but a floor plan in it."""
    (folder / "floor.geojson").write_text(floor)
    return folder


def test_check_sums_up_a_plan_that_is_right() -> None:
    """Counts, sizes, and where on earth it lies."""
    lines = run("check", MARKET).splitlines()
    assert lines[0] == f"{MARKET / 'floor.geojson'}: no problems"
    assert [line.strip() for line in lines[1:]] == [
        "floor: 48.0 × 34.0 m, 1,632 m2, of which 1,302 m2 to walk on",
        "zones: 20 (8 dept, 8 aisle, 3 service, 1 promo), all reached from an entrance",
        "fixtures: 36 (18 gondola, 6 till, 3 counter, 3 table, 2 cooler, 2 freezer, 2 rack)",
        "doors: 2 (1 in, 1 out)",
        "gateways: 30, one for each 54 m2",
        "on earth: 52.51015, 13.37035 (latitude, longitude of its middle)",
    ]


def test_check_needs_nothing_but_the_floor(tmp_path: Path) -> None:
    """A plan is drawn before there is a catalogue; overlaps that may be are reported too."""
    lines = run("check", a_store(tmp_path, FLOOR)).splitlines()
    assert "  overlap: 'wine' (dept) and 'promo' (promo) share 2.0 m2" in lines
    assert "  on earth: not tied; control points would say where the plan lies (docs/maps.md)" in lines


def test_check_lists_every_problem(tmp_path: Path) -> None:
    """By file, line and field, in the order of the file."""
    wine = "[[0, 4], [4, 4], [4, 7], [0, 7], [0, 4]]"
    broken = edited(
        FLOOR, (wine, "[[0, 4], [6.5, 4], [6.5, 7], [0, 7], [0, 4]]"), ('"kind": "rack"', '"kind": "racks"')
    )
    with pytest.raises(MapError) as caught:
        run("check", a_store(tmp_path, broken))
    assert [(problem.line, problem.field) for problem in caught.value.problems] == [
        (3, "properties.kind"),
        (5, "geometry"),
    ]


def test_show_draws_by_the_name_it_is_given(tmp_path: Path) -> None:
    """SVG or PNG; the store's own label stands above it."""
    assert run("show", MARKET, "--out", tmp_path / "plan.svg") == f"{tmp_path / 'plan.svg'}: drawn\n"
    assert ">Northgate Market<" in (tmp_path / "plan.svg").read_text()
    run("show", MARKET, "--out", tmp_path / "plan.png", "--world")
    assert (tmp_path / "plan.png").read_bytes().startswith(b"\x89PNG")


def test_show_draws_a_plan_with_mistakes_and_lists_them(tmp_path: Path) -> None:
    """Seeing it is the quickest way to mend it."""
    folder = a_store(tmp_path, edited(FLOOR, ("[[4, 0], [6, 0]]", "[[4, 2], [6, 2]]")))
    printed = run("show", folder, "--out", tmp_path / "plan.svg")
    assert "opening 'door' stands 2.0 m off the level's outline" in printed


def test_a_plan_goes_round_the_world(tmp_path: Path) -> None:
    """Exported, imported, checked: the same summary, and a second import asks before it replaces the first."""
    before = run("check", MARKET).splitlines()[1:]
    printed = run("export", MARKET, "--out", tmp_path / "market.imdf.zip")
    assert "36 fixture" in printed
    assert "the address is 'unknown'" in printed
    new = tmp_path / "new-store"
    run("import", tmp_path / "market.imdf.zip", "--out", new)
    assert run("check", new).splitlines()[1:] == before
    with pytest.raises(SettingsError, match="is there already; choose another --out, or --force to replace it"):
        run("import", tmp_path / "market.imdf.zip", "--out", new)
    run("export", MARKET, "--out", tmp_path / "market.geojson")
    run("import", tmp_path / "market.geojson", "--out", new, "--force")
    assert run("check", new).splitlines()[1:] == before


@pytest.mark.parametrize("store", ["demo-market", "corner-shop"])
def test_a_store_that_went_round_the_world_is_the_same_store(tmp_path: Path, store: str) -> None:
    """Out as an IMDF archive and in again, the engine reads the very same map, to the last digit."""
    new = tmp_path / "new"
    shutil.copytree(MAPS / store, new)
    run("export", new, "--out", tmp_path / "store.zip")
    run("import", tmp_path / "store.zip", "--out", new, "--force")
    before, after = load_store(MAPS / store), load_store(new)
    assert after.zones == before.zones
    assert set(after.fixtures) == set(before.fixtures)
    assert (after.level, after.openings, after.gateways) == (before.level, before.openings, before.gateways)
    assert after.tie == before.tie


def test_import_says_what_became_of_the_drawing(tmp_path: Path) -> None:
    """What was put in, what was left out and where, and what to do next."""
    drawing = archive(tmp_path / "grocer.zip", grocer())
    printed = run("import", drawing, "--out", tmp_path / "mill")
    assert ", of Old Mill Grocer" in printed
    assert "1 × door without a direction: taken for a way in and out" in printed
    assert "1 × opening: category 'emergencyexit': not a door for shoppers (opening.geojson:4)" in printed
    assert "next: python -m offer_engine map show" in printed
    assert "to mend" not in printed


def test_import_lists_what_is_left_to_mend(tmp_path: Path) -> None:
    """A drawing without a way in is imported, and said to want one."""
    features = [found for found in grocer() if found["feature_type"] != "opening"]
    printed = run("import", archive(tmp_path / "grocer.zip", features), "--out", tmp_path / "mill")
    assert "to mend, 2:" in printed
    assert "there is no opening to come in by" in printed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("show", MARKET, "--out", "plan.pdf"), "--out plan.pdf: must end in .svg or .png"),
        (
            ("export", MARKET, "--out", "plan.shp"),
            "--out plan.shp: must end in .zip for an IMDF archive, or in .geojson",
        ),
        (("check", "nowhere"), "nowhere/floor.geojson: cannot be read: No such file or directory"),
        (("show", MARKET, "--out", "no/such/folder.svg"), "no/such/folder.svg: cannot be written: No such file"),
    ],
)
def test_a_mistake_at_the_command_line_is_one_sentence(words: tuple[object, ...], message: str) -> None:
    """Each says what would be right."""
    with pytest.raises(OffersError) as caught:
        run(*words)
    assert str(caught.value).startswith(message)


def test_north_can_only_be_shown_where_it_is_known(tmp_path: Path) -> None:
    """A plan without control points has no north."""
    with pytest.raises(SettingsError, match="--world: the plan has no control points"):
        run("show", a_store(tmp_path, FLOOR), "--world", "--out", tmp_path / "x.svg")
