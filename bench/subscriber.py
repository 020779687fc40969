"""A bare MQTT subscriber: takes every position and does nothing but decode it. What the engine is compared with.

`python -m bench.subscriber KIND PORT STORE [OUT]`, with KIND one of
paho    paho-mqtt and `json`: what most people would write first;
gmqtt   the engine's own client and msgspec: what the engine could be at best;
raw     a protocol of our own that only notes when each packet arrived, and writes that to OUT when it is stopped.
"""

import asyncio
import json
import signal
import sys
import time
from functools import partial
from pathlib import Path

import gmqtt
import msgspec
import paho.mqtt.client as paho
from gmqtt.mqtt.constants import MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from bench import wire
from offer_engine.messages import Position

HOST = "127.0.0.1"


def filters(store: str) -> str:
    """Everything that is said of a shopper."""
    return f"store/{store}/shopper/+/+"


def paho_json(port: int, store: str) -> None:
    """Run the named baseline until killed."""

    def connected(client: paho.Client, *_: object) -> None:
        client.subscribe(filters(store), qos=1)

    def received(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        json.loads(message.payload)

    client = paho.Client(CallbackAPIVersion.VERSION2, "bare-paho")
    client.on_connect = connected
    client.on_message = received
    client.connect(HOST, port, keepalive=600)
    client.loop_forever()


async def gmqtt_msgspec(port: int, store: str) -> None:
    """Run the baseline on the engine's own client until killed."""
    decode = msgspec.json.Decoder(Position).decode

    def received(_client: gmqtt.Client, _topic: str, payload: bytes, _qos: int, _properties: object) -> int:
        decode(payload)
        return 0

    client = gmqtt.Client("bare-gmqtt")
    client.on_message = received
    await client.connect(HOST, port, keepalive=600, version=MQTTv311)
    client.subscribe(filters(store), qos=1)
    await asyncio.Event().wait()


class Raw(asyncio.Protocol):
    """Notes the time at which each packet was read."""

    def __init__(self, store: str) -> None:
        """Nothing has arrived yet."""
        self.arrivals: list[tuple[int, list[wire.Packet]]] = []
        self._rest = b""
        self._store = store

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say hello and subscribe; the broker answers in order."""
        if isinstance(transport, asyncio.Transport):
            transport.write(wire.connect("bare-raw") + wire.subscribe(filters(self._store)))

    def data_received(self, data: bytes) -> None:
        """One clock reading for all packets that arrive together."""
        at = time.monotonic_ns()
        packets, self._rest = wire.split(self._rest + data)
        self.arrivals.append((at, packets))


async def raw(port: int, store: str) -> list[tuple[str, int, int]]:
    """Every position's arrival until stopped: shopper, event time, when (monotonic ns)."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    _, protocol = await loop.create_connection(partial(Raw, store), HOST, port)
    await stopped.wait()
    decode = msgspec.json.Decoder(Position).decode
    rows: list[tuple[str, int, int]] = []
    for at, packets in protocol.arrivals:
        for packet in packets:
            if packet.kind == wire.PUBLISH:
                topic, payload, _ = packet.published()
                if topic.endswith("/position"):
                    rows.append((topic.split("/")[3], decode(payload).ts, at))
    return rows


def main() -> None:
    """Run one of them."""
    kind, port, store = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    if kind == "paho":
        paho_json(port, store)
    elif kind == "gmqtt":
        asyncio.run(gmqtt_msgspec(port, store))
    else:
        Path(sys.argv[4]).write_bytes(msgspec.json.encode(asyncio.run(raw(port, store))))


if __name__ == "__main__":
    main()
