"""Distances to gateways become a likelihood of every cell of the floor.

Radio does not measure distance but power, whose noise is normal in decibels. Decibels are logarithms of distance, so it
is the *logarithm* of a distance that errs by a constant spread: 20 m read as 10 is as likely as 20 m read as 40. A
normal error in metres gets that wrong on both sides (docs/zones.md has what it costs). The spread follows from the
stated standard deviation; where that is small against the distance, as for ultra-wideband, both laws agree.

Readings of one moment err together: a phone that sends faintly, a trolley round it, gateways too far away to be heard
unless the packet came in strong. So a share of the variance is common to all of them. For k errors t in units of their
spread, each two correlated by c, minus twice the log-density is, up to a constant (Sherman and Morrison, 1950),

    (sum t^2  -  c (sum t)^2 / (1 + (k - 1) c)) / (1 - c).

What a gateway did *not* hear is no evidence here: tried, and next to no gain once the common error is allowed for.
"""

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from offer_engine.core.walk_model import Exact, Floats, Places, WalkModel

COMMON_SHARE = 0.2  # of the variance of log-distances: two hands, two phones or two trolleys differ by some 3 dB
MOST_SIGMAS = 3.0  # an error beyond this, as through a pallet, says no more than this
NEAR_M = 0.25  # half a cell: no way is shorter
LOST_SQ = 2.0  # mean squared error, in sigmas, from which believed cells are doubted; right ones leave 1.6 at most ...
LOST_NATS = 6.0  # ... and given up, when another cell is likelier by e to this power
LOST_FROM = 5  # ranges: fewer could not tell the place alone


class Range(Struct, frozen=True, gc=False):
    """A distance to a place that is known, such as a gateway's; all in metres."""

    x: float
    y: float
    distance_m: float  # > 0, the median of what it may be
    sigma_m: float  # standard deviation of the distance, > 0
    rise_m: float = 0.0  # how far that place is above or below what a shopper carries


def log_spread(sigma_share: float) -> float:
    """Standard deviation of a log-normal distance's logarithm, from its own over its median.

    The variance is m^2 u (u - 1) with u = exp(s^2), solved for s:

    >>> round(log_spread(0.05), 3), round(log_spread(0.9), 2)
    (0.05, 0.65)
    """
    return math.sqrt(math.log((1 + math.sqrt(1 + 4 * sigma_share**2)) / 2))


def range_logs(model: WalkModel, cells: Places, ranges: Sequence[Range]) -> Exact:
    """Log-likelihood of simultaneous ranges in each of `cells`, up to a constant."""
    if not ranges:
        return np.zeros(len(cells))
    places = np.array([(1.0, -2 * one.x, -2 * one.y) for one in ranges])
    off_sq = np.array([one.x**2 + one.y**2 + one.rise_m**2 for one in ranges])
    spreads = np.array([log_spread(one.sigma_m / one.distance_m) for one in ranges])
    logs = np.log([one.distance_m for one in ranges])
    # Squared ways are differences of large numbers, their logarithms small ones: there float32 is enough, and faster.
    errors: Floats = (model.square.take(cells, axis=0) @ places.T + off_sq).astype(np.float32)
    np.log(np.maximum(errors, np.float32(NEAR_M**2), out=errors), out=errors)
    errors *= (-0.5 / spreads).astype(np.float32)
    errors += (logs / spreads).astype(np.float32)
    return _squared(np.clip(errors, -MOST_SIGMAS, MOST_SIGMAS, out=errors)) / -2


def _squared(errors: Floats) -> Exact:
    """The sum above for errors of shape (cells, ranges)."""
    together = errors.sum(axis=1, dtype=np.float64)
    common = COMMON_SHARE / (1 + (errors.shape[1] - 1) * COMMON_SHARE)
    squared: Exact = np.einsum("cr,cr->c", errors, errors) - common * together * together
    return squared / (1 - COMMON_SHARE)


def is_lost(model: WalkModel, logs: Exact, ranges: Sequence[Range]) -> bool:
    """Whether ranges speak so clearly for elsewhere that the cells which `logs` are of must be wrong."""
    if len(ranges) < LOST_FROM or -2 * logs.max() <= LOST_SQ * len(ranges):
        return False
    return bool(range_logs(model, model.all, ranges).max() - logs.max() > LOST_NATS)
