"""One shopper in virtual time: walks the trip, fills the cart, queues, pays and leaves, seen by beacons meanwhile.

Two processes run for each shopper. `_visit` is the trip itself; the place between two stops is computed from the path
and the time, so walking costs nothing until somebody asks. `_beacon` asks, once per interval, and publishes. An offer
that is taken turns the shopper round at once: the present walk or look is cut short and resumed after the detour.

Before virtual time zero nothing is published: that is how the store is full when the day begins.
"""

import math
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import simpy

from beacon_sim.aisles import Aisles, mouth_of, way_out
from beacon_sim.antenna import Antenna, Located, Overheard
from beacon_sim.floor import Floor, Point
from beacon_sim.gateways import Gateways
from beacon_sim.places import Places
from beacon_sim.pocket import Hand, OpenPhone, Pocket
from beacon_sim.population import Persona
from beacon_sim.radio import RadioSettings, Walls, battery_s
from beacon_sim.till import ITEM_MS, Till, shortest
from beacon_sim.traffic import Traffic
from beacon_sim.trip import Halt, pick_halt, plan_trip
from beacon_sim.walk import Walk, stand
from offer_engine.core.store_map import StoreMap
from offer_engine.messages import Basket, BasketItem, Checkout, Offer, Presence, SoldItem, encode, shopper_topic

Steps = Generator[simpy.Event, object, None]
Publish = Callable[[str, bytes, int], None]  # topic, payload, QoS

PHONE_LEAD_MS = 1_500  # from the phone's connection to the first fix: what is allowed is known before tracking begins
CART_M = 0.15  # farther than from others one keeps from who pushes a cart
SWITCH_SHARE = 0.5  # an accepted offer replaces a planned product of its category this often


@dataclass(frozen=True, slots=True)
class Shop:
    """What all shoppers of a day share."""

    env: simpy.Environment  # virtual time in whole ms since the day's start
    store: StoreMap
    floor: Floor
    aisles: Aisles
    traffic: Traffic
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


@dataclass(slots=True)
class Diary:
    """What came of a visit, for those who measure the store; the store itself never looks."""

    walks: list[Walk] = field(default_factory=list)  # in order; between two of them one stands
    halts: list[Halt] = field(default_factory=list)  # done, in order
    queued_ms: int | None = None  # from the end of the queue to the till; None: has not paid
    paid_at: Point | None = None


class Shopper:
    """One persona on one visit."""

    def __init__(self, shop: Shop, persona: Persona, visit: str, dice: Dice, gone: Callable[[Persona], None]) -> None:
        self.persona = persona
        self.is_inside = False
        self.diary = Diary()
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
        self._walk = stand(self._trip.start, 0)
        self._room_m = CART_M if persona.carries == "cart" else 0.0
        self._mouth: Point | None = None  # by which the aisle was entered that one is in
        self._cart: dict[str, int] = {}
        self._rev = 0
        self._taken: dict[str, Offer] = {}  # by sku
        hand = Hand(has=self._cart.__contains__, take=self._take)
        self._pocket = Pocket(shop.env, shop.store, persona, hand, dice.phone)

    # --- what the day asks of a shopper -----------------------------------------------------------------------------

    def arrive(self) -> None:
        """Come in: from now on the shopper lives by itself, and says when it is out again."""
        self.is_inside = True
        self._walk = stand(self._trip.start, int(self._env.now))
        self.diary.walks.append(self._walk)
        self._shop.traffic.moves(self.persona.shopper, self._walk, self._room_m)
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
        return self._walk.place(int(self._env.now))

    @property
    def walked_m(self) -> float:
        """How far so far, in metres; the present walk counts once it is over."""
        return sum(walk.length_m for walk in self.diary.walks if walk.at_ms[-1] <= self._env.now)

    # --- walking ----------------------------------------------------------------------------------------------------

    def _set_out(self, goal: Point, spot: Point | None = None) -> int:
        """Begin to walk to `goal`, or a `spot` in sight of it; returns how many ms it takes."""
        self._stop()
        now_ms = int(self._env.now)
        way = way_out(self._shop.floor, self._shop.aisles, self.place(), goal, self._mouth)
        self._mouth = mouth_of(self._shop.aisles, way) or self._mouth
        way = self._shop.floor.ending_at(way, spot or goal)
        self._walk = self._shop.traffic.walk(self.persona.shopper, way, self.persona.speed_m_s, now_ms)
        self._shop.traffic.moves(self.persona.shopper, self._walk, self._room_m)
        self.diary.walks.append(self._walk)
        return self._walk.ends_ms - now_ms

    def _stop(self) -> None:
        """Stand still here."""
        self._walk = self.diary.walks[-1] = self._walk.until(int(self._env.now))
        self._shop.traffic.moves(self.persona.shopper, self._walk, self._room_m)

    def _go(self, goal: Point, spot: Point | None = None) -> Steps:
        yield self._env.timeout(self._set_out(goal, spot))

    def _spend(self, ms: int) -> Generator[simpy.Event, object, bool]:
        """Let `ms` pass, or less when an accepted offer calls; whether all of it passed."""
        if ms <= 0:
            return True
        turn = self._turn
        yield self._env.timeout(ms) | turn
        return not turn.triggered

    def _spot(self, halt: Halt) -> Point:
        """Where to stand for a halt; whoever is booked stands where they were told to."""
        return halt.at if self.persona.is_planned else self._shop.traffic.spot(self.persona.shopper, halt.at)

    # --- the visit --------------------------------------------------------------------------------------------------

    def _visit(self) -> Steps:
        while self._detours or self._to_do:
            if self._detours:
                halt = self._detours.popleft()
                yield from self._go(halt.at, self._spot(halt))
                yield self._env.timeout(halt.linger_ms + halt.pick_ms)
                self._done(halt)
            else:
                yield from self._next_halt(self._to_do.popleft())
        self._is_done = True
        if self._cart:
            yield from self._pay()
        yield from self._go(self._trip.end)
        self._leave()

    def _next_halt(self, halt: Halt) -> Steps:
        """Go to a halt, look and pick; what an accepted offer cuts short is done after it."""
        if not (yield from self._spend(self._set_out(halt.at, self._spot(halt)))):
            self._stop()
            self._to_do.appendleft(halt)
            return
        began = int(self._env.now)
        if not (yield from self._spend(halt.linger_ms)):
            self._to_do.appendleft(replace(halt, linger_ms=max(halt.linger_ms - int(self._env.now) + began, 0)))
            return
        yield self._env.timeout(halt.pick_ms)
        self._done(halt)

    def _done(self, halt: Halt) -> None:
        """What was looked for is in the cart."""
        self.diary.halts.append(halt)
        if halt.sku is None:
            return
        self._cart[halt.sku] = self._cart.get(halt.sku, 0) + halt.qty
        self._rev += 1
        self._publish_basket()

    def _pay(self) -> Steps:
        """Queue at the shortest till and pay in turn."""
        till = shortest(self._shop.tills, self.place())
        yield from self._go(till.tail())
        with till.lanes.request() as request:
            till.join(request)
            joined_ms = int(self._env.now)
            self._set_out(till.spot(request))
            while not request.triggered:
                yield request | till.advanced
                self._set_out(till.spot(request))
            self.diary.queued_ms = int(self._env.now) - joined_ms
            yield from self._go(till.place.service)
            yield self._env.timeout(self._trip.till_ms + ITEM_MS * len(self._cart))
            self.diary.paid_at = till.place.service
            self._publish_checkout()
            till.leave(request)

    def _leave(self) -> None:
        self._stop()
        self._shop.traffic.leaves(self.persona.shopper)
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
        env, publish, start_ms, interval_ms = self._env, self._shop.publish, self._shop.start_ms, antenna.interval_ms
        while self.is_inside and (now_ms := int(env.now)) < dead_ms:  # most of a day's time is spent in this loop
            payload = antenna.message(self._walk.place(now_ms), start_ms + now_ms)
            if payload is not None:
                publish(topic, payload, 0)
            yield env.timeout(interval_ms)
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
