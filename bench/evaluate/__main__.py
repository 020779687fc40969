"""`make evaluate`: how well do we guess what a household takes from the zone it is about to enter?

Both folds run at once, each in a process of its own, so the whole takes about as long as one fold on two cores.
"""

import os
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console

from bench.evaluate.folds import LAST_FOLD, SECOND_FOLD
from bench.evaluate.report import as_json, figures, markdown, table
from bench.evaluate.side_by_side import Order, run_both
from bench.evaluate.source import data_folder
from offer_engine.errors import SettingsError

TITLES = {LAST_FOLD: "days 337..364, the last four weeks", SECOND_FOLD: "days 281..308, never tuned on"}


def main(
    sample: Annotated[bool, typer.Option(help="a twelfth of the households, in about a minute")] = False,  # noqa: FBT002
    lambdamart: Annotated[bool, typer.Option(help="also LightGBM on our columns; some minutes more")] = False,  # noqa: FBT002
    seed: Annotated[int, typer.Option(help="of the sample and of the intervals")] = 0,
    out: Annotated[Path, typer.Option(help="folder for evaluate.json and evaluate.md")] = Path("build"),
) -> None:
    """Rank hidden zones of Complete Journey baskets by every method, and compare."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # each process has one core; more threads would only get in each other's way
    began = perf_counter()
    try:
        data_folder()
    except SettingsError as problem:
        typer.echo(f"evaluate: {problem}", err=True)
        raise typer.Exit(2) from problem
    first, second = run_both([Order(cut, sample, lambdamart, seed) for cut in (LAST_FOLD, SECOND_FOLD)])
    found, found2 = figures(first.results, seed), figures(second.results, seed)
    facts: dict[str, object] = {
        "is_sample": sample, "seed": seed, "cores": os.cpu_count(), "seconds": round(perf_counter() - began),
        "decisions": first.decisions, "decisions_new": first.decisions_new,
        "decisions_fold2": second.decisions, "decisions_new_fold2": second.decisions_new,
    }  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    (out / "evaluate.json").write_text(as_json(found, found2, facts), encoding="utf-8")
    titles = [f"{TITLES[cut]}: {done.decisions:,} decisions, {done.decisions_new:,} of them with something new"
              for cut, done in ((LAST_FOLD, first), (SECOND_FOLD, second))]  # fmt: skip
    text = "\n".join(f"## {title}\n\n{markdown(one)}" for title, one in zip(titles, (found, found2), strict=True))
    (out / "evaluate.md").write_text(text, encoding="utf-8")
    console = Console(width=max(Console().width, 150))
    for title, one in zip(titles, (found, found2), strict=True):
        console.print(table(title, one))
    console.print(f"{facts['seconds']} s on {facts['cores']} cores; all figures in {out / 'evaluate.json'}")


if __name__ == "__main__":
    typer.run(main)
