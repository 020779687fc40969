"""Fixes become a track: each is taken, or dropped for a reason, by event time and walking speed.

A fix that hardly says where is vague. One that is not newer than the last one is late or repeated. One that would need
running is a jump; its allowance grows with its own stated error, and three jumps in a row that agree with one another
are believed: the track was wrong. Jumps agree when one can walk from each to the next, so noise that throws fixes all
over the floor is never believed, nor is one bad fix that is delivered three times.
"""

from enum import StrEnum
from math import hypot

from msgspec import Struct

from offer_engine.messages import Position

WALK_M_PER_S = 3.0  # nobody in a shop is faster (the gate used by Bermuda for Home Assistant)
DEFAULT_ACCURACY_M = 2.0  # median error of Bluetooth in a store (docs/glossary.md: fix)
ALLOWANCE = 3.0  # times the median error: passes 99.8 % of Gaussian errors in two dimensions
VAGUE_M = 15.0  # a fix with a larger median error says nothing about zones in a shop
BELIEVED_AFTER = 3  # jumps in a row
STRIDE_M = 1.0  # whoever is seen at least once a metre is seen in every zone worth the name
STRIDE_S = 10.0  # after a longer silence nobody knows the way


class Dropped(StrEnum):
    """Why a fix was not used."""

    LATE = "late"
    REPEATED = "repeated"
    JUMP = "jump"
    VAGUE = "vague"
    FLOOR = "floor"  # it is of a storey without zones: it says no more than that the shopper is in none


class Track(Struct, frozen=True, gc=False):
    """The last fix that was believed, and the jumps refused since."""

    ts: int
    x: float
    y: float
    jumps: int = 0  # refused in a row, each within reach of the one before
    jump: tuple[int, float, float] | None = None  # ts, x, y of the last of them


def follow(track: Track | None, fix: Position) -> Track | Dropped:
    """Take the next fix, or say why not.

    >>> follow(Track(ts=0, x=0.0, y=0.0), Position(ts=1000, x=1.0, y=0.0)).x
    1.0
    >>> follow(Track(ts=1000, x=0.0, y=0.0), Position(ts=1000, x=1.0, y=0.0))
    <Dropped.REPEATED: 'repeated'>
    """
    if fix.accuracy is not None and fix.accuracy > VAGUE_M:
        return Dropped.VAGUE
    if track is None:
        return Track(fix.ts, fix.x, fix.y)
    if fix.ts <= track.ts:
        return Dropped.REPEATED if fix.ts == track.ts else Dropped.LATE
    if is_in_reach(track.ts, track.x, track.y, fix):
        return Track(fix.ts, fix.x, fix.y)
    if track.jump is not None and fix.ts <= track.jump[0]:
        return Dropped.REPEATED if fix.ts == track.jump[0] else Dropped.LATE
    is_believed = _agreeing(track, fix) >= BELIEVED_AFTER
    return Track(fix.ts, fix.x, fix.y) if is_believed else Dropped.JUMP


def jumped(track: Track, fix: Position) -> Track:
    """The track after `fix` was refused as a jump."""
    return Track(track.ts, track.x, track.y, _agreeing(track, fix), (fix.ts, fix.x, fix.y))


def strode(track: Track, fix: Position) -> tuple[float, float] | None:
    """Where a stride began that is long enough to have led through a zone unseen; None for all shorter steps.

    A step no longer than the fix's own error may be nothing but that error, which crosses no zone. Neither does a wrong
    track that is put right.

    >>> strode(Track(ts=0, x=0.0, y=0.0), Position(ts=1000, x=2.5, y=0.0, accuracy=0.5))
    (0.0, 0.0)
    >>> strode(Track(ts=0, x=0.0, y=0.0), Position(ts=1000, x=0.9, y=0.0, accuracy=0.5))
    >>> strode(Track(ts=0, x=0.0, y=0.0), Position(ts=1000, x=2.5, y=0.0, accuracy=3.0))
    """
    least_m = max(STRIDE_M, fix.accuracy or DEFAULT_ACCURACY_M)
    east, north = fix.x - track.x, fix.y - track.y
    if east * east + north * north <= least_m * least_m or fix.ts - track.ts > STRIDE_S * 1000:
        return None
    return (track.x, track.y) if is_in_reach(track.ts, track.x, track.y, fix) else None


def _agreeing(track: Track, fix: Position) -> int:
    """How many jumps in a row tell the same story, with this one."""
    return track.jumps + 1 if track.jump is not None and is_in_reach(*track.jump, fix) else 1


def is_in_reach(ts: int, x: float, y: float, fix: Position) -> bool:
    """Whether somebody who was at (x, y) at `ts` can be where the later fix is, as far as it can be trusted."""
    reach_m = WALK_M_PER_S * (fix.ts - ts) / 1000 + ALLOWANCE * (fix.accuracy or DEFAULT_ACCURACY_M)
    return hypot(fix.x - x, fix.y - y) <= reach_m
