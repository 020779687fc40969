"""The load generator: stands in for the broker of one subscriber and sends it ready-made packets as fast as it reads.

A real broker would be measured with the subscriber, and is slower than the faster of them. TCP holds the generator
back when the subscriber is busy, so nothing is lost and nothing queues but the kernel's few hundred kilobytes. A basket
at QoS 1 marks the end of a flood: packets are handled in order, so its PUBACK says that all positions were read.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from bench import wire

HOST = "127.0.0.1"
PATIENCE_S = 120.0


class DirectBroker:
    """A listening socket that a subscriber takes for its broker."""

    def __init__(self, mark_topic: str) -> None:
        """Listen on a free port; marks are baskets on `mark_topic`."""
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self.heard = 0  # messages that the subscriber itself has published
        self._mark_topic = mark_topic
        self._marks = 0
        self._acked = 0
        self._acked_ns = 0
        self._change = threading.Condition()
        self._sending = threading.Lock()
        self._subscribed = False
        self._connection: socket.socket | None = None
        self._thread = threading.Thread(target=self._answer, name="direct broker", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        """The broker is up since it was made."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Hang up."""
        self._listener.close()
        if self._connection is not None:
            self._connection.close()

    def await_subscriber(self) -> None:
        """Return once the subscriber has subscribed.

        Raises:
            TimeoutError: it has not.
        """
        self._await(lambda: self._subscribed, "no subscriber came")

    def flood(self, chunks: Iterable[bytes]) -> None:
        """Send all of it; returns when the kernel has taken the last byte."""
        for chunk in chunks:
            self._send(chunk)

    def mark(self, ts_ms: int) -> int:
        """Send a basket at QoS 1 and wait until it is acknowledged; the monotonic ns at which it was.

        Raises:
            TimeoutError: it was not.
        """
        self._marks += 1
        basket = b'{"ts":%d,"rev":%d,"items":[],"x":0,"y":0}' % (ts_ms, self._marks)  # reads as a position too
        self._send(wire.publish(self._mark_topic, basket, self._marks))
        self._await(lambda: self._acked >= self._marks, "a basket was not acknowledged")
        return self._acked_ns

    def _await(self, done: Callable[[], bool], complaint: str) -> None:
        with self._change:
            if not self._change.wait_for(done, PATIENCE_S):
                raise TimeoutError(complaint)

    def _send(self, data: bytes) -> None:
        if self._connection is None:
            raise ConnectionError("nobody is connected")
        with self._sending:
            self._connection.sendall(data)

    def _answer(self) -> None:
        """Play the broker to whoever comes; a second connection replaces the first."""
        while True:
            try:
                self._connection, _ = self._listener.accept()
            except OSError:
                return
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for packet in wire.read_packets(self._connection):
                self._handle(packet)

    def _handle(self, packet: wire.Packet) -> None:
        if packet.kind == wire.CONNECT:
            self._send(wire.CONNACK_ACCEPTED)
        elif packet.kind == wire.SUBSCRIBE:
            self._send(wire.suback(packet))
            with self._change:
                self._subscribed = True
                self._change.notify_all()
        elif packet.kind == wire.PINGREQ:
            self._send(wire.PINGRESP_PACKET)
        elif packet.kind == wire.PUBLISH:
            self.heard += 1
            _, _, packet_id = packet.published()
            if packet_id is not None:
                self._send(wire.puback(packet_id))
        elif packet.kind == wire.PUBACK:
            with self._change:
                self._acked_ns = time.monotonic_ns()
                self._acked = packet.packet_id
                self._change.notify_all()
