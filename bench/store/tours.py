"""How short a way could have been: the shortest tour from the door past everything that was bought, to till and door.

Up to `EXACT` stops the tour is the shortest there is (Held and Karp, 1962). Beyond, it is a good one: nearest neighbour
first, then 2-opt and moves of single stops until nothing helps; that may be a few per cent too long, so the ratios of
large baskets are, if anything, too small. Distances are those of the simulator's own ways round the shelves.
"""

from collections.abc import Sequence
from itertools import combinations, pairwise

from beacon_sim.floor import Floor, Point

EXACT = 8

Distances = list[list[float]]


def shortest_m(floor: Floor, start: Point, stops: Sequence[Point], end: Point) -> float:
    """Length of the shortest way from `start` past all `stops`, in any order, to `end`."""
    places = [start, *stops, end]
    distances = [[floor.route(*sorted((here, there))).length_m for there in places] for here in places]
    return exact_m(distances) if len(stops) <= EXACT else good_m(distances)


def exact_m(distances: Distances) -> float:
    """The shortest tour from the first place to the last past all others.

    >>> exact_m([[0, 9, 1, 9], [9, 0, 2, 3], [1, 2, 0, 9], [9, 3, 9, 0]])
    6
    """
    last = len(distances) - 1
    stops = range(1, last)
    if not stops:
        return distances[0][last]
    best = {(1 << stop, stop): distances[0][stop] for stop in stops}  # (stops seen, where one is) -> length
    for count in range(2, last):
        for chosen in combinations(stops, count):
            seen = sum(1 << stop for stop in chosen)
            for stop in chosen:
                before = seen & ~(1 << stop)
                best[seen, stop] = min(
                    best[before, other] + distances[other][stop] for other in chosen if other != stop
                )
    everything = sum(1 << stop for stop in stops)
    return min(best[everything, stop] + distances[stop][last] for stop in stops)


def good_m(distances: Distances) -> float:
    """A good tour from the first place to the last past all others."""
    last = len(distances) - 1
    left, tour = set(range(1, last)), [0]
    while left:
        here = tour[-1]
        tour.append(min(sorted(left), key=lambda stop: distances[here][stop]))
        left.remove(tour[-1])
    tour.append(last)
    while _turned(tour, distances) or _moved(tour, distances):
        pass
    return sum(distances[here][there] for here, there in pairwise(tour))


def _turned(tour: list[int], distances: Distances) -> bool:
    """Turn round the first part of the tour for which that helps (2-opt)."""
    for first in range(1, len(tour) - 2):
        for after in range(first + 2, len(tour)):
            a, b, c, d = tour[first - 1], tour[first], tour[after - 1], tour[after]
            if distances[a][c] + distances[b][d] < distances[a][b] + distances[c][d] - 1e-9:
                tour[first:after] = reversed(tour[first:after])
                return True
    return False


def _moved(tour: list[int], distances: Distances) -> bool:
    """Move the first stop for which that helps to another place of the tour."""
    for number in range(1, len(tour) - 1):
        before, stop, after = tour[number - 1 : number + 2]
        saved = distances[before][stop] + distances[stop][after] - distances[before][after]
        rest = [*tour[:number], *tour[number + 1 :]]
        for place, (here, there) in enumerate(pairwise(rest), start=1):
            if distances[here][stop] + distances[stop][there] - distances[here][there] < saved - 1e-9:
                tour[:] = [*rest[:place], stop, *rest[place:]]
                return True
    return False
