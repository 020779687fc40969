"""The other MQTT client: paho-mqtt in the event loop; slower, and it acknowledges a basket only after it was handled.

Reached with `--ingest paho`. It behaves as `mqtt.GmqttLink` does; docs/adr/0002-ingest.md says when to prefer it.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from offer_engine.errors import RivalError
from offer_engine.messages import status_topic
from offer_engine.mqtt import (
    KEEPALIVE_S,
    NOTHING_ELSE,
    RETRY_S,
    Broker,
    Receive,
    Status,
    client_id,
    keep_trying,
    wanted,
)
from offer_engine.rivalry import Rivalry

_log = logging.getLogger(__name__)


class PahoLink:
    """paho-mqtt in the loop: slower, and a basket is acknowledged only after it was handled."""

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
        self._lost = asyncio.Event()
        self._rivalry = Rivalry()
        self._is_ousted = False
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id(store),
            clean_session=False,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        self._client.will_set(status_topic(store), Status.offline(), qos=1, retain=True)
        if broker.user is not None:
            self._client.username_pw_set(broker.user, broker.password)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._join(asyncio.get_running_loop())

    def _join(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the loop watch paho's socket, so that its callbacks run here and not in a thread."""
        client = self._client

        def opened(_client: paho.Client, _data: object, sock: "paho.SocketLike") -> None:
            loop.add_reader(sock, client.loop_read)

        def closed(_client: paho.Client, _data: object, sock: "paho.SocketLike") -> None:
            loop.remove_reader(sock)

        def writing(_client: paho.Client, _data: object, sock: "paho.SocketLike") -> None:
            loop.add_writer(sock, client.loop_write)

        def written(_client: paho.Client, _data: object, sock: "paho.SocketLike") -> None:
            loop.remove_writer(sock)

        client.on_socket_open = opened
        client.on_socket_close = closed
        client.on_socket_register_write = writing
        client.on_socket_unregister_write = written

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
            while not self._is_ousted:
                await keep_trying(self._broker, self._connect)
                self._lost.clear()
                await self._until_lost()
            raise RivalError(self._store, str(self._broker))
        finally:
            if self.connected:
                self._client.publish(status_topic(self._store), Status.offline(), qos=1, retain=True)
                self.connected = False
            self._client.disconnect()

    async def _until_lost(self) -> None:
        """Keep the connection alive: paho wants to be asked about its pings once a second."""
        while self._client.loop_misc() is MQTTErrorCode.MQTT_ERR_SUCCESS:
            with suppress(TimeoutError):
                async with asyncio.timeout(RETRY_S):  # wait_for would swallow a stop in the moment of the loss
                    await self._lost.wait()
                await asyncio.sleep(RETRY_S)
                return

    async def _connect(self) -> None:
        self._client.connect(self._broker.host, self._broker.port, KEEPALIVE_S)

    def _on_connect(
        self,
        client: paho.Client,
        data: object,
        flags: paho.ConnectFlags,
        code: ReasonCode,
        properties: object,
    ) -> None:
        del data, flags, properties
        if code.is_failure:
            _log.error("the broker at %s refuses the engine: %s", self._broker, code)
            return
        self.connected = True
        self._rivalry.connected(asyncio.get_running_loop().time())
        client.subscribe(self._filters)
        if self._unwanted:
            client.unsubscribe(self._unwanted)
        client.publish(status_topic(self._store), self._status.online(), qos=1, retain=True)
        _log.info("connected to the broker at %s", self._broker)

    def _on_disconnect(self, *_: object) -> None:
        self._lost.set()
        if not self.connected:
            return
        self.connected = False
        self._is_ousted = self._rivalry.lost(asyncio.get_running_loop().time())
        if not self._is_ousted:
            _log.warning("lost the broker at %s; trying again every second", self._broker)

    def _on_message(self, client: paho.Client, data: object, message: paho.MQTTMessage) -> None:
        del data
        self._receive(message.topic, bytes(message.payload))
        client.ack(message.mid, message.qos)
