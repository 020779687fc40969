"""A seeded store day in virtual time: from a store, a population and a seed to every message that the store would send.

Virtual time is a number of ms since the day's start, and whoever calls `run_until` decides how it relates to real time.
Every shopper has generators of their own, seeded from the day's seed and the shopper's number; arrivals have another.
Nothing reads a clock, a set's order or a global generator, so one seed is one day, message for message, at any speed.

The store is full when the day begins: the time before zero is simulated too, in silence, and at zero the presence and
the basket of everyone inside are published. Phones of those inside connect a moment earlier.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import simpy

from beacon_sim.aisles import find_aisles
from beacon_sim.floor import Floor
from beacon_sim.gateways import Air, Gateways
from beacon_sim.places import find_places
from beacon_sim.pocket import OpenPhone
from beacon_sim.population import Persona, Population
from beacon_sim.radio import RadioSettings, Walls
from beacon_sim.shopper import PHONE_LEAD_MS, Dice, Publish, Shop, Shopper, Steps
from beacon_sim.till import open_tills
from beacon_sim.traffic import Traffic
from offer_engine.core.store_map import StoreMap

ARRIVALS_PER_MIN = 2.55  # of an ordinary supermarket
WARM_UP_MIN = 60.0  # before the start; longer than nearly every visit

# Which generator of a day a number is for; part of the seed, so never renumber.
_ARRIVALS, _PERSONA, _TRIP, _RADIO, _PHONE, _AIR = range(6)
_BOOKED = 1 << 32  # booked shoppers are numbered from here, walk-ins from zero


@dataclass(frozen=True, slots=True)
class DaySettings:
    """What kind of day it is."""

    arrivals_per_min: float = ARRIVALS_PER_MIN  # walk-ins; 0: nobody but those who are booked
    warm_up_min: float = WARM_UP_MIN  # simulated in silence before the start
    radio: RadioSettings = field(default_factory=RadioSettings)
    is_considerate: bool = True  # shoppers keep clear of one another; False only for measuring what that changes


class StoreDay:
    """One day in one store."""

    def __init__(
        self,
        store: StoreMap,
        population: Population,
        *,
        seed: int,
        start_ms: int,
        publish: Publish,
        open_phone: OpenPhone | None = None,
        settings: DaySettings | None = None,
    ) -> None:
        """Prepare a day.

        Args:
            store: where it happens.
            population: who may come.
            seed: the same seed gives the same day, message for message.
            start_ms: event time of virtual time zero, ms since the epoch.
            publish: takes every message: topic, payload, QoS.
            open_phone: connects a shopper's phone; None: nobody carries one.
            settings: how busy, how exact.
        """
        settings = settings or DaySettings()
        floor = Floor(store)
        places = find_places(store, floor)
        env = simpy.Environment(initial_time=-round(settings.warm_up_min * 60_000))
        tills = open_tills(env, places.tills, settings.arrivals_per_min)
        walls = Walls(store.level)
        self._population = population
        self._seed = seed
        gateways = None
        if settings.radio.source == "ranges":
            gateways = Gateways(store.gateways, Air(), self._dice(_AIR, 0))
        self.shop = Shop(
            env=env,
            store=store,
            floor=floor,
            aisles=find_aisles(store, floor),
            traffic=Traffic(store, floor, is_considerate=settings.is_considerate),
            places=places,
            tills=tills,
            walls=walls,
            radio=settings.radio,
            gateways=gateways,
            start_ms=start_ms,
            publish=publish,
            open_phone=open_phone,
        )
        self._settings = settings
        self._inside: dict[str, Shopper] = {}
        self.arrived = 0  # shoppers since the start, including those who were inside then
        env.process(self._opening())
        for number, persona in enumerate(population.booked):
            env.process(self._booked(number, persona))
        env.process(self._walk_ins())

    @property
    def now_ms(self) -> int:
        """Virtual time, ms since the day's start; negative while the store fills up."""
        return int(self.shop.env.now)

    @property
    def next_ms(self) -> float:
        """Virtual time of the next thing that happens, infinite when nothing will."""
        return float(self.shop.env.peek())

    def run_until(self, virtual_ms: int) -> None:
        """Let everything happen up to and including `virtual_ms` since the day's start."""
        if virtual_ms >= self.shop.env.now:
            self.shop.env.run(until=virtual_ms + 1)

    def inside(self) -> tuple[Shopper, ...]:
        """Everyone who is in the store now, in order of arrival."""
        return tuple(self._inside.values())

    # --- who comes when ---------------------------------------------------------------------------------------------

    def _opening(self) -> Steps:
        """Switch on the phones of those inside, a moment before the start, and announce everyone at the start."""
        env = self.shop.env
        yield env.timeout(max(-PHONE_LEAD_MS - int(env.now), 0))
        for shopper in self.inside():
            shopper.switch_on()
        yield env.timeout(-int(env.now))
        for shopper in self.inside():
            self.arrived += 1
            shopper.announce()

    def _booked(self, number: int, persona: Persona) -> Steps:
        env = self.shop.env
        at_ms = round(1000 * (persona.arrives_s or 0.0))
        yield env.timeout(max(at_ms - int(env.now), 0))
        self._admit(persona, _BOOKED + number)

    def _walk_ins(self) -> Steps:
        """Let walk-ins arrive as a Poisson process; one who is still inside from last time does not come again yet."""
        env = self.shop.env
        if self._settings.arrivals_per_min <= 0:
            return
        dice = self._dice(_ARRIVALS, 0)
        numbers = self._numbers()
        while True:
            yield env.timeout(round(float(dice.exponential(60_000 / self._settings.arrivals_per_min))))
            for _ in range(self._population.size):
                number = next(numbers)
                persona = self._population.walk_in(number % self._population.size, self._dice(_PERSONA, number))
                if persona.shopper not in self._inside:
                    self._admit(persona, number)
                    break

    def _numbers(self) -> Iterator[int]:
        number = 0
        while True:
            yield number
            number += 1

    def _admit(self, persona: Persona, number: int) -> None:
        visit = f"v{self.shop.start_ms // 1000:x}-{number:x}"
        dice = Dice(self._dice(_TRIP, number), self._dice(_RADIO, number), self._dice(_PHONE, number))
        shopper = Shopper(self.shop, persona, visit, dice, self._gone)
        self._inside[persona.shopper] = shopper
        self.arrived += self.shop.env.now >= 0
        shopper.arrive()

    def _gone(self, persona: Persona) -> None:
        del self._inside[persona.shopper]

    def _dice(self, matter: int, number: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, matter, number])
