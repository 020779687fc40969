"""Publishing: to any broker, through its absence, with nothing lost that was bought; and to a file."""

import io
import json
import queue

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from beacon_sim.publish import BrokerAddress, MqttPublisher, Recorder, parse_broker
from offer_engine.errors import SettingsError
from tests.brokers import Broker

PATIENCE_S = 10.0
TOPIC = "store/s1/shopper/dave/basket"


class Till:
    """A listener with a lasting session, so that the broker keeps for it what it misses."""

    def __init__(self, broker: Broker) -> None:
        self.heard: queue.Queue[bytes] = queue.Queue()
        self._granted: queue.Queue[int] = queue.Queue()
        self._address = parse_broker(broker.url)
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="till", clean_session=False)
        self._client.on_subscribe = self._subscribed
        self._client.on_message = self._received

    def connect(self) -> None:
        """Connect and subscribe to baskets at QoS 1."""
        self._client.connect(self._address.host, self._address.port)
        self._client.subscribe(TOPIC, 1)
        self._client.loop_start()
        self._granted.get(timeout=PATIENCE_S)

    def leave(self) -> None:
        """Disconnect; the session stays."""
        self._client.disconnect()
        self._client.loop_stop()

    def _subscribed(
        self, _client: Client, _data: object, _mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        self._granted.put(int(codes[0].value))

    def _received(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.heard.put(bytes(message.payload))


def test_baskets_survive_a_broker_that_comes_late(broker: Broker) -> None:
    """What was bought while the broker was away arrives when it is there, in order; the outage is said once."""
    early = Till(broker)
    early.connect()
    early.leave()
    broker.stop()
    said: queue.Queue[str] = queue.Queue()
    publisher = MqttPublisher(parse_broker(broker.url), said.put)
    publisher.start()
    assert "is away" in said.get(timeout=PATIENCE_S)
    for number in range(30):
        publisher.publish(TOPIC, b"%d" % number, 1)
        publisher.publish(TOPIC.replace("basket", "position"), b"{}", 0)
    assert publisher.backlog == 0
    broker.start()
    till = Till(broker)
    till.connect()
    assert "is back" in said.get(timeout=PATIENCE_S)
    publisher.publish(TOPIC, b"30", 1)
    publisher.stop()
    arrived = [int(till.heard.get(timeout=PATIENCE_S)) for _ in range(31)]
    assert arrived == list(range(31))
    assert said.empty()
    till.leave()


@pytest.mark.parametrize("url", ["http://x", "mqtt://", "mqtt://host:port", "1.2.3.4", "mqtt://h:70000"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """What is not mqtt://host:port is a setting to mend."""
    with pytest.raises(SettingsError, match="--broker"):
        parse_broker(url)


def test_an_address_may_say_less() -> None:
    """Port and user are optional."""
    assert parse_broker("mqtt://h") == BrokerAddress("h", 1883, None, None)
    assert parse_broker("mqtt://u:p@h:1") == BrokerAddress("h", 1, "u", "p")


def test_a_recording_has_a_line_for_each_message() -> None:
    """Each line is JSON with topic, payload as text and QoS."""
    out = io.StringIO()
    recorder = Recorder(out)
    recorder.publish(TOPIC, b'{"rev":1}', 1)
    recorder.publish(TOPIC, '{"caf\N{LATIN SMALL LETTER E WITH ACUTE}":1}'.encode(), 0)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert lines[0] == {"topic": TOPIC, "payload": '{"rev":1}', "qos": 1}
    assert lines[1]["qos"] == 0
