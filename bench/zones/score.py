"""What was reported against what truly happened: stays and visits become counts, counts become shares with intervals.

An entry is *true* if at that moment, give or take 3 s (the exit debounce of every zone), the shopper is on a visit to
that zone; all others are *false*, also those of somebody who truly walks through but stays for less than 5 s. A second
true entry into one visit is a *flap*. Precision is the share of entries that are true and no flap; recall the share of
visits during which the zone was reported. Intervals are percentiles over resampled trips: trips are independent,
visits within one are not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.zones.truth import Stay, Visit

SLACK_MS = 3_000
RESAMPLES = 1_000


@dataclass(frozen=True, slots=True)
class Counts:
    """One trip, one group of zones."""

    visits: int = 0
    found: int = 0  # visits during which the zone was reported
    entries: int = 0  # reported
    hits: int = 0  # first true entries into a visit
    flaps: int = 0  # further true entries into the same visit
    passing: int = 0  # false entries while the shopper was inside, but for less than a visit
    delays_s: tuple[float, ...] = ()  # from the start of a visit to its hit

    @property
    def false(self) -> int:
        """Entries into a zone that the shopper does not visit."""
        return self.entries - self.hits - self.flaps


@dataclass(frozen=True, slots=True)
class Score:
    """Many trips: shares with 95 % intervals, and means per trip."""

    precision: float
    precision_ci: tuple[float, float]
    recall: float
    recall_ci: tuple[float, float]
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
    found = sum(any(_overlaps(stay, visit) for stay in stays) for visit in visits)
    return Counts(len(visits), found, len(stays), len(hits), flaps, passing, tuple(delays))


def _is_during(stay: Stay, visit: Visit) -> bool:
    return stay.zone == visit.zone and visit.start - SLACK_MS <= stay.enter <= visit.end + SLACK_MS


def _overlaps(stay: Stay, visit: Visit) -> bool:
    return stay.zone == visit.zone and stay.enter <= visit.end + SLACK_MS and stay.exit >= visit.start - SLACK_MS


def score(trips: Sequence[Counts], *, seed: int = 1) -> Score:
    """Sum trips up; the intervals are drawn with `seed`."""
    rng = np.random.default_rng(seed)
    table = np.array([(t.visits, t.found, t.entries, t.hits, t.false, t.flaps, t.passing) for t in trips], dtype=float)
    resampled: NDArray[np.float64] = table[rng.integers(len(trips), size=(RESAMPLES, len(trips)))].sum(axis=1)
    total = table.sum(axis=0)
    delays = [delay for trip in trips for delay in trip.delays_s]
    return Score(
        precision=_share(total[3], total[2]),
        precision_ci=_interval(resampled[:, 3], resampled[:, 2]),
        recall=_share(total[1], total[0]),
        recall_ci=_interval(resampled[:, 1], resampled[:, 0]),
        delay_s=float(np.median(delays)) if delays else float("nan"),
        false_per_trip=_share(total[4], len(trips)),
        false_ci=_interval(resampled[:, 4], np.full(RESAMPLES, len(trips), dtype=float)),
        passing_per_trip=_share(total[6], len(trips)),
        flaps_per_trip=_share(total[5], len(trips)),
        visits=int(total[0]),
        entries=int(total[2]),
    )


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _interval(part: NDArray[np.float64], whole: NDArray[np.float64]) -> tuple[float, float]:
    shares = part[whole > 0] / whole[whole > 0]
    low, high = np.percentile(shares, [2.5, 97.5]) if len(shares) else (float("nan"), float("nan"))
    return float(low), float(high)


def by_kind(zones: Mapping[str, str], found: Sequence[Stay], kind: str) -> list[Stay]:
    """The stays in zones of one kind; `all` is every zone of the map, so no pairs."""
    return [stay for stay in found if (zones[stay.zone] == kind or (kind == "all" and zones[stay.zone] != "pair"))]
