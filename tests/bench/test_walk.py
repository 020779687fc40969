"""The walk behind the bench: as fast as people, everywhere, and in messages that the engine takes."""

import numpy as np

from bench import wire
from bench.walk import SIGMA_M, Pace, chunks, feed, walk
from offer_engine.messages import Position, parse_report, parse_topic

STOPS = np.array([(0.0, 0.0), (20.0, 0.0), (0.0, 20.0), (20.0, 20.0), (40.0, 10.0), (10.0, 40.0)])
PACE = Pace(shoppers=40, stand_s=5.0)


def test_the_same_seed_walks_the_same_way() -> None:
    """A walk is a function of its seed."""
    assert np.array_equal(walk(STOPS, PACE, 50, seed=1), walk(STOPS, PACE, 50, seed=1))
    assert not np.array_equal(walk(STOPS, PACE, 50, seed=1), walk(STOPS, PACE, 50, seed=2))


def test_every_stop_is_visited_and_the_error_is_the_simulators() -> None:
    """Shoppers come to every stop, and are seen about sigma away from where they stand, in x and in y."""
    seen = walk(STOPS, PACE, 2000, seed=3)
    apart = np.hypot(*(seen[:, :, None, :] - STOPS[None, None]).transpose(3, 0, 1, 2))
    assert set(apart.argmin(axis=2)[apart.min(axis=2) < 2].tolist()) == set(range(len(STOPS)))
    standing = (np.median(seen[:4], axis=0) - STOPS[apart[:4].sum(axis=0).argmin(axis=1)])[:, 0]
    assert 0.5 * SIGMA_M < standing.std() < 2 * SIGMA_M


def test_packets_are_positions_in_the_order_of_their_event_time() -> None:
    """Every packet of a feed is a position that the wire's own parser takes, at the shopper and time it claims."""
    fed = feed("market", walk(STOPS, PACE, 5, seed=1), PACE)
    packets, rest = wire.split(b"".join(chunks(fed.timed(1_760_000_000_000))))
    assert (len(packets), rest) == (5 * 40, b"")
    times = []
    for packet, number, after_ms in zip(packets, fed.shopper, fed.after_ms, strict=True):
        topic, payload, packet_id = packet.published()
        position = parse_report("position", payload)
        assert isinstance(position, Position)
        assert (parse_topic("market", topic), packet_id) == ((f"s-{number:04}", "position"), None)
        assert position.ts == 1_760_000_000_000 + after_ms
        times.append(position.ts)
    assert times == sorted(times)
