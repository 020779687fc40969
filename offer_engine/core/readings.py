"""What gateways heard becomes distances to known places, with an error for those that state none.

The same signal law that turns power into distance turns its noise into the distance's: power falls by 10 n log10(d), so
noise of s dB errs by the share s ln(10) / (10 n) of the distance (Faragher and Harle 2015; docs/zones.md).
"""

from collections.abc import Mapping

from msgspec.structs import replace

from offer_engine.core.ranging import Range
from offer_engine.core.store_map import Gateway
from offer_engine.messages import Ranges

SIGMA_SHARE = 0.6  # of the distance: path loss exponent 2.2, noise of 6 dB, half of a second's packets heard
CARRIED_M = 1.1  # above the floor: in a hand, a pocket or on a cart's handle
SIGMA_MIN_M = 0.5  # so near the gateway it is the antennas that err


def ranges_of(heard: Ranges, gateways: Mapping[str, Gateway]) -> list[Range]:
    """The readings of known gateways, in their order.

    >>> from offer_engine.messages import Reading
    >>> door = Gateway("door", x=4.0, y=1.0, z_m=3.0, rssi_1m_dbm=-59.0)
    >>> ranges_of(Ranges(1000, [Reading("door", 2.0), Reading("moon", 9.0)]), {"door": door})
    [Range(x=4.0, y=1.0, distance_m=2.0, sigma_m=1.2, rise_m=1.9)]
    """
    return [
        Range(
            place.x,
            place.y,
            one.distance,
            max(one.sigma or SIGMA_SHARE * one.distance, SIGMA_MIN_M),
            place.z_m - CARRIED_M,
        )
        for one in heard.heard
        if (place := gateways.get(one.gateway)) is not None
    ]


def of_known(heard: Ranges, gateways: Mapping[str, Gateway]) -> tuple[Ranges, tuple[str, ...]]:
    """The message without readings of unknown gateways, and the keys of those, sorted, each once."""
    unknown = {one.gateway for one in heard.heard if one.gateway not in gateways}
    if not unknown:
        return heard, ()
    return replace(heard, heard=[one for one in heard.heard if one.gateway in gateways]), tuple(sorted(unknown))
