"""A plan becomes a running store: the broker first, then the engine once the ledger has its history, then the shoppers.

Each program is told where the others are by flags, and shares one secret, made anew each time, from which phones'
tokens follow. What is started is handed to an `ExitStack`, which stops it in the opposite order.
"""

import os
import secrets
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from demo.broker import STORE, start_broker
from demo.child import Child, ChildError, is_running, last_words, python, run_to_end, start, stop, troubles
from demo.history import Shoppers, prepare_ledger
from demo.ports import LOOPBACK, next_free

DEFAULT_PORT = 8600
CAST_STORE = "demo-market"  # where Dave, Ana and Chloe shop: beacon_sim/cast.toml
MQTT_PORT = 1883  # the registered one: where somebody who sends a message by hand will look
COMPLETE_JOURNEY = Path("build/complete-journey")  # the store folder that these households bring with them
HEALTHY_WITHIN_S = 30.0
M2_A_PERSON = 27.0  # in a store that looks busy and can be walked through: 60 people in the demo market
POLL_S = 0.05
SIGMA_M = 0.8  # error of the demo's beacons: a good installation, so that a projector shows single aisles told apart
BELIEVED_SPEED = 20  # times real time, up to which the engine keeps up with a belief about everyone
# Together under 5 s: nobody waits longer for a Ctrl-C.
SIMULATOR_STOPS_WITHIN_S = 1.5
ENGINE_STOPS_WITHIN_S = 2.0
BROKER_STOPS_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to open, as the flags say."""

    store: str  # its id
    shoppers: Shoppers
    count: int  # shoppers in the store at a time
    speed: float  # 1 is real time
    host: str  # where the engine listens; 0.0.0.0 lets phones on the network in
    port: int
    broker: str | None  # None: the embedded one
    today: date
    keep_data: bool
    plays: datetime | None = None  # store time at the start; None: now
    source: str = "positions"  # or "ranges": the engine finds the places from what gateways hear

    @property
    def has_cast(self) -> bool:
        """Whether Dave, Ana and Chloe come."""
        return self.shoppers.population == "cast" and self.store == CAST_STORE

    @property
    def folder(self) -> Path:
        """Logs, ledger and broker data; a second store on another port has a folder of its own."""
        return Path("build/demo") if self.port == DEFAULT_PORT else Path(f"build/demo-{self.port}")

    @property
    def address(self) -> str:
        """The one address to open."""
        return f"http://{LOOPBACK}:{self.port}"


def usual_crowd(area_m2: float) -> int:
    """How many people make a store of this size look busy and not overcrowded; at least 3."""
    return max(round(area_m2 / M2_A_PERSON), 3)


def move_households_in(seed: int, log: Path) -> Path:
    """Make the store of the Complete Journey households, and give its folder.

    Raises:
        ChildError: it cannot be made, most likely because the extra is not installed.
    """
    command = python("beacon_sim", "completejourney", "--out", str(COMPLETE_JOURNEY), "--seed", str(seed))
    run_to_end("completejourney", command, log)
    return COMPLETE_JOURNEY


def is_healthy(address: str) -> bool:
    """Whether the engine answers that it is well."""
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=1.0) as answer:  # noqa: S310  our own http address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def await_engine(engine: Child, address: str) -> None:
    """Return once the engine answers.

    Raises:
        ChildError: it ended, or has not answered after `HEALTHY_WITHIN_S`.
    """
    deadline = time.monotonic() + HEALTHY_WITHIN_S
    while not is_healthy(address):
        if not is_running(engine):
            raise ChildError(last_words(engine))
        if time.monotonic() > deadline:
            raise ChildError(f"the engine does not answer on {address}; see {engine.log}")
        time.sleep(POLL_S)


def open_store(stack: ExitStack, plan: Plan, say: Callable[[str], None]) -> tuple[list[Child], str]:
    """Start everything, each to be stopped by the stack; returns it, and the broker, when the first shoppers come in.

    `say` gets a line for each step that takes a while.

    Raises:
        BrokerError: the embedded broker did not start.
        ChildError: a program did not do what it was started for.
    """
    plan.folder.mkdir(parents=True, exist_ok=True)
    children: list[Child] = []

    def opened(child: Child, stops_within_s: float) -> Child:
        stack.callback(stop, child, stops_within_s)
        children.append(child)
        return child

    broker = plan.broker
    if broker is None:
        if not plan.keep_data:
            shutil.rmtree(plan.folder / STORE, ignore_errors=True)  # no message of yesterday waits for today's engine
        child, broker = start_broker(plan.folder, next_free(MQTT_PORT) or 0)
        opened(child, BROKER_STOPS_WITHIN_S)
    ledger = prepare_ledger(plan.shoppers, plan.folder, today=plan.today, keep=plan.keep_data, say=say)
    shared = ("--store", str(plan.shoppers.store), "--broker", broker)
    secret = {"AISLEWISE_PHONE_KEY": os.environ.get("AISLEWISE_PHONE_KEY") or secrets.token_hex(32)}

    clock = "wall" if plan.speed == 1 and plan.plays is None else "event"  # another day, or a faster one: its own time
    tracking = "grid" if plan.speed <= BELIEVED_SPEED or plan.source == "ranges" else "raw"
    follow = () if plan.has_cast else ("--follow", "")  # without a cast: whoever is sent an offer
    engine_flags = (*follow, "--host", plan.host, "--port", str(plan.port), "--db", str(ledger), "--clock", clock)
    command = python("offer_engine", "run", *shared, *engine_flags, "--tracking", tracking)
    engine = opened(start("engine", command, plan.folder / "engine.log", secret), ENGINE_STOPS_WITHIN_S)
    await_engine(engine, plan.address)

    crowd = ("--seed", str(plan.shoppers.seed), "--shoppers", str(plan.count), "--speed", f"{plan.speed:g}")
    who = ("--engine", plan.address, "--population", plan.shoppers.population)
    radio = ("--source", plan.source, "--sigma", f"{SIGMA_M:g}")
    begin = ("--start", plan.plays.isoformat()) if plan.plays else ()
    command = python("beacon_sim", "run", *shared, *who, *crowd, *radio, *begin)
    opened(start("simulator", command, plan.folder / "simulator.log", secret), SIMULATOR_STOPS_WITHIN_S)
    return children, broker


def watch(children: Sequence[Child]) -> Iterator[str]:
    """What the children complain about, as it comes, each line with its program's name.

    Raises:
        ChildError: one of them ended, which none should do by itself.
    """
    while True:
        for child in children:
            running = is_running(child)  # asked first, so that its very last line is still read
            yield from (f"{child.name}: {line}" for line in troubles(child))
            if not running:
                raise ChildError(last_words(child))
        time.sleep(POLL_S)
