"""Past baskets become pairings: which things are bought together more often than basket and household explain.

Big baskets hold everything, and a household's habits meet in its baskets without belonging together; so nearly every
two things meet more often than the product of their shares says. Here each basket with the one thing is held against
the *same* household's baskets of about the same size without it: is the other in the first, or in the second? Nothing
is compared between households, so what only one of them does is no pairing, however often. In a basket of s things the
other has s chances to be there, and s - 1 where the one has taken a place; that apart, the odds of "in the first" are
those of a true pairing, summed over all such comparisons as Mantel and Haenszel do (1959): each counts by how much it
can tell. The lift says the same as "how many times likelier", at the share of baskets that hold the thing anyway (Zhang
and Yu 1998). Where a few things are in nearly every basket, lifts come out a few per cent too low.

Households are what was sampled, so the interval is that of a ratio of totals over households (Cochran, *Sampling
Techniques*, 3rd ed., 6.4, as in `effect`), on the logarithm. Thousands of pairs are looked at, and by chance alone one
in forty would seem to be one: so the pairs kept are chosen by Benjamini and Hochberg's step-up, and their intervals
widened to go with it (Benjamini and Yekutieli 2005): of the intervals that are shown, 95 % hold their lift.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import exp, inf, log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from offer_engine.core.store_map import Evidence, Pairing

LEAST_HOUSEHOLDS = 30  # that bought both at once; the founding pair's 48 baskets were mostly one household's
CONFIDENCE = 0.95
SIZE_EDGES = (2, 3, 4, 6, 9, 13, 19, 28, 42)  # things in a basket, from; half as many again from class to class
LEARNT = "learnt"

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Learnt:
    """What came of looking: how many pairs had the support, and those that are pairings, strongest first."""

    households: int
    baskets: int  # of two things and more
    looked_at: int  # pairs that enough households bought at once
    pairings: tuple[Pairing, ...]  # each both ways round


@dataclass(frozen=True, slots=True, eq=False)
class _Baskets:
    """Baskets of two things and more, in numbers from 0; a stratum is one household's baskets of one size class."""

    names: tuple[str, ...]  # of the things
    size: Floats  # things in each basket, shape (baskets,)
    stratum: Ints  # of each basket, shape (baskets,)
    owner: Ints  # whose each stratum is, shape (strata,)
    count: Floats  # baskets in each stratum, shape (strata,)
    holders: tuple[Ints, ...]  # of each thing: the baskets that hold it, ascending

    def held(self, thing: int) -> Floats:
        """How many baskets of each stratum hold a thing, shape (strata,)."""
        return np.bincount(self.stratum[self.holders[thing]], minlength=len(self.count)).astype(np.float64)


@dataclass(frozen=True, slots=True)
class _Estimate:
    one: int
    other: int
    households: int
    log_odds: float
    error: float  # standard error of the logarithm
    freedom: int

    @property
    def chance(self) -> float:
        """The chance, were they no pairing, of odds so high."""
        return float(stdtr(self.freedom, -self.log_odds / self.error)) if self.error > 0 else float(self.log_odds <= 0)


def learn_pairings(
    bought: Iterable[tuple[str, str, str]],
    *,
    least_households: int = LEAST_HOUSEHOLDS,
    confidence: float = CONFIDENCE,
    step: Callable[[int, int], None] = lambda _done, _all: None,
) -> Learnt:
    """Find what goes together in past baskets.

    Args:
        bought: (household, basket, thing); a basket's name need only be unique in its household.
        least_households: how many different households must have bought both at once.
        confidence: of the intervals; of what is kept, this share holds its lift.
        step: called with how many things were looked at, of how many.
    """
    baskets = _gather(bought, least_households)
    found: list[_Estimate] = []
    held = [baskets.held(thing) for thing in range(len(baskets.names))]
    for one in range(len(baskets.names)):
        found += _against_all(one, baskets, held, least_households)
        step(one + 1, len(baskets.names))
    owners = len(np.unique(baskets.owner))
    return Learnt(owners, len(baskets.size), len(found), tuple(_keep(found, baskets, held, confidence)))


def _gather(bought: Iterable[tuple[str, str, str]], least_households: int) -> _Baskets:
    """Number everything, and leave out what can be in no pairing: single things, and those that few households buy."""
    household_of, basket_of, thing_of = dict[str, int](), dict[tuple[int, str], int](), dict[str, int]()
    cells: set[tuple[int, int]] = set()
    for household, basket, thing in bought:
        owner = household_of.setdefault(household, len(household_of))
        number = basket_of.setdefault((owner, basket), len(basket_of))
        cells.add((number, thing_of.setdefault(thing, len(thing_of))))
    pairs = np.array(sorted(cells), dtype=np.int64).reshape(-1, 2)
    owners = np.array([owner for owner, _ in basket_of], dtype=np.int64)
    size = np.bincount(pairs[:, 0], minlength=len(basket_of))
    return _stratify(pairs, size, owners, tuple(thing_of), least_households)


def _stratify(pairs: Ints, size: Ints, owners: Ints, names: Sequence[str], least_households: int) -> _Baskets:
    group = np.digitize(size, SIZE_EDGES)
    is_used = group > 0
    number = np.cumsum(is_used) - 1
    _, stratum = np.unique(owners[is_used] * (len(SIZE_EDGES) + 1) + group[is_used], return_inverse=True)
    strata = int(stratum.max()) + 1 if len(stratum) else 0
    owner = np.zeros(strata, dtype=np.int64)
    owner[stratum] = owners[is_used]
    cells = pairs[is_used[pairs[:, 0]]]
    order = np.lexsort((cells[:, 0], cells[:, 1]))
    ends = np.searchsorted(cells[order, 1], np.arange(1, len(names)))
    of_thing = np.split(number[cells[order, 0]], ends)
    kept = [
        thing
        for thing in sorted(range(len(names)), key=names.__getitem__)
        if len(np.unique(owners[is_used][of_thing[thing]])) >= least_households
    ]
    return _Baskets(
        names=tuple(names[thing] for thing in kept),
        size=size[is_used].astype(np.float64),
        stratum=stratum,
        owner=owner,
        count=np.bincount(stratum, minlength=strata).astype(np.float64),
        holders=tuple(of_thing[thing] for thing in kept),
    )


def _against_all(one: int, baskets: _Baskets, held: Sequence[Floats], least_households: int) -> Iterator[_Estimate]:
    """How one thing goes with all that come after it in the numbering, where enough households bought both."""
    own = baskets.holders[one]
    is_own = np.zeros(len(baskets.size), dtype=np.bool_)
    is_own[own] = True
    places = _sums(baskets.stratum[own], baskets.size[own] - 1, len(baskets.count))
    for other in range(one + 1, len(baskets.holders)):
        holders = baskets.holders[other]
        both, rest = holders[is_own[holders]], holders[~is_own[holders]]
        if len(both) < least_households:
            continue
        households = int(np.count_nonzero(np.bincount(baskets.owner[baskets.stratum[both]])))
        if households >= least_households:
            seen, expected = _compare(both, rest, places, held[one] + held[other], baskets)
            yield _estimate((one, other), households, seen, expected)


def _compare(both: Ints, rest: Ints, places: Floats, held: Floats, baskets: _Baskets) -> tuple[Floats, Floats]:
    """What was observed and what was to be expected, each by household.

    Args:
        both: baskets that hold both things.
        rest: baskets that hold only the other.
        places: for each stratum, the places beside the one thing in the baskets that hold it.
        held: for each stratum, the baskets with the one plus those with the other.
        baskets: all of them.
    """
    strata, total = len(baskets.count), int(baskets.owner.max()) + 1
    met, alone = baskets.stratum[both], baskets.stratum[rest]
    together = np.bincount(met, minlength=strata)
    taken = _sums(met, baskets.size[both] - 1, strata)
    neither = baskets.count[met] - held[met] + together[met]
    seen = _sums(baskets.owner[met], neither / baskets.count[met], total)
    chances = (places[alone] - taken[alone]) / (baskets.count[alone] * baskets.size[rest])
    return seen, _sums(baskets.owner[alone], chances, total)


def _sums(groups: Ints, weights: Floats, count: int) -> Floats:
    """Weights summed by group, shape (count,)."""
    return np.asarray(np.bincount(groups, weights=weights, minlength=count), dtype=np.float64)


def _estimate(pair: tuple[int, int], households: int, seen: Floats, expected: Floats) -> _Estimate:
    """Odds of observed to expected, from what each household adds to both."""
    observed, foreseen = float(seen.sum()), float(expected.sum())
    if observed <= 0 or foreseen <= 0:
        return _Estimate(*pair, households, 0.0, inf, 1)
    is_told = (seen > 0) | (expected > 0)
    residuals = seen[is_told] / observed - expected[is_told] / foreseen
    count = len(residuals)
    error = sqrt(float((residuals**2).sum()) * count / (count - 1)) if count > 1 else inf
    return _Estimate(*pair, households, log(observed / foreseen), error, max(count - 1, 1))


def _keep(found: Sequence[_Estimate], baskets: _Baskets, held: Sequence[Floats], confidence: float) -> list[Pairing]:
    """Those whose interval, widened for how many were looked at, leaves 1 out; strongest first."""
    chances = np.array([one.chance for one in found])
    allowed = (1 - confidence) / 2 * np.arange(1, len(found) + 1) / max(len(found), 1)
    ranked = np.sort(chances)
    passed = np.flatnonzero(ranked <= allowed)
    if not len(passed):
        return []
    tail = float(allowed[passed[-1]])
    kept: list[Pairing] = []
    for one, chance in zip(found, chances.tolist(), strict=True):
        if chance <= tail:
            half = float(stdtrit(one.freedom, 1 - tail)) * one.error
            for when, then in ((one.one, one.other), (one.other, one.one)):
                share = _share_anyway(when, then, baskets, held)
                kept.append(_pairing(baskets.names[when], baskets.names[then], one, half, share))
    return sorted(kept, key=lambda pairing: (-pairing.lift, pairing.when, pairing.then))


def _share_anyway(when: int, then: int, baskets: _Baskets, held: Sequence[Floats]) -> float:
    """Of the baskets without `when` that are held against one with it, the share that hold `then`."""
    both = np.intersect1d(baskets.holders[when], baskets.holders[then], assume_unique=True)
    together = np.bincount(baskets.stratum[both], minlength=len(baskets.count))
    weight = held[when] / baskets.count
    return float((weight * (held[then] - together)).sum() / (weight * (baskets.count - held[when])).sum())


def _pairing(when: str, then: str, found: _Estimate, half: float, share: float) -> Pairing:
    low, lift, high = (times_likelier(exp(found.log_odds + off), share) for off in (-half, 0.0, half))
    return Pairing(when, then, lift, LEARNT, Evidence(found.households, low, high))


def times_likelier(odds: float, share: float) -> float:
    """How many times likelier a thing is whose odds are multiplied, if this share of baskets holds it anyway.

    >>> times_likelier(3.0, 0.0), times_likelier(3.0, 0.5)
    (3.0, 1.5)
    """
    return odds / (1 - share + share * odds)
