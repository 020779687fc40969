"""A fix that changes nothing but the track is taken at a glance: nine in ten are of that kind, at half the cost.

`glance` is a shortcut through `shopper.apply`, never another opinion: it gives the state that `apply` would give, or
nothing, and then `apply` must be asked. A test holds the one against the other.
"""

from offer_engine.core.context import World
from offer_engine.core.shopper import VISIT_GAP_MS, Shopper
from offer_engine.core.tracking import ALLOWANCE, DEFAULT_ACCURACY_M, STRIDE_M, VAGUE_M, Track
from offer_engine.messages import Position

REACHES_A_STRIDE_M = STRIDE_M / ALLOWANCE  # of a fix's accuracy: from there on a stride needs no time to be believed


def glance(state: Shopper, fix: Position, world: World) -> Shopper | None:
    """The state after a fix inside the same zones as the last, with nothing due; None where there is more to it.

    Beliefs always take a closer look.
    """
    track, fence = state.track, state.fence
    if track is None or state.visit is None or world.walk is not None or not state.person.consents.location:
        return None
    ts = fix.ts
    if not track.ts < ts <= track.ts + VISIT_GAP_MS or not fence.past <= ts < fence.due:
        return None
    x, y, accuracy = fix.x, fix.y, fix.accuracy or DEFAULT_ACCURACY_M
    east, north = x - track.x, y - track.y
    if east * east + north * north > STRIDE_M * STRIDE_M:
        return None  # it may have crossed a zone
    index = world.index
    if not REACHES_A_STRIDE_M <= accuracy <= VAGUE_M or (fix.floor is not None and fix.floor not in index.floors):
        return None  # so short a step is in reach at once, but for who says that they never err
    inside, margin = index.inside.at(x, y), fence.margin
    if inside != fence.inside or (margin and not set(margin).issubset(index.near.at(x, y))):
        return None
    return Shopper(state.id, Track(ts, x, y), fence, state.person, state.visit)
