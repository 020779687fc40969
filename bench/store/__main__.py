"""`make evaluate-store`: simulate, measure, compare; writes build/evaluate-store.json and the table of the document."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from beacon_sim.cast import load_cast
from beacon_sim.completejourney import completejourney_population
from beacon_sim.crowd import arrivals_for
from beacon_sim.day import ARRIVALS_PER_MIN
from beacon_sim.floor import Floor
from beacon_sim.habits import habits_population
from beacon_sim.population import Population
from bench.store.figures import LABELS, TARGETS, crowding, figures, verdict
from bench.store.measures import Nearness
from bench.store.visits import run_day
from offer_engine.core.store_map import StoreMap
from offer_engine.errors import SettingsError
from offer_engine.store_files import load_store

OUTPUT = Path("build/evaluate-store.json")
DOCUMENT = Path("docs/store.md")  # its tables, between two comments, are written anew
BEGIN, END = "<!-- results -->", "<!-- /results -->"
HOUSEHOLDS = Path("build/complete-journey")  # where the demo puts them
SEEDS = (7, 101, 102)
BUSY = 60  # people in the store, as in the demo
BUSY_MINUTES = 30
WIDTH = 150

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many people, and how near they come to one another, keeping clear and not."""

    considerate: Nearness
    heedless: Nearness


@app.command()
def main(
    store: Annotated[Path, typer.Option(help="the cast's store")] = Path("maps/demo-market"),
    households: Annotated[Path, typer.Option(help="a store of Complete Journey households")] = HOUSEHOLDS,
    minutes: Annotated[int, typer.Option(min=10, help="length of each day")] = 120,
) -> None:
    """Set a simulated day beside what was published about shoppers."""
    console = Console(width=max(Console().width, WIDTH))
    began = perf_counter()
    found = {"cast": _figures(store, None, minutes)}
    try:
        found["households"] = _figures(households, completejourney_population(households), minutes)
    except SettingsError:
        console.print("Complete Journey households are not here (make demo POPULATION=completejourney brings them)")
    crowd = _crowd(load_store(store))
    console.print(_table(found))
    console.print(_words(crowd))
    _write(found, crowd, minutes)
    console.print(f"{perf_counter() - began:.0f} s; written: {OUTPUT}, {DOCUMENT}")


def _people(store: StoreMap, seed: int) -> Population:
    return habits_population(store, seed=seed, cast=load_cast(store))


def _figures(folder: Path, people: Population | None, minutes: int) -> dict[str, float]:
    store = load_store(folder)
    days = [
        run_day(
            store,
            people or _people(store, seed),
            seed=seed,
            minutes=minutes,
            arrivals_per_min=ARRIVALS_PER_MIN,
        )
        for seed in SEEDS
    ]
    return figures(store, Floor(store), days)


def _crowd(store: StoreMap) -> Crowd:
    people = _people(store, SEEDS[0])
    rate = arrivals_for(store, people, SEEDS[0], BUSY)

    def near(*, is_considerate: bool) -> Nearness:
        day = run_day(
            store,
            people,
            seed=SEEDS[0],
            minutes=BUSY_MINUTES,
            arrivals_per_min=rate,
            is_considerate=is_considerate,
        )
        return crowding([day])

    return Crowd(near(is_considerate=True), near(is_considerate=False))


# --- what is printed and written --------------------------------------------------------------------------------------


def _rows(found: Mapping[str, Mapping[str, float]]) -> list[list[str]]:
    rows = list[list[str]]()
    for key, label in LABELS.items():
        target = TARGETS.get(key)
        cells = [f"{ours[key]:.{_digits(ours[key])}f} {verdict(key, ours[key])}".strip() for ours in found.values()]
        rows.append([label, *cells, target.words if target else "", target.source if target else "none at hand"])
    return rows


def _digits(value: float) -> int:
    return 0 if value >= 100 else 1 if value >= 10 else 2


def _heads(found: Mapping[str, object]) -> list[str]:
    return ["of a simulated day", *found, "published", "source"]


def _table(found: Mapping[str, Mapping[str, float]]) -> Table:
    table = Table(title="A simulated day beside what was published", title_justify="left")
    for head in _heads(found):
        table.add_column(head)
    for row in _rows(found):
        table.add_row(*row)
    return table


def _words(crowd: Crowd) -> str:
    kept, heedless = crowd.considerate, crowd.heedless
    return (
        f"With {kept.inside:.0f} people inside, a shopper is nearer than 0.4 m to another for {kept.share:.1%} of the "
        f"time ({kept.standing:.0%} of it both stand, {kept.passing:.0%} one walks, {kept.meeting:.0%} both walk). "
        f"If nobody kept clear of anybody it would be {heedless.share:.1%}."
    )


def _write(found: Mapping[str, Mapping[str, float]], crowd: Crowd, minutes: int) -> None:
    OUTPUT.parent.mkdir(exist_ok=True)
    verdicts = {name: {key: verdict(key, value) for key, value in ours.items()} for name, ours in found.items()}
    run = {"seeds": SEEDS, "minutes": minutes}
    everything = {"run": run, "figures": found, "verdicts": verdicts, "nearer_than_0.4_m": asdict(crowd)}
    OUTPUT.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
    lines = [_heads(found), ["---"] * len(_heads(found)), *_rows(found)]
    results = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{results}\n\n{_words(crowd)}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    app()
