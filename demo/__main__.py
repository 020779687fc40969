"""`python -m demo`: a store folder and a seed become a store in full swing and one address to open.

The store's files are checked first, a free port is found, and `opening` does the rest. Whatever ends us (Ctrl-C, a
signal, a child that fell over), everything we started ends too.
"""

import os
import signal
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from demo.broker import BrokerError
from demo.child import ChildError
from demo.history import Shoppers
from demo.hours import afternoon_after
from demo.opening import COMPLETE_JOURNEY, DEFAULT_PORT, Plan, move_households_in, open_store, usual_crowd, watch
from demo.ports import LOOPBACK, next_free
from offer_engine.core.store_map import StoreMap
from offer_engine.errors import OffersError
from offer_engine.store_files import check


class Population(StrEnum):
    """Who comes to shop."""

    CAST = "cast"
    COMPLETEJOURNEY = "completejourney"


class Source(StrEnum):
    """What the store's radio tells of where shoppers are."""

    POSITIONS = "positions"
    RANGES = "ranges"


def say(line: str = "") -> None:
    """One line for whoever started the demo, at once even into a pipe."""
    print(line, flush=True)


def fail(message: str, code: int) -> NoReturn:
    """Say what is wrong and end."""
    print(f"demo: {message}", file=sys.stderr, flush=True)
    raise typer.Exit(code)


def check_store(folder: Path) -> StoreMap:
    """Read the store's files before anything is started, so that their problems are the first thing seen."""
    try:
        store, _rules = check(folder)
    except OffersError as error:
        fail(f"the store in {folder} cannot open:\n{error}", 2)
    return store


def choose_port(wanted: int) -> int:
    """The wanted port, or the next free one, saying so."""
    port = next_free(wanted)
    if port is None:
        fail(f"port {wanted} and the ones above it are taken; choose another with --port", 1)
    if port != wanted:
        say(f"demo: port {wanted} is taken, so the store opens on {port}; --port chooses another")
    return port


def say_open(store: StoreMap, plan: Plan, broker: str) -> None:
    """The one address to open, and what else to know."""
    phone = "phone-client --shopper dave" if plan.has_cast else "phone-client"
    beside = Path(sys.executable).with_name("phone-client")
    if beside.exists() and str(beside.parent) not in os.environ.get("PATH", "").split(os.pathsep):
        phone = f"{os.path.relpath(beside.parent)}/{phone}"
    if plan.port != DEFAULT_PORT:
        phone += f" --engine {plan.address}"
    say()
    say(f"  {store.label} is open:  {plan.address}")
    say()
    if plan.plays is not None:
        say(f"  its time:               {plan.plays:%A %H:%M}; it is in its quiet hours now and would send nothing")
    say(f"  shoppers inside, about: {plan.count}")
    say(f"  a phone in a terminal:  {phone}")
    if plan.broker is None:
        say(f"  MQTT broker:            {broker}")
    say(f"  logs and ledger:        {plan.folder}")
    say("  close the store:        Ctrl-C")
    say()


def interrupted(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Every signal to end is a Ctrl-C."""
    raise KeyboardInterrupt


def main(
    *,
    broker: Annotated[
        str | None, typer.Option(help="mqtt://USER:PASSWORD@HOST:PORT; without it, one of our own")
    ] = None,
    store: Annotated[Path, typer.Option(help="the store's folder")] = Path("maps/demo-market"),
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="where the pages are; the next free one when it is taken")
    ] = DEFAULT_PORT,
    host: Annotated[str, typer.Option(help="0.0.0.0 lets phones on the network in")] = LOOPBACK,
    shoppers: Annotated[
        int | None, typer.Option(min=0, help="how many are in the store at a time; without it, what suits its size")
    ] = None,
    seed: Annotated[int, typer.Option(help="the same seed gives the same day")] = 7,
    speed: Annotated[float, typer.Option(min=0.1, max=100, help="1 is real time, 20 twenty times as fast")] = 1.0,
    population: Annotated[Population, typer.Option(help="our cast, or Complete Journey households")] = Population.CAST,
    source: Annotated[Source, typer.Option(help="positions, or ranges: only what gateways hear")] = Source.POSITIONS,
    keep_data: Annotated[bool, typer.Option("--keep-data", help="go on with the ledger of the last run")] = False,
) -> None:
    """Open the whole store on this machine: broker, engine and shoppers. Ctrl-C closes it."""
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, interrupted)
    with ExitStack() as stack:
        try:
            if population is Population.COMPLETEJOURNEY:
                say("demo: the Complete Journey households move in (the first time takes a minute) ...")
                store = move_households_in(seed, COMPLETE_JOURNEY.with_suffix(".log"))
            building = check_store(store)
            who = Shoppers(store, population.value, seed)
            now = datetime.now(UTC)
            plan = Plan(
                store=building.store,
                shoppers=who,
                count=usual_crowd(building.level.area) if shoppers is None else shoppers,
                speed=speed,
                host=host,
                port=choose_port(port),
                broker=broker,
                today=now.date(),
                keep_data=keep_data,
                plays=afternoon_after(building, now),
                source=source.value,
            )
            children, own = open_store(stack, plan, say)
            say_open(building, plan, own)
            for complaint in watch(children):
                say(complaint)
        except (BrokerError, ChildError) as error:
            fail(str(error), 1)
        except KeyboardInterrupt:
            for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(ending, signal.SIG_IGN)  # closing takes 5 s at most, and a second Ctrl-C changes nothing
            say("\ndemo: closing the store ...")
    say("demo: closed; nothing is left running")


if __name__ == "__main__":
    typer.run(main)
