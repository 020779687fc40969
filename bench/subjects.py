"""What is measured, started as a process of its own, and its use of CPU and memory read from outside."""

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench import stores
from bench.walk import shopper_name
from demo.child import Child, ChildError, is_running, last_lines, last_words, python, start, stop
from demo.ports import LOOPBACK, any_free
from offer_engine.core.person import Consents, Person
from offer_engine.core.shopper import Shopper
from offer_engine.core.store_map import StoreMap
from offer_engine.ledger import Batch, Ledger
from offer_engine.messages import phone_token

PHONE_KEY = "bench"
UP_WITHIN_S = 60.0
STOP_WITHIN_S = 20.0
POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How the engine is run for one measurement."""

    ingest: str = "gmqtt"
    clock: str = "wall"


@dataclass(frozen=True, slots=True)
class RunningEngine:
    """An engine that is up."""

    child: Child
    port: int
    db: Path

    def stats(self) -> dict[str, object]:
        """What `/api/stats` says."""
        return get_json(self.port, "/api/stats")

    def count(self, name: str) -> int:
        """One number of `/api/stats`."""
        value = self.stats()[name]
        if not isinstance(value, int):
            raise TypeError(f"/api/stats: {name} is {value!r}, not a whole number")
        return value


def cpu_s(child: Child) -> float:
    """CPU time, user and system, of all threads of the process, s.

    Linux gives every process a clock of its own; its id is made from the pid as in clock_getcpuclockid(3).
    """
    return time.clock_gettime(~child.process.pid << 3 | 2)


def memory_mb(child: Child, field: str = "VmRSS") -> float:
    """Resident memory, MB of 10^6 bytes; `VmHWM` for the most it ever was (proc(5))."""
    status = Path(f"/proc/{child.process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024 / 1e6


def get_json(port: int, path: str) -> dict[str, object]:
    """A JSON object from the engine."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=30)
    try:
        connection.request("GET", path)
        found: dict[str, object] = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return found


def await_that(done: Callable[[], bool], child: Child, what: str) -> None:
    """Return once `done`.

    Raises:
        ChildError: the child has ended, or it took too long.
    """
    deadline = time.monotonic() + UP_WITHIN_S
    while not done():
        if not is_running(child) or time.monotonic() > deadline:
            raise ChildError(f"{what}: {last_words(child)}")
        time.sleep(POLL_S)


@contextmanager
def subscriber(kind: str, port: int, store: str, folder: Path) -> Iterator[Child]:
    """A bare subscriber of the broker at `port`; it may not have connected yet."""
    command = [*python("bench.subscriber"), kind, str(port), store, str(folder / f"{kind}.json")]
    child = start(f"bare {kind}", command, folder / f"{kind}.log")
    try:
        yield child
    finally:
        stop(child, STOP_WITHIN_S)


@contextmanager
def engine(folder: Path, store_folder: Path, broker_port: int, options: EngineOptions) -> Iterator[RunningEngine]:
    """The whole engine on the ledger in `folder`; its pages answer, it may not have reached the broker yet."""
    port, db = any_free(), folder / "ledger.db"
    flags = {
        "--store": str(store_folder),
        "--broker": f"mqtt://{LOOPBACK}:{broker_port}",
        "--port": str(port),
        "--db": str(db),
        "--ingest": options.ingest,
        "--clock": options.clock,
        "--log-level": "warning",
    }
    command = [*python("offer_engine", "run"), *(word for flag in flags.items() for word in flag)]
    child = start("engine", command, folder / "engine.log", {"AISLEWISE_PHONE_KEY": PHONE_KEY})
    running = RunningEngine(child, port, db)
    try:
        await_that(lambda: _is_up(port), child, "the engine does not come up")
        yield running
    finally:
        stop(child, STOP_WITHIN_S)


def _is_up(port: int) -> bool:
    try:
        get_json(port, "/healthz")
    except OSError:
        return False
    return True


def prepare_ledger(db: Path, store: StoreMap, shoppers: int, now_ms: int) -> None:
    """A ledger in which every shopper has agreed to everything and has bought before."""
    names = [shopper_name(number) for number in range(shoppers)]
    everything = Consents(location=True, basket=True, history=True)
    ledger = Ledger(db)
    states = {name: Shopper(name, person=Person(everything, joined=True)) for name in names}
    ledger.write(Batch(states=states))
    ledger.import_purchases(stores.purchases(store, names, now_ms))
    ledger.close()


@contextmanager
def phones(folder: Path, port: int, count: int) -> Iterator[Callable[[], list[tuple[str, int, int]]]]:
    """So many phones, welcomed by the engine at `port`; call the result to stop them and see what offers arrived."""
    names = [shopper_name(number) for number in range(count)]
    orders, out = folder / "phones-orders.json", folder / "phones.json"
    orders.write_text(json.dumps([(name, phone_token(PHONE_KEY.encode(), name)) for name in names]))
    child = start("phones", [*python("bench.phones"), str(port), str(orders), str(out)], folder / "phones.log")

    def collect() -> list[tuple[str, int, int]]:
        stop(child, STOP_WITHIN_S)
        return msgspec.json.decode(out.read_bytes(), type=list[tuple[str, int, int]])

    try:
        await_that(lambda: "ready" in last_lines(child.log, 1), child, "the phones do not get through")
        yield collect
    finally:
        if is_running(child):
            stop(child, STOP_WITHIN_S)
