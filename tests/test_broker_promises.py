"""What the project asks of any broker, proven on the embedded one and on mosquitto through paho-mqtt."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from demo.broker import accepts_mqtt
from tests.brokers import Broker

PATIENCE_S = 10.0
TOPIC = "store/s1/shopper/dave/basket"


class Caller:
    """A paho client whose callbacks fill queues, so that a test waits for what happens and never for a time."""

    def __init__(self, name: str, *, clean: bool = True) -> None:
        self.client = Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=clean)
        self.connects: queue.Queue[bool] = queue.Queue()
        self.grants: queue.Queue[int] = queue.Queue()
        self.messages: queue.Queue[MQTTMessage] = queue.Queue()
        self.losses: queue.Queue[str] = queue.Queue()
        self.client.on_connect = self._connected
        self.client.on_disconnect = self._disconnected
        self.client.on_subscribe = self._subscribed
        self.client.on_message = self._received
        self.client.reconnect_delay_set(1, 1)

    def _connected(
        self, _client: Client, _data: object, flags: ConnectFlags, _code: ReasonCode, _properties: Properties | None
    ) -> None:
        self.connects.put(flags.session_present)

    def _disconnected(
        self, _client: Client, _data: object, _flags: DisconnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        self.losses.put(str(code))

    def _subscribed(
        self, _client: Client, _data: object, _mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        self.grants.put(int(codes[0].value))

    def _received(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.messages.put(message)

    def subscribe(self, topic: str, qos: int) -> int:
        """Subscribe and give the QoS that the broker granted."""
        self.client.subscribe(topic, qos)
        return self.grants.get(timeout=PATIENCE_S)

    def publish(self, topic: str, payload: str, qos: int, *, retain: bool = False) -> None:
        """Publish, and return once it is written (QoS 0) or acknowledged (QoS 1)."""
        self.client.publish(topic, payload, qos, retain).wait_for_publish(PATIENCE_S)

    def leave(self) -> None:
        """Disconnect, end the thread, and let go of the client, which closes its last sockets when nobody holds it."""
        self.client.disconnect()
        self.client.loop_stop()
        self.client.on_connect = self.client.on_disconnect = self.client.on_subscribe = self.client.on_message = None

    def next_payload(self) -> str:
        """The next message's payload."""
        return self.messages.get(timeout=PATIENCE_S).payload.decode()


@contextmanager
def calling(broker: Broker, caller: Caller) -> Iterator[Caller]:
    """The caller, connected; in the end it disconnects and its thread ends."""
    caller.client.connect(broker.host, broker.port, keepalive=30)
    caller.client.loop_start()
    try:
        caller.connects.get(timeout=PATIENCE_S)
        yield caller
    finally:
        caller.leave()


@pytest.mark.parametrize("qos", [0, 1])
def test_message_arrives_once_at_its_qos(broker: Broker, qos: int) -> None:
    """What is published at QoS 0 or 1 arrives, in order, at the QoS that was asked for."""
    with calling(broker, Caller("listener")) as listener, calling(broker, Caller("speaker")) as speaker:
        assert listener.subscribe("store/s1/shopper/+/basket", qos) == qos
        for number in range(20):
            speaker.publish(TOPIC, str(number), qos)
        arrived = [listener.messages.get(timeout=PATIENCE_S) for _ in range(20)]
        assert [message.payload for message in arrived] == [str(number).encode() for number in range(20)]
        assert {(message.topic, message.qos) for message in arrived} == {(TOPIC, qos)}
        assert listener.messages.empty()


def test_retained_message_greets_a_latecomer(broker: Broker) -> None:
    """A retained message reaches who subscribes later, the last one only, even after a restart of the broker."""
    with calling(broker, Caller("speaker")) as speaker:
        speaker.publish("store/s1/engine/status", "old", 1, retain=True)
        speaker.publish("store/s1/engine/status", "new", 1, retain=True)
    broker.restart()
    with calling(broker, Caller("listener")) as listener:
        listener.subscribe("store/s1/engine/status", 1)
        message = listener.messages.get(timeout=PATIENCE_S)
        assert (message.payload, message.retain) == (b"new", True)


def test_last_will_speaks_for_the_vanished(broker: Broker) -> None:
    """When a client's connection breaks without a goodbye, its last will is published and retained."""
    vanishing = Caller("vanishing")
    vanishing.client.will_set("store/s1/engine/status", "offline", 1, retain=True)
    with calling(broker, Caller("listener")) as listener:
        listener.subscribe("store/s1/engine/status", 1)
        vanishing.client.connect(broker.host, broker.port, keepalive=30)
        vanishing.client.loop_start()
        vanishing.connects.get(timeout=PATIENCE_S)
        vanishing.client.loop_stop()  # nobody speaks for it any more ...
        connection = vanishing.client.socket()
        assert connection is not None
        connection.close()  # ... and its socket closes without a DISCONNECT
        assert listener.next_payload() == "offline"
    vanishing.leave()


def test_what_the_vanished_had_not_acknowledged_comes_again_soon(broker: Broker) -> None:
    """A basket that was on its way to an engine that is killed reaches the next one within seconds."""
    killed = Caller("engine", clean=False)
    killed.client.manual_ack_set(on=True)
    killed.client.connect(broker.host, broker.port, keepalive=30)
    killed.client.loop_start()
    killed.connects.get(timeout=PATIENCE_S)
    killed.subscribe("store/s1/shopper/+/basket", 1)
    with calling(broker, Caller("speaker")) as speaker:
        speaker.publish(TOPIC, "on its way", 1)
    assert killed.next_payload() == "on its way"
    killed.client.loop_stop()
    connection = killed.client.socket()
    assert connection is not None
    connection.close()
    with calling(broker, Caller("engine", clean=False)) as engine:
        assert engine.next_payload() == "on its way"
    killed.leave()


def test_persistent_session_survives_a_restart(broker: Broker) -> None:
    """What is sent at QoS 1 while a persistent subscriber is away waits for it, through a restart of the broker."""
    with calling(broker, Caller("engine", clean=False)) as engine:
        engine.subscribe("store/s1/shopper/+/basket", 1)
    with calling(broker, Caller("speaker")) as speaker:
        for number in range(50):
            speaker.publish(TOPIC, str(number), 1)
    broker.restart()
    engine = Caller("engine", clean=False)
    engine.client.connect(broker.host, broker.port, keepalive=30)
    engine.client.loop_start()
    try:
        assert engine.connects.get(timeout=PATIENCE_S) is True, "the broker forgot the session"
        arrived = [int(engine.next_payload()) for _ in range(50)]  # one that met the goodbye on its way comes last
        assert sorted(arrived) == list(range(50))
    finally:
        engine.leave()


def test_client_notices_a_restart_and_comes_back(broker: Broker) -> None:
    """A connected client sees the broker go and is let in again by itself once it is back on the same port."""
    with calling(broker, Caller("engine")) as engine:
        broker.stop()
        engine.losses.get(timeout=PATIENCE_S)
        broker.start()
        engine.connects.get(timeout=PATIENCE_S)
        engine.subscribe(TOPIC, 1)
        engine.publish(TOPIC, "after", 1)
        assert engine.next_payload() == "after"


def test_large_payload_passes_the_broker(broker: Broker) -> None:
    """A payload of 5 MB gets through, so that it is the engine that refuses it, with a reason."""
    with calling(broker, Caller("listener")) as listener, calling(broker, Caller("speaker")) as speaker:
        listener.subscribe(TOPIC, 0)
        speaker.publish(TOPIC, "x" * 5_000_000, 0)
        assert len(listener.next_payload()) == 5_000_000


def test_nobody_is_let_in_after_stop(broker: Broker) -> None:
    """A stopped broker has left its port."""
    assert accepts_mqtt(broker.port)
    broker.stop()
    assert not accepts_mqtt(broker.port)
