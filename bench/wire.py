"""Topics and payloads become MQTT 3.1.1 packets and back: as much of the protocol as a load generator needs.

Written here because any library would cost more than what it is meant to measure. Section numbers are those of the
OASIS standard, MQTT Version 3.1.1.
"""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP = 1, 2, 3, 4, 8, 9, 12, 13
QOS_1: Final = 0b0010  # in the flags of PUBLISH, section 3.3.1
CONNACK_ACCEPTED: Final = bytes.fromhex("20020000")
PINGRESP_PACKET: Final = bytes.fromhex("d000")
READ_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Packet:
    """One MQTT control packet: its type (section 2.2.1), its flags and all that follows the length."""

    kind: int
    flags: int
    body: bytes

    @property
    def packet_id(self) -> int:
        """The identifier at the head of a PUBACK, SUBSCRIBE or SUBACK."""
        return int.from_bytes(self.body[:2], "big")

    def published(self) -> tuple[str, bytes, int | None]:
        """Topic, payload and, at QoS 1, the packet identifier of a PUBLISH."""
        end = 2 + int.from_bytes(self.body[:2], "big")
        topic = self.body[2:end].decode()
        if not self.flags & QOS_1:
            return topic, self.body[end:], None
        return topic, self.body[end + 2 :], int.from_bytes(self.body[end : end + 2], "big")

    def filters(self) -> int:
        """How many topic filters a SUBSCRIBE holds."""
        at, count = 2, 0
        while at < len(self.body):
            at += 3 + int.from_bytes(self.body[at : at + 2], "big")
            count += 1
        return count


def length(size: int) -> bytes:
    """The remaining length, seven bits a byte (section 2.2.3).

    >>> length(321).hex()
    'c102'
    """
    out = bytearray()
    while True:
        size, digit = divmod(size, 128)
        out.append(digit | (0x80 if size else 0))
        if not size:
            return bytes(out)


def text(value: str) -> bytes:
    """A string with its length (section 1.5.3)."""
    data = value.encode()
    return len(data).to_bytes(2, "big") + data


def publish(topic: str, payload: bytes, packet_id: int | None = None) -> bytes:
    """A PUBLISH at QoS 0, or at QoS 1 with a packet identifier."""
    head = text(topic) + (b"" if packet_id is None else packet_id.to_bytes(2, "big"))
    first = PUBLISH << 4 | (0 if packet_id is None else QOS_1)
    return bytes([first]) + length(len(head) + len(payload)) + head + payload


def connect(client_id: str, keepalive_s: int = 600) -> bytes:
    """A CONNECT with a clean session."""
    body = text("MQTT") + bytes([4, 2]) + keepalive_s.to_bytes(2, "big") + text(client_id)
    return bytes([CONNECT << 4]) + length(len(body)) + body


def subscribe(topic_filter: str, qos: int = 0) -> bytes:
    """A SUBSCRIBE to one filter."""
    body = bytes([0, 1]) + text(topic_filter) + bytes([qos])
    return bytes([SUBSCRIBE << 4 | 2]) + length(len(body)) + body


def suback(packet: Packet) -> bytes:
    """The answer to a SUBSCRIBE: QoS 1 at most is granted to every filter."""
    body = packet.body[:2] + b"\x01" * packet.filters()
    return bytes([SUBACK << 4]) + length(len(body)) + body


def puback(packet_id: int) -> bytes:
    """The answer to a PUBLISH at QoS 1."""
    return bytes([PUBACK << 4, 2]) + packet_id.to_bytes(2, "big")


def split(data: bytes) -> tuple[list[Packet], bytes]:
    """The whole packets at the head of `data`, and the rest.

    >>> split(publish("a/b", b"hi", 7) + b"0")[0][0].published()
    ('a/b', b'hi', 7)
    """
    packets: list[Packet] = []
    at = 0
    while at + 2 <= len(data):
        size, shift, start = 0, 0, at + 1
        while start < len(data):
            digit = data[start]
            size |= (digit & 0x7F) << shift
            shift += 7
            start += 1
            if not digit & 0x80:
                break
        else:
            break
        if start + size > len(data):
            break
        packets.append(Packet(data[at] >> 4, data[at] & 0x0F, data[start : start + size]))
        at = start + size
    return packets, data[at:]


def read_packets(connection: socket.socket) -> Iterator[Packet]:
    """Every packet that arrives, until the other side closes."""
    rest = b""
    while True:
        try:
            data = connection.recv(READ_BYTES)
        except OSError:
            return
        if not data:
            return
        packets, rest = split(rest + data)
        yield from packets
