"""What was reported against what truly happened: stays and visits become counts, counts become shares with intervals.

An entry is *true* if at that moment, give or take 3 s (the exit debounce of every zone), the shopper is on a visit to
that zone; all others are *false*, also those of somebody who truly walks through but stays for less than 5 s. A second
true entry into one visit is a *flap*: it is not false, but it is one too many. Precision is the share of entries that
are true, `precision_once` the share that are true and no flap; recall is the share of visits during which the zone was
reported. Intervals are percentiles over resampled trips: trips are independent, visits within one are not.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bench.zones.truth import Stay, Visit

Floats = NDArray[np.float64]
Placed = TypeVar("Placed", Stay, Visit)

SLACK_MS = 3_000
RESAMPLES = 1_000
LONG_MS = 20_000  # a visit this long is a stop, not a walk through


@dataclass(frozen=True, slots=True)
class Counts:
    """One trip, one group of zones."""

    visits: int = 0
    found: int = 0  # visits during which the zone was reported
    entries: int = 0  # reported
    hits: int = 0  # first true entries into a visit
    flaps: int = 0  # further true entries into the same visit
    passing: int = 0  # false entries while the shopper was inside, but for less than a visit
    long: int = 0  # visits of 20 s or more
    long_found: int = 0
    delays_s: tuple[float, ...] = ()  # from the start of a visit to its hit


@dataclass(frozen=True, slots=True)
class Score:
    """Many trips: shares with 95 % intervals, and means per trip."""

    precision: float
    precision_ci: tuple[float, float]
    precision_once: float  # flaps not counted as right
    recall: float
    recall_ci: tuple[float, float]
    recall_long: float  # of visits of 20 s or more
    delay_s: float  # median
    false_per_trip: float
    false_ci: tuple[float, float]
    passing_per_trip: float  # of the false: truly inside, for under 5 s
    flaps_per_trip: float
    visits: int
    entries: int


def count(stays: Sequence[Stay], visits: Sequence[Visit], short: Sequence[Visit]) -> Counts:
    """Compare one trip; `short` are stays too short for a visit."""
    hits, flaps, passing, delays = set[Visit](), 0, 0, list[float]()
    for stay in sorted(stays, key=lambda stay: stay.enter):
        visit = next((visit for visit in visits if _is_during(stay, visit)), None)
        if visit is None:
            passing += any(_is_during(stay, brief) for brief in short)
        elif visit in hits:
            flaps += 1
        else:
            hits.add(visit)
            delays.append((stay.enter - visit.start) / 1000)
    found = [visit for visit in visits if any(_overlaps(stay, visit) for stay in stays)]
    return Counts(
        visits=len(visits),
        found=len(found),
        entries=len(stays),
        hits=len(hits),
        flaps=flaps,
        passing=passing,
        long=sum(visit.end - visit.start >= LONG_MS for visit in visits),
        long_found=sum(visit.end - visit.start >= LONG_MS for visit in found),
        delays_s=tuple(delays),
    )


def _is_during(stay: Stay, visit: Visit) -> bool:
    return stay.zone == visit.zone and visit.start - SLACK_MS <= stay.enter <= visit.end + SLACK_MS


def _overlaps(stay: Stay, visit: Visit) -> bool:
    return stay.zone == visit.zone and stay.enter <= visit.end + SLACK_MS and stay.exit >= visit.start - SLACK_MS


def score(trips: Sequence[Counts], *, seed: int = 1) -> Score:
    """Sum trips up; the intervals are drawn with `seed`."""
    rng = np.random.default_rng(seed)
    chosen = rng.integers(len(trips), size=(RESAMPLES, len(trips)))

    def column(of: Callable[[Counts], int]) -> tuple[float, Floats]:
        values = np.array([of(trip) for trip in trips], dtype=float)
        return float(values.sum()), values[chosen].sum(axis=1)

    right, entries = column(lambda trip: trip.hits + trip.flaps), column(lambda trip: trip.entries)
    visits, found = column(lambda trip: trip.visits), column(lambda trip: trip.found)
    false = column(lambda trip: trip.entries - trip.hits - trip.flaps)
    each = float(len(trips)), np.full(RESAMPLES, len(trips), dtype=float)
    delays = [delay for trip in trips for delay in trip.delays_s]
    return Score(
        precision=_share(right[0], entries[0]),
        precision_ci=_interval(right[1], entries[1]),
        precision_once=_share(sum(trip.hits for trip in trips), entries[0]),
        recall=_share(found[0], visits[0]),
        recall_ci=_interval(found[1], visits[1]),
        recall_long=_share(sum(trip.long_found for trip in trips), sum(trip.long for trip in trips)),
        delay_s=float(np.median(delays)) if delays else float("nan"),
        false_per_trip=_share(false[0], each[0]),
        false_ci=_interval(false[1], each[1]),
        passing_per_trip=_share(sum(trip.passing for trip in trips), each[0]),
        flaps_per_trip=_share(sum(trip.flaps for trip in trips), each[0]),
        visits=int(visits[0]),
        entries=int(entries[0]),
    )


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _interval(part: Floats, whole: Floats) -> tuple[float, float]:
    shares = part[whole > 0] / whole[whole > 0]
    low, high = np.percentile(shares, [2.5, 97.5]) if len(shares) else (float("nan"), float("nan"))
    return float(low), float(high)


def of_group(kinds: Mapping[str, str], found: Sequence[Placed], group: str) -> list[Placed]:
    """The stays, or visits, in zones of one kind; `all` is every zone of the map, so no pairs."""
    return [one for one in found if kinds[one.zone] == group or (group == "all" and kinds[one.zone] != "pair")]
