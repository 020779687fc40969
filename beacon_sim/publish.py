"""Where a day's messages go: to an MQTT broker, to a file, or both.

The broker may be away at the start or later. Baskets, checkouts and presences (QoS 1) wait in memory and are sent when
it is back; positions (QoS 0) of that time are gone, as they would be from real beacons. It is said once per outage.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from offer_engine.errors import SettingsError

DEFAULT_PORT = 1883
IN_FLIGHT = 500  # QoS 1 messages that wait for their acknowledgement at a time; paho's own 20 is a bottleneck
LAST_WORDS_S = 5.0  # how long the last messages may take
RETRY_MIN_S, RETRY_MAX_S = 1, 5


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is, and who we are to it."""

    host: str
    port: int
    user: str | None
    password: str | None


def parse_broker(url: str) -> BrokerAddress:
    """Read an address such as mqtt://user:pw@host:port.

    Raises:
        SettingsError: it is not one.

    >>> parse_broker("mqtt://till:s%40fe@broker.example")
    BrokerAddress(host='broker.example', port=1883, user='till', password='s@fe')
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme != "mqtt" or not parts.hostname or port == -1:
        raise SettingsError(f"--broker: expected mqtt://[user:password@]host[:port], got {url!r}")
    user = None if parts.username is None else unquote(parts.username)
    password = None if parts.password is None else unquote(parts.password)
    return BrokerAddress(parts.hostname, DEFAULT_PORT if port is None else port, user, password)


class MqttPublisher:
    """Publishes to a broker from a thread of its own."""

    def __init__(self, address: BrokerAddress, say: Callable[[str], None]) -> None:
        self._address = address
        self._say = say
        self._is_away = False
        self._queued = 0
        self._sent = 0
        self._progress = threading.Condition()  # held to change or wait for `_sent`
        self._client = client = Client(CallbackAPIVersion.VERSION2)
        if address.user is not None:
            client.username_pw_set(address.user, address.password)
        client.max_inflight_messages_set(IN_FLIGHT)
        client.max_queued_messages_set(0)  # no limit: nothing that is bought may be lost
        client.reconnect_delay_set(RETRY_MIN_S, RETRY_MAX_S)
        client.on_connect = self._connected
        client.on_connect_fail = self._failed
        client.on_disconnect = self._disconnected
        client.on_publish = self._published

    def start(self) -> None:
        """Begin to connect; publishing may begin at once."""
        self._client.connect_async(self._address.host, self._address.port)
        self._client.loop_start()

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        """Send a message, or keep it until the broker is back when its QoS is 1."""
        if qos or self._client.is_connected():
            self._queued += 1
            self._client.publish(topic, payload, qos)

    @property
    def backlog(self) -> int:
        """Messages that a broker who is there has not taken yet."""
        return self._queued - self._sent if self._client.is_connected() else 0

    def stop(self) -> None:
        """Disconnect, once a broker who is there has taken what is left."""
        with self._progress:
            self._progress.wait_for(lambda: self.backlog <= 0, timeout=LAST_WORDS_S)
        self._client.disconnect()
        self._client.loop_stop()

    def _published(self, _client: Client, _data: object, _mid: int, _code: ReasonCode, _props: Properties) -> None:
        with self._progress:
            self._sent += 1
            self._progress.notify_all()

    def _connected(
        self, _client: Client, _data: object, _flags: ConnectFlags, code: ReasonCode, _props: Properties | None
    ) -> None:
        if code.is_failure:
            self._away(f"refuses us: {code}")
        elif self._is_away:
            self._is_away = False
            self._say(f"the broker at {self._address.host}:{self._address.port} is back")

    def _failed(self, _client: Client, _data: object) -> None:
        self._away("is away; still trying")

    def _disconnected(
        self, _client: Client, _data: object, _flags: DisconnectFlags, code: ReasonCode, _props: Properties | None
    ) -> None:
        self._queued = self._sent  # QoS 0 messages on the way are gone; the others count again when sent again
        if code.is_failure:
            self._away("has gone; what was bought is kept until it is back")

    def _away(self, what: str) -> None:
        if not self._is_away:
            self._is_away = True
            self._say(f"the broker at {self._address.host}:{self._address.port} {what}")


class Recorder:
    """Writes every message as one JSON line, for tests and replay."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        """Write one line: {"topic", "payload", "qos"}, the payload as the text it is."""
        line = {"topic": topic, "payload": payload.decode(), "qos": qos}
        self._out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
