"""A track takes what a walker can do, drops the rest for a reason, and lets itself be corrected."""

from math import hypot

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offer_engine.core.tracking import (
    ALLOWANCE,
    BELIEVED_AFTER,
    DEFAULT_ACCURACY_M,
    WALK_M_PER_S,
    Dropped,
    Track,
    follow,
    jumped,
    strode,
)
from offer_engine.messages import Position

HERE = Track(ts=10_000, x=0.0, y=0.0)


def followed(fixes: list[Position], track: Track | None = None) -> tuple[Track | None, list[Dropped | None]]:
    """The track after these fixes, and what became of each (None: taken)."""
    fates: list[Dropped | None] = []
    for fix in fixes:
        after = follow(track, fix)
        fates.append(after if isinstance(after, Dropped) else None)
        if not isinstance(after, Dropped):
            track = after
        elif after is Dropped.JUMP and track is not None:
            track = jumped(track, fix)
    return track, fates


def jump(ts: int, x: float, accuracy: float | None = None) -> Position:
    """A fix at (x, 0)."""
    return Position(ts=ts, x=x, y=0.0, accuracy=accuracy)


@pytest.mark.parametrize(
    ("fix", "fate"),
    [
        (jump(9_999, 0), Dropped.LATE),
        (jump(10_000, 1), Dropped.REPEATED),
        (jump(11_000, 9.0), None),  # 3 m walked and 3 times 2 m of error: just in reach
        (jump(11_000, 9.1), Dropped.JUMP),
        (jump(11_000, 3.3, accuracy=0.1), None),
        (jump(11_000, 3.4, accuracy=0.1), Dropped.JUMP),
        (jump(70_000, 180), None),  # a minute of silence is a long way
        (jump(11_000, 45, accuracy=15), None),  # a source that admits to know little is allowed much
        (jump(11_000, 1, accuracy=15.1), Dropped.VAGUE),  # but not everything
    ],
)
def test_each_fix_has_its_fate(fix: Position, fate: Dropped | None) -> None:
    """Ten seconds into a walk at the origin."""
    after = follow(HERE, fix)
    assert (after if isinstance(after, Dropped) else None) == fate


def test_the_first_fix_is_taken() -> None:
    """There is nothing to doubt it by."""
    assert follow(None, jump(5, 3)) == Track(5, 3, 0)


def test_three_jumps_that_agree_are_believed() -> None:
    """The track was wrong: the third fix at the new place moves it there."""
    track, fates = followed([jump(11_000, 40), jump(12_000, 41), jump(13_000, 40)], HERE)
    assert fates == [Dropped.JUMP, Dropped.JUMP, None]
    assert track == Track(13_000, 40, 0)


def test_jumps_all_over_the_floor_are_not_believed() -> None:
    """Each contradicts the one before, so none is better than the track."""
    track, fates = followed([jump(11_000 + 500 * n, 40.0 if n % 2 else -40.0) for n in range(6)], HERE)
    assert fates == [Dropped.JUMP] * 6
    assert track is not None
    assert (track.ts, track.x) == (HERE.ts, HERE.x)


def test_a_believable_fix_clears_the_jumps() -> None:
    """Two jumps, one honest fix, two jumps: five fixes, and nothing to believe."""
    jumps = [jump(11_000, 40), jump(12_000, 40), jump(13_000, 1), jump(14_000, 40), jump(15_000, 40)]
    assert followed(jumps, HERE)[1] == [Dropped.JUMP, Dropped.JUMP, None, Dropped.JUMP, Dropped.JUMP]


def test_one_jump_delivered_thrice_is_one_jump() -> None:
    """A source that repeats itself gives no new evidence."""
    assert followed([jump(11_000, 40)] * 4, HERE)[1] == [Dropped.JUMP, *[Dropped.REPEATED] * 3]


Fixes = st.lists(
    st.builds(
        Position,
        ts=st.integers(0, 60_000),
        x=st.floats(-50, 50),
        y=st.floats(-50, 50),
        accuracy=st.none() | st.floats(0.1, 5),
    ),
    max_size=40,
)


@given(Fixes)
def test_event_time_only_goes_forward(fixes: list[Position]) -> None:
    """Whatever comes in whatever order, each fix that is taken is newer than the one before."""
    track: Track | None = None
    for fix in fixes:
        before = track
        track, (fate,) = followed([fix], track)
        if fate is None and before is not None:
            assert fix.ts > before.ts


@given(Fixes)
def test_nobody_runs_unless_three_fixes_say_so(fixes: list[Position]) -> None:
    """Between two fixes taken one after the other lies a walk, or two jumps refused."""
    track: Track | None = None
    for fix in fixes:
        before = track
        track, (fate,) = followed([fix], track)
        if fate is None and before is not None and before.jumps < BELIEVED_AFTER - 1:
            walked_m = WALK_M_PER_S * (fix.ts - before.ts) / 1000
            error_m = ALLOWANCE * (fix.accuracy or DEFAULT_ACCURACY_M)
            assert hypot(fix.x - before.x, fix.y - before.y) <= walked_m + error_m + 1e-9


@given(Fixes, st.data())
def test_repeated_fixes_change_nothing(fixes: list[Position], data: st.DataObject) -> None:
    """A fix delivered again, at once or later, leaves the track as it is."""
    track, _ = followed(fixes)
    again = data.draw(st.lists(st.sampled_from(fixes), max_size=5)) if fixes else []
    taken = [fix for fix in again if track is not None and fix.ts <= track.ts]
    assert followed(taken, track)[0] == track


@pytest.mark.parametrize(
    ("fix", "is_stride"),
    [
        (jump(11_000, 3.0, accuracy=0.5), True),
        (jump(11_000, 1.0, accuracy=0.5), False),  # seen often enough
        (jump(11_000, 3.0, accuracy=3.0), False),  # that may be the error
        (jump(11_000, 2.0), False),  # likewise, with the error that is taken where none is stated
        (jump(20_000, 9.0, accuracy=0.5), True),
        (jump(20_001, 9.0, accuracy=0.5), False),  # nobody knows the way
        (jump(13_000, 40.0, accuracy=0.5), False),  # a wrong track is put right: nobody walked there
    ],
)
def test_a_stride_is_long_and_walked(fix: Position, is_stride: bool) -> None:  # noqa: FBT001  expected
    """Ten seconds into a walk at the origin, where a stride began or that there was none."""
    assert strode(HERE, fix) == ((0.0, 0.0) if is_stride else None)
