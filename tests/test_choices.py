"""A shopper's choices: whose data is looked at, what is on record of it, and what may ring again."""

from collections import Counter
from typing import Literal

import pytest

from offer_engine.core.shopper import Shopper
from offer_engine.errors import MessageError
from offer_engine.messages import (
    ConsentChange,
    Here,
    Mute,
    Receipt,
    Unmute,
)
from offer_engine.outbox import Progress
from tests.dave import (
    INSIDE_S,
    LAMB,
    WINE_AISLE,
    checkout,
    dave_has_an_offer,
    market,
    stored,
)
from tests.engines import START_MS, Bench


@pytest.fixture
def store() -> Bench:
    """Northgate Market in the morning; Dave has bought Silver Oak twice."""
    return market()


def test_who_does_not_share_a_location_leaves_no_state(store: Bench) -> None:
    """Positions are counted and forgotten; not even a clean stop writes down that somebody was here."""
    store.stand("nobody", *WINE_AISLE, seconds=20)
    store.pass_time(1)
    store.service.keep_all()

    assert store.service.counts.untracked == 21
    assert store.service.shopper("nobody").state == Shopper("nobody")
    assert stored(store.ledger, "shoppers") == []


def test_history_is_not_even_read_without_consent(store: Bench) -> None:
    """The purchases of somebody who does not share them are not asked for; the question itself would be a use."""
    asked: list[str] = []
    store.ledger._db.set_trace_callback(asked.append)
    phone = store.connect("dave")
    phone.says(ConsentChange(store.now_ms, history=False))
    asked.clear()

    store.basket("dave", [LAMB])
    store.stand("dave", *WINE_AISLE, seconds=10)
    store.pass_time(20)
    assert not [query for query in asked if "FROM purchases" in query]

    phone.says(ConsentChange(store.now_ms, history=True))
    store.stand("dave", *WINE_AISLE, seconds=10)
    assert len([query for query in asked if "FROM purchases" in query]) == 1, "once, and then remembered"


def test_withdrawing_location_ends_every_zone_and_forgets_the_place(store: Bench) -> None:
    """An off-switch switches off: the phone is told, and the next fixes are not followed."""
    phone = store.connect("dave")
    store.stand("dave", *WINE_AISLE, seconds=INSIDE_S)
    phone.hears()

    phone.says(ConsentChange(store.now_ms, location=False))
    store.stand("dave", *WINE_AISLE, seconds=10)

    state = store.service.shopper("dave").state
    assert (state.track, state.fence.stays) == (None, ())
    assert [message.zone for message in phone.hears() if isinstance(message, Here)] == [""]
    assert store.service.counts.untracked == 11


def test_every_change_of_consent_is_on_record_and_only_changes_are(store: Bench) -> None:
    """Joining on the store's terms, one withdrawal, and saying the same again: two rows."""
    phone = store.connect("dave")
    store.connect("dave")
    store.now_ms += 1000
    for _ in range(2):
        phone.says(ConsentChange(store.now_ms, history=False))

    assert stored(store.ledger, "consents") == [
        ("dave", START_MS, 1, 1, 1),
        ("dave", START_MS + 1000, 1, 1, 0),
    ]


def test_saying_no_to_everything_first_is_on_record_too(store: Bench) -> None:
    """A choice that changes nothing is still a choice."""
    store.service.phone("dave", ConsentChange(store.now_ms, location=False, basket=False, history=False))
    store.end_turn()

    assert stored(store.ledger, "consents") == [("dave", START_MS, 0, 0, 0)]
    assert store.service.shopper("dave").state.person.joined


def test_choices_may_be_said_twice(store: Bench) -> None:
    """A phone that is not sure it was heard says it again; the second time changes nothing."""
    phone = dave_has_an_offer(store)
    (offer,) = phone.offers()
    for choice in (
        Mute("offer", store.now_ms, offer.id),
        Mute("category", store.now_ms, offer.id),
        Mute("hour", store.now_ms),
        Mute("always", store.now_ms),
        Unmute(store.now_ms),
        ConsentChange(store.now_ms, basket=False),
        Receipt(offer.id, "not_for_me", store.now_ms),
    ):
        phone.says(choice)
        once = store.service.shopper("dave").state.person
        phone.says(choice)
        assert store.service.shopper("dave").state.person == once, choice

    assert store.service.counts.receipts == {"not_for_me": 1}


def test_a_receipt_for_somebody_elses_offer_is_refused(store: Bench) -> None:
    """Nobody can accept, reject or redeem for Dave; nothing of it is written down."""
    (offer,) = dave_has_an_offer(store).offers()
    ana = store.connect("ana")

    with pytest.raises(MessageError, match=offer.id):
        ana.says(Receipt(offer.id, "not_for_me", store.now_ms))

    assert store.service.shopper("dave").state.person.deliveries[-1].state == "sent"
    assert stored(store.ledger, "receipts") == []


def test_a_receipt_is_kept_with_how_far_the_offer_got(store: Bench) -> None:
    """Each receipt once, the furthest state beside it, and whoever watches is told of each step."""
    phone = dave_has_an_offer(store)
    (offer,) = phone.offers()
    seen: list[str] = []
    store.service.out.watch = lambda event: seen.append(event.state) if isinstance(event, Progress) else None

    said: list[Literal["shown", "opened", "accepted"]] = ["shown", "opened", "shown", "accepted"]
    for event in said:
        phone.says(Receipt(offer.id, event, store.now_ms))

    assert Counter(row[1] for row in stored(store.ledger, "receipts")) == {"shown": 1, "opened": 1, "accepted": 1}
    (delivery,) = stored(store.ledger, "deliveries")
    assert delivery[4] == "accepted"
    assert seen == ["shown", "opened", "accepted"]


@pytest.mark.parametrize("event", ["dismissed", "not_for_me"])
def test_what_the_shopper_put_away_is_not_sent_again(store: Bench, event: Literal["dismissed", "not_for_me"]) -> None:
    """A page that is opened anew remembers nothing, so it is the engine that must not ring twice."""
    phone = dave_has_an_offer(store)
    (offer,) = phone.offers()

    phone.says(Receipt(offer.id, event, store.now_ms))

    assert store.service.offers_after("dave", None) == []


def test_an_accepted_offer_is_sent_again_until_it_is_used(store: Bench) -> None:
    """Its code is needed at the till, on whatever phone; used, it is needed no longer."""
    phone = dave_has_an_offer(store)
    (offer,) = phone.offers()
    phone.says(Receipt(offer.id, "accepted", store.now_ms))
    assert store.service.offers_after("dave", None) == [offer]
    assert store.service.offers_after("dave", offer.id) == []

    store.send("dave", "checkout", checkout(store, offer.code))

    assert store.service.offers_after("dave", None) == []


@pytest.mark.parametrize("scope", ["offer", "category", "hour", "always"])
def test_a_muted_phone_stays_silent_when_it_comes_back(
    store: Bench, scope: Literal["offer", "category", "hour", "always"]
) -> None:
    """A mute holds for what was decided before it, too."""
    phone = dave_has_an_offer(store)
    (offer,) = phone.offers()

    phone.says(Mute(scope, store.now_ms, offer.id))
    assert store.service.offers_after("dave", None) == []

    phone.says(Unmute(store.now_ms))
    assert store.service.offers_after("dave", None) == [offer]


def test_what_rests_on_data_taken_back_is_not_sent_again(store: Bench) -> None:
    """An offer made of the history may not come back once the history is no longer shared."""
    phone = dave_has_an_offer(store)
    (offer,) = phone.offers()
    assert "history" in offer.signals

    phone.says(ConsentChange(store.now_ms, history=False))

    assert offer not in store.service.offers_after("dave", None)


def test_a_choice_with_an_impossible_clock_counts_from_now(store: Bench) -> None:
    """A phone that is a day behind still means an hour from now when it says an hour."""
    phone = store.connect("dave")

    phone.says(Mute("hour", store.now_ms - 86_400_000))

    assert store.service.state("dave").person.muted_until == store.now_ms + 3_600_000
