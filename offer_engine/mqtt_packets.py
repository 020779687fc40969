"""What a socket held becomes MQTT packets, with a short way for those that are nearly all: PUBLISH at QoS 0, positions.

MQTT 3.1.1 (OASIS), sections 2.2 and 3.3. Packets of any other kind are handed on as they are, to a client that knows
the protocol; nothing is answered here.
"""

from collections.abc import Callable

PUBLISH_QOS_0 = 0x30
KIND_AND_QOS = 0xF6  # of the first byte: the bits for duplicate and retained do not matter here
LENGTH_BYTES = 4  # at most, of the remaining length


def take_packets(data: bytes, publish: Callable[[str, bytes], None], other: Callable[[int, bytes], None]) -> int:
    r"""Hand on every whole packet of `data` in order and return how many bytes they were; -1 where it is not MQTT.

    Args:
        data: begins with a packet; the last one may be cut off.
        publish: gets topic and payload of each message at QoS 0; bytes that are no UTF-8 are replaced in its topic.
        other: gets the first byte and the rest, without the length, of every other packet.

    >>> take_packets(b"0\x03\x00\x01tp0\x09\x00", lambda *message: print(message), print)
    ('t', b'')
    5
    """
    at, size = 0, len(data)
    while at + 1 < size:
        length = data[at + 1]
        start = at + 2
        if length & 0x80:
            length &= 0x7F
            for shift in range(7, 7 * LENGTH_BYTES, 7):
                if start >= size:
                    return at
                byte = data[start]
                start += 1
                length |= (byte & 0x7F) << shift
                if not byte & 0x80:
                    break
            else:
                return -1
        end = start + length
        if end > size:
            return at
        command = data[at]
        topic = start + 2
        payload = topic + (data[start] << 8 | data[start + 1]) if topic <= end else size + 1
        if command & KIND_AND_QOS == PUBLISH_QOS_0 and payload <= end:
            publish(str(data[topic:payload], "utf-8", "replace"), data[payload:end])
        else:
            other(command, data[start:end])
        at = end
    return at
