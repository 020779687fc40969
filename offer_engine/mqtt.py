"""The broker: what the store sends goes to one function, what the engine says goes out; a lost broker is waited for.

Two clients, one behaviour. gmqtt lives in the event loop and costs 2 to 5 us a message; paho-mqtt, in the same loop
through its socket callbacks, costs five times as much and acknowledges a basket only after it was handled
(docs/adr/0002-ingest.md). Both keep a durable session, so that the broker holds baskets back while the engine is
away, and subscribe anew whenever they connect, so that a broker without a memory does no harm either.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol
from urllib.parse import unquote, urlsplit

import gmqtt
from gmqtt.mqtt.connection import MQTTConnection
from gmqtt.mqtt.constants import MQTTv311
from gmqtt.mqtt.handler import MQTTConnectError
from gmqtt.mqtt.package import Package

from offer_engine.errors import RivalError, SettingsError
from offer_engine.messages import EngineStatus, encode, status_topic, subscriptions
from offer_engine.mqtt_packets import take_packets
from offer_engine.rivalry import Rivalry

KEEPALIVE_S = 20  # a dead peer is noticed after one and a half times this
RETRY_S = 1.0
CONNECT_TIMEOUT_S = 10.0
GOODBYE_S = 1.0  # how long a broker that does not read may hold up a stop
DEFAULT_PORT = 1883
NEVER_AGAIN = -2  # gmqtt tries again once for 0, and for ever for -1

_log = logging.getLogger(__name__)

NOTHING_ELSE: Mapping[str, int | None] = MappingProxyType({})

Receive = Callable[[str, bytes], None]


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and who we are there."""

    host: str
    port: int
    user: str | None = None
    password: str | None = None

    def __str__(self) -> str:
        """Without the password, for logs."""
        return f"mqtt://{self.user + '@' if self.user else ''}{self.host}:{self.port}"


def parse_broker(url: str) -> Broker:
    """Read `mqtt://[user:password@]host[:port]`.

    Raises:
        SettingsError: it is something else.

    >>> parse_broker("mqtt://me:secret@broker.local")
    Broker(host='broker.local', port=1883, user='me', password='secret')
    """
    try:
        parts = urlsplit(url if "//" in url else f"mqtt://{url}")
        port = parts.port or DEFAULT_PORT
    except ValueError as error:
        raise SettingsError(f"broker '{url}': {error}") from None
    if parts.scheme != "mqtt" or not parts.hostname:
        raise SettingsError(f"broker '{url}': expected mqtt://[user:password@]host[:port]")
    user, password = parts.username, parts.password
    return Broker(parts.hostname, port, unquote(user) if user else None, unquote(password) if password else None)


class Link(Protocol):
    """A connection to the broker that mends itself."""

    connected: bool

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        """Send a message now; without a connection it is dropped, since what the engine says is soon stale."""

    async def run(self) -> None:
        """Stay connected until cancelled, then say goodbye.

        Raises:
            RivalError: another engine for the same store is there.
        """


class GmqttLink:
    """The default: gmqtt, whose callbacks run in the loop."""

    def __init__(
        self,
        broker: Broker,
        store: str,
        receive: Receive,
        clock: Callable[[], int],
        version: str,
        also: Mapping[str, int | None] = NOTHING_ELSE,
    ) -> None:
        """Get ready; nothing connects before `run`.

        `also` maps topic filters beside the store's own to their QoS, or to None where an earlier engine may have
        subscribed to them and this one does not want them.
        """
        self.connected = False
        self._broker = broker
        self._store = store
        self._receive = receive
        self._filters = wanted(store, also)
        self._unwanted = [topic for topic, qos in also.items() if qos is None]
        self._status = Status(store, clock, version)
        will = gmqtt.Message(status_topic(store), Status.offline(), qos=1, retain=True)
        self._client = gmqtt.Client(client_id(store), clean_session=False, will_message=will)
        self._client.set_config({"reconnect_retries": -1, "reconnect_delay": RETRY_S})
        if broker.user is not None:
            self._client.set_auth_credentials(broker.user, broker.password)
        self._rivalry = Rivalry()
        self._ousted = asyncio.Event()
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

    def _read_ourselves(self, connection: MQTTConnection) -> None:
        """Take positions from what the socket held; all other packets go gmqtt's own way.

        What gmqtt adds to a message serves others than us (docs/adr/0002-ingest.md).
        """

        def other(command: int, rest: bytes) -> None:
            connection.put_package(Package(command, rest))

        def read(data: bytes) -> int:
            return take_packets(data, self._receive, other)

        connection._protocol._read_packet = read  # noqa: SLF001  there is no public way; pinned and tested

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        """Send a message now, or drop it."""
        if self.connected:
            self._client.publish(topic, payload, qos=qos)

    async def run(self) -> None:
        """Stay connected until cancelled.

        Raises:
            RivalError: another engine for the same store is there.
        """
        try:
            await keep_trying(self._broker, self._connect)
            await self._ousted.wait()
            raise RivalError(self._store, str(self._broker))
        finally:
            if self.connected:
                self._client.publish(status_topic(self._store), Status.offline(), qos=1, retain=True)
            self.connected = False
            with suppress(TimeoutError):
                async with asyncio.timeout(GOODBYE_S):
                    await self._client.disconnect()  # also when there is no broker: ends gmqtt's own reconnecting

    async def _connect(self) -> None:
        await self._client.connect(self._broker.host, self._broker.port, keepalive=KEEPALIVE_S, version=MQTTv311)

    def _on_connect(self, client: gmqtt.Client, flags: int, code: int, properties: dict[str, object]) -> None:
        del flags, code, properties
        self.connected = True
        self._rivalry.connected(asyncio.get_running_loop().time())
        self._read_ourselves(client._connection)  # noqa: SLF001  as above
        for topic, qos in self._filters:
            client.subscribe(topic, qos=qos)
        for topic in self._unwanted:
            client.unsubscribe(topic)
        client.publish(status_topic(self._store), self._status.online(), qos=1, retain=True)
        _log.info("connected to the broker at %s", self._broker)

    def _on_disconnect(self, client: gmqtt.Client, packet: bytes, error: Exception | None = None) -> None:
        del packet, error
        if not self.connected:
            return
        self.connected = False
        if self._rivalry.lost(asyncio.get_running_loop().time()):
            client.set_config({"reconnect_retries": NEVER_AGAIN})
            self._ousted.set()
        else:
            _log.warning("lost the broker at %s; trying again every second", self._broker)

    def _on_message(
        self, client: gmqtt.Client, topic: str, payload: bytes, qos: int, properties: dict[str, object]
    ) -> int:
        del client, qos, properties
        self._receive(topic, payload)
        return 0


def wanted(store: str, also: Mapping[str, int | None]) -> list[tuple[str, int]]:
    """Every topic filter to subscribe to, with its QoS."""
    return [*subscriptions(store), *((topic, qos) for topic, qos in also.items() if qos is not None)]


def client_id(store: str) -> str:
    """The engine's name at the broker, the same at each start, so that its session waits for it."""
    return f"aislewise-engine-{store}"


async def keep_trying(broker: Broker, connect: Callable[[], Awaitable[None]]) -> None:
    """Connect, however long it takes; says so once."""
    told = False
    while True:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await connect()
        except (OSError, MQTTConnectError) as error:
            if not told:
                _log.warning("no broker at %s yet (%s); trying again every second", broker, error)
                told = True
            await asyncio.sleep(RETRY_S)
        else:
            return


@dataclass(frozen=True, slots=True)
class Status:
    """What the engine says of itself on its retained topic."""

    store: str
    clock: Callable[[], int]
    version: str

    def online(self) -> bytes:
        """Said at each connection."""
        return encode(EngineStatus("online", self.clock(), self.version))

    @staticmethod
    def offline() -> bytes:
        """Said at a clean stop, and by the broker for an engine that died."""
        return encode(EngineStatus("offline"))
