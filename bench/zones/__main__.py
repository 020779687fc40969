"""`make evaluate-zones`: walk, follow, score; write build/evaluate-zones.json, tables and picture of docs/zones.md."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from bench.zones.cost import Cost, measure
from bench.zones.fixes import CASES, GATEWAYS, Case, fixes_of
from bench.zones.methods import admitted
from bench.zones.picture import draw
from bench.zones.report import as_goals, as_json, as_markdown, as_table
from bench.zones.run import HELD_OUT_SEEDS, Line, Walked, evaluate, prepare, walk
from offer_engine.store_files import load_store

OUTPUT = Path("build/evaluate-zones.json")
DOCUMENT = Path("docs/zones.md")  # its tables, between two comments, are written anew
BEGIN, END = "<!-- results -->", "<!-- /results -->"
PICTURE = Path("docs/zones.svg")
COSTED = 6  # trips on which CPU time is measured
WIDTH = 150  # of the tables, in characters
PICTURED_MS = 10 * 60_000  # the trip drawn is the one nearest to this long

app = typer.Typer(add_completion=False)


@app.command()
def main(
    store: Annotated[Path, typer.Option(help="Folder of the store.")] = Path("maps/demo-market"),
    trips: Annotated[int, typer.Option(min=1, help="Trips of each of the three held-out days.")] = 20,
    *,
    quick: Annotated[bool, typer.Option(help="Only sigma 2 m, correlated, on one day; writes nothing.")] = False,
) -> None:
    """Score zones against the true paths of simulated shoppers."""
    console = Console(width=max(Console().width, WIDTH))
    floor = load_store(store)
    ground = prepare(floor)
    seeds = HELD_OUT_SEEDS[:1] if quick else HELD_OUT_SEEDS
    walked = list(track(walk(floor, ground, seeds, trips), "walking", total=trips * len(seeds), console=console))
    cases = (Case(2.0, "correlated"),) if quick else (*CASES, GATEWAYS)
    lines: list[Line] = []
    for case in track(cases, "following", console=console):
        lines += evaluate(ground, walked, [case])
    for case in cases:
        for level in ("visit", "push"):
            rows = [line for line in lines if line.case == case and line.level == level]
            console.print(as_table(rows, f"{case.label}, {level}: precision / recall"))
    heard = [list(admitted(fixes_of(one.trip, CASES[1], ground.walls, one.seed))) for one in walked[:COSTED]]
    cost = measure(floor, ground, heard)
    console.print(_cost(cost))
    if not quick:
        _write(lines, walked, seeds, cost)
        PICTURE.write_text(draw(floor, ground, _pictured(walked), Case(2.0, "correlated")), encoding="utf-8")
        console.print(f"written: {OUTPUT}, {DOCUMENT}, {PICTURE}")


def _pictured(walked: list[Walked]) -> Walked:
    return min(walked, key=lambda one: abs(one.end_ms - one.trip.start_ms - PICTURED_MS))


def _write(lines: list[Line], walked: list[Walked], seeds: tuple[int, ...], cost: Cost) -> None:
    OUTPUT.parent.mkdir(exist_ok=True)
    figures = (
        as_json(lines, trips=len(walked), seeds=seeds)
        | asdict(cost)
        | {
            "core_share_500": cost.core_share,
            "raw_positions_per_s": cost.raw_per_s,
            "raw_positions_per_s_2000_zones": cost.raw_per_s_2000_zones,
        }
    )
    text = json.dumps(figures, indent=1, default=str)
    OUTPUT.write_text(text.replace("NaN", "null") + "\n", encoding="utf-8")
    parts = [_cost(cost), as_goals(lines)]
    for line in lines:
        if line.method == lines[0].method:
            rows = [row for row in lines if row.case == line.case and row.level == line.level]
            parts.append(f"### {line.case.label}, {line.level}\n\n{as_markdown(rows)}")
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    results = "\n\n".join(parts)
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{results}\n\n{END}{after}", encoding="utf-8")


def _cost(cost: Cost) -> str:
    return (
        f"Belief, sigma 2 m: {cost.us_per_step:.0f} us of CPU a fix, {cost.us_per_step_2000_zones:.0f} us with 2,000 "
        f"zones; 500 shoppers at 1 Hz take {cost.core_share:.1%} of one core. Without a belief, {cost.raw_per_s:,.0f} "
        f"fixes a second on one core, {cost.raw_per_s_2000_zones:,.0f} with 2,000 zones. (Load of the machine "
        f"meanwhile: {cost.load:.1f}; cores: {os.cpu_count()}.)"
    )


if __name__ == "__main__":
    app()
