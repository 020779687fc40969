"""Turns what a persona means to buy into a trip: where to stop, in which order, and for how long.

People do not walk the shortest tour. They take the next thing that seems near, look round in departments that they did
not come for, and pick up things that were not on the list where these lie on the way. All the chance of a trip is drawn
here, before it begins, so that a detour for an offer later does not change the dice of anything else: the same day with
and without offers differs by the offers alone.

Times follow what was measured of real shoppers: most picks take under 10 s, most trips over 10 minutes.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.random import Generator

from beacon_sim.floor import Point
from beacon_sim.places import Places
from beacon_sim.population import Browse, Buy, Persona
from offer_engine.core.store_map import StoreMap

SEARCH_MEDIAN_S, SEARCH_SIGMA = 16.0, 0.8  # in front of the shelf before the hand goes out
PICK_MEDIAN_S, PICK_SIGMA = 4.5, 0.6  # of the pick itself: 91 % are under 10 s
LOOK_MEDIAN_S, LOOK_SIGMA = 40.0, 0.8  # in a department one did not come for
LOOKS_PER_TRIP, LOOKS_PER_ITEM = 3.5, 0.25  # mean number of departments looked at
DETOUR_SIGMA = 0.6  # how wrongly distances are judged when choosing where to go next
TILL_FIXED_MEDIAN_S, TILL_FIXED_SIGMA = 18.0, 0.4  # greeting and paying


@dataclass(frozen=True, slots=True)
class Halt:
    """One stop of a trip."""

    at: Point
    linger_ms: int  # looking
    pick_ms: int = 0  # hand out, into the cart
    sku: str | None = None  # None: only looking
    qty: int = 1


@dataclass(frozen=True, slots=True)
class Trip:
    """One way through the store, planned."""

    start: Point
    halts: tuple[Halt, ...]
    end: Point  # the door out
    till_ms: int  # paying, besides what each item takes


def plan_trip(persona: Persona, store: StoreMap, places: Places, rng: Generator) -> Trip:
    """Plan where `persona` goes; products and zones that the store does not have are left out."""
    start = persona.starts_at or places.ways_in[int(rng.integers(len(places.ways_in)))]
    listed = [_halt(stop, places, rng) for stop in persona.mission if _is_here(stop, places)]
    if persona.is_planned:
        halts = listed
    else:
        impulse = {stop.sku for stop in persona.mission if isinstance(stop, Buy) and stop.is_impulse}
        halts = _in_walking_order(start, [halt for halt in listed if halt.sku not in impulse], rng)
        halts = _with_looks(halts, len(listed), store, places, rng)
        for halt in listed:
            if halt.sku in impulse:
                halts.insert(_least_detour(start, halts, halt.at), halt)
    end = places.ways_out[int(rng.integers(len(places.ways_out)))]
    return Trip(start, tuple(halts), end, lognormal_ms(TILL_FIXED_MEDIAN_S, TILL_FIXED_SIGMA, rng))


def lognormal_ms(median_s: float, sigma: float, rng: Generator) -> int:
    """Draw a time in ms whose logarithm is normal about that of `median_s`."""
    return round(1000 * median_s * math.exp(sigma * float(rng.standard_normal())))


def pick_halt(sku: str, places: Places, rng: Generator, *, linger_ms: int | None = None, qty: int = 1) -> Halt:
    """A stop for one product; with `linger_ms` given it takes just that and a median pick.

    Two numbers are taken from `rng` in either case.
    """
    search_ms = lognormal_ms(SEARCH_MEDIAN_S, SEARCH_SIGMA, rng)
    pick_ms = lognormal_ms(PICK_MEDIAN_S, PICK_SIGMA, rng)
    if linger_ms is not None:
        search_ms, pick_ms = linger_ms, round(1000 * PICK_MEDIAN_S)
    return Halt(places.by_sku[sku], search_ms, pick_ms, sku, qty)


def _is_here(stop: Buy | Browse, places: Places) -> bool:
    return stop.sku in places.by_sku if isinstance(stop, Buy) else stop.zone in places.by_zone


def _halt(stop: Buy | Browse, places: Places, rng: Generator) -> Halt:
    match stop:
        case Buy(sku=sku, qty=qty, linger_s=linger_s):
            return pick_halt(sku, places, rng, linger_ms=None if linger_s is None else round(1000 * linger_s), qty=qty)
        case Browse(zone=zone, linger_s=linger_s, at=at):
            spot = _spot(zone, places.by_zone, rng)
            return Halt(at or spot, round(1000 * linger_s))


def _spot(zone: str, by_zone: Mapping[str, tuple[Point, ...]], rng: Generator) -> Point:
    spots = by_zone[zone]
    return spots[int(rng.integers(len(spots)))]


def _in_walking_order(start: Point, halts: Sequence[Halt], rng: Generator) -> list[Halt]:
    """Always on to what seems nearest, with distances judged wrongly."""
    left, ordered, here = list(halts), list[Halt](), start
    while left:
        errors = np.exp(DETOUR_SIGMA * rng.standard_normal(len(left))).tolist()
        seeming = [math.dist(here, halt.at) * error for halt, error in zip(left, errors, strict=True)]
        ordered.append(left.pop(seeming.index(min(seeming))))
        here = ordered[-1].at
    return ordered


def _with_looks(halts: list[Halt], items: int, store: StoreMap, places: Places, rng: Generator) -> list[Halt]:
    """The halts with looks round other departments strewn in."""
    zones = [zone.key for zone in store.zones.values() if zone.kind != "service"]
    looked = list(halts)
    for _ in range(int(rng.poisson(LOOKS_PER_TRIP + LOOKS_PER_ITEM * items)) if zones else 0):
        zone = zones[int(rng.integers(len(zones)))]
        look = Halt(_spot(zone, places.by_zone, rng), lognormal_ms(LOOK_MEDIAN_S, LOOK_SIGMA, rng))
        looked.insert(int(rng.integers(len(looked) + 1)), look)
    return looked


def _least_detour(start: Point, halts: Sequence[Halt], at: Point) -> int:
    """Before which of the halts `at` adds the least to the way, as the crow flies; the end when there are none."""
    stops = [start, *(halt.at for halt in halts)]
    added = [math.dist(here, at) + math.dist(at, there) - math.dist(here, there) for here, there in pairwise(stops)]
    return added.index(min(added)) if added else 0
