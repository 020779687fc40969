"""Five hundred phones in one process: each a websocket to the engine that notes which offer arrived when.

`python -m bench.phones PORT ORDERS OUT`: ORDERS is a JSON list of [shopper, token]; says "ready" when every phone was
welcomed; writes OUT, a JSON list of [shopper, event time of the offer, monotonic ns], when it is stopped. The websocket
(RFC 6455) is written out here, since a library's client would add its own time to what is measured.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from offer_engine.messages import Hello, encode

HOST = "127.0.0.1"
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA  # RFC 6455, section 5.2
_KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # any 16 bytes; the answer to them is not checked
_UPGRADE = (
    "GET /ws/phone HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Told(msgspec.Struct):
    """As much of an engine's message as is needed here."""

    type: str
    ts: int = 0


def frame(opcode: int, payload: bytes) -> bytes:
    """A client's frame of less than 64 kB; the mask is all zeros, which is a mask too."""
    size = len(payload)
    head = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2, "big")
    return bytes([0x80 | opcode]) + head + bytes(4) + payload


def split_frames(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    r"""(opcode, payload) of the server's whole frames at the head of `data`, and the rest.

    >>> split_frames(bytes([0x81, 2]) + b"hi" + bytes([0x89]))
    ([(1, b'hi')], b'\x89')
    """
    frames: list[tuple[int, bytes]] = []
    while len(data) >= 2:
        size, start = data[1] & 0x7F, 2
        if size >= 126:
            start = 4 if size == 126 else 10
            size = int.from_bytes(data[2:start], "big")
        if len(data) < max(start + size, start):
            break
        frames.append((data[0] & 0x0F, data[start : start + size]))
        data = data[start + size :]
    return frames, data


class Phone(asyncio.Protocol):
    """One phone: says hello, answers pings, notes offers."""

    def __init__(self, shopper: str, token: str, told: Callable[[str, int, Told], None]) -> None:
        """Speak for `shopper`; each message goes to `told` with the time it was read."""
        self._hello = encode(Hello(shopper, token))
        self._shopper = shopper
        self._told = told
        self._rest = b""
        self._upgraded = False
        self._transport: asyncio.Transport | None = None
        self._decode = msgspec.json.Decoder(Told).decode

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a websocket."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            transport.write(_UPGRADE.format(host=HOST, key=_KEY).encode())

    def data_received(self, data: bytes) -> None:
        """Note each offer with the time at which it was read."""
        at = time.monotonic_ns()
        self._rest += data
        if self._transport is None:
            return
        if not self._upgraded:
            head, found, rest = self._rest.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head:
                raise ConnectionError(head.decode())
            self._upgraded, self._rest = True, rest
            self._transport.write(frame(TEXT, self._hello))
        frames, self._rest = split_frames(self._rest)
        for opcode, payload in frames:
            if opcode == TEXT:
                self._told(self._shopper, at, self._decode(payload))
            elif opcode == PING:
                self._transport.write(frame(PONG, payload))


async def carry(port: int, orders: list[tuple[str, str]]) -> list[tuple[str, int, int]]:
    """Connect every phone and note what arrives until stopped."""
    loop = asyncio.get_running_loop()
    stopped, welcomed = asyncio.Event(), asyncio.Semaphore(0)
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    rows: list[tuple[str, int, int]] = []

    def told(shopper: str, at: int, message: Told) -> None:
        if message.type == "offer":
            rows.append((shopper, message.ts, at))
        elif message.type == "welcome":
            welcomed.release()

    for shopper, token in orders:
        await loop.create_connection(partial(Phone, shopper, token, told), HOST, port)
    for _ in orders:
        await welcomed.acquire()
    print("ready", flush=True)
    await stopped.wait()
    return rows


def main() -> None:
    """Run until stopped."""
    orders = msgspec.json.decode(Path(sys.argv[2]).read_bytes(), type=list[tuple[str, str]])
    rows = asyncio.run(carry(int(sys.argv[1]), orders))
    Path(sys.argv[3]).write_bytes(msgspec.json.encode(rows))


if __name__ == "__main__":
    main()
