"""`python -m demo.twin`: the same seeded day with and without offers, and what the offers were worth.

The same shoppers come at the same times with the same lists and the same dice; only the offers differ. So the paired
difference of profit per visit is the truth of this simulated world, up to its interval, and beside it stands what the
retailer would have estimated from the control group of the same day. Both must tell the same story; the control group
tells it far less sharply, since its shoppers are not the others with other dice but other people.

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
LEAST_VISITS = 10  # of a rule that gets a line of its own: fewer say nothing
WIDTH = 124  # of the tables where no terminal says otherwise


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule, or all of them: the twin's truth beside the control group's estimate, per visit."""

    name: str
    visits: int
    twin: Effect
    holdout: Effect | None  # None: nobody was held out of simply being there

    @property
    def agrees(self) -> bool | None:
        """Whether the control group's interval holds the truth; None where it says nothing."""
        if self.holdout is None or not isfinite(self.holdout.low):
            return None
        return self.holdout.low <= self.twin.estimate <= self.holdout.high


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two days side by side: profit in cents, and whether the product offered was bought, as a share of visits."""

    profit: list[Finding]  # over all visits, over those with an offer, then rule by rule
    purchase: Finding  # over visits with an offer


def compare(with_offers: Lockstep, without: Lockstep, store: StoreMap) -> Comparison:
    """Set the two days side by side: over all visits, and over those exposed to each rule."""
    after, before = (profits(engine.ledger, store, START_MS) for engine in (with_offers, without))
    shown = exposures(with_offers.ledger)
    everyone = {visit: visit for visit in after.keys() | before.keys()}
    rules = sorted({exposure.rule for exposure in shown})
    return Comparison(
        profit=[
            Finding(EVERYONE, len(everyone), _twin(everyone, after, before), None),
            _finding(EXPOSED, shown, after, before),
            *(_finding(rule, [one for one in shown if one.rule == rule], after, before) for rule in rules),
        ],
        purchase=_finding(EXPOSED, shown, *(_bought(shown, engine) for engine in (with_offers, without))),
    )


def _bought(shown: list[Exposure], engine: Lockstep) -> dict[str, float]:
    """Whether each visit paid for the product that it was offered, or would have been."""
    sold = {(visit, sku) for visit, sku, _, _ in engine.ledger.sold_since(START_MS)}
    return {one.visit: float((one.visit, one.sku) in sold) for one in shown}


def _finding(name: str, shown: list[Exposure], after: Mapping[str, float], before: Mapping[str, float]) -> Finding:
    sent = {exposure.visit: exposure.shopper for exposure in shown if not exposure.is_control}
    return Finding(name, len(sent), _twin(sent, after, before), compare_groups(shown, after))


def _twin(visits: Mapping[str, str], after: Mapping[str, float], before: Mapping[str, float]) -> Effect:
    return paired(totals(visits.items(), after), totals(visits.items(), before))


def main(
    *,
    store: Annotated[Path, typer.Option(help="the store's folder")] = Path("maps/demo-market"),
    seed: Annotated[int, typer.Option(help="the same seed gives the same days")] = 7,
    minutes: Annotated[int, typer.Option(min=10, help="how long each day lasts")] = 180,
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
    found = compare(*engines, store_map)
    console = Console(highlight=False, soft_wrap=True)
    _show(found, store_map.currency, Console(width=max(console.width, WIDTH), highlight=False))
    for sentence in conclusions(found, store_map.currency):
        console.print(sentence)
    console.print(f"[dim]two days of {minutes} minutes in {perf_counter() - started:.0f} s; figures in {out}[/]")
    _write(found, out, seed=seed, minutes=minutes, holdout=holdout)


def _run_both(
    worlds: list[World], people: Population, seed: int, minutes: int, settings: DaySettings
) -> tuple[Lockstep, Lockstep]:
    with Progress(console=Console(stderr=True), transient=True) as bar:

        def day(world: World, title: str) -> Lockstep:
            task = bar.add_task(title, total=minutes * 60)
            step: Callable[[], None] = lambda: bar.advance(task)  # noqa: E731  one line says it
            return run_day(world, people, seed=seed, minutes=minutes, settings=settings, step=step)

        return day(worlds[0], "with offers"), day(worlds[1], "without")


def _show(found: Comparison, currency: str, console: Console) -> None:
    """Two tables; rules with too few visits to say anything share a line."""
    everyone, exposed, *rules = found.profit
    named = [rule for rule in rules if rule.visits >= LEAST_VISITS]
    rare = [rule for rule in rules if rule.visits < LEAST_VISITS]
    table = _table(f"Profit per visit, {currency} cents")
    for finding in (everyone, exposed, *named):
        table.add_row(finding.name, str(finding.visits), *_cells(finding, _cents))
    if rare:
        few = f"{len(rare)} rules with fewer than {LEAST_VISITS} visits each"
        table.add_row(few, str(sum(rule.visits for rule in rare)), "too few to say", "", "")
    console.print(table)
    table = _table("Bought the product that was offered, percentage points")
    table.add_row(found.purchase.name, str(found.purchase.visits), *_cells(found.purchase, _points))
    console.print(table)


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1))
    for heading in ("", "visits", "twin runs: the truth", "control group's estimate", "agrees"):
        table.add_column(heading, justify="left" if heading in ("", "agrees") else "right", no_wrap=True)
    return table


def _cells(finding: Finding, number: Callable[[float], str]) -> tuple[str, str, str]:
    words = {None: "", True: "yes", False: "no"}
    holdout = "" if finding.holdout is None else _words(finding.holdout, number)
    return _words(finding.twin, number), holdout, words[finding.agrees]


def _words(effect: Effect, number: Callable[[float], str]) -> str:
    if not isfinite(effect.low):
        return "too few to say"
    return f"{number(effect.estimate)} ({number(effect.low)} to {number(effect.high)})"


def _cents(value: float) -> str:
    return f"{value:+.1f}"


def _points(value: float) -> str:
    return f"{value * 100:+.0f}"


def conclusions(found: Comparison, currency: str) -> list[str]:
    """What the figures say, in sentences; the first is about money."""
    exposed = found.profit[1]
    if not exposed.visits:
        return ["Nothing was offered on this day: there is nothing to compare."]
    effect = exposed.twin
    money = f"{abs(effect.estimate):.0f} {currency} cents a visit with one"
    if not effect.is_told_from_zero:
        lines = [
            f"What the offers earned cannot be told from zero in {exposed.visits} visits: a longer day would tell."
        ]
    else:
        lines = [f"The offers {'earned' if effect.low > 0 else 'cost'} {money}, surely."]
    if exposed.agrees is not None:
        told = "sees it too" if exposed.holdout and exposed.holdout.is_told_from_zero else "could not tell it from zero"
        agrees = "does not contradict it" if exposed.agrees else "contradicts it, as one in twenty does by chance"
        lines.append(f"A retailer, who has only the control group of the same day, {told}; its interval {agrees}.")
    return lines


def _write(found: Comparison, out: Path, **run: float) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    figures = {finding.name: _figures(finding) for finding in found.profit}
    text = {"run": run, "uplift_cents_per_visit": figures, "uplift_purchase_share": _figures(found.purchase)}
    out.write_text(json.dumps(text, indent=2) + "\n", encoding="utf-8")


def _figures(finding: Finding) -> dict[str, object]:
    """As JSON has them: an end that is infinite is null."""
    effects = (("twin", finding.twin), ("holdout", finding.holdout))
    return {
        "visits": finding.visits,
        **{
            name: effect and {key: value if isfinite(value) else None for key, value in asdict(effect).items()}
            for name, effect in effects
        },
    }


app = typer.Typer(add_completion=False)
app.command()(main)

if __name__ == "__main__":
    app()
