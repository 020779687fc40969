"""Ranges as evidence: the density is the one it claims to be, errors are symmetric in logarithms, doubt has a limit."""

import math

import numpy as np
import pytest

from offer_engine.core.ranging import COMMON_SHARE, LOST_FROM, Range, is_lost, log_spread, range_logs
from offer_engine.core.walk_model import Exact
from tests.core.test_walk_model import cell_at, compiled
from tests.core.worlds import STORE

FLOOR = compiled(STORE)
CORNERS = ((0.0, 0.0), (10.0, 0.0), (0.0, 8.0), (10.0, 8.0), (5.0, 0.0), (5.0, 8.0))


def ranges(x: float, y: float, *, times: float = 1.0, rise_m: float = 0.0) -> list[Range]:
    """The way from (x, y) to each corner and two edges, read too long by a factor, with an error of 40 %."""
    ways = [math.hypot(math.dist((x, y), corner), rise_m) * times for corner in CORNERS]
    return [Range(*corner, way_m, 0.4 * way_m, rise_m) for corner, way_m in zip(CORNERS, ways, strict=True)]


def likeliest(logs: Exact) -> tuple[float, float]:
    """The centre of the cell with the highest likelihood."""
    cell = int(logs.argmax())
    return float(FLOOR.x[cell]), float(FLOOR.y[cell])


def test_the_density_is_that_of_errors_that_go_together() -> None:
    """In every cell the closed form is the normal density with a covariance written out and inverted."""
    heard = [Range(0, 0, 3.0, 1.0), Range(10, 0, 9.0, 4.0, 2.0), Range(5, 8, 4.0, 2.5)]
    spreads = np.array([log_spread(one.sigma_m / one.distance_m) for one in heard])
    covariance = np.outer(spreads, spreads) * (COMMON_SHARE + (1 - COMMON_SHARE) * np.eye(3))
    ways = np.array([np.sqrt((FLOOR.x - one.x) ** 2 + (FLOOR.y - one.y) ** 2 + one.rise_m**2) for one in heard])
    errors = np.log([[one.distance_m] for one in heard]) - np.log(ways)
    expected = -np.einsum("ic,ij,jc->c", errors, np.linalg.inv(covariance), errors) / 2
    near = (np.abs(errors) <= 2.99 * spreads[:, None]).all(axis=0)  # where no error is capped
    assert near.sum() > 100
    assert range_logs(FLOOR, FLOOR.all, heard)[near] == pytest.approx(expected[near], rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("place", [(2.25, 5.25), (8.25, 2.25)])
@pytest.mark.parametrize("rise_m", [0.0, 2.1])
def test_exact_ranges_are_likeliest_where_they_meet(place: tuple[float, float], rise_m: float) -> None:
    """Also where gateways hang from the ceiling and every way is longer than it is on the floor."""
    assert likeliest(range_logs(FLOOR, FLOOR.all, ranges(*place, rise_m=rise_m))) == place


@pytest.mark.parametrize("times", [0.6, 1.6])
def test_what_all_gateways_have_in_common_moves_nobody_far(times: float) -> None:
    """A phone that sends faintly, or strongly, seems far from everything at once: it is found all the same."""
    found = likeliest(range_logs(FLOOR, FLOOR.all, ranges(2.25, 5.25, times=times)))
    assert math.dist(found, (2.25, 5.25)) <= 1.0


def test_twice_as_far_is_as_likely_as_half_as_far() -> None:
    """Read as 4 m, a way of 2 m is as likely as one of 8 m."""
    here = np.array([cell_at(FLOOR, 2.25, 2.25)])
    half, same, twice = (range_logs(FLOOR, here, [Range(2.25 - way_m, 2.25, 4.0, 2.0)])[0] for way_m in (2, 4, 8))
    assert half == pytest.approx(twice)
    assert same == pytest.approx(0.0, abs=1e-9)
    assert half < same


def test_no_ranges_say_nothing() -> None:
    """Every cell is as likely as any other."""
    assert not range_logs(FLOOR, FLOOR.all, []).any()


def test_one_wild_reading_counts_no_more_than_three_sigmas() -> None:
    """Ten times too far or a hundred times too far: it is the same evidence."""
    here = np.array([cell_at(FLOOR, 2.25, 5.25)])
    wild = [range_logs(FLOOR, here, [*ranges(2.25, 5.25), Range(5.0, 4.0, far_m, 1.0)])[0] for far_m in (30.0, 300.0)]
    assert wild[0] == pytest.approx(wild[1])


def test_a_belief_is_given_up_when_another_place_is_clearly_likelier() -> None:
    """Cells far from where exact ranges meet are lost, those about it are not; a few ranges never say so."""
    heard = [
        Range(x, y, max(math.dist((x, y), (9.25, 7.25)), 0.3), 0.1 * max(math.dist((x, y), (9.25, 7.25)), 0.3))
        for x, y in CORNERS
    ]
    far, near = np.array([cell_at(FLOOR, 0.75, 0.75)]), np.array([cell_at(FLOOR, 9.25, 7.25)])
    assert is_lost(FLOOR, range_logs(FLOOR, far, heard), heard)
    assert not is_lost(FLOOR, range_logs(FLOOR, near, heard), heard)
    few = heard[: LOST_FROM - 1]
    assert not is_lost(FLOOR, range_logs(FLOOR, far, few), few)
