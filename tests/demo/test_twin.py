"""The twin run: one seeded day with and without offers differs by the offers and by nothing else."""

import json
from pathlib import Path

from typer.testing import CliRunner

from beacon_sim.cast import load_cast
from beacon_sim.day import DaySettings
from beacon_sim.habits import habits_population
from demo.day import run_day
from demo.twin import EVERYONE, EXPOSED, Comparison, Finding, app, compare, conclusions
from offer_engine.core.context import build_world
from offer_engine.core.effect import Effect
from offer_engine.core.rules import RuleSet
from tests.worlds import demo_market


def test_without_any_offer_both_days_are_one(tmp_path: Path) -> None:
    """With no rules in either run nothing differs, so the paired difference is zero and has no width."""
    store = demo_market().store
    world = build_world(store, RuleSet((), "none"))
    people = habits_population(store, seed=5, cast=load_cast(store))
    settings = DaySettings(arrivals_per_min=1.0, warm_up_min=10)
    days = [run_day(world, people, seed=5, minutes=10, settings=settings) for _ in range(2)]

    everyone = compare(days[0], days[1], store).profit[0]

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


def _found(twin: tuple[float, float, float], holdout: tuple[float, float, float], visits: int = 40) -> Comparison:
    """A day whose offers have these estimates and intervals."""
    effects = [Effect(*one, 0.0, 0.0, visits, visits) for one in (twin, holdout)]
    exposed = Finding(EXPOSED, visits, *effects)
    return Comparison([Finding(EVERYONE, 200, effects[0], None), exposed], exposed)


def test_the_conclusion_says_what_is_sure_and_what_is_not() -> None:
    """Earned, cost, or not told from zero; and what the retailer could have known."""
    sure = conclusions(_found((30, 20, 40), (50, -100, 200)), "EUR")
    assert sure[0] == "The offers earned 30 EUR cents a visit with one, surely."
    assert "could not tell it from zero" in sure[1]
    assert "does not contradict it" in sure[1]
    assert "cost 30" in conclusions(_found((-30, -40, -20), (-50, -80, -20)), "EUR")[0]
    unsure, contradicted = conclusions(_found((5, -1, 11), (50, 20, 80)), "EUR")
    assert "cannot be told from zero" in unsure
    assert "contradicts it" in contradicted
    assert conclusions(_found((0, 0, 0), (0, 0, 0), visits=0), "EUR") == [
        "Nothing was offered on this day: there is nothing to compare."
    ]
