"""One shopper in virtual time: walks the trip, fills the cart, queues, pays and leaves, seen by beacons meanwhile.

Two processes run for each shopper. `_visit` is the trip itself; the place between two stops is computed from the path
and the time, so walking costs nothing until somebody asks. `_beacon` asks, once per interval, and publishes. An offer
that is taken turns the shopper round at once: the present walk or look is cut short and resumed after the detour.

Before virtual time zero nothing is published: that is how the store is full when the day begins.
"""

import math
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import simpy

from beacon_sim.antenna import Antenna, Located, Overheard
from beacon_sim.floor import Floor, Path, Point
from beacon_sim.gateways import Gateways
from beacon_sim.places import Places
from beacon_sim.pocket import Hand, OpenPhone, Pocket
from beacon_sim.population import Persona
from beacon_sim.radio import RadioSettings, Walls, battery_s
from beacon_sim.till import ITEM_MS, Till, shortest
from beacon_sim.trip import Halt, pick_halt, plan_trip
from offer_engine.core.store_map import StoreMap
from offer_engine.messages import Basket, BasketItem, Checkout, Offer, Presence, SoldItem, encode, shopper_topic

Steps = Generator[simpy.Event, object, None]
Publish = Callable[[str, bytes, int], None]  # topic, payload, QoS

PHONE_LEAD_MS = 1_500  # from the phone's connection to the first fix: what is allowed is known before tracking begins
SWITCH_SHARE = 0.5  # an accepted offer replaces a planned product of its category this often


@dataclass(frozen=True, slots=True)
class Shop:
    """What all shoppers of a day share."""

    env: simpy.Environment  # virtual time in whole ms since the day's start
    store: StoreMap
    floor: Floor
    places: Places
    tills: Sequence[Till]
    walls: Walls
    radio: RadioSettings
    gateways: Gateways | None  # None: a locating system publishes positions
    start_ms: int  # event time of virtual time zero
    publish: Publish
    open_phone: OpenPhone | None  # None: nobody carries a phone today


@dataclass(frozen=True, slots=True)
class Dice:
    """A shopper's generators, one for each matter, so that none disturbs another."""

    trip: np.random.Generator
    radio: np.random.Generator
    phone: np.random.Generator


class Shopper:
    """One persona on one visit."""

    def __init__(self, shop: Shop, persona: Persona, visit: str, dice: Dice, gone: Callable[[Persona], None]) -> None:
        self.persona = persona
        self.is_inside = False
        self.walked_m = 0.0
        self._shop = shop
        self._env = shop.env
        self._visit_id = visit
        self._gone = gone
        self._dice = dice
        self._trip = plan_trip(persona, shop.store, shop.places, dice.trip)
        self._to_do = deque(self._trip.halts)
        self._detours: deque[Halt] = deque()
        self._turn = shop.env.event()
        self._is_done = False  # in the queue or beyond: too late for a detour
        self._path, self._since = Path((self._trip.start,), (0.0,)), 0
        self._cart: dict[str, int] = {}
        self._rev = 0
        self._taken: dict[str, Offer] = {}  # by sku
        hand = Hand(has=self._cart.__contains__, take=self._take)
        self._pocket = Pocket(shop.env, shop.store, persona, hand, dice.phone)

    # --- what the day asks of a shopper -----------------------------------------------------------------------------

    def arrive(self) -> None:
        """Come in: from now on the shopper lives by itself, and says when it is out again."""
        self.is_inside = True
        self._since = int(self._env.now)
        self._env.process(self._visit())
        self._env.process(self._beacon())
        if self._env.now >= 0:
            self.announce()
        if self._env.now >= -PHONE_LEAD_MS:
            self.switch_on()

    def switch_on(self) -> None:
        """Connect the phone, if the shopper carries one."""
        if self._shop.open_phone is not None and self.persona.consents is not None:
            self._pocket.switch_on(self._shop.open_phone, self.persona.consents, self._shop.start_ms)

    def announce(self) -> None:
        """Publish that the shopper is here, and what is in the cart."""
        self._publish("presence", encode(Presence(self._now_ms(), "arrived", self._visit_id)))
        if self._cart:
            self._publish_basket()

    def place(self) -> Point:
        """Where the shopper truly is, in metres."""
        return self._path.at((int(self._env.now) - self._since) / 1000 * self.persona.speed_m_s)

    # --- walking ----------------------------------------------------------------------------------------------------

    def _set_out(self, goal: Point) -> int:
        """Begin to walk to `goal`; returns how many ms it takes."""
        self._stop()
        self._path, self._since = self._shop.floor.route(self.place(), goal), int(self._env.now)
        return math.ceil(self._path.length_m / self.persona.speed_m_s * 1000)

    def _stop(self) -> None:
        """Stand still here."""
        self.walked_m += min((int(self._env.now) - self._since) / 1000 * self.persona.speed_m_s, self._path.length_m)
        self._path, self._since = Path((self.place(),), (0.0,)), int(self._env.now)

    def _walk(self, goal: Point) -> Steps:
        yield self._env.timeout(self._set_out(goal))

    def _spend(self, ms: int) -> Generator[simpy.Event, object, bool]:
        """Let `ms` pass, or less when an accepted offer calls; whether all of it passed."""
        if ms <= 0:
            return True
        turn = self._turn
        yield self._env.timeout(ms) | turn
        return not turn.triggered

    # --- the visit --------------------------------------------------------------------------------------------------

    def _visit(self) -> Steps:
        while self._detours or self._to_do:
            if self._detours:
                halt = self._detours.popleft()
                yield from self._walk(halt.at)
                yield self._env.timeout(halt.linger_ms + halt.pick_ms)
                self._put_in_cart(halt)
            else:
                yield from self._next_halt(self._to_do.popleft())
        self._is_done = True
        if self._cart:
            yield from self._pay()
        yield from self._walk(self._trip.end)
        self._leave()

    def _next_halt(self, halt: Halt) -> Steps:
        """Go to a halt, look and pick; what an accepted offer cuts short is done after it."""
        if not (yield from self._spend(self._set_out(halt.at))):
            self._stop()
            self._to_do.appendleft(halt)
            return
        began = int(self._env.now)
        if not (yield from self._spend(halt.linger_ms)):
            self._to_do.appendleft(replace(halt, linger_ms=max(halt.linger_ms - int(self._env.now) + began, 0)))
            return
        if halt.sku is not None:
            yield self._env.timeout(halt.pick_ms)
            self._put_in_cart(halt)

    def _put_in_cart(self, halt: Halt) -> None:
        if halt.sku is None:
            return
        self._cart[halt.sku] = self._cart.get(halt.sku, 0) + halt.qty
        self._rev += 1
        self._publish_basket()

    def _pay(self) -> Steps:
        """Queue at the shortest till and pay in turn."""
        till = shortest(self._shop.tills, self.place())
        yield from self._walk(till.tail())
        with till.lanes.request() as request:
            till.join(request)
            self._set_out(till.spot(request))
            while not request.triggered:
                yield request | till.advanced
                self._set_out(till.spot(request))
            yield from self._walk(till.place.service)
            yield self._env.timeout(self._trip.till_ms + ITEM_MS * len(self._cart))
            self._publish_checkout()
            till.leave(request)

    def _leave(self) -> None:
        self._stop()
        self.is_inside = False
        self._publish("presence", encode(Presence(self._now_ms(), "left", self._visit_id)))
        self._pocket.switch_off()
        self._gone(self.persona)

    # --- offers -----------------------------------------------------------------------------------------------------

    def _take(self, offer: Offer) -> bool:
        """Decide to get what is offered, and turn towards it; False when it is too late or not to be had."""
        is_switching = float(self._dice.phone.random()) < SWITCH_SHARE
        detour = pick_halt(offer.sku, self._shop.places, self._dice.phone, linger_ms=0) if self._sells(offer) else None
        if self._is_done or not self.is_inside or detour is None:
            return False
        self._taken[offer.sku] = offer
        if offer.sku in self._cart:
            return True
        self._drop_planned(offer, is_switching=is_switching)
        self._detours.append(detour)
        turn, self._turn = self._turn, self._env.event()
        turn.succeed()
        return True

    def _sells(self, offer: Offer) -> bool:
        return offer.sku in self._shop.places.by_sku

    def _drop_planned(self, offer: Offer, *, is_switching: bool) -> None:
        """What was to be bought anyway is not bought twice; a like product may be left for the offered one."""
        planned = [halt for halt in self._to_do if halt.sku is not None]
        same = [halt for halt in planned if halt.sku == offer.sku]
        products = self._shop.store.products
        like = [halt for halt in planned if halt.sku and products[halt.sku].category == offer.category]
        for halt in (same or like if is_switching else same)[:1]:
            self._to_do.remove(halt)

    # --- what is published ------------------------------------------------------------------------------------------

    def _beacon(self) -> Steps:
        """Be seen once per interval while inside, until the battery gives out and the phone with it."""
        antenna, dice = self._antenna(), self._dice.radio
        topic = shopper_topic(self._shop.store.store, self.persona.shopper, antenna.leaf)
        first_ms = max(int(self._env.now) + PHONE_LEAD_MS, 0) + int(dice.integers(antenna.interval_ms))
        lasts_s = battery_s(self._shop.radio, dice) if self.persona.arrives_s is None else math.inf  # the booked charge
        dead_ms = self._env.now + 1000 * lasts_s
        yield self._env.timeout(first_ms - int(self._env.now))
        while self.is_inside and self._env.now < dead_ms:
            payload = antenna.message(self.place(), self._now_ms())
            if payload is not None:
                self._shop.publish(topic, payload, 0)
            yield self._env.timeout(antenna.interval_ms)
        self._pocket.switch_off()

    def _antenna(self) -> Antenna:
        shop = self._shop
        if shop.gateways is not None:
            return Overheard(shop.radio, shop.gateways, self._dice.radio)
        return Located(shop.radio, shop.walls, self.persona.fix_ms, self._dice.radio)

    def _publish_basket(self) -> None:
        items = [BasketItem(sku, qty) for sku, qty in self._cart.items()]
        self._publish("basket", encode(Basket(self._now_ms(), self._rev, items)))

    def _publish_checkout(self) -> None:
        used = {sku: offer for sku, offer in self._taken.items() if sku in self._cart}
        prices = {sku: self._shop.store.products[sku].price_cents for sku in self._cart}
        prices |= {sku: offer.offer_price_cents for sku, offer in used.items()}
        items = [SoldItem(sku, qty, prices[sku]) for sku, qty in self._cart.items()]
        codes = [offer.code for offer in used.values()]
        self._publish("checkout", encode(Checkout(self._now_ms(), self._visit_id, items, codes)))

    def _publish(self, leaf: str, payload: bytes) -> None:
        if self._env.now >= 0:
            self._shop.publish(shopper_topic(self._shop.store.store, self.persona.shopper, leaf), payload, 1)

    def _now_ms(self) -> int:
        return self._shop.start_ms + int(self._env.now)
