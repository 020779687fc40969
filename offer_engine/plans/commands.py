"""The commands under `map`: floor plans brought in, taken out, checked and drawn."""

import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from offer_engine.core.floor_checks import check_floor
from offer_engine.core.floor_parse import Floor, parse_floor
from offer_engine.core.store_parse import FLOOR_FILE, STORE_FILE
from offer_engine.errors import MapError, Problem, SettingsError
from offer_engine.plans.drawing import north_up, plan_of, svg
from offer_engine.plans.exporting import NO_COUNTRY, UNKNOWN, Address, export_plan, geojson_text, imdf_archive
from offer_engine.plans.importing import ImportedPlan, import_plan
from offer_engine.plans.picture import png
from offer_engine.plans.survey import survey

SHOWN = 3  # of the features left out for one reason, named

FolderArgument = Annotated[Path, typer.Argument(help="Folder of a store.")]


def map_commands(now_ms: Callable[[], int]) -> typer.Typer:
    """The commands; `now_ms` dates an archive."""
    commands = typer.Typer(
        help="Floor plans: check them, draw them (SVG, PNG), import and export them (IMDF, GeoJSON).",
        no_args_is_help=True,
        add_completion=False,
    )
    commands.command("check")(check_map)
    commands.command("show")(show_map)
    commands.command("import")(import_map)

    @commands.command("export")
    def export_map(
        folder: FolderArgument,
        *,
        out: Annotated[Path, typer.Option(help="A name that ends in .zip (an IMDF archive) or .geojson.")],
        street: Annotated[str, typer.Option(help="Street and number, which IMDF asks for.")] = UNKNOWN,
        locality: Annotated[str, typer.Option(help="The town, which IMDF asks for.")] = UNKNOWN,
        country: Annotated[str, typer.Option(help="Two letters (ISO 3166), which IMDF asks for.")] = NO_COUNTRY,
    ) -> None:
        """Write a floor plan in longitude and latitude: as an IMDF archive, or as one GeoJSON file."""
        file = folder / FLOOR_FILE
        export = export_plan(_text(file), file, _label(folder))
        if out.suffix.lower() == ".zip":
            created = datetime.fromtimestamp(now_ms() / 1000, UTC).isoformat(timespec="seconds")
            _write(out, imdf_archive(export, Address(street, locality, country), created))
        elif out.suffix.lower() in {".geojson", ".json"}:
            _write(out, geojson_text(export).encode())
        else:
            raise SettingsError(f"--out {out}: must end in .zip for an IMDF archive, or in .geojson")
        typer.echo(f"{out}: {_counted(Counter(str(feature['feature_type']) for feature in export.features))}")
        if out.suffix.lower() == ".zip" and UNKNOWN in {street, locality}:
            typer.echo("the address is 'unknown': IMDF wants --street, --locality and --country")

    return commands


def check_map(folder: FolderArgument) -> None:
    """Check a store's floor plan, and only that: every problem by file, line and field, or a summary."""
    file = folder / FLOOR_FILE
    floor, problems = _read(file)
    if problems or floor.level is None:
        raise MapError(problems)
    typer.echo(f"{file}: no problems")
    for line in survey(floor, floor.level):
        typer.echo(f"  {line}")


def show_map(
    folder: FolderArgument,
    *,
    out: Annotated[Path | None, typer.Option(help="A name that ends in .svg or .png; floor.svg by default.")] = None,
    world: Annotated[bool, typer.Option("--world", help="With north up, as on a map of the town.")] = False,
) -> None:
    """Draw a store's floor plan as SVG or PNG; what is wrong with it is outlined in red."""
    out = out or Path("floor.svg")
    if out.suffix.lower() not in {".svg", ".png"}:
        raise SettingsError(f"--out {out}: must end in .svg or .png")
    floor, problems = _read(folder / FLOOR_FILE)
    if floor.level is None:
        raise MapError(problems)
    plan = plan_of(floor, _label(folder), floor.level, {problem.line for problem in problems})
    if world:
        if plan.north is None:
            raise SettingsError("--world: the plan has no control points that say where north is (docs/maps.md)")
        plan = north_up(plan, plan.north)
    drawing = svg(plan)
    _write(out, drawing.encode() if out.suffix.lower() == ".svg" else png(drawing))
    typer.echo(f"{out}: drawn")
    for problem in problems:
        typer.echo(f"  {problem}")


def import_map(
    file: Annotated[Path, typer.Argument(help="An IMDF archive (.zip), or GeoJSON in longitude and latitude.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder of the new store.")],
    level: Annotated[
        str | None, typer.Option(help="Which level, where there are several: ordinal, name or id.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the floor plan that is there.")] = False,
) -> None:
    """Make a store's floor plan of an IMDF archive, or of GeoJSON in longitude and latitude."""
    plan_file = out / FLOOR_FILE
    if plan_file.exists() and not force:
        raise SettingsError(f"{plan_file} is there already; choose another --out, or --force to replace it")
    imported = import_plan(file, name=out.name, level=level)
    out.mkdir(parents=True, exist_ok=True)
    _write(plan_file, imported.text.encode())
    typer.echo(f"{plan_file}: {_counted(imported.taken)}" + (f", of {imported.label}" if imported.label else ""))
    _say_what_became(imported)
    _, problems = _read(plan_file)
    if problems:
        typer.echo(f"to mend, {len(problems)}:")
        for problem in problems:
            typer.echo(f"  {problem}")
    typer.echo(f"next: python -m offer_engine map show {out} --out plan.png   draws it")
    typer.echo(f"      python -m offer_engine check {out}   says what a store needs besides its floor")


def _say_what_became(imported: ImportedPlan) -> None:
    if imported.assumed:
        typer.echo("put in, since the file does not say:")
        for what, count in imported.assumed.items():
            typer.echo(f"  {count} × {what}")
    if imported.left:
        typer.echo(f"left out, {len(imported.left)}:")
        for (kind, why), places in _by_reason(imported.left).items():
            where = ", ".join(f"{place.file.name}:{place.line}" for place in places[:SHOWN])
            more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
            typer.echo(f"  {len(places)} × {kind + ': ' if kind else ''}{why} ({where}{more})")


def _by_reason(left: Sequence[Problem]) -> dict[tuple[str, str], list[Problem]]:
    found: dict[tuple[str, str], list[Problem]] = {}
    for problem in left:
        found.setdefault((problem.field, problem.message), []).append(problem)
    return found


def _counted(taken: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in taken.items())


def _read(file: Path) -> tuple[Floor, list[Problem]]:
    problems: list[Problem] = []
    floor = parse_floor(_text(file), file, problems)
    check_floor(floor, problems)
    return floor, sorted(problems, key=lambda problem: problem.line)


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise MapError([Problem(file, 0, "", f"cannot be read: {error.strerror or error}")]) from None
    except UnicodeDecodeError:
        raise MapError([Problem(file, 0, "", "is not UTF-8 text; save it with that encoding")]) from None


def _label(folder: Path) -> str:
    """What the store calls itself, else its folder's name."""
    try:
        label = tomllib.loads(_text(folder / STORE_FILE)).get("label")
    except (MapError, tomllib.TOMLDecodeError):
        label = None
    return label if isinstance(label, str) else folder.resolve().name


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise SettingsError(f"{file}: cannot be written: {error.strerror or error}") from None
