"""What a belief costs: CPU time of one fix from belief to zone transitions, with the store's zones and with 2,000."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from time import process_time

import shapely
from shapely import MultiPolygon

from bench.zones.methods import believed
from bench.zones.run import Ground
from offer_engine.core.store_map import StoreMap, Zone
from offer_engine.core.walk_model import WalkModel, compile_walk
from offer_engine.messages import Position

ROUNDS = 3  # of which the cheapest counts, trip by trip: whatever else the machine does only adds
MANY = 2_000
SHOPPERS = 500  # at a fix a second


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU time of one step."""

    us_per_step: float
    us_per_step_2000_zones: float
    load: float  # of the machine meanwhile: processes that wanted to run, on average

    @property
    def core_share(self) -> float:
        """Share of one core that 500 shoppers take at a fix a second."""
        return SHOPPERS * self.us_per_step / 1e6


def measure(store: StoreMap, ground: Ground, trips: Sequence[Sequence[Position]]) -> Cost:
    """Follow every trip, again and again, with few zones and with many in turn."""
    many = _many(store)
    crowded = compile_walk(store, many)
    return Cost(
        us_per_step=_us_per_step(ground.model, ground.zones, trips),
        us_per_step_2000_zones=_us_per_step(crowded, many, trips) if crowded is not None else float("nan"),
        load=os.getloadavg()[0],
    )


def _us_per_step(model: WalkModel, zones: Mapping[str, Zone], trips: Sequence[Sequence[Position]]) -> float:
    return 1e6 * sum(_least_s(model, zones, fixes) for fixes in trips) / sum(map(len, trips))


def _least_s(model: WalkModel, zones: Mapping[str, Zone], fixes: Sequence[Position]) -> float:
    rounds = list[float]()
    for _ in range(ROUNDS):
        began = process_time()
        believed(model, zones, fixes, fixes[-1].ts)
        rounds.append(process_time() - began)
    return min(rounds)


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
