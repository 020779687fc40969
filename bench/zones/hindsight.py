"""A whole trip, known from end to end, becomes what could have been known of each moment: a bound, and no method.

The forward-backward algorithm (Rabiner 1989) on the engine's own beliefs: each is weighed by what all later fixes say
of it. No engine can do this, since it must speak while the shopper is still there; what even hindsight does not find is
not in the fixes, or not in the model of a walk. After a loss of contact the later fixes are left out: that is one
second in fifty.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from offer_engine.core import geofence
from offer_engine.core.belief import (
    ROUGHLY,
    Belief,
    Pair,
    correlation,
    distance_sq,
    masses,
    observe,
    pair_of,
    places,
    stated_sigma_m,
)
from offer_engine.core.geofence import Fence, Transition
from offer_engine.core.sight import look
from offer_engine.core.store_map import Zone
from offer_engine.core.walk_model import GOING, HEADINGS, STOPPING, Exact, Floats, WalkModel
from offer_engine.messages import Position

PAIR_S = 1.5  # fixes further apart are not weighed together, as in the belief


def known_afterwards(
    model: WalkModel, zones: Mapping[str, Zone], fixes: Sequence[Position], end_ms: int
) -> tuple[Transition, ...]:
    """The transitions of one trip by the engine's thresholds and waits, from what was known at its end."""
    fence, crossed, last_ts = Fence(), list[Transition](), 0
    for belief in smoothed_beliefs(model, fixes):
        sight = look(model, belief)
        last = last_ts or belief.ts
        fence, found = geofence.moved(zones, fence, last, belief.ts, sight.inside, sight.near, sight.certain)
        crossed += found
        last_ts = belief.ts
    fence, found = geofence.advance(zones, fence, last_ts, end_ms)
    return (*crossed, *found, *geofence.end(fence, end_ms)[1])


def smoothed_beliefs(model: WalkModel, fixes: Sequence[Position]) -> list[Belief]:
    """One belief a fix that was used, each by all fixes of the trip."""
    steps: list[tuple[Belief, Position]] = []
    for fix in fixes:
        before = steps[-1][0] if steps else None
        belief = observe(model, before, fix)
        if belief is not before:
            steps.append((belief, fix))
    found: list[Belief] = []
    later: Floats | None = None  # how likely all later fixes are from each place and mode of the belief at hand
    for number in range(len(steps) - 1, -1, -1):
        belief, fix = steps[number]
        found.append(_weighed(belief, later))
        later = _said_of(model, steps[number - 1][0], belief, fix, later) if number else None
    return found[::-1]


def _weighed(belief: Belief, later: Floats | None) -> Belief:
    mass = masses(belief) if later is None else masses(belief) * later
    total = float(mass.sum())
    return replace(belief, mass=(mass / total).astype(np.float32).tobytes()) if total > 0 else belief


def _said_of(model: WalkModel, before: Belief, belief: Belief, fix: Position, later: Floats | None) -> Floats | None:
    """What `fix`, which led from `before` to `belief`, and all later ones say of each place and mode of `before`."""
    dt_s = (belief.ts - before.ts) / 1000
    if before.fix is None or belief.fix is None or dt_s >= PAIR_S:
        return None
    pair = pair_of(before.fix, belief.fix, ROUGHLY * stated_sigma_m(fix), correlation(belief.unrest, dt_s))
    full = np.zeros((1 + HEADINGS, model.cells + 1))
    full[:, places(belief)] = np.ones_like(masses(belief)) if later is None else later
    reached = places(belief)
    full[:, reached] *= _factor(-pair.per_m2 * distance_sq(model, reached, pair.centre_x, pair.centre_y))
    said = _back(model, full, before, pair)
    most = float(said.max())
    return (said / most).astype(np.float32) if most > 0 else None


def _back(model: WalkModel, full: Exact, before: Belief, pair: Pair) -> Exact:
    """One step of the walk turned round: `belief.spread` transposed, then the weight of the place come from."""
    reached = np.flatnonzero(full[:, :-1].sum(axis=0) > 0)
    weight = model.weight * np.exp(-pair.step_per_m2 * model.length_sq)
    parts = full[1:, reached].T[:, :, None] * weight
    sources = model.came_from.take(reached, axis=0).ravel()
    walked = np.bincount(sources, parts.ravel(), HEADINGS * (model.cells + 1)).reshape(HEADINGS, -1)
    cells = places(before)
    said = np.vstack([full[:1, cells], walked[:, cells]]) * model.per_open.take(cells, axis=1)
    said = GOING.T @ said + STOPPING.T @ (said * model.stop.take(cells))
    return said * _factor(pair.phi * pair.per_m2 * distance_sq(model, cells, pair.centre_x, pair.centre_y))


def _factor(logs: Exact) -> Exact:
    """Exponentials, scaled so that the largest is one."""
    factors: Exact = np.exp(logs - logs.max())
    return factors
