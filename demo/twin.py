"""`python -m demo.twin`: the same seeded day with and without offers, and what the offers were worth.

The same shoppers come at the same times with the same lists and the same dice; only the offers differ. So the paired
difference of profit per visit is the truth of this simulated world, up to its interval, and beside it stands what the
retailer would have estimated from the control group of the same day. Both must tell the same story.

Profit is what was paid at the till less cost; cost is the catalogue's price times one minus its margin.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from math import isfinite
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from beacon_sim.cast import load_cast
from beacon_sim.crowd import arrivals_for
from beacon_sim.day import DaySettings
from beacon_sim.habits import habits_population
from beacon_sim.population import Population
from beacon_sim.radio import SHOWCASE_SIGMA_M, RadioSettings
from demo.day import START_MS, Lockstep, run_day
from offer_engine.core.context import World, build_world
from offer_engine.core.effect import Effect, paired
from offer_engine.core.rules import RuleSet
from offer_engine.core.store_map import StoreMap
from offer_engine.store_files import check
from offer_engine.uplift import Exposure, compare_groups, exposures, profits, totals

OUT = Path("build/twin.json")
EVERYONE, EXPOSED = "all visits", "visits with an offer"
WIDTH = 112  # of the table where no terminal says otherwise


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule, or all of them: the twin's truth beside the control group's estimate, in cents per visit."""

    name: str
    visits: int
    twin: Effect
    holdout: Effect | None  # None: nobody was held out of simply being there


def compare(with_offers: Lockstep, without: Lockstep, store: StoreMap) -> list[Finding]:
    """Set the two days side by side: over all visits, and over those exposed to each rule."""
    after, before = (profits(engine.ledger, store, START_MS) for engine in (with_offers, without))
    shown = exposures(with_offers.ledger)
    everyone = {visit: visit for visit in after.keys() | before.keys()}
    rules = sorted({exposure.rule for exposure in shown})
    return [
        Finding(EVERYONE, len(everyone), _twin(everyone, after, before), None),
        _finding(EXPOSED, shown, after, before),
        *(_finding(rule, [one for one in shown if one.rule == rule], after, before) for rule in rules),
    ]


def _finding(name: str, shown: list[Exposure], after: Mapping[str, float], before: Mapping[str, float]) -> Finding:
    sent = {exposure.visit: exposure.shopper for exposure in shown if not exposure.is_control}
    return Finding(name, len(sent), _twin(sent, after, before), compare_groups(shown, after))


def _twin(visits: Mapping[str, str], after: Mapping[str, float], before: Mapping[str, float]) -> Effect:
    return paired(totals(visits.items(), after), totals(visits.items(), before))


def main(
    *,
    store: Annotated[Path, typer.Option(help="the store's folder")] = Path("maps/demo-market"),
    seed: Annotated[int, typer.Option(help="the same seed gives the same days")] = 7,
    minutes: Annotated[int, typer.Option(min=10, help="how long each day lasts")] = 240,
    shoppers: Annotated[float, typer.Option(min=1, help="how many are in the store at a time")] = 60,
    holdout: Annotated[float, typer.Option(min=0, max=0.9, help="share of controls in the day with offers")] = 0.5,
    out: Annotated[Path, typer.Option(help="where the figures go as JSON")] = OUT,
) -> None:
    """Run one day twice, with and without offers, and print what the offers were worth per visit."""
    store_map, rules = check(store)
    store_map = replace(store_map, policy=replace(store_map.policy, holdout_share=holdout))
    people = habits_population(store_map, seed=seed, cast=load_cast(store_map))
    arrivals = arrivals_for(store_map, people, seed, shoppers)
    settings = DaySettings(arrivals, radio=RadioSettings(sigma_m=SHOWCASE_SIGMA_M))
    worlds = [build_world(store_map, rules), build_world(store_map, RuleSet((), "none"))]
    started = perf_counter()
    engines = _run_both(worlds, people, seed, minutes, settings)
    findings = compare(*engines, store_map)
    _show(findings, store_map.currency, perf_counter() - started)
    _write(findings, out, seed=seed, minutes=minutes, holdout=holdout)


def _run_both(
    worlds: list[World], people: Population, seed: int, minutes: int, settings: DaySettings
) -> tuple[Lockstep, Lockstep]:
    with Progress(console=Console(stderr=True), transient=True) as bar:

        def day(world: World, title: str) -> Lockstep:
            task = bar.add_task(title, total=minutes * 60)
            step: Callable[[], None] = lambda: bar.advance(task)  # noqa: E731  one line says it
            return run_day(world, people, seed=seed, minutes=minutes, settings=settings, step=step)

        return day(worlds[0], "with offers"), day(worlds[1], "without")


def _show(findings: list[Finding], currency: str, took_s: float) -> None:
    table = Table(title=f"Profit per visit, {currency} cents, 95 % intervals", caption=f"two days in {took_s:.0f} s")
    for heading in ("rule", "visits", "twin runs: the truth", "control group's estimate", "verdict"):
        table.add_column(heading, justify="left" if heading in ("rule", "verdict") else "right", no_wrap=True)
    for finding in findings:
        verdict = _verdict(finding.twin)
        table.add_row(finding.name, str(finding.visits), _words(finding.twin), _words(finding.holdout), verdict)
    Console(width=max(Console().width, WIDTH)).print(table)


def _words(effect: Effect | None) -> str:
    if effect is None:
        return "–"
    if not isfinite(effect.low):
        return "too few to say"
    return f"{effect.estimate:+.1f} ({effect.low:+.1f} to {effect.high:+.1f})"


def _verdict(effect: Effect) -> str:
    if not effect.is_told_from_zero:
        return "cannot be told from zero"
    return "earns" if effect.low > 0 else "costs"


def _write(findings: list[Finding], out: Path, **run: float) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    figures = {
        finding.name: {"twin": asdict(finding.twin), "holdout": finding.holdout and asdict(finding.holdout)}
        for finding in findings
    }
    out.write_text(json.dumps({"run": run, "uplift_cents_per_visit": figures}, indent=2) + "\n", encoding="utf-8")


app = typer.Typer(add_completion=False)
app.command()(main)

if __name__ == "__main__":
    app()
