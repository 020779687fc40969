"""`python -m bench`: measures everything in one run, prints a table, writes build/bench.json."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench import latency as steady
from bench import scaling
from bench.report import Results, Round, latency_fields, scaling_fields, stall_fields, table, throughput_fields
from bench.stores import demo_store
from bench.subjects import EngineOptions
from bench.throughput import Flood, bare, flood, whole
from bench.walk import Pace
from demo.broker import BrokerError
from demo.child import ChildError
from offer_engine.store_files import load_store

PHONES = 500
PACE = Pace(shoppers=500, stand_s=15.0)  # one position in a hundred leads to a decision
WARM_STEPS = 60


class Effort(msgspec.Struct, frozen=True):
    """How much is measured; rounds are medians' members."""

    rounds: int
    timed_steps: int  # of 500 positions each
    latency_runs: int
    latency_s: int
    stall_s: int
    scaling_rounds: int
    scaled_positions: int
    sizes: tuple[scaling.Size, ...]


FULL = Effort(5, 300, 3, 18, 12, 3, 100_000, scaling.SIZES)
QUICK = Effort(1, 120, 1, 9, 7, 1, 50_000, scaling.SMALL_SIZES)


def main(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="One short round of each; under a minute.")] = False,
    out: Annotated[Path, typer.Option(help="Where the figures go.")] = Path("build/bench.json"),
) -> None:
    """Measure the engine against bare subscribers, in one run."""
    console = Console(stderr=True)
    folder = Path(tempfile.mkdtemp(prefix="aislewise-bench-"))
    try:
        with _steps(console) as step:
            results = _measure(folder, QUICK if quick else FULL, step)
    except (ChildError, BrokerError, TimeoutError) as error:
        console.print(f"[red]{escape(str(error))}[/]\nthe logs of what was running are in {folder}")
        raise typer.Exit(1) from None
    shutil.rmtree(folder)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")
    console.print(table(results))
    console.print(f"written to {out}")


Step = Callable[[str], None]


@contextmanager
def _steps(console: Console) -> Iterator[Step]:
    """A line that says what is being measured."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=None)
        yield lambda what: progress.update(task, description=what)


def _measure(folder: Path, effort: Effort, step: Step) -> Results:
    load_before = os.getloadavg()[0]
    step("a store and a walk")
    store_folder = demo_store(folder / "store")
    store = load_store(store_folder)
    work = flood(store, store_folder, PACE, (WARM_STEPS, effort.timed_steps), seed=1)
    rounds = [_round(work, folder / f"round-{number}", number, step) for number in range(effort.rounds)]
    runs = []
    for number in range(effort.latency_runs):
        step(f"latency at 5,000 positions a second, run {number + 1}")
        fed = steady.steady(store, effort.latency_s, seed=number)
        runs.append(steady.latency(store, store_folder, folder / f"latency-{number}", fed))
    step("a stall of four seconds")
    fed = steady.steady(store, effort.stall_s, seed=100)
    stalled = steady.stall(store, store_folder, folder / "stall", fed)
    step("a flood through the broker")
    through = [
        steady.through_broker(store, store_folder, folder / f"through-{number}", work.timed)
        for number in range(effort.latency_runs)
    ]
    costs = _scale(folder / "scaling", effort, step)
    fields: dict[str, object] = {
        **throughput_fields(rounds),
        **latency_fields(runs),
        **stall_fields(stalled, through),
        **scaling_fields(costs),
        "rounds": effort.rounds,
        "cores": os.cpu_count(),
        "load_average": (load_before, os.getloadavg()[0]),
    }
    return msgspec.convert(fields, Results)


def _round(work: Flood, folder: Path, number: int, step: Step) -> Round:
    step(f"round {number + 1}: bare paho-mqtt with json")
    on_paho = bare("paho", work, folder / "paho")
    step(f"round {number + 1}: bare gmqtt with msgspec")
    on_gmqtt = bare("gmqtt", work, folder / "gmqtt")
    step(f"round {number + 1}: the whole engine, {PHONES} phones")
    engine = whole(work, folder / "engine", PHONES)
    if number != 1:  # paho's own round is not repeated, and --quick leaves it out
        return Round(on_paho, on_gmqtt, engine, None)
    step("the whole engine on paho")
    return Round(on_paho, on_gmqtt, engine, whole(work, folder / "on-paho", PHONES, EngineOptions(ingest="paho")))


def _scale(folder: Path, effort: Effort, step: Step) -> dict[scaling.Size, list[float]]:
    costs: dict[scaling.Size, list[float]] = {size: [] for size in effort.sizes}
    for number in range(effort.scaling_rounds):
        for size, found in costs.items():
            step(f"scaling, round {number + 1}: {size.shoppers} shoppers, {size.zones} zones")
            work = scaling.scaled(size, folder, effort.scaled_positions)
            run = folder / f"{number}-{size.shoppers}-{size.zones}"
            found.append(scaling.cost(work, run).rate.cpu_us)
    return costs


if __name__ == "__main__":
    typer.run(main)
