"""A fix that changes nothing but the track is taken at a glance: nine in ten are of that kind, at half the cost.

`glance` is a shortcut through `shopper.apply`, never another opinion: it gives the state that `apply` would give, or
nothing, and then `apply` must be asked. A test holds the one against the other.
"""

from offer_engine.core.context import World
from offer_engine.core.shopper import VISIT_GAP_MS, Shopper
from offer_engine.core.tracking import STRIDE_M, VAGUE_M, Track, is_in_reach
from offer_engine.messages import Position


def glance(state: Shopper, fix: Position, world: World) -> Shopper | None:
    """The state after a fix inside the same zones as the last, with nothing due; None where there is more to it.

    Beliefs always take a closer look.
    """
    track, fence = state.track, state.fence
    if track is None or state.visit is None or world.walk is not None or not state.person.consents.location:
        return None
    ts = fix.ts
    if not track.ts < ts <= track.ts + VISIT_GAP_MS or not fence.past <= ts < fence.due or fence.margin:
        return None
    east, north = fix.x - track.x, fix.y - track.y
    if east * east + north * north > STRIDE_M * STRIDE_M:
        return None  # it may have crossed a zone
    if (fix.accuracy or 0.0) > VAGUE_M or (fix.floor is not None and fix.floor not in world.index.floors):
        return None
    if world.index.inside.at(fix.x, fix.y) != fence.inside or not is_in_reach(track.ts, track.x, track.y, fix):
        return None
    return Shopper(state.id, Track(ts, fix.x, fix.y), fence, state.person, state.visit)
