"""Who comes to the store: personas with what they want, like and allow, and what they bought before.

A population is three values: the people who are booked for a time of the day (the demo's cast), a function from a
number and a generator to the walk-in with that number, and a function that tells their purchase history. Everything
random about a walk-in comes from the generator handed in, so that a person is the same in every run with one seed.
`habits` makes a population for any store, `completejourney` one from data that nobody here made.

Shares of consent and the walking speed are assumptions of the simulator; the speed is that of shoppers with carts and
baskets, 0.95 m/s with a standard deviation of 0.15.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from numpy.random import Generator

from offer_engine.core.store_map import Product

PHONE_SHARE = 0.88  # carry a phone with the store's app
LOCATION_SHARE = 0.70  # of all shoppers: share their location
BASKET_SHARE = 0.90  # of those: share their basket
HISTORY_SHARE = 0.85  # of those: share their purchase history
UNKNOWN_LIKING = 0.1  # how much one likes a thing that the tastes do not mention
FIX_INTERVALS_MS = (250, 333, 500, 1000)
HANDS_HOLD = 5  # different things, and no more; a basket holds up to BASKET_HOLDS, and beyond it takes a cart
BASKET_HOLDS = 12

Carrier = Literal["hands", "basket", "cart"]


@dataclass(frozen=True, slots=True)
class Buy:
    """A product to pick up."""

    sku: str
    qty: int = 1
    linger_s: float | None = None  # looking at the shelf before the pick, >= 0; None: drawn when the trip is planned
    is_impulse: bool = False  # not on the list: picked up where it lies nearest to the way


@dataclass(frozen=True, slots=True)
class Browse:
    """A zone to look round in without buying."""

    zone: str
    linger_s: float  # > 0
    at: tuple[float, float] | None = None  # where to stand, metres; None: anywhere in front of its shelves


Stop = Buy | Browse


@dataclass(frozen=True, slots=True)
class Consents:
    """What a shopper lets the store use; told by the phone when it connects."""

    location: bool
    basket: bool
    history: bool


@dataclass(frozen=True, slots=True)
class Persona:
    """One shopper on one visit."""

    shopper: str  # the pseudonymous token on the wire
    label: str  # for people who watch the simulator
    kind: str  # "cast", "quick", "top-up", "main shop", "household"
    mission: tuple[Stop, ...]
    tastes: Mapping[
        str, float
    ]  # sku or category -> how much it is truly liked, in [0, 1]; a sku goes before its category
    consents: Consents | None  # None: carries no phone of ours
    speed_m_s: float = 0.95
    fix_ms: int = 500  # the beacons see this shopper once in so many ms
    is_planned: bool = False  # walks the mission in the order given and looks round nowhere else
    arrives_s: float | None = None  # seconds after the day begins, negative: is inside by then; None: a walk-in
    starts_at: tuple[float, float] | None = None  # where a booked shopper is first seen, metres; None: at a door

    @property
    def carries(self) -> Carrier:
        """What things are carried in: that follows from how many one comes for."""
        things = sum(isinstance(stop, Buy) for stop in self.mission)
        return "hands" if things <= HANDS_HOLD else "basket" if things <= BASKET_HOLDS else "cart"


@dataclass(frozen=True, slots=True)
class PurchaseRow:
    """One line of a past receipt."""

    shopper: str
    at_ms: int
    basket: str
    sku: str
    qty: int
    price_cents: int  # paid for one


@dataclass(frozen=True, slots=True)
class Population:
    """Everyone who may come to one store."""

    name: str
    booked: tuple[Persona, ...]  # those with `arrives_s`
    size: int  # distinct walk-ins, numbered from 0; the day starts over with 0 after the last
    walk_in: Callable[[int, Generator], Persona]
    history: Callable[
        [int, int], Iterator[PurchaseRow]
    ]  # (until_ms, days) -> rows before until_ms, by shopper, then time


def liking(tastes: Mapping[str, float], product: Product) -> float:
    """How much a shopper truly likes a product, in [0, 1].

    The sku itself goes before its category, and what is not mentioned is liked a little.
    """
    return tastes.get(product.sku, tastes.get(product.category, UNKNOWN_LIKING))


def draw_speed_m_s(rng: Generator) -> float:
    """Draw a walking speed in m/s: normal, mean 0.95, sd 0.15, cut to [0.5, 1.4]."""
    return round(min(max(float(rng.normal(0.95, 0.15)), 0.5), 1.4), 3)


def draw_fix_ms(rng: Generator) -> int:
    """Draw how often the beacons see a shopper: every 250 to 1,000 ms, which is 4 to 1 times a second."""
    return FIX_INTERVALS_MS[int(rng.integers(len(FIX_INTERVALS_MS)))]


def draw_consents(rng: Generator) -> Consents | None:
    """Draw what a shopper allows; None for one without a phone.

    One uniform number decides between no phone, a phone without location, and location, so the shares are of all
    shoppers.
    """
    chance, basket, history = rng.random(3).tolist()
    if chance >= PHONE_SHARE:
        return None
    if chance >= LOCATION_SHARE:
        return Consents(location=False, basket=False, history=False)
    return Consents(location=True, basket=basket < BASKET_SHARE, history=history < HISTORY_SHARE)
