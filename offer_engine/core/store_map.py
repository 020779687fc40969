"""A store as data: the floor with its zones and shelves, what is sold, what goes together, and its manners.

Parsing lives in `store_parse`; these are the values it yields. Coordinates are metres in the store's own frame, x east,
y north. IMDF words are used for the features of the floor (level, fixture, opening, geofence); a *zone* is a geofence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shapely import LineString, MultiPolygon, Polygon

from offer_engine.core.world_tie import Tie

# What a store that says nothing else gets. Of the offers that shoppers see, most are put away by few; a rule that three
# in ten turn down is far from that, and fifty is where an interval begins to say something.
PAUSE_GROWTH = 2.0
PAUSE_MAX_DAYS = 90.0
ANNOYANCE_LIMIT = 0.3
ANNOYANCE_MIN_SHOWN = 50

ZoneKind = Literal["dept", "aisle", "promo", "service"]


@dataclass(frozen=True, slots=True)
class Zone:
    """A geofence on the floor, with the numbers that decide when a shopper is in it."""

    key: str
    label: str
    kind: ZoneKind
    floor: int
    area: MultiPolygon
    min_inside_ms: int  # enter once inside for this long
    min_dwell_ms: int  # dwell once inside for this long, counted from the first fix inside
    min_outside_ms: int  # exit once outside for this long
    exit_margin_m: float  # a fix counts as outside only beyond this distance from the zone
    timeout_ms: int  # exit when nothing was heard for this long


@dataclass(frozen=True, slots=True)
class Fixture:
    """A shelf, counter, cooler, table or till; nobody walks through it."""

    key: str
    kind: str  # gondola, cooler, freezer, counter, rack, table, till, wall
    zone: str | None  # the zone whose products stand on it, None when several zones share it
    area: Polygon


@dataclass(frozen=True, slots=True)
class Opening:
    """A door: shoppers come in or go out through it."""

    key: str
    label: str
    direction: Literal["in", "out", "both"]
    line: LineString


@dataclass(frozen=True, slots=True)
class Gateway:
    """A radio receiver with a known place."""

    key: str
    x: float
    y: float
    z_m: float
    rssi_1m_dbm: float


@dataclass(frozen=True, slots=True)
class Product:
    """One article on sale."""

    sku: str
    name: str  # as a shopper reads it
    brand: str  # "" when it has none
    category: str  # a key, like "red-wine"; the word that rules, pairings and mutes use
    zone: str  # where it stands
    price_cents: int
    margin_share: float  # gross margin in [0, 1] of the price
    stock: int  # pieces
    popularity: float  # expected units sold per 1,000 visits, >= 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a learnt pairing rests on."""

    households: int  # support: those that bought both at once
    low: float  # lower end of the lift's 95 % interval, > 1
    high: float  # its upper end


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two things that go together, by the retailer or by baskets: with `when` in the cart, `then` is worth more."""

    when: str  # a category or a sku
    then: str  # a category or a sku
    lift: float  # > 1: how many times likelier `then` is
    source: str  # "curated" by the retailer, or "learnt" from baskets
    evidence: Evidence | None = None  # of a learnt one


@dataclass(frozen=True, slots=True)
class Onward:
    """What is usually still to come: of the visits that came by a zone, how many did something elsewhere later."""

    zone: str  # where they came by
    to: str  # where they had not done it before
    transition: Literal["enter", "dwell"]
    share: float  # of those visits, in [0, 1]
    visits: int  # that were counted


@dataclass(frozen=True, slots=True)
class Policy:
    """The store's manners, for every rule alike."""

    pushes_per_visit: int  # delivered pushes, at most
    min_gap_s: int  # between two delivered pushes to one shopper
    rule_cooldown_h: float  # the same rule to the same shopper again, at the earliest
    category_cooldown_h: float  # the same category to the same shopper again, at the earliest
    ignores_before_pause: int  # so many offers shown and not opened in a row ...
    pause_days: float  # ... or one "not for me" silence the category for this long
    quiet_from: str  # "HH:MM" store time; pushes stop
    quiet_until: str  # "HH:MM" store time; pushes resume; equal to quiet_from: no quiet hours
    holdout_share: float  # in [0, 1): shoppers kept as controls
    offer_valid_s: int  # an offer expires after this, unless its rule says otherwise
    min_score_cents: float  # expected profit over that of silence, below which silence is better
    consent_on_join: tuple[str, ...] = ()  # of location, basket, history: what joining with a phone agrees to
    pause_growth: float = PAUSE_GROWTH  # each repetition makes the pause so many times longer ...
    pause_max_days: float = PAUSE_MAX_DAYS  # ... up to this, or pause_days where that is more
    annoyance_limit: float = ANNOYANCE_LIMIT  # in [0, 1]: a rule surely unwelcome more often pauses itself ...
    annoyance_min_shown: int = ANNOYANCE_MIN_SHOWN  # ... once so many were shown
    store_pushes_per_h: int | None = None  # to all shoppers together, in any 60 minutes; None: no limit


@dataclass(frozen=True, slots=True)
class StoreMap:
    """Everything about one store that does not change while shoppers walk."""

    store: str
    label: str
    timezone: str  # IANA name
    currency: str  # ISO 4217
    level: Polygon  # the sales floor's outline
    zones: Mapping[str, Zone]
    fixtures: tuple[Fixture, ...]
    openings: tuple[Opening, ...]
    gateways: tuple[Gateway, ...]
    category_labels: Mapping[str, str]  # category key -> as a shopper reads it
    products: Mapping[str, Product]
    pairings: tuple[Pairing, ...]
    policy: Policy
    onward: tuple[Onward, ...] = ()  # how people walk here; empty: nobody has counted
    tie: Tie | None = None  # how the plan lies on the earth, where control points say so
