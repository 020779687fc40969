"""How many people must arrive for a store to hold so many: Little's law, with the stay taken from planned trips.

In a steady store, people inside = arrivals a minute times minutes of stay. The stay depends on the store's size and on
who comes, so a sample of the day's own walk-ins is planned and its time added up.
"""

from itertools import pairwise

import numpy as np

from beacon_sim.floor import Floor
from beacon_sim.places import find_places
from beacon_sim.population import Population
from beacon_sim.till import ITEM_MS
from beacon_sim.trip import plan_trip
from offer_engine.core.store_map import StoreMap

SAMPLE = 120  # walk-ins; the mean stay is then known to about 6 %
QUEUE_S = 15.0  # waiting at a till, in the mean
_STAY = 201  # matter of the sample's generator; part of the seed


def mean_stay_min(store: StoreMap, population: Population, seed: int) -> float:
    """The mean time from one door to the other, in minutes, of a sample of walk-ins."""
    floor = Floor(store)
    places = find_places(store, floor)
    total_s = 0.0
    for number in range(SAMPLE):
        rng = np.random.default_rng([seed, _STAY, number])
        persona = population.walk_in(number % population.size, rng)
        trip = plan_trip(persona, store, places, rng)
        stops = [trip.start, *(halt.at for halt in trip.halts), places.tills[0].service, trip.end]
        walked_m = sum(floor.route(here, there).length_m for here, there in pairwise(stops))
        halted_ms = sum(halt.linger_ms + halt.pick_ms for halt in trip.halts) + trip.till_ms
        items = sum(halt.sku is not None for halt in trip.halts)
        total_s += walked_m / persona.speed_m_s + (halted_ms + ITEM_MS * items) / 1000 + QUEUE_S
    return total_s / SAMPLE / 60


def arrivals_for(store: StoreMap, population: Population, seed: int, shoppers: float) -> float:
    """Arrivals a minute for a store that is to hold `shoppers` people in the mean."""
    return shoppers / mean_stay_min(store, population, seed)
