"""The law of visits to zones, under walks, noise, gaps and timers; and each number of a zone, case by case."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as with_
from shapely import MultiPolygon

from offer_engine.core.geofence import FAR, Cause, Fence, Kind, Transition, advance, cross, end, moved, step
from offer_engine.core.store_map import Zone
from offer_engine.core.zone_index import ZoneIndex, compile_zones
from tests.core.worlds import STORE

BOX = Zone(
    key="box",
    label="Box",
    kind="dept",
    floor=0,
    area=MultiPolygon([shapely.box(0, 0, 4, 4)]),
    min_inside_ms=2000,
    min_dwell_ms=5000,
    min_outside_ms=3000,
    exit_margin_m=1.0,
    timeout_ms=20_000,
)
Fix = tuple[int, float, float]  # ts, x, y
IN, BAND, OUT = 2.0, 4.5, 9.0  # x of a fix inside the box, within its margin, and beyond


def box(zone: Zone = BOX) -> ZoneIndex:
    """A floor with one zone."""
    return compile_zones({zone.key: zone})


def walk(
    index: ZoneIndex, fixes: Iterable[Fix], timers: Iterable[int] = (), *, careful: bool = False
) -> list[Transition]:
    """Every transition of a walk in event time, until all that is due has happened.

    `careful` looks at everything at every fix instead of trusting that nothing is due.
    """
    events = sorted([(ts, 0, None) for ts in timers] + [(fix[0], 1, fix) for fix in fixes])
    fence, last_ts, found = Fence(), 0, list[Transition]()
    for ts, _, fix in events:
        if fix is None:
            fence, crossed = advance(index.zones, fence, last_ts, ts)
        else:
            last_ts = last_ts if found or fence.stays else ts
            fence = with_(fence, inside=None, due=0) if careful else fence
            fence, crossed = step(index, fence, last_ts, *fix)
            last_ts = ts
        found += crossed
    return found + list(advance(index.zones, fence, last_ts, FAR - 1)[1])


def strides(index: ZoneIndex, fixes: Iterable[Fix]) -> list[Transition]:
    """The same, when every step is a stride."""
    fence, last, found = Fence(), (0, 0.0, 0.0), list[Transition]()
    for number, fix in enumerate(fixes):
        last = last if number else fix
        fence, crossed = step(index, fence, last[0], *fix)
        fence, passed = cross(index, fence, last[0], fix[0], last[1:], fix[1:])
        found += [*crossed, *passed]
        last = fix
    return found + list(advance(index.zones, fence, last[0], FAR - 1)[1])


def seen(transitions: Iterable[Transition]) -> list[tuple[int, str]]:
    """What happened when, in seconds."""
    return [(transition.at // 1000, transition.cause or transition.kind) for transition in transitions]


def each_second(*xs: float) -> list[Fix]:
    """One fix a second at y = 2, beginning at 0."""
    return [(n * 1000, x, 2.0) for n, x in enumerate(xs)]


CASES: Mapping[str, tuple[Zone, list[Fix], list[tuple[int, str]]]] = {
    "a fix alone is no visit": (BOX, each_second(IN, OUT), []),
    "one second short of min_inside": (BOX, each_second(IN, IN, OUT), []),
    "min_inside is enough": (BOX, each_second(IN, IN, IN, *[OUT] * 4), [(2, "enter"), (6, "walked")]),
    "fixes inside must be consecutive to enter": (BOX, each_second(IN, IN, BAND, IN, IN, OUT), []),
    "zero min_inside enters at the first fix": (
        replace(BOX, min_inside_ms=0),
        each_second(IN, *[OUT] * 4),
        [(0, "enter"), (4, "walked")],
    ),
    "dwell counts from the first fix inside": (
        BOX,
        each_second(*[IN] * 7, *[OUT] * 4),
        [(2, "enter"), (5, "dwell"), (10, "walked")],
    ),
    "enter and dwell together where dwelling needs no longer": (
        replace(BOX, min_dwell_ms=1000),
        each_second(IN, IN, IN, *[OUT] * 4),
        [(2, "enter"), (2, "dwell"), (6, "walked")],
    ),
    "at the margin one still stays": (
        BOX,
        each_second(IN, IN, IN, *[BAND] * 5, *[OUT] * 4),
        [(2, "enter"), (5, "dwell"), (11, "walked")],
    ),
    "a short way out is no exit": (
        BOX,
        each_second(*[IN] * 7, OUT, OUT, IN, *[OUT] * 4),
        [(2, "enter"), (5, "dwell"), (13, "walked")],
    ),
    "once beyond the margin only the zone itself counts as back": (
        BOX,
        each_second(IN, IN, IN, OUT, BAND, BAND, BAND, BAND),
        [(2, "enter"), (6, "walked")],
    ),
    "a dwell that fell due outside happens on coming back": (
        BOX,
        each_second(IN, IN, IN, IN, OUT, OUT, IN, *[OUT] * 4),
        [(2, "enter"), (6, "dwell"), (10, "walked")],
    ),
    "without a margin the edge is the border": (
        replace(BOX, exit_margin_m=0.0),
        each_second(IN, IN, IN, *[BAND] * 4),
        [(2, "enter"), (6, "walked")],
    ),
    "zero min_outside exits at the first fix beyond": (
        replace(BOX, min_outside_ms=0),
        each_second(IN, IN, IN, OUT),
        [(2, "enter"), (3, "walked")],
    ),
    "silence ends a visit": (
        BOX,
        each_second(IN, IN, IN),
        [(2, "enter"), (5, "dwell"), (22, "lost")],
    ),
    "silence before entering is no visit": (BOX, [(0, IN, 2.0), (21_000, IN, 2.0), (22_000, OUT, 2.0)], []),
    "after a long silence it is another visit": (
        BOX,
        [*each_second(IN, IN, IN), *[(60_000 + fix[0], *fix[1:]) for fix in each_second(IN, IN, IN)]],
        [(2, "enter"), (5, "dwell"), (22, "lost"), (62, "enter"), (65, "dwell"), (82, "lost")],
    ),
    "no dwell after the timeout": (
        replace(BOX, timeout_ms=2500),
        each_second(IN, IN, IN),
        [(2, "enter"), (4, "lost")],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_number_of_a_zone_does_what_it_says(case: str) -> None:
    """The numbers in the map file, one by one: fixes a second apart, and what happens when."""
    zone, fixes, expected = CASES[case]
    assert seen(walk(box(zone), fixes)) == expected


def test_the_edge_of_a_zone_is_inside() -> None:
    """Standing on the line counts."""
    assert [kind for _, kind in seen(walk(box(), each_second(4.0, 4.0, 4.0)))] == ["enter", "dwell", "lost"]


def test_ending_exits_only_what_was_entered() -> None:
    """Somebody about to enter a zone has not been there."""
    fence, _ = step(box(), Fence(), 0, 0, IN, 2.0)
    assert end(fence, 500) == (Fence(past=500), ())
    for ts in (1000, 2000):
        fence, _ = step(box(), fence, ts - 1000, ts, IN, 2.0)
    after, (left,) = end(fence, 2500)
    assert left == Transition(2500, Kind.EXIT, "box", 0, Cause.ENDED)
    assert after == Fence(past=2500)


def test_an_end_that_comes_late_does_not_turn_back_time() -> None:
    """A visit cannot end before what has already happened in it."""
    fence, _ = step(box(), Fence(), 0, 0, IN, 2.0)
    fence, _ = step(box(), fence, 0, 2000, IN, 2.0)
    fence, (dwelled,) = advance(box().zones, fence, 2000, 6000)
    assert dwelled.at == 5000
    assert [left.at for left in end(fence, 3000)[1]] == [5000]


def test_a_zone_that_is_gone_from_the_map_is_left() -> None:
    """Whoever was in it when the map changed gets the exit; whoever was about to enter gets nothing."""
    fence, _ = step(box(), Fence(), 0, 0, IN, 2.0)
    about_to = with_(fence, inside=None, due=0)
    assert advance({}, about_to, 0, 100) == (Fence(inside=None), ())
    fence, _ = step(box(), fence, 0, 2000, IN, 2.0)
    after, (left,) = advance({}, with_(fence, inside=None, due=0), 2000, 2100)
    assert left == Transition(2000, Kind.EXIT, "box", 0, Cause.REMOVED)
    assert after.stays == ()


def test_a_zone_with_new_numbers_does_not_turn_back_time() -> None:
    """A shorter timeout on the new map ends a stay no earlier than its newest transition."""
    fence, _ = step(box(), Fence(), 0, 0, IN, 2.0)
    fence, _ = step(box(), fence, 0, 2000, IN, 2.0)
    fence, _ = advance(box().zones, fence, 2000, 6000)
    shorter = {"box": replace(BOX, timeout_ms=1000)}
    _, (left,) = advance(shorter, with_(fence, inside=None, due=0), 2000, 6000)
    assert (left.at, left.cause) == (5000, Cause.LOST)


# --- strides ----------------------------------------------------------------------------------------------------

STRIDES: Mapping[str, tuple[list[Fix], list[tuple[int, str]]]] = {
    "through": ([(0, -1.0, 2.0), (1000, 5.0, 2.0)], [(1, "cross")]),
    "past": ([(0, -1.0, 4.1), (1000, 5.0, 4.1)], []),
    "over a corner": ([(0, -1.0, 3.0), (1000, 2.0, 6.0)], [(1, "cross")]),
    "in, but not for long enough": ([(0, -1.0, 2.0), (1000, 2.0, 2.0), (2000, 5.0, 2.0)], []),
    "out and back": (
        [*each_second(IN, IN, IN), (3000, -5.0, 2.0), (6000, -5.0, 2.0), (7000, 9.0, 2.0)],
        [(2, "enter"), (6, "walked"), (7, "cross")],
    ),
    "across what still counts as in": (
        [*each_second(IN, IN, IN), (3000, -5.0, 2.0), (4000, 9.0, 2.0), (6000, 9.0, 2.0)],
        [(2, "enter"), (6, "walked")],
    ),
}


@pytest.mark.parametrize("case", STRIDES)
def test_a_stride_may_cross(case: str) -> None:
    """Only who was outside before and after, and is not still counted as in, has crossed."""
    fixes, expected = STRIDES[case]
    assert seen(strides(box(), fixes)) == expected


# --- beliefs: three levels of being inside -----------------------------------------------------------------------

OUTSIDE, NEAR, INSIDE, CERTAIN = range(4)  # how much a look at a belief says of the box


def looked(zone: Zone, looks: Iterable[int], *, every_ms: int = 1000) -> list[Transition]:
    """Every transition of these looks, one a second from 0 on, until all that is due has happened."""
    fence, found, ts = Fence(), list[Transition](), 0
    zones, keys = {zone.key: zone}, (zone.key,)
    for number, level in enumerate(looks):
        last_ts, ts = ts, every_ms * number
        levels = [keys if level >= least else () for least in (INSIDE, NEAR, CERTAIN)]
        fence, crossed = moved(zones, fence, last_ts, ts, *levels)
        found += crossed
    return found + list(advance(zones, fence, ts, FAR - 1)[1])


LOOKS: Mapping[str, tuple[list[int], list[tuple[int, str]]]] = {
    "inside enters, and without certainty nobody dwells": ([INSIDE] * 9, [(2, "enter"), (28, "lost")]),
    "certain all along": ([CERTAIN] * 7, [(2, "enter"), (2, "sure"), (5, "dwell"), (26, "lost")]),
    "certain before the enter is not enough": ([CERTAIN, *[INSIDE] * 6], [(2, "enter"), (26, "lost")]),
    "certain at last": ([*[INSIDE] * 7, CERTAIN], [(2, "enter"), (7, "sure"), (7, "dwell"), (27, "lost")]),
    "certain for a moment, too early to dwell": (
        [*[INSIDE] * 3, CERTAIN, *[INSIDE] * 5],
        [(2, "enter"), (3, "sure"), (28, "lost")],
    ),
    "certain again when it is time to dwell": (
        [*[INSIDE] * 3, CERTAIN, *[INSIDE] * 4, CERTAIN],
        [(2, "enter"), (3, "sure"), (8, "dwell"), (28, "lost")],
    ),
    "in doubt one stays": ([*[CERTAIN] * 3, *[NEAR] * 9], [(2, "enter"), (2, "sure"), (31, "lost")]),
    "in doubt one does not enter": ([INSIDE, INSIDE, *[NEAR] * 9], []),
    "out": ([*[INSIDE] * 3, *[OUTSIDE] * 5], [(2, "enter"), (6, "walked")]),
}


@pytest.mark.parametrize("case", LOOKS)
def test_a_belief_has_levels(case: str) -> None:
    """What each level of a belief brings about, and when."""
    looks, expected = LOOKS[case]
    assert seen(looked(BOX, looks)) == expected


@given(st.lists(st.integers(OUTSIDE, CERTAIN), max_size=60), st.sampled_from([500, 1000, 4000, 21_000]))
def test_looks_at_a_belief_are_lawful(looks: list[int], every_ms: int) -> None:
    """Enter, at most one sure and after it at most one dwell, exit; whoever dwells has been certain."""
    found = looked(BOX, looks, every_ms=every_ms)
    assert_lawful(crossed for crossed in found if crossed.kind is not Kind.SURE)
    order = "".join({Kind.ENTER: "e", Kind.SURE: "s", Kind.DWELL: "d", Kind.EXIT: "x"}[one.kind] for one in found)
    assert re.fullmatch(r"(e(sd?)?x)*", order)


# --- the law, on the tiny store's three zones, two of which overlap the third -------------------------------------

INDEX = compile_zones(STORE.zones)
STEPS = st.tuples(
    st.sampled_from([1, 250, 500, 1000, 1000, 1000, 2500, 7000, 25_000]),  # ms since the fix before
    st.sampled_from([2.0, 3.5, 4.0, 4.5, 5.5, 6.5, 8.0, 12.0]),
    st.sampled_from([1.0, 3.5, 5.0, 7.0]),
)


@st.composite
def walks(draw: st.DrawFn) -> list[Fix]:
    """Fixes in event time that linger: each place is held for a few fixes."""
    ts, fixes = 1000, list[Fix]()
    for gap_ms, x, y in draw(st.lists(STEPS, max_size=15)):
        for _ in range(draw(st.integers(1, 5))):
            ts += gap_ms
            fixes.append((ts, x + draw(st.floats(-0.6, 0.6)), y))
    return fixes


TIMERS = st.lists(st.integers(0, 200_000), max_size=40)


def assert_lawful(transitions: Iterable[Transition]) -> None:
    """Per zone: enter, at most one dwell, exit, crosses between; never backwards in time, in all zones together."""
    state: dict[str, Kind] = {}
    latest = 0
    for crossed in transitions:
        before = state.get(crossed.zone, Kind.EXIT)
        follows = {
            Kind.EXIT: {Kind.ENTER, Kind.CROSS},
            Kind.ENTER: {Kind.DWELL, Kind.EXIT},
            Kind.DWELL: {Kind.EXIT},
        }
        assert crossed.kind in follows[before], (before, crossed)
        assert crossed.at >= max(latest, crossed.since)
        assert (crossed.cause is not None) == (crossed.kind is Kind.EXIT)
        state[crossed.zone] = before if crossed.kind is Kind.CROSS else crossed.kind
        latest = crossed.at


@given(walks(), TIMERS)
def test_a_visit_is_enter_at_most_one_dwell_exit(fixes: list[Fix], timers: list[int]) -> None:
    """And once everything due has happened, everybody is out."""
    found = walk(INDEX, fixes, timers)
    assert_lawful(found)
    kinds = [crossed.kind for crossed in found]
    assert kinds.count(Kind.ENTER) == kinds.count(Kind.EXIT)


@given(walks())
def test_crosses_are_lawful_and_change_nothing_else(fixes: list[Fix]) -> None:
    """They come between visits, of zones that the way meets; every other transition is as without them."""
    found = strides(INDEX, fixes)
    assert_lawful(found)
    assert [one for one in found if one.kind is not Kind.CROSS] == walk(INDEX, fixes)
    places = {ts: (x, y) for ts, x, y in fixes}
    for one in found:
        if one.kind is Kind.CROSS:
            way = shapely.LineString([places[one.since], places[one.at]])
            assert way.distance(STORE.zones[one.zone].area) < 1e-9


@given(walks(), TIMERS)
def test_timers_change_nothing(fixes: list[Fix], timers: list[int]) -> None:
    """A replay without timers gives the transitions of the live day."""
    assert walk(INDEX, fixes, timers) == walk(INDEX, fixes)


@given(walks())
def test_trusting_that_nothing_is_due_changes_nothing(fixes: list[Fix]) -> None:
    """The short cut for most fixes gives what the long way gives."""
    assert walk(INDEX, fixes) == walk(INDEX, fixes, careful=True)


@given(walks(), st.sampled_from(sorted(STORE.zones)))
def test_zones_do_not_know_of_one_another(fixes: list[Fix], zone: str) -> None:
    """On a map with one zone only, that zone's visits are the same."""
    alone = compile_zones({zone: STORE.zones[zone]})
    assert walk(alone, fixes) == [crossed for crossed in walk(INDEX, fixes) if crossed.zone == zone]


@given(walks(), st.integers(0, 10**9))
def test_event_time_has_no_origin(fixes: list[Fix], shift: int) -> None:
    """The same walk later gives the same transitions, later by as much."""
    moved = walk(INDEX, [(ts + shift, x, y) for ts, x, y in fixes])
    assert moved == [
        with_(crossed, at=crossed.at + shift, since=crossed.since + shift) for crossed in walk(INDEX, fixes)
    ]
