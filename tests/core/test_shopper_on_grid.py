"""One shopper tracked by belief: the laws of any day hold, and a push waits until the place is certain."""

from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from offer_engine.core.context import build_world
from offer_engine.core.decision import Decision
from offer_engine.core.geofence import Kind, Transition
from offer_engine.core.shopper import Outcome, Shopper, Until, restored
from offer_engine.messages import ConsentChange, Position, Presence
from tests.core.days import Heard, live, store_days
from tests.core.test_geofence import assert_lawful
from tests.core.test_shopper import ENTER_RED, crossings
from tests.core.worlds import ANY_LAMB, ANY_RED, DAY_MS, NO_PACING, NOON, world

FIXES = world(ANY_RED, ENTER_RED, ANY_LAMB, policy=NO_PACING)
GRID = build_world(FIXES.store, FIXES.rules, is_on_grid=True)
WALKS = st.lists(
    st.tuples(st.floats(0, 10), st.floats(0, 8), st.sampled_from([250, 1000, 1000, 3000, 25_000])),
    min_size=1,
    max_size=40,
)


def walk(steps: list[tuple[float, float, int]], accuracy: float | None = None) -> list[Heard]:
    """Fixes with waits between them."""
    ts, heard = NOON, list[Heard]()
    for x, y, wait_ms in steps:
        ts += wait_ms
        heard.append(Position(ts, x, y, accuracy=accuracy))
    return heard


def stand(x: float, y: float, seconds: int, accuracy: float) -> list[Heard]:
    """A fix a second in one place."""
    return walk([(x, y, 1000)] * seconds, accuracy)


def seen(outcomes: list[Outcome]) -> list[tuple[int, str]]:
    """Transitions and decisions, in seconds since noon."""
    happened: list[tuple[int, str]] = []
    for one in outcomes:
        if isinstance(one, Transition):
            happened.append(((one.at - NOON) // 1000, one.kind))
        elif isinstance(one, Decision):
            happened.append(((one.ts - NOON) // 1000, f"decide on {one.trigger}"))
    return happened


@settings(deadline=None)
@given(store_days(size=8), st.randoms(use_true_random=False))
def test_any_day_is_lawful(day: list[Heard], chance: Random) -> None:
    """However events are shuffled, zones see enter, at most one dwell, exit; leaving closes every visit to a zone."""
    shuffled = sorted(day, key=lambda one: one.ts + chance.choice([0, 0, 0, 3000, 30_000]))
    end = 10**14
    state, outcomes = live(GRID, [*shuffled, Presence(end, "arrived", "last"), Presence(end, "left", "last")])
    assert_lawful(crossings(outcomes))
    kinds = [crossed.kind for crossed in crossings(outcomes)]
    assert kinds.count(Kind.ENTER) == kinds.count(Kind.EXIT)
    assert state.fence.stays == ()


@settings(deadline=None)
@given(WALKS, st.integers(0, 40))
def test_a_walk_may_be_stored_at_any_moment(steps: list[tuple[float, float, int]], cut: int) -> None:
    """Packed and unpacked in mid-walk, the rest of it has the same outcomes."""
    heard = walk(steps)
    state, first = live(GRID, heard[:cut])
    unpacked = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=Shopper)
    assert unpacked == state
    assert first + live(GRID, heard[cut:], start=restored(unpacked))[1] == live(GRID, heard)[1]


@settings(deadline=None)
@given(WALKS, st.lists(st.integers(0, 300), max_size=20))
def test_timers_bring_nothing_that_the_next_fix_would_not(steps: list[tuple[float, float, int]], at: list[int]) -> None:
    """A replay without timers has the same outcomes."""
    heard = walk(steps)
    timers: list[Heard] = [Until(NOON + 1000 * second) for second in at]
    mixed = sorted([*heard, *timers], key=lambda one: one.ts)
    last = [Until(NOON + DAY_MS)]
    assert live(GRID, [*mixed, *last])[1] == live(GRID, [*heard, *last])[1]


@settings(deadline=None)
@given(WALKS)
def test_repeats_change_nothing(steps: list[tuple[float, float, int]]) -> None:
    """A fix delivered twice is dropped, and the rest of the day is the same."""
    heard = walk(steps)
    twice = [one for each in heard for one in (each, each)]
    assert crossings(live(GRID, twice)[1]) == crossings(live(GRID, heard)[1])


def test_where_it_is_certain_a_push_comes_as_early_as_with_fixes() -> None:
    """Good fixes in the middle of the wine: enter and both decisions at the same seconds as without a belief."""
    good = stand(1.0, 5.5, 8, accuracy=0.3)
    assert seen(live(GRID, good)[1]) == seen(live(FIXES, good)[1])


def test_where_it_is_doubtful_a_visit_counts_and_nothing_is_pushed() -> None:
    """Poor fixes in the wine: probably a visit, but nobody's phone buzzes for it; by the fixes alone it would."""
    poor = stand(2.5, 5.0, 14, accuracy=2.0)
    outcomes = live(GRID, poor)[1]
    assert Kind.ENTER in {crossed.kind for crossed in crossings(outcomes) if crossed.zone == "wine"}
    assert not [one for one in outcomes if isinstance(one, Decision)]
    assert [one for one in live(FIXES, poor)[1] if isinstance(one, Decision)]


def test_nobody_is_told_of_certainty() -> None:
    """That it is certain enough to push is the engine's own affair: outcomes hold enter, dwell and exit."""
    outcomes = live(GRID, stand(1.0, 5.5, 8, accuracy=0.3))[1]
    assert {crossed.kind for crossed in crossings(outcomes)} == {Kind.ENTER, Kind.DWELL}


def test_without_location_nothing_is_believed() -> None:
    """Who withdraws consent to location leaves no belief behind."""
    state, _ = live(GRID, stand(1.0, 5.5, 8, accuracy=0.3))
    assert state.belief is not None
    withdrawal = ConsentChange(NOON + 9_000, location=False)
    assert live(GRID, [withdrawal], start=state)[0].belief is None
