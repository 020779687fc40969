"""The belief: exact where it can be checked by brute force, pure, storable, and able to admit that it was wrong."""

import math
from dataclasses import replace

import msgspec
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from offer_engine.core import belief as belief_module
from offer_engine.core.belief import (
    CELL_NOISE_M,
    LONG_S,
    MEDIAN_OF_SIGMA,
    ROUGHLY,
    UNREST_WHITE,
    Belief,
    masses,
    observe,
    observe_ranges,
    places,
    spread,
    zone_shares,
)
from offer_engine.core.ranging import Range
from offer_engine.core.walk_model import HEADINGS, Exact, WalkModel, compile_walk
from offer_engine.messages import Position
from tests.core.test_walk_model import WALL, compiled
from tests.core.worlds import STORE

FLOOR = compiled(STORE)
WALLED = compiled(replace(STORE, fixtures=(*STORE.fixtures, WALL)))
WINE, MEAT, PROMO = (FLOOR.zones.index(key) for key in ("wine", "meat", "promo"))
WALKS = st.lists(st.tuples(st.floats(-1, 11), st.floats(-1, 9), st.sampled_from([200, 1000, 1000, 2500])), min_size=1)


def fix(second: float, x: float, y: float, accuracy: float = 1.2) -> Position:
    """A fix so many seconds after the beginning."""
    return Position(ts=round(1000 * second), x=x, y=y, accuracy=accuracy)


def followed(model: WalkModel, fixes: list[Position], belief: Belief | None = None) -> Belief:
    """The belief after these fixes."""
    for one in fixes:
        belief = observe(model, belief, one)
    assert belief is not None
    return belief


def dense(model: WalkModel, belief: Belief) -> Exact:
    """The mass in every cell of the floor, (1 + HEADINGS, cells)."""
    full = np.zeros((1 + HEADINGS, model.cells))
    full[:, places(belief)] = masses(belief)
    return full


def test_a_step_is_exact() -> None:
    """Two fixes with drifting error weigh every pair of cells by the density of the second given the first.

    The product of three factors is compared with that density, pair by pair.
    """
    first, second = fix(0, 3.9, 2.0), fix(1, 4.4, 2.9)
    before = followed(WALLED, [first])
    got = followed(WALLED, [second], before)
    phi, sigma_m = 1 - got.unrest / UNREST_WHITE, ROUGHLY * 1.2 / MEDIAN_OF_SIGMA
    double_s2 = 2 * ((1 - phi**2) * sigma_m**2 + CELL_NOISE_M**2)
    expected = np.zeros((1 + HEADINGS, WALLED.cells))
    for mode, start in np.ndindex(1 + HEADINGS, len(places(before))):
        one = np.zeros((1 + HEADINGS, 1), dtype=np.float32)
        one[mode] = masses(before)[mode, start]
        cell = places(before)[start : start + 1]
        reached, mass = spread(WALLED, cell, one, WALLED.weight)
        drift_x = second.x - phi * first.x - (WALLED.x[reached] - phi * WALLED.x[cell])
        drift_y = second.y - phi * first.y - (WALLED.y[reached] - phi * WALLED.y[cell])
        expected[:, reached] += mass * np.exp(-(drift_x**2 + drift_y**2) / double_s2)
    expected /= expected.sum()
    assert dense(WALLED, got) == pytest.approx(expected, abs=5e-3 * float(expected.max()))


@given(WALKS)
def test_a_belief_is_a_probability(walk: list[tuple[float, float, int]]) -> None:
    """Whatever is reported, in the store or out of it: finite, not negative, summing to one, on cells of the floor."""
    ts, belief = 0, None
    for x, y, wait_ms in walk:
        ts += wait_ms
        belief = observe(WALLED, belief, Position(ts=ts, x=x, y=y))
        mass = masses(belief)
        assert np.isfinite(mass).all()
        assert mass.min() >= 0
        assert float(mass.sum()) == pytest.approx(1.0, abs=1e-4)
        cells = places(belief)
        assert (np.diff(cells) > 0).all()
        assert 0 <= cells.min() <= cells.max() < WALLED.cells
        assert (zone_shares(WALLED, belief) <= 1 + 1e-6).all()


@given(WALKS, st.integers(0, 20))
def test_a_belief_may_be_stored_at_any_moment(walk: list[tuple[float, float, int]], cut: int) -> None:
    """Packed and unpacked, it goes on to the very same bits."""
    ts, fixes = 0, list[Position]()
    for x, y, wait_ms in walk:
        ts += wait_ms
        fixes.append(Position(ts=ts, x=x, y=y))
    whole = followed(FLOOR, fixes)
    cut = min(cut, len(fixes) - 1)
    half = followed(FLOOR, fixes[: cut + 1])
    unpacked = msgspec.json.decode(msgspec.json.encode(half), type=Belief)
    assert followed(FLOOR, fixes[cut + 1 :], unpacked) == whole


def test_standing_is_told_from_passing() -> None:
    """Ten fixes in one place leave hardly a doubt that the shopper stands; ten along a line none that they walk."""
    standing = masses(followed(FLOOR, [fix(n, 2.0, 6.4) for n in range(10)]))
    walking = masses(followed(FLOOR, [fix(n, 0.5 + 0.95 * n, 2.0) for n in range(10)]))
    assert standing[0].sum() > 0.9
    assert walking[0].sum() < 0.2


def test_a_drifting_error_is_no_walk() -> None:
    """An error that takes a second to come and then stays moves a standing shopper less than it moved the fix."""
    steady = [fix(n, 2.0, 5.0) for n in range(8)]
    after = followed(FLOOR, [*steady, fix(8, 3.0, 5.0), fix(9, 3.2, 5.0)])
    mean_x = float((dense(FLOOR, after).sum(axis=0) * FLOOR.x).sum())
    assert mean_x < 2.8


@pytest.mark.parametrize(("tau_s", "least", "most"), [(0.01, -0.5, 0.4), (5.0, 0.7, 0.95)], ids=["white", "drifting"])
def test_how_noise_correlates_is_found_out(tau_s: float, least: float, most: float) -> None:
    """Two minutes of fixes tell white noise from drift, whoever walks meanwhile.

    A running mean over 30 fixes of a chi-squared with two degrees of freedom has a relative spread of 0.13; three of
    these are allowed for.
    """
    rng, phi = np.random.default_rng(3), math.exp(-1 / tau_s)
    (east, north), belief = 1.5 * rng.standard_normal(2), None
    for second in range(120):
        seen = fix(second, 2.0 + 0.05 * second + float(east), 4.0 + float(north), accuracy=1.5 * MEDIAN_OF_SIGMA)
        belief = observe(FLOOR, belief, seen)
        fresh_east, fresh_north = math.sqrt(1 - phi**2) * 1.5 * rng.standard_normal(2)
        east, north = phi * east + fresh_east, phi * north + fresh_north
    assert belief is not None
    assert least <= 1 - belief.unrest / UNREST_WHITE <= most


def test_a_fix_too_soon_changes_nothing() -> None:
    """At 4 Hz three of four fixes tell nothing that the fourth does not."""
    belief = followed(FLOOR, [fix(0, 2, 5)])
    assert observe(FLOOR, belief, fix(0.5, 9, 5)) is belief


def test_a_wall_holds() -> None:
    """Fixes that drift across a wall move a shopper who came along this side of it far less than in the open."""
    fixes = [fix(n, 2.0 + 0.5 * n, 1.5) for n in range(5)] + [fix(5 + n, 5.3, 1.5) for n in range(3)]
    walled, opened = dense(WALLED, followed(WALLED, fixes)), dense(FLOOR, followed(FLOOR, fixes))
    beyond = float(walled.sum(axis=0)[WALLED.x > 5.0].sum())
    assert beyond < 0.1
    assert float(opened.sum(axis=0)[FLOOR.x > 5.0].sum()) > 0.2


def test_silence_widens() -> None:
    """After some seconds without a fix the shopper may be further away than before."""
    still = [fix(n, 5.0, 3.0) for n in range(6)]
    soon, late = followed(FLOOR, [*still, fix(6, 5.0, 3.0)]), followed(FLOOR, [*still, fix(12, 5.0, 3.0)])
    assert len(places(late)) > len(places(soon))


@pytest.mark.parametrize(
    "news",
    [fix(5 + LONG_S, 9.0, 7.0), fix(6, 9.5, 0.5, accuracy=0.3)],
    ids=["after a long silence", "where nobody can have walked to"],
)
def test_a_belief_that_is_wrong_starts_anew(news: Position) -> None:
    """Evidence that cannot be reconciled is believed as if it were the first."""
    old = followed(FLOOR, [fix(n, 1.0, 5.0, accuracy=0.3) for n in range(5)])
    after, anew = observe(FLOOR, old, news), observe(FLOOR, None, news)
    assert (after.cells, after.mass) == (anew.cells, anew.mass)


def test_a_belief_about_another_floor_starts_anew() -> None:
    """A shelf was moved while the shopper's state was stored: cells mean something else now."""
    old, news = followed(WALLED, [fix(0, 2, 5)]), fix(1, 2, 5)
    assert observe(FLOOR, old, news) == observe(FLOOR, None, news)


def test_ranges_find_a_shopper() -> None:
    """Distances to four gateways place a shopper without any fix, and one that lies through a body does little harm."""
    corners = ((0.0, 0.0), (10.0, 0.0), (0.0, 8.0), (10.0, 8.0))
    belief = None
    for second in range(8):
        heard = [Range(x, y, math.dist((x, y), (2.0, 5.5)), 1.0) for x, y in corners]
        heard.append(Range(5.0, 4.0, 9.0, 1.0))
        belief = observe_ranges(FLOOR, belief, 1000 * second, heard)
    assert belief is not None
    assert zone_shares(FLOOR, belief)[WINE] > 0.8
    assert observe_ranges(FLOOR, belief, 7_500, []) is belief


def test_a_fix_after_ranges_is_taken() -> None:
    """Evidence of both kinds may be mixed."""
    ranged = observe_ranges(FLOOR, None, 0, [Range(8.0, 6.0, 0.5, 1.0)])
    after = followed(FLOOR, [fix(n, 8.0, 6.0) for n in range(1, 5)], ranged)
    assert zone_shares(FLOOR, after)[MEAT] > 0.8


def test_overlapping_zones_both_hold() -> None:
    """In the promotion inside the wine a shopper is in both."""
    shares = zone_shares(FLOOR, followed(FLOOR, [fix(n, 3.5, 5.0, accuracy=0.3) for n in range(4)]))
    assert shares[WINE] > 0.9
    assert shares[PROMO] > 0.9


def test_the_work_does_not_grow_with_the_zones() -> None:
    """Forty more zones elsewhere leave the arrays that a step touches as they are."""
    far = {
        f"z{n}": replace(STORE.zones["meat"], area=shapely.MultiPolygon([shapely.box(0, 0, 0.1, 0.1 + n / 1e4)]))
        for n in range(40)
    }
    crowded = compile_walk(STORE, dict(STORE.zones) | far)
    assert crowded is not None
    belief = followed(crowded, [fix(0, 9, 6)])
    assert belief == followed(FLOOR, [fix(0, 9, 6)])
    assert len(places(belief)) <= FLOOR.cells


def test_who_walks_learns_more_from_ranges_than_who_stands() -> None:
    """Shadows lie in places: the same evidence moves walking mass further, and tells nothing of walking itself."""
    mass, logs = np.full((1 + HEADINGS, 2), 0.1, dtype=np.float32), np.array([3.0, -3.0])
    after = belief_module._weighed(mass, logs, 1.0)
    assert after[1, 0] / after[1, 1] > (after[0, 0] / after[0, 1]) ** 2
    assert after[0, 0] > after[0, 1]
    assert belief_module._weighed(mass, np.full(2, -7.0), 1.0) == pytest.approx(mass)
