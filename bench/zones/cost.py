"""What zones cost: CPU time of one fix, by belief and as it comes, with the store's zones and with 2,000.

By belief: from the fix through the belief to the transitions. As it comes: the speed gate, the raster, the fence, and
what a stride has crossed; the belief is off. The 2,000 zones are the floor cut into small pieces for the belief, whose
floor has a largest size, and a hundred such stores side by side for fixes as they come.
"""

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from time import process_time

import shapely
from shapely import MultiPolygon
from shapely.affinity import translate

from bench.zones.methods import believed
from bench.zones.run import Ground
from offer_engine.core import geofence
from offer_engine.core.geofence import Fence
from offer_engine.core.store_map import StoreMap, Zone
from offer_engine.core.tracking import Dropped, Track, follow, strode
from offer_engine.core.walk_model import WalkModel, compile_walk
from offer_engine.core.zone_index import ZoneIndex, compile_zones
from offer_engine.messages import Position

ROUNDS = 3  # of which the cheapest counts, trip by trip: whatever else the machine does only adds
MANY = 2_000
SHOPPERS = 500  # at a fix a second

Follow = Callable[[Sequence[Position]], object]


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU time of one step."""

    us_per_step: float  # by belief
    us_per_step_2000_zones: float
    us_per_raw_step: float  # by the fixes as they come
    us_per_raw_step_2000_zones: float
    load: float  # of the machine meanwhile: processes that wanted to run, on average

    @property
    def core_share(self) -> float:
        """Share of one core that 500 shoppers take at a fix a second, by belief."""
        return SHOPPERS * self.us_per_step / 1e6

    @property
    def raw_per_s(self) -> float:
        """Positions a second through the zone step on one core, as they come."""
        return 1e6 / self.us_per_raw_step

    @property
    def raw_per_s_2000_zones(self) -> float:
        """The same among 2,000 zones."""
        return 1e6 / self.us_per_raw_step_2000_zones


def measure(store: StoreMap, ground: Ground, trips: Sequence[Sequence[Position]]) -> Cost:
    """Follow every trip, again and again, with few zones and with many in turn."""
    many = _many(store)
    crowded = compile_walk(store, many)
    index, wide = compile_zones(store.zones), compile_zones(_repeated(store))
    return Cost(
        us_per_step=_us_per_step(_by_belief(ground.model, ground.zones), trips),
        us_per_step_2000_zones=_us_per_step(_by_belief(crowded, many), trips) if crowded is not None else float("nan"),
        us_per_raw_step=_us_per_step(lambda fixes: _as_they_come(index, fixes), trips),
        us_per_raw_step_2000_zones=_us_per_step(lambda fixes: _as_they_come(wide, fixes), trips),
        load=os.getloadavg()[0],
    )


def _by_belief(model: WalkModel, zones: Mapping[str, Zone]) -> Follow:
    return lambda fixes: believed(model, zones, fixes, fixes[-1].ts)


def _as_they_come(index: ZoneIndex, fixes: Sequence[Position]) -> None:
    track: Track | None = None
    fence = Fence()
    for fix in fixes:
        after = follow(track, fix)
        if isinstance(after, Dropped):
            continue
        last = after if track is None else track
        fence, _ = geofence.step(index, fence, last.ts, fix.ts, fix.x, fix.y)
        came = strode(last, fix)
        if came is not None:
            fence, _ = geofence.cross(index, fence, last.ts, fix.ts, came, (fix.x, fix.y))
        track = after


def _us_per_step(run: Follow, trips: Sequence[Sequence[Position]]) -> float:
    return 1e6 * sum(_least_s(run, fixes) for fixes in trips) / sum(map(len, trips))


def _least_s(run: Follow, fixes: Sequence[Position]) -> float:
    rounds = list[float]()
    for _ in range(ROUNDS):
        began = process_time()
        run(fixes)
        rounds.append(process_time() - began)
    return min(rounds)


def _repeated(store: StoreMap) -> dict[str, Zone]:
    """The store and copies of it, side by side, with 2,000 zones or a few more: a floor as busy, but vast."""
    west, south, east, north = store.level.bounds
    copies = math.ceil(MANY / len(store.zones))
    across = math.ceil(math.sqrt(copies))
    return {
        f"{key}-{copy}": replace(
            zone,
            key=f"{key}-{copy}",
            area=translate(zone.area, copy % across * (east - west), copy // across * (north - south)),
        )
        for copy in range(copies)
        for key, zone in store.zones.items()
    }


def _many(store: StoreMap) -> dict[str, Zone]:
    """The floor cut into 2,000 zones that do not overlap."""
    west, south, east, north = store.level.bounds
    columns, rows = 50, MANY // 50
    width, height = (east - west) / columns, (north - south) / rows
    some = next(iter(store.zones.values()))
    return {
        f"z{column}-{row}": Zone(
            key=f"z{column}-{row}",
            label="",
            kind="dept",
            floor=0,
            area=MultiPolygon([shapely.box(x, y, x + width, y + height)]),
            min_inside_ms=some.min_inside_ms,
            min_dwell_ms=some.min_dwell_ms,
            min_outside_ms=some.min_outside_ms,
            exit_margin_m=some.exit_margin_m,
            timeout_ms=some.timeout_ms,
        )
        for column, row in islice(product(range(columns), range(rows)), MANY)
        for x, y in [(west + column * width, south + row * height)]
    }
