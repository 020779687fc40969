"""The loop's promises one by one: its clock, its timers, and that nothing is sent which is not on record."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from msgspec import structs

from offer_engine.core.person import Consents
from offer_engine.core.rules import RuleSet
from offer_engine.ledger import Batch, Ledger
from offer_engine.messages import (
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
    encode,
)
from offer_engine.outbox import Progress, Sent
from offer_engine.push import Phones
from offer_engine.service import FORGET_MS, Service
from tests.core.worlds import ANY_RED, EASY, world
from tests.dave import (
    DWELL_S,
    INSIDE_S,
    LAMB,
    NOWHERE,
    SILVER_OAK,
    WINE_AISLE,
    checkout,
    dave_has_an_offer,
    market,
    stored,
)
from tests.engines import START_MS, Bench
from tests.worlds import demo_market


@pytest.fixture
def store() -> Bench:
    """Northgate Market in the morning; Dave has bought Silver Oak twice."""
    return market()


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
    store.service.out.watch = lambda event: (
        seen.append((event.offer, event.state)) if isinstance(event, Progress) else None
    )

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


def test_an_offer_recorded_too_late_is_not_sent(store: Bench) -> None:
    """When the disk refused until after the expiry, the offer is on record and nowhere else: later is another aisle."""
    phone = store.connect("dave")
    store.basket("dave", [LAMB])
    commits: list[Callable[[], None]] = []
    store.hold_commits = commits.append
    store.stand("dave", *WINE_AISLE, seconds=10)
    seen: list[int] = []
    store.service.out.watch = lambda event: seen.append(event.phones) if isinstance(event, Sent) else None

    store.now_ms += store.world.store.policy.offer_valid_s * 1000
    for commit in commits:
        commit()
    store.end_turn()

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


def test_a_rule_that_annoys_pauses_itself_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    """Two shoppers put it away, the third is spared; the console says it once, and a new engine knows."""
    policy = replace(EASY, annoyance_limit=0.3, annoyance_min_shown=2)
    shop = world(ANY_RED, policy=policy)
    bench = Bench(shop)
    for shopper, event in (("ana", "dismissed"), ("bob", "mute"), ("eve", "shown")):
        phone = bench.connect(shopper)
        bench.service.phone(shopper, ConsentChange(bench.now_ms, location=True))
        bench.stand(shopper, 1.0, 5.0, seconds=10)
        for offer in phone.offers():
            phone.says(Receipt(offer.id, "shown" if event == "mute" else "dismissed", bench.now_ms))
            if event == "mute":
                phone.says(Mute("offer", bench.now_ms, offer.id))
    bench.end_turn()

    reasons = [(found["shopper"], found["reason"]) for found in map(json.loads, bench.ledger.all_decisions())]
    assert reasons == [("ana", "sent"), ("bob", "sent"), ("eve", "rule_paused")]
    assert bench.service.paused_rules() == {"any-red": "2 of 2 shown were unwelcome, surely more than 34%"}
    assert [record.getMessage() for record in caplog.records if "paused itself" in record.getMessage()] == [
        "rule 'any-red' has paused itself: 2 of 2 shown were unwelcome, surely more than 34%"
    ]
    again = Bench(shop, bench.ledger, now_ms=bench.now_ms)
    assert again.service.paused_rules() == bench.service.paused_rules()
    assert again.service.tally == bench.service.tally

    bench.now_ms += 31 * 86_400_000  # left alone, it gets another hearing
    bench.service.tick()
    assert bench.service.paused_rules() == {}


def test_only_one_s_own_offers_can_be_blamed_by_a_mute(store: Bench) -> None:
    """Whoever names another shopper's offer mutes nothing, and nothing is noted against its rule."""
    phone = dave_has_an_offer(store)
    (offer,) = phone.offers()
    store.connect("mallory").says(Mute("offer", store.now_ms, offer.id))
    store.end_turn()
    assert "muted" not in [row[1] for row in stored(store.ledger, "receipts")]

    phone.says(Mute("offer", store.now_ms, offer.id))
    phone.says(Mute("category", store.now_ms, offer.id))
    store.end_turn()
    assert [row[:2] for row in stored(store.ledger, "receipts")] == [(offer.id, "muted")]


def test_an_offer_that_expired_unseen_gives_its_budget_back(store: Bench) -> None:
    """A budget counts what was delivered."""
    store.remember("dave", "silver-oak-cabernet", times=2)
    phone = store.connect("dave")
    store.basket("dave", [LAMB])
    store.stand("dave", *WINE_AISLE, seconds=10)
    (offer,) = phone.offers()
    assert store.service.tally.delivered[offer.rule] == 1

    store.now_ms = offer.expires_at
    phone.says(Receipt(offer.id, "expired", store.now_ms))

    assert store.service.tally.delivered[offer.rule] == 0


def test_strangers_do_not_fill_the_memory(store: Bench) -> None:
    """Whoever's phone never said hello is put away after two minutes of silence; nothing of them is stored."""
    for number in range(20):
        store.stand(f"stranger-{number}", *WINE_AISLE, seconds=0)

    store.pass_time(180)

    assert list(store.service.shoppers()) == []
    assert list(store.ledger.states()) == []
