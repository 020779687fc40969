"""The packets: whatever way a stream is cut, the same packets come out of it."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from offer_engine.mqtt_packets import take_packets

Packet = tuple[int, bytes]  # the first byte, and what follows the length

MESSAGES = st.builds(
    lambda topic, payload: (0x30, len(topic.encode()).to_bytes(2, "big") + topic.encode() + payload),
    st.text(max_size=60),
    st.binary(max_size=300),
)
OTHERS = st.tuples(st.sampled_from([0x20, 0x32, 0x3B, 0x40, 0x90, 0xD0]), st.binary(max_size=300))


def packed(packet: Packet) -> bytes:
    """A packet as it is sent."""
    first, rest = packet
    length, digits = len(rest), bytearray()
    while True:
        length, digit = divmod(length, 128)
        digits.append(digit | (0x80 if length else 0))
        if not length:
            return bytes([first]) + bytes(digits) + rest


def read(pieces: list[bytes]) -> list[Packet]:
    """All packets of a stream that arrives in pieces, with those at QoS 0 put together again."""
    found: list[Packet] = []

    def publish(topic: str, payload: bytes) -> None:
        found.append((0x30, len(topic.encode()).to_bytes(2, "big") + topic.encode() + payload))

    def other(first: int, rest: bytes) -> None:
        found.append((first, rest))

    left = b""
    for piece in pieces:
        left += piece
        taken = take_packets(left, publish, other)
        assert 0 <= taken <= len(left)
        left = left[taken:]
    assert left == b""
    return found


@given(st.lists(MESSAGES | OTHERS, max_size=12), st.lists(st.integers(0, 4000), max_size=8))
def test_a_stream_gives_the_same_packets_however_it_is_cut(packets: list[Packet], cuts: list[int]) -> None:
    """A read of the socket ends anywhere: within a length, a topic, a payload."""
    stream = b"".join(map(packed, packets))
    edges = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})

    assert read([stream[start:end] for start, end in pairwise(edges)]) == packets


def test_duplicate_and_retained_messages_are_messages() -> None:
    """Their bits change nothing for a position."""
    heard: list[tuple[str, bytes]] = []

    taken = take_packets(b"\x39\x04\x00\x01t!", lambda *message: heard.append(message), _not_called)

    assert (taken, heard) == (6, [("t", b"!")])


def test_a_topic_longer_than_its_packet_is_left_to_who_knows_the_protocol() -> None:
    """What follows it is read as if nothing had happened."""
    others: list[Packet] = []
    heard: list[tuple[str, bytes]] = []

    taken = take_packets(
        b"\x30\x03\x00\x09t" + b"\x30\x03\x00\x01t",
        lambda *message: heard.append(message),
        lambda *rest: others.append(rest),
    )

    assert (taken, others, heard) == (10, [(0x30, b"\x00\x09t")], [("t", b"")])


def test_a_length_that_never_ends_is_no_mqtt() -> None:
    """The connection is closed rather than waited for: the next packet cannot be found."""
    assert take_packets(b"\x30\xff\xff\xff\xff\x01", _not_called, _not_called) == -1


def _not_called(*_: object) -> None:
    raise AssertionError
