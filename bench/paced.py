"""A feed becomes a steady stream through a real broker: every packet leaves at its event time, and when is noted."""

import socket
import threading
import time
from dataclasses import dataclass

from bench import wire
from bench.subjects import RunningEngine
from bench.walk import Feed, chunks
from demo.ports import LOOPBACK

SLOT_S = 0.001  # packets due within a millisecond leave together
PATIENCE_S = 30.0


class Publisher:
    """A connection to a broker that counts what the broker acknowledges."""

    def __init__(self, port: int, name: str) -> None:
        """Connect.

        Raises:
            ConnectionError: the broker does not let us in.
        """
        self._socket = socket.create_connection((LOOPBACK, port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(wire.connect(name))
        if self._socket.recv(4, socket.MSG_WAITALL) != wire.CONNACK_ACCEPTED:
            raise ConnectionError("the broker does not accept the publisher")
        self.acknowledged = 0
        self._thread = threading.Thread(target=self._listen, name="publisher", daemon=True)
        self._thread.start()

    def send(self, data: bytes) -> None:
        """Send whole packets."""
        self._socket.sendall(data)

    def close(self) -> None:
        """Hang up."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        for packet in wire.read_packets(self._socket):
            self.acknowledged += packet.kind == wire.PUBACK


@dataclass(frozen=True, slots=True)
class Plan:
    """What is sent when."""

    feed: Feed
    packets: list[bytes]
    start_ms: int  # event time of the first, wall clock


def plan(feed: Feed, lead_ms: int = 500) -> Plan:
    """Start a feed `lead_ms` from now."""
    start_ms = time.time_ns() // 1_000_000 + lead_ms
    return Plan(feed, feed.timed(start_ms), start_ms)


def stream(publisher: Publisher, planned: Plan) -> list[int]:
    """Send each packet at its event time; the monotonic ns at which each was handed to the kernel.

    When the machine holds us up, what is overdue leaves at once.
    """
    sent: list[int] = []
    offset_ns = planned.start_ms * 1_000_000 - (time.time_ns() - time.monotonic_ns())
    after_ms, count = planned.feed.after_ms, len(planned.packets)
    while (at := len(sent)) < count:
        wait_ns = offset_ns + after_ms[at] * 1_000_000 - time.monotonic_ns()
        if wait_ns > 0:
            time.sleep(max(wait_ns / 1e9, SLOT_S / 10))
            continue
        due_ms = (time.monotonic_ns() - offset_ns) // 1_000_000
        upto = at
        while upto < count and after_ms[upto] <= due_ms:
            upto += 1
        now_ns = time.monotonic_ns()
        publisher.send(b"".join(planned.packets[at:upto]))
        sent += [now_ns] * (upto - at)
    return sent


def received(engine: RunningEngine) -> tuple[int, int]:
    """Positions and other messages that the engine has taken so far, refused ones with the positions."""
    stats = engine.stats()
    refused, positions, messages = stats["refused"], stats["positions"], stats["messages"]
    if not isinstance(refused, dict) or not isinstance(positions, int) or not isinstance(messages, int):
        raise TypeError(f"/api/stats: {stats}")
    return positions + sum(refused.values()), messages


def await_received(engine: RunningEngine, positions: int, messages: int) -> tuple[int, int]:
    """What the engine has taken: returns when that is everything, or when nothing more has come for 3 s."""
    found, since = received(engine), time.monotonic()
    while found < (positions, messages) or found[1] < messages:
        time.sleep(0.02)
        now = received(engine)
        if now != found:
            found, since = now, time.monotonic()
        elif time.monotonic() - since > 3:
            break
    return found


def flood_broker(publisher: Publisher, engine: RunningEngine, packets: list[bytes], window: int) -> float:
    """Send packets as fast as the engine takes them, at most `window` ahead of it; positions a second.

    A broker drops what a subscriber cannot take at QoS 0, so the flood must not run ahead without a limit.
    """
    before, _ = received(engine)
    began_s, sent, taken = time.monotonic(), 0, 0
    pieces = chunks(packets)
    size = len(packets) / len(pieces)
    for number, piece in enumerate(pieces):
        publisher.send(piece)
        sent = round((number + 1) * size)
        while sent - taken > window:
            time.sleep(SLOT_S)
            taken = received(engine)[0] - before
    taken = await_received(engine, before + len(packets), 0)[0] - before
    return taken / (time.monotonic() - began_s)
