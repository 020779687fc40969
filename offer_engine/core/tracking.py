"""Fixes become a track: each is taken, or dropped for a reason, by event time and walking speed.

A fix that is not newer than the last one is late or repeated. One that would need running is a jump; its allowance
grows with its own stated error, and three jumps in a row that agree with one another are believed: the track was
wrong.
"""

from enum import StrEnum
from math import hypot

from msgspec import Struct

from offer_engine.messages import Position

WALK_M_PER_S = 3.0  # nobody in a shop is faster (the gate used by Bermuda for Home Assistant)
DEFAULT_ACCURACY_M = 2.0  # median error of Bluetooth in a store (docs/glossary.md: fix)
ALLOWANCE = 3.0  # times the median error: passes 99.8 % of Gaussian errors in two dimensions
BELIEVED_AFTER = 3  # jumps in a row


class Dropped(StrEnum):
    """Why a fix was not used."""

    LATE = "late"
    REPEATED = "repeated"
    JUMP = "jump"


class Track(Struct, frozen=True, gc=False):
    """The last fix that was believed, and the jumps refused since."""

    ts: int
    x: float
    y: float
    jumps: int = 0


def follow(track: Track | None, fix: Position) -> Track | Dropped:
    """Take the next fix, or say why not.

    >>> follow(Track(ts=0, x=0.0, y=0.0), Position(ts=1000, x=1.0, y=0.0))
    Track(ts=1000, x=1.0, y=0.0, jumps=0)
    >>> follow(Track(ts=1000, x=0.0, y=0.0), Position(ts=1000, x=1.0, y=0.0))
    <Dropped.REPEATED: 'repeated'>
    """
    if track is None:
        return Track(fix.ts, fix.x, fix.y)
    elapsed_ms = fix.ts - track.ts
    if elapsed_ms <= 0:
        return Dropped.REPEATED if elapsed_ms == 0 else Dropped.LATE
    reach_m = WALK_M_PER_S * elapsed_ms / 1000 + ALLOWANCE * (fix.accuracy or DEFAULT_ACCURACY_M)
    if hypot(fix.x - track.x, fix.y - track.y) > reach_m and track.jumps + 1 < BELIEVED_AFTER:
        return Dropped.JUMP
    return Track(fix.ts, fix.x, fix.y)


def jumped(track: Track) -> Track:
    """The track after one more refused jump."""
    return Track(track.ts, track.x, track.y, track.jumps + 1)
