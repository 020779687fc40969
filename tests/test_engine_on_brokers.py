"""The engine's promises on real brokers: nothing stops it, nothing is lost, a phone rings in time.

Each test runs on the embedded broker and on Debian's mosquitto, with the engine as a program of its own.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from demo.child import python
from tests.brokers import Broker
from tests.live import PHONE_KEY, STORE, LiveEngine, Wire, live_engine, until, wall_ms, wire

WINE_AISLE = {"x": 3.0, "y": 12.0}
SALMON = {"sku": "salmon-fillet", "qty": 1}


@pytest.fixture(params=["gmqtt", "paho"])
def engine(request: pytest.FixtureRequest, broker: Broker, tmp_path: Path) -> Iterator[LiveEngine]:
    """A running engine, once with each MQTT client."""
    with live_engine(tmp_path, broker.url, "--ingest", str(request.param)) as running:
        yield running


@pytest.fixture
def beacon(broker: Broker) -> Iterator[Wire]:
    """The store's side of the wire."""
    with wire(broker.url) as own:
        yield own


def _position(**changes: object) -> dict[str, object]:
    return {"ts": wall_ms(), **WINE_AISLE, **changes}


REFUSED = {
    "malformed JSON": ("position", b'{"ts": 1', "malformed"),
    "a wrong type": ("position", {"ts": "now", **WINE_AISLE}, "invalid"),
    "NaN": ("position", b'{"ts": 1, "x": NaN, "y": 2}', "malformed"),
    "bytes that are no text": ("basket", b"\xff\xfe\x00", "malformed"),
    "a place outside the store": ("position", {"x": 400.0, "y": 12.0}, "outside"),
    "a clock an hour behind": ("position", {"skew_ms": -3_600_000}, "clock"),
    "a clock an hour ahead": ("position", {"skew_ms": 3_600_000}, "clock"),
    "an unknown sku": ("basket", {"items": [{"sku": "unicorn", "qty": 1}]}, "unknown_sku"),
    "5 MB": ("basket", b" " * 5_000_000, "too_large"),
}


def _bad_payload(payload: object) -> object:
    if not isinstance(payload, dict) or payload.get("ts") == "now":
        return payload
    if "items" in payload:
        return {"ts": wall_ms(), "rev": 1, **payload}
    skew_ms = payload.get("skew_ms", 0)
    assert isinstance(skew_ms, int)
    return _position(ts=wall_ms() + skew_ms, **{key: value for key, value in payload.items() if key != "skew_ms"})


def test_what_cannot_be_used_is_refused_with_a_reason_and_nothing_else_stops(engine: LiveEngine, beacon: Wire) -> None:
    """Each kind of bad message is told on the rejected topic and counted, and the next one is handled."""
    for what, (leaf, payload, reason) in REFUSED.items():
        beacon.send("mallory", leaf, _bad_payload(payload))
        told = beacon.next("rejected")
        assert told["reason"] == reason, what
        assert told["topic"] == f"store/{STORE}/shopper/mallory/{leaf}"
        assert len(str(told["payload"])) <= 1024

    counted = engine.stat("refused")
    assert isinstance(counted, dict)
    assert sum(counted.values()) == len(REFUSED)
    beacon.send("erin", "position", _position())
    assert until(lambda: engine.stat("in_store"), lambda seen: seen == 2) == 2  # erin, and mallory for a good basket


def test_a_broker_that_is_not_up_yet_is_waited_for(broker: Broker, tmp_path: Path) -> None:
    """The engine starts first, says that it waits, and is there when the broker is."""
    broker.stop()
    engine = LiveEngine(tmp_path, broker.url)
    try:
        engine.start()
        assert not engine.is_connected()
        until(lambda: "no broker at" in engine.log())

        broker.start()

        until(engine.is_connected)
    finally:
        engine.stop()


def test_a_broker_that_goes_away_and_comes_back_costs_no_basket(engine: LiveEngine, broker: Broker) -> None:
    """The engine says so, reconnects, subscribes again, and knows the cart that was sent while it was away."""
    with wire(broker.url) as beacon:
        beacon.send("erin", "basket", {"ts": wall_ms(), "rev": 1, "items": [SALMON]})
        until(lambda: _cart(engine, "erin"), lambda cart: len(cart) == 1)

    broker.stop()
    until(lambda: not engine.is_connected())
    broker.start()
    with wire(broker.url) as beacon:  # as fast as the engine reconnects, or faster
        beacon.send("erin", "basket", {"ts": wall_ms(), "rev": 2, "items": [SALMON, {"sku": "rack-of-lamb", "qty": 1}]})

        until(engine.is_connected)
        until(lambda: _cart(engine, "erin"), lambda cart: len(cart) == 2)
    assert "lost the broker" in engine.log()


def test_an_engine_that_is_killed_finds_carts_and_consents_again(engine: LiveEngine, beacon: Wire) -> None:
    """Kill -9, a basket sent meanwhile, and a new engine that knows both."""
    beacon.send("erin", "basket", {"ts": wall_ms(), "rev": 1, "items": [SALMON]})
    until(lambda: _cart(engine, "erin"), lambda cart: len(cart) == 1)
    engine.kill()
    beacon.send("frank", "basket", {"ts": wall_ms(), "rev": 1, "items": [SALMON]})

    engine.start()

    until(lambda: _cart(engine, "frank"), lambda cart: len(cart) == 1)
    assert len(_cart(engine, "erin")) == 1


def test_of_two_engines_for_one_store_one_says_so_and_stops(broker: Broker, tmp_path: Path) -> None:
    """Both take the one place at the broker from each other; one gives way in one line, and the other stays.

    Which one is settled only once the first has stood for some seconds: `tests/test_rivalry.py`.
    """
    folder = tmp_path / "second"
    folder.mkdir()
    with live_engine(tmp_path, broker.url) as first, live_engine(folder, broker.url) as second:
        engines = (first, second)
        until(lambda: [one for one in engines if not one.is_running()])

        (gone,) = [one for one in engines if not one.is_running()]
        (stays,) = [one for one in engines if one is not gone]
        assert gone.exit_code() == 2
        assert gone.log().splitlines()[-1].startswith(f"another engine for '{STORE}' is at {broker.url}")
        until(stays.is_connected)


def _cart(engine: LiveEngine, shopper: str) -> list[object]:
    cart = engine.get(f"/api/shoppers/{shopper}")["basket"]
    assert isinstance(cart, list)
    return cart


def test_a_shopper_nobody_simulated_sent_by_hand_rings_a_phone_in_a_terminal(broker: Broker, tmp_path: Path) -> None:
    """As the README shows it: phone-client in one terminal, mosquitto_pub in another, an offer within a second."""
    publisher = shutil.which("mosquitto_pub")
    if publisher is None:
        pytest.skip("mosquitto_pub is not installed (apt install mosquitto-clients)")
    with live_engine(tmp_path, broker.url) as engine, _phone(engine, "erin") as phone:
        _await_event(phone, "settings_shown")
        _by_hand(publisher, broker, "basket", {"ts": wall_ms(), "rev": 1, "items": [SALMON]}, qos=1)
        entered = time.monotonic()
        for second in range(7):
            time.sleep(max(entered + second - time.monotonic(), 0))
            _by_hand(publisher, broker, "position", _position(), qos=0)
        offer = _await_event(phone, "offer_arrived")
        waited_s = time.monotonic() - entered
        phone.terminate()
    assert "salmon fillet" in json.dumps(offer)
    assert waited_s < 5.0 + 0.5 + 1.0 + 0.5  # the dwell, a late first process, a second, and the last process's start


def _by_hand(publisher: str, broker: Broker, leaf: str, payload: object, *, qos: int) -> None:
    topic = f"store/{STORE}/shopper/erin/{leaf}"
    command = [publisher, "-h", broker.host, "-p", str(broker.port), "-t", topic, "-q", str(qos)]
    subprocess.run([*command, "-m", json.dumps(payload)], check=True, timeout=10)


def _phone(engine: LiveEngine, shopper: str) -> "subprocess.Popen[str]":
    command = python("phone_client", "--shopper", shopper, "--engine", engine.address, "--json")
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"AISLEWISE_PHONE_KEY": PHONE_KEY})


def _await_event(phone: "subprocess.Popen[str]", kind: str) -> dict[str, object]:
    out: IO[str] | None = phone.stdout
    assert out is not None
    for line in out:
        event: dict[str, object] = json.loads(line)
        if event["event"] == kind:
            return event
    raise AssertionError(f"the phone ended without {kind}: {sys.executable}")
