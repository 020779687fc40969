"""The bench's own MQTT and websocket: what is written can be read, cut anywhere."""

from hypothesis import given
from hypothesis import strategies as st

from bench import wire
from bench.phones import TEXT, split_frames

PAYLOADS = st.binary(max_size=300)


@given(payloads=st.lists(PAYLOADS, max_size=5), cut=st.integers(0, 2000), packet_id=st.integers(1, 65535))
def test_packets_survive_being_cut_anywhere(payloads: list[bytes], cut: int, packet_id: int) -> None:
    """However a stream of packets is torn apart, the same messages come out, once each and in order."""
    stream = b"".join(wire.publish("store/s/shopper/a/position", payload, packet_id) for payload in payloads)
    first, rest = wire.split(stream[:cut])
    second, nothing = wire.split(rest + stream[cut:])
    assert [packet.published()[1] for packet in first + second] == payloads
    assert not nothing


def test_quality_of_service_is_in_the_flags() -> None:
    """A packet identifier makes a message QoS 1; without one it is QoS 0 and has none."""
    (at_least_once, at_most_once), _ = wire.split(wire.publish("a", b"x", 7) + wire.publish("a", b"y"))
    assert at_least_once.published() == ("a", b"x", 7)
    assert at_most_once.published() == ("a", b"y", None)


def test_a_subscription_is_answered_filter_by_filter() -> None:
    """The answer to a SUBSCRIBE has its identifier and one grant for each filter."""
    (asked,), _ = wire.split(wire.subscribe("store/+/x"))
    (answer,), _ = wire.split(wire.suback(asked))
    assert (answer.kind, answer.packet_id, answer.body[2:]) == (wire.SUBACK, asked.packet_id, b"\x01")


@given(sizes=st.lists(st.sampled_from([0, 5, 125, 126, 70_000]), max_size=4), cut=st.integers(0, 80_000))
def test_frames_of_every_length_survive_being_cut(sizes: list[int], cut: int) -> None:
    """Each of the three ways in which a websocket writes a length is read, wherever the stream is torn apart."""
    stream = b"".join(_server_frame(b"x" * size) for size in sizes)
    first, rest = split_frames(stream[:cut])
    second, nothing = split_frames(rest + stream[cut:])
    assert [len(payload) for _, payload in first + second] == sizes
    assert not nothing


def _server_frame(payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        head = bytes([size])
    elif size < 1 << 16:
        head = bytes([126]) + size.to_bytes(2, "big")
    else:
        head = bytes([127]) + size.to_bytes(8, "big")
    return bytes([0x80 | TEXT]) + head + payload
