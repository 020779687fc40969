"""A day in lockstep: one seed is one day, byte for byte, and everything follows before the next thing happens."""

import json
import sys
from pathlib import Path

import pytest
import typer

from beacon_sim.cast import load_cast
from beacon_sim.day import DaySettings
from beacon_sim.habits import habits_population
from beacon_sim.radio import RadioSettings
from demo import day as module
from demo.day import START_MS, Lockstep, digest, main, run_day
from offer_engine.core.context import World
from tests.worlds import corner_shop, demo_market, demo_market_on_grid

ROOT = Path(__file__).parents[2]
MINUTES = 5


def day(world: World, *, seed: int) -> Lockstep:
    """A few quiet minutes of a store, whose shoppers bought this month for the first time."""
    people = habits_population(world.store, seed=seed, cast=load_cast(world.store))
    settings = DaySettings(arrivals_per_min=1.0, warm_up_min=5.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "HISTORY_DAYS", 20)
        return run_day(world, people, seed=seed, minutes=MINUTES, settings=settings)


@pytest.fixture(scope="module")
def market_day() -> Lockstep:
    """The market's day with seed 7."""
    return day(demo_market(), seed=7)


def records(engine: Lockstep) -> list[str]:
    """Every decision record of a day."""
    return list(engine.ledger.all_decisions())


def test_one_seed_is_one_day(market_day: Lockstep) -> None:
    """Another run gives the same records, byte for byte, and another seed gives others."""
    again, other = day(demo_market(), seed=7), day(demo_market(), seed=8)

    assert records(again) == records(market_day) != records(other)
    assert digest(again.ledger) == digest(market_day.ledger) != digest(other.ledger)
    assert len(records(again)) > 20


def test_any_store_has_such_days() -> None:
    """The second store is of another shape, and as repeatable."""
    first, again = day(corner_shop(), seed=7), day(corner_shop(), seed=7)

    assert records(first) == records(again)
    assert len(records(first)) > 10


def test_the_cast_is_found_by_gateways_alone() -> None:
    """No position is ever sent, no range is refused, and Dave is decided for at the wine within a minute and a half.

    Where shelves shadow the wine that much it takes longer, or never comes: half of the seeds are like this one
    (docs/zones.md).
    """
    world = demo_market_on_grid()
    people = habits_population(world.store, seed=10, cast=load_cast(world.store))
    settings = DaySettings(arrivals_per_min=0, warm_up_min=1, radio=RadioSettings(source="ranges"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "HISTORY_DAYS", 20)
        engine = run_day(world, people, seed=10, minutes=2, settings=settings)
    decided = [json.loads(record) for record in records(engine)]
    assert not engine.service.counts.refused
    assert any(one["shopper"] == "dave" and one["zone"] == "wine" and one["ts"] < START_MS + 90_000 for one in decided)


def test_a_day_is_whole(market_day: Lockstep) -> None:
    """Nothing of our own simulator is refused, offers go out and are seen, and time is the events'."""
    engine = market_day
    counts = engine.service.counts
    assert counts.refused == {}
    assert counts.outcomes["offer"] > 0
    assert counts.receipts["shown"] > 0
    assert counts.positions + counts.messages == engine.published
    stamps = [json.loads(record)["ts"] for record in engine.ledger.all_decisions()]
    assert stamps == sorted(stamps)
    assert START_MS <= stamps[0] <= stamps[-1] <= START_MS + MINUTES * 60_000


def test_the_command_prints_the_digest_and_writes_the_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it is called in the documents; the file holds one decision a line."""
    out = tmp_path / "records.jsonl"
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(
        sys, "argv", ["demo.day", "--store", "maps/corner-shop", "--minutes", "1", "--shoppers", "5", "--out", str(out)]
    )
    with pytest.raises(SystemExit) as ended:
        typer.run(main)

    assert not ended.value.code
    printed = capsys.readouterr().out
    assert "decisions' SHA-256" in printed
    lines = out.read_text(encoding="utf-8").splitlines()
    assert all(json.loads(line)["id"] for line in lines)
