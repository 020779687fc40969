"""`make evaluate`: how well do we guess what a household takes from the zone it is about to enter?

First the engine's own decision is timed; then both folds run at once, each in a process of its own, so the whole takes
about as long as one fold on two cores. A full run writes the results of docs/evaluation.md anew.
"""

import os
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.decision import DecisionTimes, decision_times
from bench.evaluate.folds import LAST_FOLD, SECOND_FOLD
from bench.evaluate.goals import COLUMNS, goal_rows, goals_markdown
from bench.evaluate.report import Figures, as_json, figures, flat, markdown, table
from bench.evaluate.side_by_side import Order, run_both
from bench.evaluate.source import data_folder
from offer_engine.errors import SettingsError

TITLES = {LAST_FOLD: "days 337..364, the last four weeks", SECOND_FOLD: "days 281..308, never tuned on"}
DOCUMENT = Path("docs/evaluation.md")  # its tables, between two comments, are written anew
BEGIN, END = "<!-- results -->", "<!-- /results -->"
WIDTH = 150  # of the tables, in characters


def main(
    *,
    sample: Annotated[bool, typer.Option("--sample", help="a twelfth of the households, in about a minute")] = False,
    more: Annotated[bool, typer.Option("--more", help="also learnt weights and LightGBM; some minutes more")] = False,
    seed: Annotated[int, typer.Option(help="of the sample and of the intervals")] = 0,
    out: Annotated[Path, typer.Option(help="folder for evaluate.json and evaluate.md")] = Path("build"),
) -> None:
    """Rank hidden zones of Complete Journey baskets by every method, and compare."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # each process has one core; more threads would only get in each other's way
    began, load = perf_counter(), os.getloadavg()[0]
    try:
        data_folder()
    except SettingsError as problem:
        typer.echo(f"evaluate: {problem}", err=True)
        raise typer.Exit(2) from problem
    console = Console(width=max(Console().width, WIDTH))
    timed = decision_times()
    console.print(_engine(timed))
    first, second = run_both([Order(cut, sample, more, seed) for cut in (LAST_FOLD, SECOND_FOLD)])
    found, found2 = figures(first.results, seed), figures(second.results, seed)
    facts: Figures = flat(found, found2) | {
        "engine_decision_p50_ms": timed.p50_ms, "engine_decision_p99_ms": timed.p99_ms,
        "is_sample": sample, "seed": seed, "seconds": round(perf_counter() - began),
        "cores": os.cpu_count(), "load_before": load, "load_after": os.getloadavg()[1],
        "decisions": first.decisions, "decisions_new": first.decisions_new,
        "decisions_fold2": second.decisions, "decisions_new_fold2": second.decisions_new,
    }  # fmt: skip
    titles = [f"{TITLES[cut]}: {done.decisions:,} decisions, {done.decisions_new:,} of them with something new"
              for cut, done in ((LAST_FOLD, first), (SECOND_FOLD, second))]  # fmt: skip
    tables = list(zip(titles, (found, found2), strict=True))
    for title, one in tables:
        console.print(table(title, one))
    console.print(_goals(facts))
    parts = [f"### {title}\n\n{markdown(one)}" for title, one in tables]
    text = "\n".join([f"{_run(facts)} {_engine(timed)}\n", goals_markdown(facts), *parts])
    out.mkdir(parents=True, exist_ok=True)
    (out / "evaluate.json").write_text(as_json(found, found2, facts), encoding="utf-8")
    (out / "evaluate.md").write_text(text, encoding="utf-8")
    if not sample:
        _write(text)
    console.print(f"{_run(facts)} All figures in {out / 'evaluate.json'}{'' if sample else f', tables in {DOCUMENT}'}.")


def _engine(timed: DecisionTimes) -> str:
    return (
        f"One decision of the engine, with 100 rules and a zone of 3,000 products ({timed.pairs:,} pairs of a rule and "
        f"a product): p50 {timed.p50_ms:.2f} ms, p99 {timed.p99_ms:.2f} ms, over {timed.decisions:,} shoppers, "
        f"{timed.offers:,} of whom get an offer or are controls."
    )


def _run(facts: Figures) -> str:
    what = "A sample" if facts["is_sample"] else "A full run"
    return (
        f"{what}, seed {facts['seed']}: {facts['seconds']} s on {facts['cores']} cores, whose load was "
        f"{facts['load_before']:.1f} before and {facts['load_after']:.1f} at the end, two of that the run itself."
    )


def _goals(facts: Figures) -> Table:
    made = Table(title="goals", title_justify="left")
    for number, column in enumerate(COLUMNS):
        made.add_column(column, justify="right" if number else "left")
    for cells in goal_rows(facts):
        made.add_row(*cells)
    return made


def _write(text: str) -> None:
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
