"""The twin run: one seeded day with and without offers differs by the offers and by nothing else."""

import json
from pathlib import Path

from typer.testing import CliRunner

from beacon_sim.cast import load_cast
from beacon_sim.day import DaySettings
from beacon_sim.habits import habits_population
from demo.day import run_day
from demo.twin import EVERYONE, app, compare
from offer_engine.core.context import build_world
from offer_engine.core.rules import RuleSet
from tests.worlds import demo_market


def test_without_any_offer_both_days_are_one(tmp_path: Path) -> None:
    """With no rules in either run nothing differs, so the paired difference is zero and has no width."""
    store = demo_market().store
    world = build_world(store, RuleSet((), "none"))
    people = habits_population(store, seed=5, cast=load_cast(store))
    settings = DaySettings(arrivals_per_min=1.0, warm_up_min=10)
    days = [run_day(world, people, seed=5, minutes=10, settings=settings) for _ in range(2)]

    everyone = compare(days[0], days[1], store)[0]

    assert everyone.name == EVERYONE
    assert everyone.visits > 0
    assert (everyone.twin.estimate, everyone.twin.low, everyone.twin.high) == (0.0, 0.0, 0.0)


def test_the_command_prints_a_table_and_writes_its_figures(tmp_path: Path) -> None:
    """Ten minutes of a small crowd: the table names every visit, the file has the same figures."""
    out = tmp_path / "twin.json"

    result = CliRunner().invoke(app, ["--minutes", "10", "--shoppers", "15", "--out", str(out)])

    assert result.exit_code == 0, result.output
    assert EVERYONE in result.output
    assert EVERYONE in json.loads(out.read_text())["uplift_cents_per_visit"]
