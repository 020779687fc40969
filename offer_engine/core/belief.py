"""Fixes with correlated error become a belief: how likely a shopper stands or walks in each cell of the floor.

This is the forward algorithm of a hidden Markov model (Rabiner 1989) on the cells of a `WalkModel`. The error of a real
fix is not fresh each second: it drifts, e(t) = phi e(t-1) + w, with phi = exp(-dt / tau). To treat such fixes as
independent makes a filter far too sure of itself; to widen the error until that stops throws away what a drifting error
still tells exactly, namely how far somebody *moved*. Neither is needed. Given the last fix, the new one depends on
both places,

    z' - phi z ~ N(x' - phi x, s2),    s2 = (1 - phi^2) sigma^2,

and because 2 x'.x = |x'|^2 + |x|^2 - |x' - x|^2, that density is a product of three: with c = (z' - phi z) / (1 - phi),

    exp(+phi (1 - phi) |x - c|^2 / 2 s2)  .  exp(-phi |x' - x|^2 / 2 s2)  .  exp(-(1 - phi) |x' - c|^2 / 2 s2).

The first weighs the cell come from, the second the step's length, the third the cell reached. So the exact filter costs
no more than the naive one: weigh, spread, weigh. How strongly an installation's errors correlate, nobody states; it
shows in how much fixes change from one to the next, so phi follows from a running mean of that.

A step is pure and works on those cells only that hold any mass worth mention: some hundreds of thousands.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import Struct

from offer_engine.core.ranging import Range, is_lost, range_logs
from offer_engine.core.tracking import DEFAULT_ACCURACY_M
from offer_engine.core.walk_model import HEADINGS, REACH_M, STEP_S, Exact, Floats, Places, WalkModel, changed
from offer_engine.messages import Position

TAU_S = 4.0  # over which errors stay alike, until fixes tell better: 4 to 6 s in a radio simulation
TAU_WALKING_S = 2.0  # over which errors of ranges stay alike: shadows are alike over 2 m (docs/zones.md) ...
TAU_STANDING_S = 8.0  # ... and for who stands still it is packets that fade and bodies that turn
PHI_MAX = 0.82  # of errors a second apart: tau 5 s; to assume too much correlation is worse than too little
UNREST_WHITE = 4.0  # mean squared change of an error that is fresh with each fix, in sigma squared, in two dimensions
UNREST_FIRST = UNREST_WHITE * (1 - math.exp(-1 / TAU_S))
UNREST_FIXES = 30  # the running mean forgets at this rate
WALKED_SQ_M2 = 0.4  # mean squared way in a second, standing and walking taken together
ROUGHLY = 1.15  # times the stated error: accuracies are rough, and a belief too sure of itself is hard to correct
MEDIAN_OF_SIGMA = math.sqrt(2 * math.log(2))  # a stated accuracy is the median of a Rayleigh distance
SIGMA_MIN_M = 0.3  # a cell is half a metre wide: places are not known better
CELL_NOISE_M = 0.15  # standard deviation of a place within its cell
FAINT_SHARE = 1e-3  # cells this much less likely than the likeliest are forgotten
GATE_SIGMAS = 4.5  # no error is larger, but for one in 25,000: then the belief is wrong, and starts anew
LOST_NATS = -25.0  # likewise, when a fix is less likely than e to this power, given the belief and the last fix
MAX_EXPONENT = 80.0  # of what float32 can hold
EARLY_S = 0.9  # a fix sooner than this after the last one that was used tells next to nothing new
LONG_S = 20.0  # after such a silence the belief starts anew
WALKS_AT_FIRST_SHARE = 0.7  # whom one sees first has just come in


class Belief(Struct, frozen=True, gc=False):
    """What is believed of one shopper's place; serialises as it is.

    `cells` holds the cells' numbers (int32, rising), `mass` their probabilities (float32) by mode and cell, which sum
    to one.
    """

    floor: int  # key of the floor that the cells are numbered on
    ts: int  # of the last evidence that was used
    fix: tuple[float, float] | None  # x and y, if that was a fix
    unrest: float  # mean squared change from fix to fix within a second, in sigma squared: 0 for a constant error
    cells: bytes
    mass: bytes


@dataclass(frozen=True, slots=True)
class Pair:
    """What a fix says, given the one a second before: the three factors of the density above."""

    phi: float  # correlation of the two errors, in [0, 1)
    centre_x: float  # c, m
    centre_y: float
    per_m2: float  # (1 - phi) / 2 s2: of the place reached; phi times this, with the other sign, of the place before
    step_per_m2: float  # phi / 2 s2: of the step's length


def observe(model: WalkModel, belief: Belief | None, fix: Position) -> Belief:
    """Take a fix into account; one that comes too soon after the last evidence returns the very same belief."""
    stated_m, at = stated_sigma_m(fix), (fix.x, fix.y)
    sigma_m = ROUGHLY * stated_m
    unrest = UNREST_FIRST if belief is None else belief.unrest
    if belief is None or belief.floor != model.key or fix.ts - belief.ts > LONG_S * 1000:
        return _anew(model, fix.ts, at, unrest, _fix_logs(model, model.all, at, sigma_m))
    dt_s = (fix.ts - belief.ts) / 1000
    if dt_s < EARLY_S:
        return belief
    if belief.fix is not None and dt_s < 1.5 * STEP_S:
        unrest = _unrest(unrest, belief.fix, at, stated_m)
        pair = pair_of(belief.fix, at, sigma_m, correlation(unrest, dt_s))
        cells, mass = _step_with_pair(model, belief, pair)
    else:
        cells, mass = _walk_on(model, belief, dt_s)
        mass = _times_exp(mass, _worth(correlation(unrest, dt_s)) * _near_logs(model, cells, at, sigma_m))
    after = _kept(model, fix.ts, at, unrest, cells, mass)
    return after or _anew(model, fix.ts, at, unrest, _fix_logs(model, model.all, at, sigma_m))


def observe_ranges(model: WalkModel, belief: Belief | None, ts: int, ranges: Sequence[Range]) -> Belief:
    """Take simultaneous distances to known places into account, as `observe` takes a fix."""
    unrest = UNREST_FIRST if belief is None else belief.unrest
    if belief is None or belief.floor != model.key or ts - belief.ts > LONG_S * 1000:
        return _anew(model, ts, None, unrest, range_logs(model, model.all, ranges))
    dt_s = (ts - belief.ts) / 1000
    if dt_s < EARLY_S:
        return belief
    cells, mass = _walk_on(model, belief, dt_s)
    logs = range_logs(model, cells, ranges)
    weighed = _weighed(mass, logs, dt_s)
    after = None if is_lost(model, logs, ranges) else _kept(model, ts, None, unrest, cells, weighed)
    return after or _anew(model, ts, None, unrest, range_logs(model, model.all, ranges))


def _fix_logs(model: WalkModel, cells: Places, at: tuple[float, float], sigma_m: float) -> Exact:
    return -distance_sq(model, cells, *at) / (2 * sigma_m**2)


def _near_logs(model: WalkModel, cells: Places, at: tuple[float, float], sigma_m: float) -> Exact:
    """The same, but impossible when every cell is so far away that the belief must be wrong."""
    logs = _fix_logs(model, cells, at, sigma_m)
    gate_m = GATE_SIGMAS * sigma_m + REACH_M
    return logs if logs.max() > -(gate_m**2) / (2 * sigma_m**2) else np.full(len(cells), -np.inf)


def _worth(phi: float) -> float:
    """Share of its information that one more reading brings to somebody who stood still, if errors correlate by `phi`.

    >>> _worth(0.0), round(_worth(0.82), 1)
    (1.0, 0.1)
    """
    return (1 - phi) / (1 + phi)


def _weighed(mass: Floats, logs: Exact, dt_s: float) -> Floats:
    """Mass after ranges of these log-likelihoods, of which those who walk learn more than those who stand still.

    The shadows of shelves lie in places: who stands still meets the same again, who walks meets others. Logs are taken
    relative to their mean, so that to learn more does not by itself make walking likelier.
    """
    logs = logs - float(mass.sum(axis=0) @ logs) / float(mass.sum())
    worth = np.full((1 + HEADINGS, 1), _worth(math.exp(-dt_s / TAU_WALKING_S)))
    worth[0] = _worth(math.exp(-dt_s / TAU_STANDING_S))
    return mass * _exp(worth * logs)


def _walk_on(model: WalkModel, belief: Belief, dt_s: float) -> tuple[Places, Floats]:
    """Let time pass without evidence."""
    cells, mass = places(belief), masses(belief)
    for _ in range(max(round(dt_s / STEP_S), 1)):
        cells, mass = spread(model, cells, mass, model.weight)
    return cells, mass


def places(belief: Belief) -> Places:
    """Numbers of the believed cells."""
    return np.frombuffer(belief.cells, dtype=np.int32).astype(np.intp)


def masses(belief: Belief) -> Floats:
    """Probabilities, (1 + HEADINGS, cells); row 0 is standing."""
    return np.frombuffer(belief.mass, dtype=np.float32).reshape(1 + HEADINGS, -1)


def spread(model: WalkModel, cells: Places, mass: Floats, weight: Exact) -> tuple[Places, Floats]:
    """Let one second pass: modes change, those who walk take a step; returns the cells reached and their mass."""
    ready = changed(model, cells, mass) * model.per_open.take(cells, axis=1)
    reached = _around(model, cells)
    where = np.zeros((1 + HEADINGS, model.cells + 1), dtype=np.float32)
    where[:, cells] = ready
    # take() with clip is four times as fast as indexing, and came_from is within bounds by construction
    sources = model.came_from.take(reached, axis=0, mode="clip")
    stepped = where[1:].reshape(-1).take(sources, mode="clip").reshape(len(reached), HEADINGS, -1)
    arrived = np.empty((1 + HEADINGS, len(reached)), dtype=np.float32)
    where[0].take(reached, out=arrived[0], mode="clip")
    arrived[1:] = np.matmul(stepped.transpose(1, 0, 2), weight.astype(np.float32)[:, :, None])[:, :, 0]
    return reached, arrived


def _around(model: WalkModel, cells: Places) -> Places:
    """All cells in the rectangle that a step from `cells` can reach; cells are numbered row by row."""
    reach = model.reach_cells
    cols = model.col.take(cells)
    south, north = max(int(model.row[cells[0]]) - reach, 0), int(model.row[cells[-1]]) + reach + 1
    west, east = max(int(cols.min()) - reach, 0), int(cols.max()) + reach + 1
    window = model.number[south:north, west:east].ravel()
    return window[window >= 0]


def stated_sigma_m(fix: Position) -> float:
    """Standard deviation of the error in x and in y, as the fix, or else its kind, states it."""
    return max((fix.accuracy or DEFAULT_ACCURACY_M) / MEDIAN_OF_SIGMA, SIGMA_MIN_M)


def _unrest(before: float, last: tuple[float, float], at: tuple[float, float], sigma_m: float) -> float:
    """The running mean of how much fixes change in a second, after one more; what was walked is taken off."""
    changed_sq = (at[0] - last[0]) ** 2 + (at[1] - last[1]) ** 2
    now = (changed_sq - WALKED_SQ_M2) / sigma_m**2
    return before + (now - before) / UNREST_FIXES


def correlation(unrest: float, dt_s: float) -> float:
    """Correlation of the errors of two fixes `dt_s` apart, in [0, PHI_MAX ** dt_s].

    In two dimensions the change of an error has the mean square 4 (1 - phi) sigma^2; white noise has 4 sigma^2:

    >>> correlation(4.0, 1.0), round(correlation(0.8, 1.0), 2)
    (0.0, 0.8)
    """
    return math.pow(min(max(1 - unrest / UNREST_WHITE, 0.0), PHI_MAX), dt_s)


def pair_of(last: tuple[float, float], at: tuple[float, float], sigma_m: float, phi: float) -> Pair:
    """What a fix says, given the one before and how their errors correlate."""
    double_s2 = 2 * ((1 - phi * phi) * sigma_m**2 + CELL_NOISE_M**2)
    centre_x, centre_y = (at[0] - phi * last[0]) / (1 - phi), (at[1] - phi * last[1]) / (1 - phi)
    return Pair(phi, centre_x, centre_y, (1 - phi) / double_s2, phi / double_s2)


def _step_with_pair(model: WalkModel, belief: Belief, pair: Pair) -> tuple[Places, Floats]:
    """The exact step, about one second after the last fix: weigh, spread, weigh."""
    cells, mass = places(belief), masses(belief)
    away_sq = distance_sq(model, cells, pair.centre_x, pair.centre_y)
    there = float(away_sq[mass.sum(axis=0).argmax()])  # factors are relative to the likeliest cell's, to fit float32
    mass = mass * _exp(pair.phi * pair.per_m2 * (away_sq - there))
    cells, mass = spread(model, cells, mass, model.weight * np.exp(-pair.step_per_m2 * model.length_sq))
    mass *= _exp(pair.per_m2 * (there - distance_sq(model, cells, pair.centre_x, pair.centre_y)))
    evidence = math.log(max(float(mass.sum()), 1e-300)) - (1 - pair.phi) * pair.per_m2 * there
    return cells, mass if evidence > LOST_NATS else np.zeros_like(mass)


def _exp(logs: Exact) -> Floats:
    factors: Floats = np.exp(np.minimum(logs, MAX_EXPONENT).astype(np.float32))
    return factors


def distance_sq(model: WalkModel, cells: Places, x: float, y: float) -> Exact:
    """Squared distances in m2 from the centres of `cells` to a place."""
    squares: Exact = model.square.take(cells, axis=0) @ np.array((1.0, -2 * x, -2 * y))
    squares += x * x + y * y
    return squares


def _times_exp(mass: Floats, logs: Exact) -> Floats:
    """Mass times exp(logs), scaled so that the largest factor is one; nothing at all where every factor is zero."""
    most = logs.max()
    return mass * (_exp(logs - most) if most > -np.inf else np.float32(0))


def _anew(model: WalkModel, ts: int, at: tuple[float, float] | None, unrest: float, logs: Exact) -> Belief:
    """A belief from one piece of evidence alone, given as its log-likelihood over all cells."""
    shares = np.full((1 + HEADINGS, 1), WALKS_AT_FIRST_SHARE / HEADINGS)
    shares[0] = 1 - WALKS_AT_FIRST_SHARE
    first = _kept(model, ts, at, unrest, model.all, (shares * np.exp(logs - logs.max())).astype(np.float32))
    assert first is not None  # noqa: S101  the likeliest cell has likelihood 1
    return first


def _kept(
    model: WalkModel, ts: int, at: tuple[float, float] | None, unrest: float, cells: Places, mass: Floats
) -> Belief | None:
    """The belief without its faint cells; None when nothing is left, as after a place that cannot be."""
    by_cell = mass.sum(axis=0)
    most = by_cell.max()
    if not most > 0:
        return None
    kept = np.flatnonzero(by_cell > FAINT_SHARE * most)
    mass = mass.take(kept, axis=1)
    mass /= mass.sum()
    return Belief(model.key, ts, at, unrest, cells.take(kept).astype(np.int32).tobytes(), mass.tobytes())


def mean_place(model: WalkModel, belief: Belief) -> tuple[float, float]:
    """Where a shopper is on average over the belief: x and y in metres."""
    _, x, y = (masses(belief).sum(axis=0) @ model.square.take(places(belief), axis=0)).tolist()
    return x, y


def zone_shares(model: WalkModel, belief: Belief) -> Exact:
    """Probability of being inside each zone, (zones,), in the order of `model.zones`."""
    cells = places(belief)
    shared = model.zone_share.take(cells, axis=0) * masses(belief).sum(axis=0)[:, None]
    zones = model.zone_of.take(cells, axis=0).ravel()
    return np.asarray(np.bincount(zones, shared.ravel(), len(model.zones) + 1)[:-1], dtype=np.float64)
