"""`python -m demo.walk`: how shoppers walk through a simulated store, counted and printed as its `walk.csv`.

The engine follows a simulated day by belief, as in the demo, under rules that wait for every enter and dwell and never
offer anything; what it records of each visit is what it would know of a real one.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from beacon_sim.cast import load_cast
from beacon_sim.crowd import arrivals_for
from beacon_sim.day import DaySettings
from beacon_sim.habits import habits_population
from demo.day import run_day
from offer_engine.core.context import build_world
from offer_engine.core.decision import Decision
from offer_engine.core.rule_fields import TRANSITIONS
from offer_engine.core.rules import AnyOf, Bought, Reminder, Rule, RuleSet
from offer_engine.core.store_map import StoreMap
from offer_engine.core.usual_walk import Pass, learn_walk, walk_csv
from offer_engine.ledger import Ledger
from offer_engine.store_files import load_store


def watching_rules(store: StoreMap) -> RuleSet:
    """Rules that wait everywhere, and fire nowhere: nobody has bought anything ten thousand times."""
    category = min(store.category_labels)
    rules = [
        Rule(
            id=f"{zone}-{transition}",
            label="",
            owner="",
            starts=date.min,
            ends=date.max,
            hours_from="00:00",
            hours_until="24:00",
            zones=(zone,),
            transition=transition,
            has=(),
            lacks=(),
            bought=Bought(category, 10_000),
            choice=AnyOf(category),
            benefit=Reminder(),
            per_visit=1,
            cooldown_h=None,
            valid_s=None,
            budget=None,
            line=0,
        )
        for zone in sorted(store.zones)
        if store.zones[zone].kind != "service"
        for transition in TRANSITIONS
    ]
    return RuleSet(tuple(rules), "watching")


def visits_of(ledger: Ledger) -> Iterator[list[Pass]]:
    """Each visit on record, as what was decided where, in the order of event time; an enter comes before its stay."""
    visits: dict[str, list[tuple[int, bool, Pass]]] = {}
    for record in ledger.all_decisions():
        decision = msgspec.json.decode(record, type=Decision)
        is_stay = decision.trigger == "dwell"
        here: Pass = (decision.zone, "dwell" if is_stay else "enter")
        visits.setdefault(decision.visit, []).append((decision.ts, is_stay, here))
    for passes in visits.values():
        yield [here for _, _, here in sorted(passes)]


def main(
    *,
    store: Annotated[Path, typer.Option(help="the store's folder")] = Path("maps/demo-market"),
    seed: Annotated[int, typer.Option(help="the same seed gives the same walks")] = 11,
    minutes: Annotated[int, typer.Option(min=1, help="how long to watch")] = 120,
    shoppers: Annotated[float, typer.Option(min=1, help="how many are in the store at a time")] = 60,
) -> None:
    """Count how simulated shoppers walk through a store, and print its walk.csv."""
    store_map = load_store(store)
    people = habits_population(store_map, seed=seed, cast=load_cast(store_map))
    settings = DaySettings(arrivals_per_min=arrivals_for(store_map, people, seed, shoppers))
    world = build_world(store_map, watching_rules(store_map), is_on_grid=True)
    engine = run_day(world, people, seed=seed, minutes=minutes, settings=settings)
    print(walk_csv(learn_walk(visits_of(engine.ledger))), end="")


if __name__ == "__main__":
    typer.run(main)
