"""The loop's promises one by one: what is refused, whose data is looked at, what is kept, and that nothing grows."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import pytest
from msgspec import structs

from offer_engine.core.person import Consents
from offer_engine.core.rules import RuleSet
from offer_engine.core.shopper import Shopper
from offer_engine.errors import MessageError, Refusal
from offer_engine.ledger import Batch, Ledger
from offer_engine.messages import (
    MAX_PAYLOAD_BYTES,
    REJECTED_HEAD_BYTES,
    Basket,
    BasketItem,
    Checkout,
    ConsentChange,
    Here,
    Mute,
    Position,
    Presence,
    Receipt,
    SoldItem,
    Unmute,
    encode,
)
from offer_engine.push import Phones
from offer_engine.service import FORGET_MS, MAX_AHEAD_MS, MAX_REPORTS, MAX_ROUTES, MAX_SKEW_MS, Progress, Sent, Service
from tests.core.worlds import ANY_RED, world
from tests.engines import START_MS, Bench, Pocket
from tests.worlds import demo_market

LAMB, SILVER_OAK = "rack-of-lamb", "silver-oak-cabernet"
WINE_AISLE, NOWHERE = (3.0, 12.0), (12.5, 7.0)
WINE = demo_market().store.zones["wine"]
INSIDE_S, DWELL_S = WINE.min_inside_ms // 1000, WINE.min_dwell_ms // 1000
PRICES = {LAMB: 2500, SILVER_OAK: 1192}


@pytest.fixture
def store() -> Bench:
    """Northgate Market in the morning; Dave has bought Silver Oak twice."""
    bench = Bench(demo_market())
    bench.remember("dave", SILVER_OAK, times=2)
    return bench


def dave_has_an_offer(store: Bench) -> Pocket:
    """Dave, his lamb, and ten seconds in the wine aisle."""
    phone = store.connect("dave")
    store.basket("dave", [LAMB])
    store.stand("dave", *WINE_AISLE, seconds=10)
    return phone


def checkout(store: Bench, *codes: str, visit: str = "v-1", items: tuple[str, ...] = (SILVER_OAK,)) -> bytes:
    """A receipt of the till, now."""
    sold = [SoldItem(sku, 1, PRICES[sku]) for sku in items]
    return encode(Checkout(store.now_ms, visit, sold, list(codes)))


def stored(ledger: Ledger, table: str) -> list[tuple[object, ...]]:
    """Every row of a table."""
    return ledger._db.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608  our own tables


# --- refused ----------------------------------------------------------------------------------------------------------

HERE = {"ts": START_MS, "x": 3.0, "y": 12.0}
REFUSED: dict[str, tuple[str, bytes, Refusal]] = {
    "not JSON": ("position", b"{", Refusal.MALFORMED),
    "NaN": ("position", b'{"ts": 1, "x": NaN, "y": 1}', Refusal.MALFORMED),
    "not UTF-8": ("basket", b'{"ts": 1, "rev": 1, "items": [{"sku": "\xff", "qty": 1}]}', Refusal.MALFORMED),
    "empty": ("presence", b"", Refusal.MALFORMED),
    "a text for a number": ("position", json.dumps({**HERE, "x": "3"}).encode(), Refusal.INVALID),
    "a field missing": ("checkout", b'{"ts": 1}', Refusal.INVALID),
    "out of range": ("basket", b'{"ts": 1, "rev": -1, "items": []}', Refusal.INVALID),
    "too large": ("basket", b" " * (MAX_PAYLOAD_BYTES + 1), Refusal.TOO_LARGE),
    "a clock behind": ("position", json.dumps({**HERE, "ts": START_MS - MAX_SKEW_MS - 1}).encode(), Refusal.CLOCK),
    "a clock ahead": ("position", json.dumps({**HERE, "ts": START_MS + MAX_AHEAD_MS + 1}).encode(), Refusal.CLOCK),
    "in the street": ("position", json.dumps({**HERE, "x": -5.01}).encode(), Refusal.OUTSIDE),
}


@pytest.mark.parametrize(("leaf", "payload", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_used_is_counted_kept_and_told(store: Bench, leaf: str, payload: bytes, reason: Refusal) -> None:
    """A refused message changes nothing but the count of refusals, the ledger's list and the rejected topic."""
    store.send("mallory", leaf, payload)

    topic = f"store/demo-market/shopper/mallory/{leaf}"
    assert store.service.counts.refused == {reason: 1}
    (told,) = [json.loads(report) for report in store.rejected()]
    assert (told["topic"], told["reason"], told["ts"]) == (topic, reason, store.now_ms)
    assert told["payload"] == payload[:REJECTED_HEAD_BYTES].decode(errors="replace")
    assert told["detail"]
    assert stored(store.ledger, "rejected") == [
        tuple(told[key] for key in ("ts", "topic", "reason", "detail", "payload"))
    ]
    assert store.service.counts.messages == store.service.counts.positions == 0


@pytest.mark.parametrize(
    "topic",
    ["store/demo-market/shopper/a b/position", "store/elsewhere/shopper/dave/position", "store/demo-market", ""],
)
def test_a_topic_that_is_not_ours_is_refused(store: Bench, topic: str) -> None:
    """Whatever a broker hands over, the loop lives."""
    store.service.receive(topic, b"{}")

    assert store.service.counts.refused == {Refusal.TOPIC: 1}


def test_a_position_may_err_beyond_the_walls_and_a_clock_by_minutes(store: Bench) -> None:
    """The limits themselves are still taken."""
    for ts, x in ((-MAX_SKEW_MS, 3.0), (MAX_AHEAD_MS, 3.0), (0, -4.99)):
        store.send("dave", "position", encode(Position(store.now_ms + ts, x, 12.0)))

    assert store.service.counts.refused == {}
    assert store.service.counts.positions == 3


def test_an_unknown_sku_is_told_and_the_rest_of_the_message_counts(store: Bench) -> None:
    """A till that knows a product before we do must not cost the whole basket, nor the sale."""
    store.basket("dave", [LAMB, "unicorn"])
    sale = Checkout(store.now_ms, "v-1", [SoldItem("unicorn", 1, 1), SoldItem(LAMB, 1, 2500)])
    store.send("dave", "checkout", encode(sale))

    visit = store.service.shopper("dave").state.visit
    assert visit is not None
    assert [item.sku for item in visit.basket] == [LAMB]
    assert store.ledger.purchases("dave")[-1] == (LAMB, store.now_ms)
    assert store.service.counts.refused == {Refusal.UNKNOWN_SKU: 2}
    assert all("unicorn" in str(json.loads(report)["detail"]) for report in store.rejected())


def test_a_flood_of_bad_messages_is_counted_in_full_and_told_in_part(store: Bench) -> None:
    """The sender's fault must not become our memory, our disk or our broker's load."""
    for _ in range(10 * MAX_REPORTS):
        store.service.receive("store/demo-market/shopper/mallory/position", b"{")
    store.end_turn()

    assert store.service.counts.refused == {Refusal.MALFORMED: 10 * MAX_REPORTS}
    assert len(store.rejected()) == len(stored(store.ledger, "rejected")) == MAX_REPORTS


def test_a_flood_while_the_disk_refuses_keeps_no_more_of_them(store: Bench) -> None:
    """Reports that wait for the ledger are bounded over all turns; once they are written there is room again."""
    commits: list[Callable[[], None]] = []
    store.hold_commits = commits.append
    for _ in range(5 * MAX_REPORTS):
        store.send("mallory", "position", b"{")
    store.hold_commits = None
    for commit in commits:
        commit()
    assert len(stored(store.ledger, "rejected")) == MAX_REPORTS

    store.send("mallory", "position", b"{")

    assert len(store.rejected()) == MAX_REPORTS + 1
    assert store.service.counts.refused == {Refusal.MALFORMED: 5 * MAX_REPORTS + 1}


def test_made_up_topics_do_not_fill_the_memory(store: Bench) -> None:
    """The table of known topics is cleared when it is full; what comes next is routed as ever."""
    store.service._routes.update({str(number): ("", "") for number in range(MAX_ROUTES)})

    store.send("dave", "position", encode(Position(store.now_ms, *WINE_AISLE)))

    assert len(store.service._routes) == 1
    assert store.service.counts.positions == 1


def test_a_fault_of_our_own_costs_one_message(store: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """The one broad except: refused as internal, its trace in the log, and the next message is handled."""
    store.ledger._db.execute("INSERT INTO shoppers VALUES ('broken', x'00', 0)")  # a state that cannot be read
    store.basket("broken", [LAMB])
    store.basket("dave", [LAMB])

    assert store.service.counts.refused == {Refusal.INTERNAL: 1}
    assert "Traceback" in caplog.text
    assert store.service.shopper("dave").state.visit is not None


# --- the clock --------------------------------------------------------------------------------------------------------


def in_event_time(ledger: Ledger) -> tuple[Service, list[Callable[[], None]]]:
    """A service whose clock is the newest event."""
    turns: list[Callable[[], None]] = []

    def record(batch: Batch, done: Callable[[], None]) -> None:
        ledger.write(batch)
        done()

    return Service(demo_market(), ledger, record=record, phones=Phones(), soon=turns.append, wall_ms=None), turns


def test_in_event_time_the_newest_event_is_the_clock() -> None:
    """Nothing is too old for a replay, and time never runs backwards in it."""
    service, _ = in_event_time(Ledger(":memory:"))
    seen = []
    for ts in (1_000, 5_000, 3_000):
        service.receive("store/demo-market/shopper/dave/position", encode(Position(ts, *WINE_AISLE)))
        seen.append(service.now_ms())

    assert seen == [1_000, 5_000, 5_000]
    assert service.counts.refused == {}


def test_in_event_time_a_timer_waits_for_the_events() -> None:
    """A dwell comes true when the day has got so far, however long that takes on the wall."""
    service, turns = in_event_time(Ledger(":memory:"))
    service.phone("dave", ConsentChange(START_MS, location=True))
    for second in range(INSIDE_S + 1):
        service.receive(
            "store/demo-market/shopper/dave/position", encode(Position(START_MS + second * 1000, *WINE_AISLE))
        )
    service.tick()
    assert [stay.dwelled for stay in service.shopper("dave").state.fence.stays] == [False]

    service.receive(
        "store/demo-market/shopper/ana/position", encode(Position(START_MS + DWELL_S * 1000 + 1000, *WINE_AISLE))
    )
    service.tick()

    assert [stay.dwelled for stay in service.shopper("dave").state.fence.stays] == [True]
    assert turns


# --- whose data -------------------------------------------------------------------------------------------------------


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
    store.service.watch = lambda event: seen.append(event.state) if isinstance(event, Progress) else None

    said: list[Literal["shown", "opened", "accepted"]] = ["shown", "opened", "shown", "accepted"]
    for event in said:
        phone.says(Receipt(offer.id, event, store.now_ms))

    assert Counter(row[1] for row in stored(store.ledger, "receipts")) == {"shown": 1, "opened": 1, "accepted": 1}
    (delivery,) = stored(store.ledger, "deliveries")
    assert delivery[4] == "accepted"
    assert seen == ["shown", "opened", "accepted"]


# --- timers, comings and goings ---------------------------------------------------------------------------------------


def test_a_dwell_needs_no_further_fix(store: Bench) -> None:
    """A beacon that falls silent in time: the timer completes the dwell, half a second late at most."""
    phone = store.connect("dave")
    store.basket("dave", [LAMB])
    store.stand("dave", *WINE_AISLE, seconds=INSIDE_S)  # which ends a second after its last fix
    assert phone.offers() == []

    store.pass_time(DWELL_S - INSIDE_S - 1 + 0.4)
    assert phone.offers() == [], "a late fix could still come"
    store.pass_time(0.1)

    assert [offer.sku for offer in phone.offers()] == [SILVER_OAK]


def test_who_has_gone_is_put_away_and_comes_back_with_the_cart(store: Bench) -> None:
    """Memory holds who is here; the ledger holds the rest."""
    store.connect("dave")
    store.basket("dave", [LAMB])
    store.stand("dave", *WINE_AISLE, seconds=10)

    store.pass_time(FORGET_MS / 1000 + 60)
    store.pass_time(1)
    assert list(store.service.shoppers()) == []

    state = store.service.shopper("dave").state
    assert state.visit is not None
    assert [item.sku for item in state.visit.basket] == [LAMB]
    assert state.fence.stays == ()


def test_nobody_is_put_away_before_the_last_exit_is_recorded(store: Bench) -> None:
    """Somebody who is still in a zone by the ledger's account would otherwise come back into it."""
    store.connect("dave")
    store.stand("dave", *WINE_AISLE, seconds=10)
    commits: list[Callable[[], None]] = []
    store.hold_commits = commits.append

    store.pass_time(FORGET_MS / 1000 + 60)

    assert [live.state.id for live in store.service.shoppers()] == ["dave"]


def test_a_visit_by_presence_ends_when_its_shopper_leaves(store: Bench) -> None:
    """Arriving names the visit, leaving ends it and every zone; both are told to the phone."""
    phone = store.connect("dave")
    store.send("dave", "presence", encode(Presence(store.now_ms, "arrived", "v-7")))
    store.stand("dave", *WINE_AISLE, seconds=10)
    store.basket("dave", [LAMB])
    (offer,) = phone.offers()

    store.send("dave", "presence", encode(Presence(store.now_ms, "left", "v-7")))

    assert offer.visit == "v-7"
    state = store.service.shopper("dave").state
    assert (state.visit, state.track, state.fence.stays) == (None, None, ())
    assert [message.zone for message in phone.hears() if isinstance(message, Here)] == [""]


def test_a_till_needs_no_presence(store: Bench) -> None:
    """A sale by somebody never seen in the store is a sale: recorded, and history from now on."""
    store.send("ana", "checkout", checkout(store, items=(LAMB,)))

    assert store.ledger.purchases("ana") == [(LAMB, store.now_ms)]


def test_a_code_is_redeemed_once_and_only_by_its_shopper(store: Bench) -> None:
    """Somebody else's code, a code twice and a made-up code redeem nothing."""
    phone = dave_has_an_offer(store)
    (offer,) = phone.offers()
    seen: list[tuple[str, str]] = []
    store.service.watch = lambda event: seen.append((event.offer, event.state)) if isinstance(event, Progress) else None

    store.send("ana", "checkout", checkout(store, offer.code))
    assert store.service.counts.redeemed == 0
    store.send("dave", "checkout", checkout(store, offer.code, "made-up"))
    store.send("dave", "checkout", checkout(store, offer.code))
    store.send("dave", "checkout", checkout(store, offer.code, visit="v-2"))

    assert store.service.counts.redeemed == 1
    assert stored(store.ledger, "redemptions") == [(offer.id, "dave", "v-1", store.now_ms)]
    assert seen == [(offer.id, "redeemed")]
    assert stored(store.ledger, "deliveries")[0][4] == "redeemed"


def test_stock_sold_at_the_till_is_no_longer_offered() -> None:
    """One bottle of each left: when they are sold, the rule has nothing to offer."""
    shop = world(ANY_RED, stock={"oak-red": 1, "house-red": 1})
    bench = Bench(shop)
    bench.service.phone("dave", ConsentChange(bench.now_ms, location=True, basket=True, history=True))
    sale = Checkout(bench.now_ms, "v-1", [SoldItem("oak-red", 1, 1000), SoldItem("house-red", 1, 400)])
    bench.send("ana", "checkout", encode(sale))

    bench.stand("dave", 1.0, 5.0, seconds=10)

    newest = json.loads(bench.ledger.decisions(shopper="dave", limit=1)[0])
    assert (newest["outcome"], newest["reason"]) == ("silent", "out_of_stock")


def test_a_budget_counts_what_was_sent_before_a_restart() -> None:
    """The ledger, not the memory, knows how many offers a rule has sent."""
    shop = world(replace(ANY_RED, budget=1))
    bench = Bench(shop)
    for shopper in ("dave", "ana"):
        bench = Bench(shop, bench.ledger, now_ms=bench.now_ms)
        bench.service.phone(shopper, ConsentChange(bench.now_ms, location=True, basket=True, history=True))
        bench.stand(shopper, 1.0, 5.0, seconds=10)

    outcomes = [(found["shopper"], found["reason"]) for found in map(json.loads, bench.ledger.all_decisions())]
    assert outcomes == [("dave", "sent"), ("ana", "budget")]


# --- record, then send ------------------------------------------------------------------------------------------------


def test_an_offer_recorded_too_late_is_not_sent(store: Bench) -> None:
    """When the disk refused until after the expiry, the offer is on record and nowhere else: later is another aisle."""
    phone = store.connect("dave")
    store.basket("dave", [LAMB])
    commits: list[Callable[[], None]] = []
    store.hold_commits = commits.append
    store.stand("dave", *WINE_AISLE, seconds=10)
    seen: list[int] = []
    store.service.watch = lambda event: seen.append(event.phones) if isinstance(event, Sent) else None

    store.now_ms += store.world.store.policy.offer_valid_s * 1000
    for commit in commits:
        commit()

    assert phone.offers() == []
    assert store.published == []
    assert seen == [0, 0]
    assert store.ledger.delivered_by_rule(store.now_ms) == {}


def test_one_turn_of_the_loop_is_one_commit(store: Bench) -> None:
    """Whatever happens between two looks at the sockets goes to the disk together."""
    store.end_turn()
    written = len(store.written)
    for shopper in ("dave", "ana", "chloe"):
        store.service.phone(shopper, ConsentChange(store.now_ms, location=True))
    store.end_turn()

    assert len(store.written) == written + 1
    assert list(store.written[-1].states) == ["dave", "ana", "chloe"]


def test_a_position_that_changes_nothing_writes_nothing(store: Bench) -> None:
    """Five thousand positions a second must not become five thousand commits."""
    store.connect("dave")
    store.stand("dave", *NOWHERE, seconds=3)
    written = len(store.written)

    store.stand("dave", *NOWHERE, seconds=60)

    assert len(store.written) == written


@pytest.mark.parametrize("leaf", ["position", "basket"])
def test_an_old_message_does_not_make_its_shopper_look_gone(store: Bench, leaf: str) -> None:
    """What the broker held back for minutes says where somebody was, not that they are no longer here."""
    store.stand("dave", *NOWHERE, seconds=1)
    here = store.service.shopper("dave").here_ms
    old: Position | Basket = Position(store.now_ms - 200_000, *NOWHERE)
    if leaf == "basket":
        old = Basket(store.now_ms - 200_000, 1, [BasketItem(LAMB, 1)])

    store.send("dave", leaf, encode(old))

    assert store.service.shopper("dave").here_ms == here


# --- a phone comes back -----------------------------------------------------------------------------------------------


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


def test_rules_are_swapped_between_two_messages(store: Bench) -> None:
    """The next decision names the new rules' version, whose text is kept."""
    store.service.use_rules(RuleSet((), "no-rules"), "# none")
    phone = dave_has_an_offer(store)

    assert phone.offers() == []
    assert ("no-rules", START_MS, "# none") in stored(store.ledger, "rule_sets")
    assert store.service.shopper("dave").state.person.consents == Consents(location=True, basket=True, history=True)


def test_timers_run_on_the_clock_of_the_shoppers_own_source(store: Bench) -> None:
    """A gateway two minutes behind enters and dwells like any other; its shopper is not taken for lost."""
    store.connect("dave")
    behind_ms = 120_000
    for _ in range(8):
        fix = Position(store.now_ms - behind_ms, *WINE_AISLE, accuracy=0.9)
        store.send("dave", "position", encode(fix))
        store.pass_time(1)

    (stay,) = store.service.state("dave").fence.stays
    assert stay.dwelled


def test_a_timer_that_fails_costs_one_shopper_one_turn(store: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """What is held in memory is let go of, the ledger has the last good state, and the others' timers run."""
    for shopper in ("dave", "erin"):
        store.connect(shopper)
        store.stand(shopper, *WINE_AISLE, seconds=INSIDE_S)
    broken = store.service.shopper("dave")
    nonsense = structs.replace(broken.state.fence, stays=(None,), due=0)
    broken.state = structs.replace(broken.state, fence=nonsense)

    store.pass_time(10)

    assert "a timer failed" in caplog.text
    assert [stay.dwelled for stay in store.service.state("erin").fence.stays] == [True]
    assert [stay.zone for stay in store.service.state("dave").fence.stays] == ["wine"]


def test_who_was_inside_when_the_engine_stopped_still_gets_an_exit(store: Bench) -> None:
    """The next engine takes them up although nothing is heard of them."""
    store.connect("dave")
    store.stand("dave", *WINE_AISLE, seconds=10)
    store.service.keep_all()
    store.end_turn()

    again = Bench(store.world, store.ledger, now_ms=store.now_ms)
    again.service.restore()
    again.pass_time(60)

    assert again.service.state("dave").fence.stays == ()


def test_a_choice_with_an_impossible_clock_counts_from_now(store: Bench) -> None:
    """A phone that is a day behind still means an hour from now when it says an hour."""
    phone = store.connect("dave")

    phone.says(Mute("hour", store.now_ms - 86_400_000))

    assert store.service.state("dave").person.muted_until == store.now_ms + 3_600_000


def test_an_offer_that_expired_unseen_gives_its_budget_back(store: Bench) -> None:
    """A budget counts what was delivered."""
    store.remember("dave", "silver-oak-cabernet", times=2)
    phone = store.connect("dave")
    store.basket("dave", [LAMB])
    store.stand("dave", *WINE_AISLE, seconds=10)
    (offer,) = phone.offers()
    assert store.service._tally.delivered[offer.rule] == 1

    store.now_ms = offer.expires_at
    phone.says(Receipt(offer.id, "expired", store.now_ms))

    assert store.service._tally.delivered[offer.rule] == 0
