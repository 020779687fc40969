"""A folder becomes a running MQTT broker: nats-server from its wheel, on the loopback interface, gone when we are.

Why this one: docs/adr/0001-embedded-broker.md. It speaks MQTT 3.1.1 only, and keeps retained messages and persistent
sessions in its JetStream store, which is why it needs a folder even when nobody cares about the data.
"""

import json
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.child import Child, is_running, last_lines, start, stop
from demo.ports import LOOPBACK, any_free

READY_WITHIN_S = 10.0  # 50 ms is usual; a laden machine may need a hundred times that
POLL_S = 0.02
STORE = "jetstream"  # the folder with its messages and sessions
STOP_WITHIN_S = 3.0

CONFIG = """\
# Written anew at every start.
server_name: aislewise
host: "{host}"
port: -1                     # its own protocol needs a port as well: any
max_payload: {max_payload}   # the engine, not the broker, says what is too large, and says so on a topic
jetstream {{ store_dir: {store}, max_file_store: 1GB }}
mqtt {{ host: "{host}", port: {port}, ack_wait: "5s" }}  # stock: what a killed engine has not acknowledged waits 30 s
"""
MAX_PAYLOAD_BYTES = 8 * 1024 * 1024

# MQTT 3.1.1, section 3.1: CONNECT, protocol "MQTT" level 4, clean session, keep alive 10 s, client id "ready".
_CONNECT = bytes.fromhex("10 11 0004 4d515454 04 02 000a 0005") + b"ready"
_CONNACK_ACCEPTED = bytes.fromhex("20 02 00 00")  # section 3.2
_DISCONNECT = bytes.fromhex("e0 00")


class BrokerError(RuntimeError):
    """The embedded broker cannot be started; the message is one line and says what to do."""


def nats_server() -> Path:
    """The broker's program: beside this Python, where its wheel puts it, else on the PATH.

    Raises:
        BrokerError: it is in neither place.
    """
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise BrokerError(
            "the embedded broker is missing: `make setup` installs it; "
            "or use a broker of your own: --broker mqtt://host:1883",
        )
    return Path(found)


def accepts_mqtt(port: int) -> bool:
    """Whether a broker on this port of the loopback interface lets a client in."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1.0) as connection:
            connection.sendall(_CONNECT)
            answer = connection.recv(len(_CONNACK_ACCEPTED), socket.MSG_WAITALL)
            connection.sendall(_DISCONNECT)
    except OSError:
        return False
    return answer == _CONNACK_ACCEPTED


def await_mqtt(broker: Child, port: int) -> None:
    """Return once the broker lets clients in.

    Raises:
        BrokerError: it ended, or has not let anybody in after `READY_WITHIN_S`; it is stopped then.
    """
    deadline = time.monotonic() + READY_WITHIN_S
    while not accepts_mqtt(port):
        if not is_running(broker) or time.monotonic() > deadline:
            stop(broker, STOP_WITHIN_S)
            said = " / ".join(last_lines(broker.log, 2)) or "nothing"
            raise BrokerError(f"the broker did not start on port {port}; its last words: {said}")
        time.sleep(POLL_S)


def start_broker(folder: Path, port: int = 0) -> tuple[Child, str]:
    """Start the broker with its data and log in `folder`; the child and its URL. Port 0 is any free one.

    Raises:
        BrokerError: it is not installed, or does not start.
    """
    program = nats_server()
    folder.mkdir(parents=True, exist_ok=True)
    port = port or any_free()
    config = folder / "nats-server.conf"
    store = json.dumps(str(folder.absolute() / STORE))  # its strings are quoted as JSON's are
    config.write_text(CONFIG.format(host=LOOPBACK, port=port, store=store, max_payload=MAX_PAYLOAD_BYTES))
    broker = start("broker", [str(program), "--config", str(config)], folder / "broker.log")
    await_mqtt(broker, port)
    return broker, f"mqtt://{LOOPBACK}:{port}"


@contextmanager
def embedded_broker(folder: Path, port: int = 0) -> Iterator[str]:
    """A broker for as long as the block runs; gives its URL.

    Raises:
        BrokerError: it is not installed, or does not start.
    """
    broker, url = start_broker(folder, port)
    try:
        yield url
    finally:
        stop(broker, STOP_WITHIN_S)
