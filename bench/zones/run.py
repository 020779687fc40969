"""Every method on every trip, at every quality of installation: walks in, scores out.

Chosen on other seeds than these: thresholds, the walk model's shares, the smoothing and the Kalman filter's spread.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from beacon_sim.radio import Walls
from bench.zones.fixes import CASES, Case, fixes_of
from bench.zones.hindsight import known_afterwards
from bench.zones.methods import admitted, as_they_come, at_once, believed, fenced, kalman, smoothed
from bench.zones.ranges import believed_from_ranges, places_found, ranges_on
from bench.zones.score import Counts, Score, count, of_group, score
from bench.zones.trips import STEP_MS, Trip, walk_trips
from bench.zones.truth import Visit, reported_stays, true_visits, with_pairs
from offer_engine.core.geofence import Kind, Transition
from offer_engine.core.store_map import Gateway, StoreMap, Zone
from offer_engine.core.walk_model import WalkModel, compile_walk
from offer_engine.core.zone_index import compile_zones
from offer_engine.messages import Position

TUNING_SEED = 7
HELD_OUT_SEEDS = (101, 102, 103)
Group = Literal["all", "dept", "pair", "aisle"]
GROUPS: tuple[Group, ...] = ("all", "dept", "pair", "aisle")
OURS = "belief"
BOUND = "in hindsight"  # no method: what the whole trip, once known, says of each moment of it
BOUNDED = CASES[:2]  # the cases that goals were set for

Method = Callable[[Sequence[Position], int], tuple[Transition, ...]]  # fixes, the trip's end -> transitions


@dataclass(frozen=True, slots=True)
class Walked:
    """One trip with what truly happened on it."""

    trip: Trip
    seed: list[int]  # of its radio
    end_ms: int
    visits: tuple[Visit, ...]
    short: tuple[Visit, ...]  # stays too short for a visit


@dataclass(frozen=True, slots=True)
class Ground:
    """A store prepared for scoring."""

    zones: Mapping[str, Zone]  # with pairs of aisles beside the map's own
    kinds: Mapping[str, str]
    walls: Walls
    model: WalkModel
    methods: Mapping[str, Method]
    bound: Method
    gateways: Mapping[str, Gateway]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table."""

    case: Case
    method: str
    level: Literal["visit", "push"]
    scores: Mapping[Group, Score]


def prepare(store: StoreMap) -> Ground:
    """Compile a store's zones and floor for every method."""
    zones = with_pairs(store)
    kinds = {key: zone.kind if key in store.zones else "pair" for key, zone in zones.items()}
    model = compile_walk(store, zones)
    if model is None:
        raise ValueError("this floor is too large for a belief")
    index, free = compile_zones(zones), compile_zones(at_once(zones.values()))
    methods: dict[str, Method] = {
        "raw, every change": lambda fixes, end_ms: fenced(free, as_they_come(fixes), end_ms),
        "raw, debounced": lambda fixes, end_ms: fenced(index, as_they_come(fixes), end_ms),
        "smoothed, debounced": lambda fixes, end_ms: fenced(index, smoothed(fixes), end_ms),
        "Kalman, debounced": lambda fixes, end_ms: fenced(index, kalman(fixes), end_ms),
        OURS: lambda fixes, end_ms: believed(model, zones, fixes, end_ms),
    }
    gateways = {gateway.key: gateway for gateway in store.gateways}
    return Ground(
        zones,
        kinds,
        Walls(store.level),
        model,
        methods,
        bound=lambda fixes, end_ms: known_afterwards(model, zones, fixes, end_ms),
        gateways=gateways,
    )


def walk(store: StoreMap, ground: Ground, seeds: Sequence[int], trips: int) -> Iterator[Walked]:
    """`trips` trips of each seed's day."""
    for seed in seeds:
        for number, trip in enumerate(walk_trips(store, seed=seed, trips=trips)):
            visits = true_visits(ground.zones, trip)
            stays = true_visits(ground.zones, trip, at_least_ms=0)
            short = tuple(stay for stay in stays if not any(_holds(visit, stay) for visit in visits))
            yield Walked(trip, [seed, number], trip.start_ms + len(trip.places) * STEP_MS, visits, short)


def _holds(visit: Visit, stay: Visit) -> bool:
    return visit.zone == stay.zone and visit.start <= stay.start <= visit.end


def evaluate(ground: Ground, walked: Sequence[Walked], cases: Sequence[Case] = CASES) -> Iterator[Line]:
    """Score every method in every case, once by its enters and once by its dwells, which are what pushes wait for."""
    for case in cases:
        if case.source == "ranges":
            yield from _from_ranges(ground, walked, case)
            continue
        heard = [list(admitted(fixes_of(one.trip, case, ground.walls, one.seed))) for one in walked]
        methods = dict(ground.methods) | ({BOUND: ground.bound} if case in BOUNDED else {})
        for name, method in methods.items():
            crossed = [method(fixes, one.end_ms) for one, fixes in zip(walked, heard, strict=True)]
            yield Line(case, name, "visit", _scores(ground, walked, crossed, Kind.ENTER))
            yield Line(case, name, "push", _scores(ground, walked, crossed, Kind.DWELL))


def _from_ranges(ground: Ground, walked: Sequence[Walked], case: Case) -> Iterator[Line]:
    """Every method on the places found second by second, and ours once more on the ranges themselves."""
    heard = [ranges_on(one.trip, tuple(ground.gateways.values()), one.seed) for one in walked]
    found = [list(admitted(places_found(ground.model, ground.gateways, ranges))) for ranges in heard]
    ends = [one.end_ms for one in walked]
    crossed = {name: list(map(method, found, ends)) for name, method in ground.methods.items()}
    crossed[f"{OURS} on places found"] = crossed.pop(OURS)
    crossed[OURS] = [
        believed_from_ranges(ground.model, ground.zones, ground.gateways, ranges, end_ms)
        for ranges, end_ms in zip(heard, ends, strict=True)
    ]
    for name, each in crossed.items():
        yield Line(case, name, "visit", _scores(ground, walked, each, Kind.ENTER))
        yield Line(case, name, "push", _scores(ground, walked, each, Kind.DWELL))


def _scores(
    ground: Ground, walked: Sequence[Walked], crossed: Sequence[tuple[Transition, ...]], kind: Kind
) -> dict[Group, Score]:
    counts: dict[Group, list[Counts]] = {group: [] for group in GROUPS}
    for one, found in zip(walked, crossed, strict=True):
        stays = reported_stays(found, one.end_ms, of=kind)
        for group, counted in counts.items():
            mine = (of_group(ground.kinds, stays, group), of_group(ground.kinds, one.visits, group))
            counted.append(count(*mine, of_group(ground.kinds, one.short, group)))
    return {group: score(counted) for group, counted in counts.items()}


def with_min_inside(store: StoreMap, min_inside_ms: int) -> StoreMap:
    """The store with another `min_inside` for every zone, to choose it by."""
    zones = {key: replace(zone, min_inside_ms=min_inside_ms) for key, zone in store.zones.items()}
    return replace(store, zones=zones)
