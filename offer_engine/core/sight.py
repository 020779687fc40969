"""A belief becomes what a fence asks for: the zones a shopper is in, is not yet out of, and is in for certain.

Two levels of certainty, because two kinds of mistake cost differently: a visit counted too much is a wrong number, a
push into the wrong aisle is a wrong person's phone. The numbers were chosen on walks other than those that
docs/zones.md reports on; what has to hold *for how long* stays with each zone, in the map file.
"""

from dataclasses import dataclass

import numpy as np

from offer_engine.core.belief import Belief, zone_shares
from offer_engine.core.walk_model import WalkModel
from offer_engine.core.zone_index import Keys

P_INSIDE = 0.45  # probability from which a shopper counts as inside: the likeliest of several zones mostly reaches it
P_OUTSIDE = 0.10  # up to which a shopper counts as outside
P_CERTAIN = 0.82  # from which it is certain enough to push: on the tuning day, the most pushes at one false one a trip


@dataclass(frozen=True, slots=True)
class Sight:
    """Zones by how sure it is that a shopper is inside, each sorted."""

    inside: Keys
    near: Keys  # not outside
    certain: Keys


def look(model: WalkModel, belief: Belief) -> Sight:
    """Sort the zones that a belief speaks of."""
    shares = zone_shares(model, belief)
    keys = model.zones
    near: list[int] = np.flatnonzero(shares > P_OUTSIDE).tolist()
    return Sight(
        inside=tuple(keys[zone] for zone in near if shares[zone] >= P_INSIDE),
        near=tuple(keys[zone] for zone in near),
        certain=tuple(keys[zone] for zone in near if shares[zone] >= P_CERTAIN),
    )
