"""Readings become distances to places; what states no error gets one, what nobody knows is left out and named."""

from offer_engine.core.readings import SIGMA_MIN_M, SIGMA_SHARE, of_known, ranges_of
from offer_engine.core.store_map import Gateway
from offer_engine.messages import Ranges, Reading

GATEWAYS = {key: Gateway(key, x, 2.0, 3.0, -59.0) for key, x in (("west", 0.0), ("east", 10.0))}
HEARD = Ranges(1000, [Reading("west", 4.0), Reading("moon", 3.0), Reading("east", 6.0, 2.5), Reading("attic", 1.0)])


def test_each_reading_is_measured_from_its_gateway() -> None:
    """Known gateways only, in the order of the message, each at its place."""
    assert [(one.x, one.y, one.distance_m) for one in ranges_of(HEARD, GATEWAYS)] == [(0.0, 2.0, 4.0), (10.0, 2.0, 6.0)]


def test_an_error_that_is_not_stated_grows_with_the_distance() -> None:
    """A stated one is taken as it is; none is smaller than antennas err."""
    near = Ranges(1000, [Reading("west", 0.1), Reading("east", 0.1, 0.01)])
    assert [one.sigma_m for one in ranges_of(HEARD, GATEWAYS)] == [SIGMA_SHARE * 4.0, 2.5]
    assert [one.sigma_m for one in ranges_of(near, GATEWAYS)] == [SIGMA_MIN_M, SIGMA_MIN_M]


def test_unknown_gateways_are_named_and_the_rest_is_kept() -> None:
    """Sorted and each once; a message without any is the very same."""
    known, unknown = of_known(HEARD, GATEWAYS)
    assert [one.gateway for one in known.heard] == ["west", "east"]
    assert unknown == ("attic", "moon")
    assert of_known(known, GATEWAYS) == (known, ())
