"""A whole engine for tests: the real program on a real broker, spoken to with paho and over HTTP."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from typing import TypeVar

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from demo.child import Child, is_running, last_words, python, start, stop
from demo.ports import LOOPBACK, any_free
from offer_engine.messages import shopper_topic

_T = TypeVar("_T")

PHONE_KEY = "test-key"
PATIENCE_S = 20.0  # a laden machine may be slow; a broken program is told apart by never
STORE = "demo-market"


def wall_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000  # noqa: TID251  these tests run against real programs


def until(ask: Callable[[], _T], is_good: Callable[[_T], bool] = bool) -> _T:
    """Ask until the answer is good.

    Raises:
        TimeoutError: it never was.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not is_good(answer := ask()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"still {answer!r} after {PATIENCE_S} s")
        time.sleep(0.02)
    return answer


@dataclass(slots=True)
class LiveEngine:
    """The engine's program under a test's control."""

    folder: Path
    broker: str
    flags: tuple[str, ...] = ()
    port: int = field(default_factory=any_free)
    child: Child | None = None

    @property
    def address(self) -> str:
        """Where its pages are."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Start the program and wait until it answers."""
        command = python("offer_engine", "run", "--broker", self.broker, "--port", str(self.port), "--db", str(self.db))
        self.child = start(
            "engine", (*command, *self.flags), self.folder / "engine.log", {"AISLEWISE_PHONE_KEY": PHONE_KEY}
        )
        until(self._answers)

    @property
    def db(self) -> Path:
        """Its ledger."""
        return self.folder / "ledger.db"

    def _answers(self) -> bool:
        if self.child is None or not is_running(self.child):
            raise AssertionError("not running" if self.child is None else last_words(self.child))
        try:
            return self.get("/healthz") is not None
        except OSError:
            return False

    def stop(self) -> None:
        """Ask it to end."""
        if self.child is not None:
            stop(self.child, 5.0)
            self.child = None

    def kill(self) -> None:
        """End it without a word."""
        assert self.child is not None
        self.child.process.kill()
        self.stop()

    def get(self, path: str) -> dict[str, object]:
        """A JSON answer."""
        with urllib.request.urlopen(f"{self.address}{path}", timeout=5) as answer:  # noqa: S310  our own http address
            found: dict[str, object] = json.load(answer)
            return found

    def is_running(self) -> bool:
        """Whether the program is there."""
        return self.child is not None and is_running(self.child)

    def exit_code(self) -> int | None:
        """What it ended with, if it did."""
        return None if self.child is None else self.child.process.poll()

    def is_connected(self) -> bool:
        """Whether it has its broker."""
        return self.get("/healthz")["broker"] == "connected"

    def stat(self, name: str) -> object:
        """One of its numbers."""
        return self.get("/api/stats")[name]

    def log(self) -> str:
        """What it has logged."""
        return (self.folder / "engine.log").read_text(encoding="utf-8")


@contextmanager
def live_engine(folder: Path, broker: str, *flags: str) -> Iterator[LiveEngine]:
    """A running engine, connected to its broker."""
    engine = LiveEngine(folder, broker, flags)
    try:
        engine.start()
        until(engine.is_connected)
        yield engine
    finally:
        engine.stop()


@dataclass(slots=True)
class Wire:
    """A test's own client on the broker."""

    client: paho.Client
    heard: "Queue[tuple[str, bytes]]" = field(default_factory=Queue)

    def send(self, shopper: str, leaf: str, payload: object, qos: int = 1) -> None:
        """Publish, and wait until the broker has it; a payload that is not bytes is sent as JSON."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.publish(shopper_topic(STORE, shopper, leaf), body, qos)

    def publish(self, topic: str, payload: bytes, qos: int = 1) -> None:
        """Publish on any topic, and wait until the broker has it."""
        self.client.publish(topic, payload, qos).wait_for_publish(PATIENCE_S)

    def next(self, leaf: str) -> dict[str, object]:
        """The next message whose topic ends in `leaf`; others are passed over.

        Raises:
            TimeoutError: none came.
        """
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                topic, payload = self.heard.get(timeout=max(deadline - time.monotonic(), 0.01))
            except Empty:
                raise TimeoutError(f"nothing on …/{leaf}") from None
            if topic.endswith(f"/{leaf}"):
                found: dict[str, object] = json.loads(payload)
                return found


@contextmanager
def wire(broker: str, *also: str) -> Iterator[Wire]:
    """A client that hears what the engine says of itself and of offers, and what is said on other topics."""
    host, port = broker.removeprefix("mqtt://").split(":")
    client = paho.Client(CallbackAPIVersion.VERSION2)
    own = Wire(client)
    subscribed: Queue[None] = Queue()
    client.on_message = lambda _client, _data, message: own.heard.put((message.topic, bytes(message.payload)))
    client.on_subscribe = lambda *_: subscribed.put(None)
    client.connect(host, int(port))
    client.loop_start()
    client.subscribe(
        [(f"store/{STORE}/engine/#", 1), (f"store/{STORE}/shopper/+/offer", 1), *((one, 1) for one in also)]
    )
    try:
        subscribed.get(timeout=PATIENCE_S)
        yield own
    finally:
        client.disconnect()
        client.loop_stop()
