"""`python -m beacon_sim`: composition root of the simulator, which alone reads the clock and the environment."""

import asyncio
import os
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from beacon_sim.cast import load_cast
from beacon_sim.completejourney import completejourney_command, completejourney_population
from beacon_sim.crowd import arrivals_for
from beacon_sim.day import ARRIVALS_PER_MIN, DaySettings
from beacon_sim.habits import habits_population
from beacon_sim.past import write_history
from beacon_sim.phones import phone_url
from beacon_sim.population import Browse, Population
from beacon_sim.publish import parse_broker
from beacon_sim.radio import USUAL, Noise, RadioSettings, Source
from beacon_sim.running import Run, run_store
from offer_engine.core.store_map import StoreMap
from offer_engine.errors import OffersError, SettingsError
from offer_engine.store_files import load_store

DEFAULT_BROKER = "mqtt://127.0.0.1:1883"
RECORDING_START_MS = 1_772_442_000_000  # Monday 2 March 2026, 09:00 UTC: recordings without a broker can be compared

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The store full of people.")
err = Console(stderr=True, highlight=False, soft_wrap=True)

StoreOption = Annotated[Path, typer.Option(help="the store's folder")]
SeedOption = Annotated[int, typer.Option(min=0, help="the same seed gives the same day")]
PopulationOption = Annotated[
    Literal["cast", "completejourney"],
    typer.Option(help="cast: ours, nothing to download; completejourney: households"),
]


def _population(name: str, folder: Path, store: StoreMap, seed: int) -> Population:
    if name == "completejourney":
        return completejourney_population(folder)
    return habits_population(store, seed=seed, cast=load_cast(store))


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 1000:
        raise SettingsError(f"--speed: expected a number above 0 and up to 1000, or max; got {text!r}")
    return speed


def _moment_ms(text: str | None) -> int | None:
    """ISO 8601 or ms since the epoch."""
    if text is None or text.isdigit():
        return None if text is None else int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"expected ISO 8601 or ms since the epoch, got {text!r}") from None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _radio(store: StoreMap, source: Source, noise: Noise, sigma_m: float | None) -> RadioSettings:
    if source == "ranges" and not store.gateways:
        raise SettingsError(f"--source ranges: the floor plan of {store.store} has no gateway (x-beacon)")
    usual = USUAL[noise]
    return replace(usual, source=source, sigma_m=usual.sigma_m if sigma_m is None else sigma_m)


@app.command()
def run(
    *,
    store: StoreOption = Path("maps/demo-market"),
    broker: Annotated[str | None, typer.Option(help=f"mqtt://user:pw@host:port; without: {DEFAULT_BROKER}")] = None,
    engine: Annotated[str, typer.Option(help="where the phones connect")] = "http://127.0.0.1:8600",
    phones: Annotated[bool, typer.Option(help="shoppers carry phones; the key comes from AISLEWISE_PHONE_KEY")] = True,
    seed: SeedOption = 7,
    speed: Annotated[str, typer.Option(help="times real time, or max")] = "1",
    shoppers: Annotated[float | None, typer.Option(min=0, help="people in the store, about")] = None,
    minutes: Annotated[float | None, typer.Option(min=0, help="store time to run; without: until stopped")] = None,
    population: PopulationOption = "cast",
    source: Annotated[Source, typer.Option(help="positions, or ranges: what each gateway heard")] = "positions",
    noise: Annotated[Noise, typer.Option(help="error of the positions")] = "correlated",
    sigma: Annotated[
        float | None, typer.Option(min=0, max=20, help="that error's sigma in metres; without: 2, with uwb 0.5")
    ] = None,
    record: Annotated[Path | None, typer.Option(help="write every message here; without --broker only here")] = None,
    start: Annotated[str | None, typer.Option(help="store time at the start, ISO 8601 or ms; without: now")] = None,
    list_cast: Annotated[bool, typer.Option("--list-cast", help="say who is booked, and end")] = False,
) -> None:
    """Fill the store with people and publish what beacons, carts and tills would send."""
    loaded = load_store(store)
    people = _population(population, store, loaded, seed)
    if list_cast:
        _show_cast(people)
        return
    is_offline = record is not None and broker is None
    arrivals = ARRIVALS_PER_MIN if shoppers is None else arrivals_for(loaded, people, seed, shoppers)
    key = os.environ.get("AISLEWISE_PHONE_KEY", "").encode()
    if phones and not is_offline and not key:
        raise SettingsError("AISLEWISE_PHONE_KEY is not set: give it the engine's value, or say --no-phones")
    asked = Run(
        store=loaded,
        population=people,
        settings=DaySettings(arrivals, radio=_radio(loaded, source, noise, sigma)),
        seed=seed,
        speed=_speed(speed),
        minutes=minutes,
        start_ms=_moment_ms(start) or (RECORDING_START_MS if is_offline else None),
        broker=None if is_offline else parse_broker(broker or DEFAULT_BROKER),
        record=record,
        phone_url=phone_url(engine) if phones and not is_offline else None,
        phone_key=key,
    )
    asyncio.run(run_store(asked, clock_s=time.time, console=err))


def _show_cast(people: Population) -> None:
    table = Table(title="Booked for the first minutes")
    for column in ("shopper", "arrives", "allows", "comes for"):
        table.add_column(column)
    for persona in people.booked:
        allowed = persona.consents
        names = [name for name in ("location", "basket", "history") if allowed and getattr(allowed, name)]
        stops = [f"a look at {stop.zone}" if isinstance(stop, Browse) else stop.sku for stop in persona.mission]
        table.add_row(
            f"{persona.label} ({persona.shopper})", f"{persona.arrives_s:+.0f} s", ", ".join(names), ", ".join(stops)
        )
    Console().print(table)


# --- the other commands -----------------------------------------------------------------------------------------------


@app.command()
def history(
    out: Annotated[Path, typer.Option(help="the CSV file to write")],
    *,
    store: StoreOption = Path("maps/demo-market"),
    seed: SeedOption = 7,
    days: Annotated[int, typer.Option(min=1, max=3660, help="how far back")] = 180,
    population: PopulationOption = "cast",
    until: Annotated[str | None, typer.Option(help="ends before this, ISO 8601 or ms; without: now")] = None,
) -> None:
    """Write the purchase history of the population, as `offer_engine import-history` reads it."""
    loaded = load_store(store)
    people = _population(population, store, loaded, seed)
    until_ms = _moment_ms(until) or round(time.time() * 1000)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8", newline="") as file:
        count = write_history(people.history(until_ms, days), file)
    err.print(f"{out}: {count:,} lines of receipts over {days} days")


app.command("completejourney")(completejourney_command)


def main() -> None:
    """Run the command line; an error that the user can mend is one line and exit 2."""
    try:
        app(standalone_mode=True)
    except OffersError as error:
        err.print(f"beacon_sim: {error}", style="red", markup=False)
        sys.exit(2)


if __name__ == "__main__":
    main()
