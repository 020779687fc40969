"""What measures the simulated day is measured: tours by hand, aisles and nearness on made-up walks, a day's bands."""

import math
from functools import cache

import numpy as np
import pytest

from beacon_sim.aisles import Stretch
from beacon_sim.floor import Floor
from bench.store.figures import LABELS, TARGETS, figures, verdict
from bench.store.measures import AislePass, aisle_passes, nearness
from bench.store.tours import exact_m, good_m
from bench.store.visits import Day, Visit, run_day
from tests.beacon_sim.days import people_of, store_of

AISLE = Stretch((0.0, 0.0, 2.0, 8.0), ((1.0, -1.0), (1.0, 9.0)))
PERSONA = people_of("demo-market").booked[0]


def visit(*corners: tuple[float, float, float]) -> Visit:
    """A visit along corners of (seconds, x, y)."""
    at_ms = np.array([1000 * at_s for at_s, _, _ in corners])
    points = np.array([(x, y) for _, x, y in corners])
    until_ms = round(float(at_ms[-1]))
    return Visit(PERSONA, 0, until_ms, at_ms, points, 1.0, 1.0, halts=(), queued_s=None, paid_at=None)


@cache
def a_day(*, is_considerate: bool) -> Day:
    """Ten minutes of the ordinary day."""
    return run_day(
        store_of("demo-market"),
        people_of("demo-market"),
        seed=7,
        minutes=10,
        warm_up_min=15,
        arrivals_per_min=2.55,
        is_considerate=is_considerate,
    )


def test_the_shortest_tour_is_the_shortest() -> None:
    """Seven places on a line, the door out beside the door in: there and back; the good tour finds it too."""
    places = [0.0, 5.0, 2.0, 9.0, 7.0, 1.0, 0.5]
    distances = [[abs(here - there) for there in places] for here in places]
    assert exact_m(distances) == good_m(distances) == 9.0 + 8.5
    assert exact_m([[0.0, 3.0], [3.0, 0.0]]) == 3.0


def test_the_good_tour_is_hardly_longer_than_the_shortest() -> None:
    """Over random places it is at most a tenth longer, and never shorter."""
    rng = np.random.default_rng(1)
    for _ in range(15):
        places = rng.uniform(0, 40, (9, 2)).tolist()
        distances = [[math.dist(here, there) for there in places] for here in places]
        assert exact_m(distances) - 1e-9 <= good_m(distances) <= 1.1 * exact_m(distances)


@pytest.mark.parametrize(
    ("corners", "passes"),
    [
        (((0, 1, -3), (12, 1, 9)), [AislePass(is_same_end=False, has_stop=False)]),
        (((0, 1, -3), (6, 1, 3), (9, 1, 3), (15, 1, -3)), [AislePass(is_same_end=True, has_stop=True)]),
        (((0, 1, -3), (3.5, 1, 0.5), (7, 1, -3)), []),
        (((0, 3, -3), (12, 3, 9)), []),
    ],
)
def test_aisles_are_walked_through_or_left_by_the_same_end(
    corners: tuple[tuple[float, float, float], ...], passes: list[AislePass]
) -> None:
    """Through, in and out with a stop, a look round the corner, past it outside."""
    assert aisle_passes(visit(*corners), [AISLE]) == passes


def test_nearness_counts_the_time_of_everybody_who_is_too_near() -> None:
    """Two of three stand 0.3 m apart for half of a minute; nobody walks."""
    stays = [visit((0, x, 0), (60, x, 0)) for x in (0.0, 5.0)]
    late = visit((0, 0.3, 4), (30, 0.3, 4), (30.001, 0.3, 0), (60, 0.3, 0))
    found = nearness(Day(7, 5, 3, (*stays, late)))
    assert found.share == pytest.approx(1 / 3, abs=0.02)
    assert found.standing == pytest.approx(1.0, abs=0.02)


def test_shoppers_keep_clear_of_one_another() -> None:
    """They are nearer than 0.4 m a tenth as often as if they did not care, and that is under 2 % of the time."""
    kept, heedless = (nearness(a_day(is_considerate=is_)) for is_ in (True, False))
    assert kept.share < 0.02
    assert kept.share < heedless.share / 5


def test_a_day_agrees_with_what_was_published() -> None:
    """In a few minutes of one seed, everything that so few visits can tell is in its band."""
    store = store_of("demo-market")
    ours = figures(store, Floor(store), [a_day(is_considerate=True)])
    assert ours.keys() == LABELS.keys() >= TARGETS.keys()
    told = ("over_shortest", "covered_share", "pick_under_10_s_share", "speed_m_s", "speed_sd_m_s")
    assert {key: verdict(key, ours[key]) for key in told} == dict.fromkeys(told, "agrees")
    assert ours["aisle_stop_same_end_share"] > 0.6


def test_a_verdict_is_given_only_where_there_is_a_band() -> None:
    """Inside, outside, for comparison only, and nothing to compare with."""
    assert [verdict("covered_share", value) for value in (0.2, 0.4)] == ["agrees", "off"]
    assert verdict("path_m", 300.0) == verdict("queue_s", 10.0) == ""
