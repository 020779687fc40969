"""What truly happened: a true walk becomes the visits that a perfect fence would report, the measure for all others.

A *true visit* is a stay of 5 s or more. Where it begins and ends is left to the product's own fence, fed with the true
places and without an exit margin: it begins with the first moment inside, and it is over with the first moment outside
that is not followed by another inside within the zone's `min_outside`. So a step aside for a trolley is no new visit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import shapely
from shapely import MultiPolygon

from bench.zones.trips import STEP_MS, Trip
from offer_engine.core import geofence
from offer_engine.core.geofence import Cause, Fence, Kind, Transition
from offer_engine.core.store_map import StoreMap, Zone
from offer_engine.core.zone_index import compile_zones

VISIT_MS = 5_000  # a stay this long is a visit
SHELF_M = 1.0  # deepest shelf between the two aisles of a pair


@dataclass(frozen=True, slots=True)
class Visit:
    """One shopper truly in one zone, from the first moment to the last, ms since the epoch."""

    zone: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Stay:
    """One shopper reported in one zone, from the enter to the exit, ms since the epoch."""

    zone: str
    enter: int
    exit: int


def true_visits(zones: Mapping[str, Zone], trip: Trip, *, at_least_ms: int = VISIT_MS) -> tuple[Visit, ...]:
    """Every stay of 5 s or more of one trip, in the order of their ends."""
    exact = {key: replace(zone, min_inside_ms=at_least_ms, exit_margin_m=0.0) for key, zone in zones.items()}
    index = compile_zones(exact)
    fence, crossed, last_ts = Fence(), list[Transition](), trip.start_ms
    for step, (x, y) in enumerate(trip.places.tolist()):
        ts = trip.start_ms + step * STEP_MS
        fence, found = geofence.step(index, fence, last_ts, ts, x, y)
        crossed += found
        last_ts = ts
    crossed += geofence.end(fence, last_ts)[1]
    left = (item for item in crossed if item.kind is Kind.EXIT)
    return tuple(Visit(item.zone, item.since, item.at - _overdue(item, exact[item.zone])) for item in left)


def _overdue(item: Transition, zone: Zone) -> int:
    """How long the exit waited for the shopper to come back."""
    return zone.min_outside_ms if item.cause is Cause.WALKED else 0


def reported_stays(crossed: Iterable[Transition], end_ms: int, *, of: Kind = Kind.ENTER) -> tuple[Stay, ...]:
    """Pair every enter (or, for pushes, every dwell) with its exit; what is still open ends with the trip."""
    since: dict[str, int] = {}
    stays: list[Stay] = []
    for item in crossed:
        if item.kind is of:
            since[item.zone] = item.at
        elif item.kind is Kind.EXIT and item.zone in since:
            stays.append(Stay(item.zone, since.pop(item.zone), item.at))
    return (*stays, *(Stay(zone, enter, end_ms) for zone, enter in since.items()))


def with_pairs(store: StoreMap) -> dict[str, Zone]:
    """The store's zones, and beside them every two neighbouring aisles as one zone, keyed `one+other`.

    The shelf between the two belongs to the pair. Pairs are made from west to east; of an odd number one is left out.
    """
    aisles = sorted((zone for zone in store.zones.values() if zone.kind == "aisle"), key=lambda zone: zone.area.bounds)
    pairs = (_paired(one, other) for one, other in zip(aisles[::2], aisles[1::2], strict=False))
    return dict(store.zones) | {pair.key: pair for pair in pairs}


def _paired(one: Zone, other: Zone) -> Zone:
    area = shapely.union_all([one.area, other.area])
    closed = area.buffer(SHELF_M / 2, join_style="mitre").buffer(-SHELF_M / 2, join_style="mitre")
    whole = closed if isinstance(closed, MultiPolygon) else MultiPolygon([closed])
    return replace(one, key=f"{one.key}+{other.key}", label=f"{one.label}, {other.label}", area=whole)
