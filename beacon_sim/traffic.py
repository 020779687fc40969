"""Turns the ways of many shoppers into walks and stands that keep clear of one another, as people do.

Whoever sets out knows where everybody else stands or is walking to, and plans once, by `lanes`. At a shelf where
somebody stands already, or is on the way to, one stands beside them.

It takes no chance and no time of its own: a walk takes as long as its way at the shopper's speed, whoever is met.
Nobody waits for anybody, and where it is too narrow for two people squeeze past each other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from beacon_sim.floor import Floor, Path, Point
from beacon_sim.lanes import OF_INTEREST_M, Floats, weave
from beacon_sim.walk import Walk, walk_along
from offer_engine.core.store_map import StoreMap

Bounds = tuple[float, float, float, float]  # west, south, east, north

SHORT_M = 1.2  # ways as short as this are walked as they are
ELBOW_M = 0.65  # nobody stands as near as this to another if there is room beside them
ROOM_M = 2.3  # how far from the shelf's own place one stands at most
REACH_M = 0.8  # and how far from a shelf


@dataclass(frozen=True, slots=True)
class _Track:
    """One shopper's present walk, laid out for asking where they are at many times."""

    ends_ms: float
    end: Point
    room_m: float
    bounds: Bounds
    at_ms: Floats
    x: Floats
    y: Floats


class Traffic:
    """Who walks and stands where, from now on."""

    def __init__(self, store: StoreMap, floor: Floor, *, is_considerate: bool = True) -> None:
        """Nobody is in the store yet; the inconsiderate walk and stand as if alone, which is good for comparing."""
        self._is_considerate = is_considerate
        self._floor = floor
        self._zones = [zone.area for zone in store.zones.values() if zone.kind != "promo"]
        cells = floor.cells[floor.is_reachable]
        shelves = shapely.union_all([fixture.area for fixture in store.fixtures])
        self._at_shelves = cells[shapely.dwithin(shelves, shapely.points(cells), REACH_M)]
        self._beside: dict[Point, tuple[Point, ...]] = {}
        self._tracks: dict[str, _Track] = {}

    def moves(self, who: str, walk: Walk, room_m: float = 0.0) -> None:
        """From now on `who` is on this walk, and stands at its end after it; others give a cart `room_m` more."""
        self._tracks[who] = _track(walk, room_m)

    def leaves(self, who: str) -> None:
        """`who` is no longer in the store."""
        del self._tracks[who]

    # --- standing ---------------------------------------------------------------------------------------------------

    def spot(self, who: str, wanted: Point) -> Point:
        """Where to stand for what is at `wanted`: there, or beside it if somebody has that place or is going there."""
        if not self._is_considerate:
            return wanted
        x, y = wanted
        ends = [track.end for other, track in self._tracks.items() if other != who]
        reach = ROOM_M + ELBOW_M
        near = [end for end in ends if abs(end[0] - x) < reach and abs(end[1] - y) < reach]
        if all(math.dist(wanted, end) >= ELBOW_M for end in near):
            return wanted
        for spot in self._places_beside(wanted):
            if all(math.dist(spot, end) >= ELBOW_M for end in near):
                return spot
        return wanted

    def _places_beside(self, wanted: Point) -> tuple[Point, ...]:
        """Places of the same zone in front of a shelf, nearest first."""
        known = self._beside.get(wanted)
        if known is None:
            cells = self._at_shelves[np.hypot(*(self._at_shelves - wanted).T) <= ROOM_M]
            zone = next((area for area in self._zones if area.covers(shapely.Point(wanted))), None)
            if zone is not None:
                cells = cells[shapely.contains_xy(zone, cells[:, 0], cells[:, 1])]
            cells = cells[self._floor.in_sight(wanted, cells)]
            order = np.argsort(np.hypot(*(cells - wanted).T), kind="stable")
            known = self._beside[wanted] = tuple((float(x), float(y)) for x, y in cells[order])
        return known

    # --- walking ----------------------------------------------------------------------------------------------------

    def walk(self, who: str, way: Path, speed_m_s: float, now_ms: float) -> Walk:
        """How `who` walks a way, setting out now, past everybody who will be near it."""
        plain = walk_along(way, speed_m_s, now_ms)
        if way.length_m <= SHORT_M or not self._is_considerate:
            return plain
        near = self._near(who, _bounds(plain))
        if not near:
            return plain
        room_m = np.array([track.room_m for track in near])
        woven = weave(plain, lambda at_ms: _places(near, at_ms), room_m, self._floor.is_free)
        return woven if woven is plain or self._floor.is_clear(woven.points) else plain

    def _near(self, who: str, bounds: Bounds) -> list[_Track]:
        """Those who stand or walk within reach of these bounds."""
        west, south, east, north = bounds
        west, south, east, north = (
            west - OF_INTEREST_M,
            south - OF_INTEREST_M,
            east + OF_INTEREST_M,
            north + OF_INTEREST_M,
        )
        near = list[_Track]()
        for other, track in self._tracks.items():
            x0, y0, x1, y1 = track.bounds
            if x0 < east and x1 > west and y0 < north and y1 > south and other != who:
                near.append(track)
        return near


def _bounds(walk: Walk) -> Bounds:
    xs, ys = zip(*walk.points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _track(walk: Walk, room_m: float) -> _Track:
    corners = np.array(walk.points)
    return _Track(
        ends_ms=walk.at_ms[-1],
        end=walk.points[-1],
        room_m=room_m,
        bounds=_bounds(walk),
        at_ms=np.array(walk.at_ms),
        x=corners[:, 0],
        y=corners[:, 1],
    )


def _places(tracks: Sequence[_Track], at_ms: Floats) -> Floats:
    """Where each is at each time, shape (times, tracks, 2)."""
    places = np.empty((len(at_ms), len(tracks), 2))
    for number, track in enumerate(tracks):
        if track.ends_ms <= at_ms[0]:
            places[:, number] = track.end
        else:
            places[:, number, 0] = np.interp(at_ms, track.at_ms, track.x)
            places[:, number, 1] = np.interp(at_ms, track.at_ms, track.y)
    return places
