"""Stops on a floor become shoppers who walk between them, and their walk becomes ready-made MQTT packets.

Nobody is clever here: a shopper stands at a stop, goes in a straight line to one of the stops nearest to it, and
stands again. How long they stand sets the share of positions that lead to a decision, which is measured, not assumed.
The error of a position is the simulator's: first-order autoregressive, sigma 0.8 m, correlated over 5 s.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.wire import publish
from offer_engine.messages import shopper_topic

SPEED_M_PER_S = 1.0
NEAREST = 4  # a shopper goes on to one of so many stops
SIGMA_M, TAU_S = 0.8, 5.0
ACCURACY_M = 0.94  # 1.1774 sigma, as the simulator states it
CHUNK_PACKETS = 500  # sent with one call

_NO_TIME = b"0000000000000"  # as long as a time of this century

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pace:
    """How shoppers move and how often they are seen."""

    shoppers: int
    period_ms: int = 250  # between two positions of one shopper
    stand_s: float = 14.0  # mean time at a stop; half to one and a half times this


@dataclass(frozen=True, slots=True)
class Feed:
    """Positions in the order of their event time; the time itself is set when they are about to be sent."""

    shopper: list[int]  # whose each is
    after_ms: list[int]  # event time since the first
    packets: list[tuple[bytes, bytes]]  # a packet before, and after, the 13 digits of its time

    def part(self, start: int, stop: int | None = None) -> "Feed":
        """Some of it, by number."""
        return Feed(self.shopper[start:stop], self.after_ms[start:stop], self.packets[start:stop])

    def timed(self, start_ms: int) -> list[bytes]:
        """Whole packets, with their event times from `start_ms` on."""
        pairs = zip(self.packets, self.after_ms, strict=True)
        return [b"%b%d%b" % (head, start_ms + after, tail) for (head, tail), after in pairs]


def chunks(packets: list[bytes]) -> list[bytes]:
    """Packets joined into pieces that are worth a system call; each holds whole packets."""
    return [b"".join(packets[at : at + CHUNK_PACKETS]) for at in range(0, len(packets), CHUNK_PACKETS)]


def shopper_name(number: int) -> str:
    """The token of a shopper.

    >>> shopper_name(7)
    's-0007'
    """
    return f"s-{number:04}"


def walk(stops: Floats, pace: Pace, steps: int, seed: int) -> Floats:
    """Where everybody is seen: metres, (steps, shoppers, 2). `stops` is (stops, 2)."""
    chance = np.random.default_rng(seed)
    near = _nearest(stops)
    count, step_m = pace.shoppers, SPEED_M_PER_S * pace.period_ms / 1000
    stand = pace.stand_s * 1000 / pace.period_ms  # mean steps at a stop
    stop = chance.integers(len(stops), size=count)
    place = stops[stop].copy()
    left = chance.uniform(0, stand, size=count)
    keep = np.exp(-pace.period_ms / 1000 / TAU_S)
    error = chance.normal(0, SIGMA_M, size=(count, 2))
    seen = np.empty((steps, count, 2))
    for number in range(steps):
        way = stops[stop] - place
        far = np.hypot(way[:, 0], way[:, 1])
        arrives = far <= step_m
        place = np.where(arrives[:, None], stops[stop], place + way * (step_m / np.maximum(far, step_m))[:, None])
        left = np.where(arrives, left - 1, left)
        goes = left < 0
        stop = np.where(goes, near[stop, chance.integers(near.shape[1], size=count)], stop)
        left = np.where(goes, chance.uniform(0.5 * stand, 1.5 * stand, size=count), left)
        error = keep * error + np.sqrt(1 - keep**2) * chance.normal(0, SIGMA_M, size=(count, 2))
        seen[number] = place + error
    return seen


def _nearest(stops: Floats) -> NDArray[np.int64]:
    """For every stop the numbers of the stops nearest to it, (stops, at most 4)."""
    apart = np.hypot(*(stops[:, None, :] - stops[None, :, :]).transpose(2, 0, 1))
    return np.argsort(apart, axis=1)[:, 1 : 1 + NEAREST]


def feed(store: str, seen: Floats, pace: Pace) -> Feed:
    """Turn a walk into packets. Shoppers are spread evenly over each period."""
    steps, count, _ = seen.shape
    topics = [shopper_topic(store, shopper_name(number), "position") for number in range(count)]
    phase = [number * pace.period_ms // count for number in range(count)]
    packets: list[tuple[bytes, bytes]] = []
    for row in np.round(seen, 2).tolist():
        for topic, (x, y) in zip(topics, row, strict=True):
            whole = publish(topic, b'{"ts":%b,"x":%.2f,"y":%.2f,"accuracy":%.2f}' % (_NO_TIME, x, y, ACCURACY_M))
            head, _, tail = whole.rpartition(_NO_TIME)
            packets.append((head, tail))
    after_ms = [step * pace.period_ms + phase[number] for step in range(steps) for number in range(count)]
    return Feed(list(range(count)) * steps, after_ms, packets)
