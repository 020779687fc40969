"""The caps that all shoppers share hold under any interleaving of what they do and what their phones report."""

from dataclasses import dataclass, field, replace
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from offer_engine.core.pacing import MS_PER_H
from offer_engine.messages import ConsentChange, Offer, Receipt
from tests.core.worlds import ANY_LAMB, ANY_RED, NO_PACING, world
from tests.engines import Bench, Pocket

Event = Literal["shown", "expired", "dismissed"]
SHOPPERS = ("ana", "bob", "eve")
WINE, MEAT, DOOR = (1.0, 5.0), (9.0, 6.0), (5.0, 0.5)
AN_HOUR, BUDGET = 3, 5
MANNERS = replace(NO_PACING, store_pushes_per_h=AN_HOUR, offer_valid_s=60)
RED = replace(ANY_RED, cooldown_h=0.0, per_visit=100, budget=BUDGET)
LAMB = replace(ANY_LAMB, cooldown_h=0.0, per_visit=100)
SHOP = world(RED, LAMB, policy=MANNERS)


@dataclass
class Note:
    """An offer as an observer outside the engine notes it."""

    offer: Offer
    shopper: str
    is_seen: bool = False
    is_expired: bool = False

    @property
    def is_delivered(self) -> bool:
        """Seen, or not known to have come too late: of one that nobody reports, the store believes the worse."""
        return self.is_seen or not self.is_expired


@dataclass
class Store:
    """The engine, three phones, and what an observer saw."""

    bench: Bench = field(default_factory=lambda: Bench(SHOP))
    phones: dict[str, Pocket] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    def open(self) -> None:
        """Everybody joins."""
        for shopper in SHOPPERS:
            self.phones[shopper] = self.bench.connect(shopper)
            self.bench.service.phone(shopper, ConsentChange(self.bench.now_ms, location=True))

    def walks(self, shopper: str, place: tuple[float, float]) -> None:
        """Somebody stays in a department and leaves it; every offer is held against the caps as it comes."""
        self.bench.stand(shopper, *place, seconds=6)
        self.bench.stand(shopper, *DOOR, seconds=5)
        for offer in self.phones[shopper].offers():
            got = [one.offer for one in self.notes if one.is_delivered]
            assert sum(0 <= offer.ts - one.ts < MS_PER_H for one in got) < AN_HOUR
            assert offer.rule != RED.id or sum(one.rule == RED.id for one in got) < BUDGET
            self.notes.append(Note(offer, shopper))

    def reports(self, back: int, event: Event) -> None:
        """A phone says what became of one of the offers so far."""
        if not self.notes:
            return
        note = self.notes[-1 - back % len(self.notes)]
        self.phones[note.shopper].says(Receipt(note.offer.id, event, self.bench.now_ms))
        note.is_seen |= event != "expired"
        note.is_expired |= event == "expired"


@dataclass(frozen=True)
class Walks:
    """Somebody comes, stays in a department, and leaves it."""

    shopper: str
    place: tuple[float, float]


@dataclass(frozen=True)
class Reports:
    """A phone speaks of one of the offers, counted from the newest."""

    back: int
    event: Event


@dataclass(frozen=True)
class Passes:
    """Nothing happens for so many seconds."""

    seconds: float


Step = Walks | Reports | Passes
steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(Walks, st.sampled_from(SHOPPERS), st.sampled_from([WINE, WINE, MEAT])),
    st.builds(Reports, st.integers(0, 4), st.sampled_from(["shown", "expired", "dismissed"])),
    st.builds(Passes, st.sampled_from([30.0, 600.0, 1900.0])),
)


@settings(deadline=None)
@given(st.lists(steps, max_size=14))
def test_neither_the_store_s_hour_nor_a_budget_is_ever_exceeded(day: list[Step]) -> None:
    """Whoever comes where and when, whatever phones report, late, twice or never: counted by what was delivered."""
    store = Store()
    store.open()
    for step in day:
        match step:
            case Walks(shopper, place):
                store.walks(shopper, place)
            case Reports(back, event):
                store.reports(back, event)
            case Passes(seconds):
                store.bench.pass_time(seconds)


def test_the_caps_are_reached() -> None:
    """The property above has something to bite: of eight visits to the wine three an hour bring an offer."""
    store = Store()
    store.open()
    for n in range(8):
        store.walks(SHOPPERS[n % 3], WINE)
    assert len(store.notes) == AN_HOUR
    store.bench.pass_time(3600)
    for n in range(8):
        store.walks(SHOPPERS[n % 3], WINE)
    assert len(store.notes) == BUDGET


def test_an_offer_shown_after_all_is_counted_after_all() -> None:
    """One phone says that it came too late, another showed it: it takes its place in the hour again."""
    store = Store()
    store.open()
    store.walks("ana", WINE)
    store.reports(0, "expired")
    store.reports(0, "shown")
    for n in range(8):
        store.walks(SHOPPERS[n % 3], WINE)
    assert len(store.notes) == AN_HOUR
