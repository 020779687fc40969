"""One shopper known by gateways alone: found, followed through zones, decided for; the laws of a day hold."""

from math import exp, hypot
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offer_engine.core.geofence import Kind
from offer_engine.core.shopper import VISIT_GAP_MS, Shopper
from offer_engine.core.tracking import Dropped
from offer_engine.messages import ConsentChange, Position, Presence, Ranges, Reading
from tests.core.days import Heard, live
from tests.core.test_geofence import assert_lawful
from tests.core.test_shopper import crossings, decisions
from tests.core.worlds import NOON
from tests.worlds import demo_market, demo_market_on_grid

MARKET = demo_market_on_grid()
WINE, DAIRY = (3.0, 12.0), MARKET.store.zones["dairy"].area.representative_point().coords[0]
HEARS_M = 14.0


def ranges(ts: int, x: float, y: float, chance: Random | None = None, spread: float = 0.3) -> Ranges:
    """What the market's gateways within earshot hear; with chance, distances err log-normally by `spread`."""
    heard = []
    for gateway in MARKET.store.gateways:
        true_m = hypot(gateway.x - x, gateway.y - y)
        if true_m < HEARS_M:
            error = 1.0 if chance is None else exp(chance.gauss(0.0, spread))
            heard.append(Reading(gateway.key, max(true_m, 0.3) * error, None if chance is None else spread * true_m))
    return Ranges(ts, heard)


def stand(ts: int, place: tuple[float, float], seconds: int, chance: Random | None = None) -> list[Heard]:
    """A message a second from one place."""
    return [ranges(ts + 1000 * second, *place, chance) for second in range(seconds)]


def test_a_shopper_is_found_from_gateways_alone() -> None:
    """Exact distances put the mean of the belief where the shopper stands, and it opens a visit."""
    state, _ = live(MARKET, stand(NOON, WINE, 10))
    assert state.track is not None
    assert hypot(state.track.x - WINE[0], state.track.y - WINE[1]) < 1.0
    assert state.track.ts == NOON + 9000
    assert state.visit is not None
    assert state.visit.since == NOON


@pytest.mark.parametrize("seed", range(5))
def test_noisy_gateways_still_tell_the_zone(seed: int) -> None:
    """With errors of a third of each distance the wine is entered, decided on at the dwell, and left for the dairy."""
    chance = Random(seed)
    heard = stand(NOON, WINE, 25, chance) + stand(NOON + 40_000, DAIRY, 25, chance)
    _, outcomes = live(MARKET, heard)
    crossed = [(one.zone, one.kind) for one in crossings(outcomes) if one.zone in {"wine", "dairy"}]
    assert crossed[:4] == [
        ("wine", Kind.ENTER),
        ("wine", Kind.DWELL),
        ("wine", Kind.EXIT),
        ("dairy", Kind.ENTER),
    ]
    assert "wine" in {decision.zone for decision in decisions(outcomes)}


@settings(deadline=None, max_examples=15)
@given(
    st.lists(
        st.tuples(st.floats(0, 48), st.floats(0, 34), st.sampled_from([300, 1000, 1000, 4000, 70_000])), max_size=25
    ),
    st.integers(0, 1000),
)
def test_any_walk_is_lawful(steps: list[tuple[float, float, int]], seed: int) -> None:
    """Jumping, late and repeated ranges, mixed with fixes: enter, at most one dwell, exit."""
    chance, ts, heard = Random(seed), NOON, list[Heard]()
    for x, y, wait_ms in steps:
        ts += chance.choice([-2000, 0, wait_ms, wait_ms, wait_ms])
        heard.append(ranges(ts, x, y, chance) if chance.random() < 0.8 else Position(ts, x, y))
    state, outcomes = live(MARKET, [*heard, Presence(10**14, "arrived", "v"), Presence(10**14, "left", "v")])
    assert_lawful(crossings(outcomes))
    assert state.fence.stays == ()


def test_late_and_repeated_ranges_are_dropped() -> None:
    """What is not newer than the last place changes nothing and is counted by its reason."""
    start, _ = live(MARKET, stand(NOON, WINE, 3))
    for ts, reason in ((NOON + 2000, Dropped.REPEATED), (NOON + 1000, Dropped.LATE)):
        state, outcomes = live(MARKET, [ranges(ts, *DAIRY)], start=start)
        assert (state, outcomes) == (start, [reason])


def test_after_long_silence_ranges_open_another_visit() -> None:
    """As a fix does: what is still due belongs to the visit that is over."""
    later = NOON + VISIT_GAP_MS + 60_000
    before, _ = live(MARKET, stand(NOON, WINE, 20))
    after, outcomes = live(MARKET, stand(later, WINE, 2), start=before)
    assert before.visit is not None
    assert after.visit is not None
    assert (before.visit.since, after.visit.since) == (NOON, later)
    assert [one.kind for one in crossings(outcomes) if one.zone == "wine"] == [Kind.EXIT]


def test_without_location_or_a_grid_nothing_is_believed() -> None:
    """No consent, no known gateway, or a world of fixes: the state stays the very same."""
    state, _ = live(MARKET, [ConsentChange(NOON, location=False)])
    assert live(MARKET, stand(NOON + 1, WINE, 3), start=state) == (state, [])
    fresh, _ = live(MARKET, [])
    assert live(MARKET, [Ranges(NOON, [Reading("moon", 3.0)])], start=fresh) == (fresh, [])
    assert live(demo_market(), stand(NOON, WINE, 3), start=fresh) == (fresh, [])
    assert isinstance(fresh, Shopper)
