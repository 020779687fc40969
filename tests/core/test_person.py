"""What is remembered of a shopper: choices hold, receipts never go back, whatever order they come in."""

from itertools import permutations
from typing import Literal, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from offer_engine.core.person import (
    REMEMBERED_DELIVERIES,
    Consents,
    Delivery,
    DeliveryState,
    Person,
    code_of,
    consent,
    join,
    mute,
    receipt,
    redeem,
    remember,
    rename_visit,
    unmute,
)
from offer_engine.messages import ALWAYS_MS, ConsentChange, Mute, Receipt, Unmute

Event = Literal["shown", "opened", "accepted", "dismissed", "not_for_me", "expired"]
EVENTS: tuple[Event, ...] = get_args(Event)
SENT = Delivery("o1", "rule", "red-wine", "oak-red", "visit", 1000, 601_000)
PERSON = Person(deliveries=(SENT,))


def after(*events: Event, person: Person = PERSON) -> Delivery:
    """The delivery after these receipts, a second apart."""
    for n, event in enumerate(events):
        person = receipt(person, Receipt("o1", event, 2000 + 1000 * n))
    return person.deliveries[0]


# --- receipts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "state"),
    [
        (("shown",), "shown"),
        (("shown", "opened", "accepted"), "accepted"),
        (("accepted", "shown", "opened"), "accepted"),
        (("dismissed", "opened"), "dismissed"),
        (("accepted", "not_for_me"), "not_for_me"),
        (("not_for_me", "accepted"), "not_for_me"),
        (("expired",), "expired"),
        (("shown", "expired"), "shown"),
        (("expired", "shown"), "shown"),  # one phone was late, another was not
    ],
)
def test_an_offer_gets_only_further(events: tuple[Event, ...], state: DeliveryState) -> None:
    """A receipt that is behind what is known changes nothing."""
    assert after(*events).state == state


@pytest.mark.parametrize("events", [*permutations(("shown", "opened", "not_for_me"))])
def test_the_order_of_receipts_is_irrelevant(events: tuple[Event, ...]) -> None:
    """A phone that was offline tells its story in any order; the end is the same."""
    assert after(*events).state == "not_for_me"


@given(st.lists(st.sampled_from(EVENTS), max_size=8))
def test_what_was_shown_stays_shown(events: list[Event]) -> None:
    """Once some receipt says that it was seen, it counts; and the first of them dates it."""
    found = after(*events)
    seen = [n for n, event in enumerate(events) if event != "expired"]
    assert found.shown_at == (2000 + 1000 * seen[0] if seen else None)
    assert found.counts(10**13) == bool(seen)


def test_not_for_me_is_remembered_even_of_an_offer_that_was_used() -> None:
    """Bought it, did not like it: the state stays redeemed, the dislike counts."""
    used = redeem(PERSON, "o1", 5000)
    person = receipt(used, Receipt("o1", "not_for_me", 6000))
    assert person.deliveries[0].state == "redeemed"
    assert person.rejected == (("rule", "oak-red"),)
    assert receipt(person, Receipt("o1", "not_for_me", 7000)) == person


def test_a_receipt_for_nothing_changes_nothing() -> None:
    """Neither for an unknown offer nor for one that only a control would have got."""
    held = Person(deliveries=(Delivery("o1", "rule", "red-wine", "oak-red", "visit", 1000, 601_000, "control"),))
    for event in EVENTS:
        assert receipt(PERSON, Receipt("o2", event, 1)) is PERSON
        assert receipt(held, Receipt("o1", event, 1)) is held
    assert redeem(held, "o1", 1) is held


@pytest.mark.parametrize(
    ("state", "now_ms", "counts"),
    [
        ("sent", 600_999, True),
        ("sent", 601_000, False),  # expired unseen: it used up nothing
        ("expired", 2000, False),
        ("control", 10**13, True),
    ],
)
def test_a_cap_counts_what_was_delivered(state: DeliveryState, now_ms: int, *, counts: bool) -> None:
    """On its way and able to be shown, or a control's ghost; what was shown counts by `shown_at`."""
    assert Delivery("o1", "rule", "red-wine", "oak-red", "visit", 1000, 601_000, state).counts(now_ms) is counts


def test_a_used_code_was_seen() -> None:
    """Whoever uses an offer at the till has seen it, even if no receipt ever came."""
    (found,) = redeem(PERSON, "o1", 5000).deliveries
    assert (found.state, found.shown_at, found.is_redeemable) == ("redeemed", 5000, False)
    assert redeem(Person(deliveries=(found,)), "o1", 6000).deliveries == (found,)
    assert redeem(PERSON, "o2", 5000) is PERSON


def test_the_oldest_offer_is_forgotten() -> None:
    """A state stays small, however loyal the shopper."""
    person = Person()
    for n in range(REMEMBERED_DELIVERIES + 2):
        person = remember(person, Delivery(f"o{n}", "rule", "red-wine", "oak-red", "visit", n, n + 1))
    assert len(person.deliveries) == REMEMBERED_DELIVERIES
    assert person.deliveries[0].offer == "o2"
    assert len({code_of(delivery) for delivery in person.deliveries}) == REMEMBERED_DELIVERIES


def test_renaming_a_visit_renames_its_offers_only() -> None:
    """Those of other visits keep theirs."""
    other = Delivery("o2", "rule", "red-wine", "oak-red", "earlier", 0, 1)
    renamed = rename_visit(Person(deliveries=(other, SENT)), "visit", "v7")
    assert [delivery.visit for delivery in renamed.deliveries] == ["earlier", "v7"]
    assert rename_visit(PERSON, "unknown", "v7") is PERSON


# --- mutes and consents ----------------------------------------------------------------------------------------------


def test_each_mute_has_its_scope() -> None:
    """A rule, a category, an hour, for good; each takes no more than it says."""
    blamed = replace(SENT, muted=True)
    assert mute(PERSON, Mute("offer", 1, "o1")) == Person(deliveries=(blamed,), muted_rules=("rule",))
    assert mute(PERSON, Mute("category", 1, "o1")) == Person(deliveries=(blamed,), muted_categories=("red-wine",))
    assert mute(PERSON, Mute("hour", 1)).muted_until == 3_600_001
    assert mute(PERSON, Mute("always", 1)).muted_until == ALWAYS_MS


@pytest.mark.parametrize("scope", ["offer", "category"])
def test_a_mute_of_nothing_mutes_nothing(scope: Literal["offer", "category"]) -> None:
    """An unknown offer, or none named."""
    assert mute(PERSON, Mute(scope, 1, "o2")) == mute(PERSON, Mute(scope, 1)) == PERSON


@given(st.lists(st.builds(Mute, st.sampled_from(["offer", "category", "hour", "always"]), st.integers(0, 10**9))))
def test_a_mute_never_shortens_another(mutes: list[Mute]) -> None:
    """An hour on top of "for good" is for good."""
    person = PERSON
    for one in mutes:
        before, person = person, mute(person, one)
        assert person.muted_until >= before.muted_until


def test_muting_twice_is_muting_once_and_unmuting_takes_all_back() -> None:
    """But a "not for me" stays, about the product, and that this offer was once muted, about its rule."""
    disliked = receipt(PERSON, Receipt("o1", "not_for_me", 1))
    once = mute(mute(disliked, Mute("offer", 1, "o1")), Mute("category", 1, "o1"))
    assert mute(mute(once, Mute("offer", 2, "o1")), Mute("category", 2, "o1")) == once
    (blamed,) = once.deliveries
    assert unmute(mute(once, Mute("always", 3))) == replace(disliked, deliveries=(blamed,))
    assert Unmute(1).ts == 1


def test_a_consent_left_out_stays_as_it_is() -> None:
    """Each of the three is changed alone."""
    person = consent(Person(), ConsentChange(1, location=True))
    assert person.consents == Consents(location=True)
    person = consent(person, ConsentChange(2, history=True, location=False))
    assert person.consents == Consents(history=True)


def test_what_was_said_beats_the_terms_of_joining() -> None:
    """Joining agrees once; who has chosen before, or has joined already, is not asked again."""
    terms = Consents(location=True, basket=True, history=True)
    assert join(Person(), terms).consents == terms
    assert join(consent(Person(), ConsentChange(1, basket=True)), terms).consents == Consents(basket=True)
    assert join(join(Person(), Consents()), terms).consents == Consents()
