"""The live page's feed: who may be drawn, what is told in which order, and that a slow page harms nobody."""

import asyncio

import pytest

from offer_engine.api.live import FRESH_MS, GRACE_MS, KEPT_DECISIONS, PRESENT_MS, WATCHER_QUEUE
from offer_engine.messages import ConsentChange, Position, Receipt
from tests.asgi import PATIENCE_S, Json, Site, Socket, site
from tests.engines import Pocket

WINE_AISLE = (3.0, 12.0)
LAMB, SILVER_OAK = "rack-of-lamb", "silver-oak-cabernet"


@pytest.fixture
def store() -> Site:
    """Northgate Market in the morning; everybody here has bought Silver Oak twice."""
    own = site()
    for shopper in ("dave", "erin", "frank", "grace"):
        own.bench.remember(shopper, SILVER_OAK, times=2)
    return own


def gets_an_offer(store: Site, shopper: str) -> Pocket:
    """Somebody with a phone and lamb, ten seconds in the wine aisle."""
    phone = store.bench.connect(shopper)
    store.bench.basket(shopper, [LAMB])
    store.bench.stand(shopper, *WINE_AISLE, seconds=10)
    return phone


async def heard(store: Site, page: Socket) -> list[Json]:
    """What a page was told since last asked."""
    await store.settle()
    return page.feed()


def of_type(feed: list[Json], kind: str) -> list[Json]:
    """The messages of one type."""
    return [message for message in feed if message["type"] == kind]


async def test_a_page_that_opens_gets_what_it_needs_to_draw(store: Site) -> None:
    """One snapshot: the clock, the broker, whose phones, the numbers, and what has happened already."""
    phone = gets_an_offer(store, "dave")
    (offer,) = phone.offers()

    async with store.socket("/ws/live") as page:
        (snapshot,) = await heard(store, page)

    assert (snapshot["type"], snapshot["ts"], snapshot["broker"]) == ("snapshot", store.bench.now_ms, "connected")
    followed = snapshot["followed"]
    assert isinstance(followed, list)
    assert [person["shopper"] for person in followed] == ["dave", "ana", "chloe"]
    assert followed[0]["note"] == "shares location, basket, history"
    assert followed[1]["note"] == "shares nothing yet"
    decisions = snapshot["decisions"]
    assert isinstance(decisions, list)
    assert decisions[0]["outcome"] == "offer", "newest first"
    phones = snapshot["phones"]
    assert isinstance(phones, list)
    assert [(card["shopper"], card["offer"]["id"], card["state"]) for card in phones] == [("dave", offer.id, "sent")]


async def test_a_decision_is_told_and_then_the_phone_that_rings(store: Site) -> None:
    """The log first, the buzz after it, both with the offer as the shopper reads it."""
    async with store.socket("/ws/live") as page:
        await heard(store, page)
        (offer,) = gets_an_offer(store, "dave").offers()
        feed = await heard(store, page)

    told = [message for message in feed if message["type"] in {"decision", "phone"}]
    assert [message["type"] for message in told][-2:] == ["decision", "phone"]
    decision, card = told[-2:]
    assert (decision["label"], decision["zone"], decision["outcome"]) == ("Dave", "wine", "offer")
    assert (decision["title"], decision["sentence"]) == (offer.title, offer.reason)
    assert str(decision["verdict"]).startswith("Sent in ")
    assert decision["checks"]
    assert isinstance(card["offer"], dict)
    assert card["offer"]["code"] == offer.code


async def test_progress_on_the_phone_is_told_as_it_happens(store: Site) -> None:
    """Shown, opened, accepted: the card on the page follows the phone in the hand."""
    async with store.socket("/ws/live") as page:
        phone = gets_an_offer(store, "dave")
        (offer,) = phone.offers()
        await heard(store, page)
        phone.says(Receipt(offer.id, "shown", store.bench.now_ms))
        phone.says(Receipt(offer.id, "accepted", store.bench.now_ms))
        feed = await heard(store, page)

    assert [card["state"] for card in of_type(feed, "phone")] == ["shown", "accepted"]
    stats = store.view.stats()
    assert (stats["sent"], stats["shown"], stats["accepted"]) == (1, 1, 1)


async def test_an_offer_without_a_phone_waits_for_one(store: Site) -> None:
    """Sent is only said of what a phone was handed."""
    store.bench.service.phone("erin", ConsentChange(store.bench.now_ms, location=True, basket=True, history=True))
    store.bench.basket("erin", [LAMB])
    store.bench.stand("erin", *WINE_AISLE, seconds=10)

    decisions = store.view.snapshot()["decisions"]
    assert isinstance(decisions, list)
    assert decisions[0]["verdict"] == "Waiting for the phone"


async def test_fixes_that_are_not_used_are_counted_by_reason(store: Site) -> None:
    """Repeated, late, further away than anybody walks, vague, and of another floor: each under its own name."""
    bench = store.bench
    bench.connect("dave")
    bench.stand("dave", *WINE_AISLE, seconds=3)
    (x, y), newest = WINE_AISLE, bench.now_ms - 1000
    for fix in (
        Position(newest, x, y),
        Position(newest - 1000, x, y),
        Position(newest + 500, x + 30.0, y, accuracy=0.5),
        Position(newest + 600, x, y, accuracy=40.0),
        Position(newest + 700, x, y, floor=3),
    ):
        bench.service.report("dave", fix, 0)
    assert store.view.stats()["dropped"] == {"repeated": 1, "late": 1, "jump": 1, "vague": 1, "floor": 1}


async def test_only_who_shares_a_location_has_a_dot(store: Site) -> None:
    """The others are counted, and nothing about where they are leaves the engine."""
    bench = store.bench
    bench.connect("dave")
    bench.connect("erin").says(ConsentChange(bench.now_ms, location=False))
    for shopper in ("dave", "erin", "nobody"):
        bench.stand(shopper, *WINE_AISLE, seconds=0)

    tick = store.view.tick()
    stats = store.view.stats()

    (dot,) = tick["dots"] if isinstance(tick["dots"], list) else []
    assert dot[1:] == [3.0, 12.0]
    assert tick["followed"] == {"dave": dot[0]}
    assert (stats["in_store"], stats["sharing"]) == (3, 1)


async def test_whoever_withdraws_is_gone_from_the_page_at_once(store: Site) -> None:
    """The next tick has no dot, and the note beside the phone says what is still shared."""
    phone = store.bench.connect("dave")
    store.bench.stand("dave", *WINE_AISLE, seconds=1)
    assert store.view.tick()["dots"]

    phone.says(ConsentChange(store.bench.now_ms, location=False))

    assert store.view.tick()["dots"] == []
    assert store.view.stats()["notes"] == {
        "dave": "shares basket, history",
        "ana": "shares nothing yet",
        "chloe": "shares nothing yet",
    }


async def test_who_is_not_heard_of_fades(store: Site) -> None:
    """A dot for twenty seconds, a place among those present for a minute."""
    store.bench.connect("dave")
    store.bench.stand("dave", *WINE_AISLE, seconds=0)
    last = store.bench.now_ms - 1000

    seen = []
    for age_ms in (FRESH_MS - 1, FRESH_MS, PRESENT_MS - 1, PRESENT_MS):
        store.bench.now_ms = last + age_ms
        seen.append((len(_dots(store)), store.view.stats()["in_store"]))

    assert seen == [(1, 1), (0, 1), (0, 1), (0, 0)]


async def test_a_phone_at_home_is_not_in_the_store(store: Site) -> None:
    """Only what the store reports of somebody says that they are there; a hello does not, nor does being named."""
    store.bench.connect("dave")
    store.view.snapshot()

    assert store.view.stats()["in_store"] == 0
    assert [live.state.id for live in store.bench.service.shoppers()] == ["dave"]


def _dots(store: Site) -> list[object]:
    dots = store.view.tick()["dots"]
    assert isinstance(dots, list)
    return dots


async def test_ticks_and_numbers_come_by_themselves(store: Site) -> None:
    """Four ticks, then the numbers, as long as a page is open."""
    store.bench.connect("dave")
    store.bench.stand("dave", *WINE_AISLE, seconds=0)
    async with store.socket("/ws/live") as page, asyncio.TaskGroup() as tasks:
        await heard(store, page)
        running = tasks.create_task(store.view.run())
        async with asyncio.timeout(PATIENCE_S):
            kinds = [str((await page.got.get())["text"]).partition(",")[0] for _ in range(5)]
        running.cancel()

    assert kinds == ['{"type":"tick"'] * 4 + ['{"type":"stats"']


async def test_what_happens_while_a_page_opens_is_not_missed(store: Site) -> None:
    """The snapshot is on its way over a slow network when Dave's phone rings: the page hears of it after that."""
    page = Socket()
    page.reads.clear()
    async with store.socket("/ws/live", page):
        await store.settle()
        gets_an_offer(store, "dave")
        page.reads.set()
        feed = await heard(store, page)

    assert feed[0]["type"] == "snapshot"
    assert of_type(feed, "decision")


async def test_a_page_that_does_not_read_costs_a_bounded_queue(store: Site) -> None:
    """It misses messages; the engine and the other pages do not wait for it."""
    slow = Socket()
    async with store.socket("/ws/live", slow), store.socket("/ws/live") as quick:
        await heard(store, quick)
        await heard(store, slow)
        slow.reads.clear()
        for _ in range(3 * WATCHER_QUEUE):
            store.view._tell(store.view.tick())
            await store.settle()
        slow.reads.set()

        assert len(await heard(store, quick)) == 3 * WATCHER_QUEUE
        assert WATCHER_QUEUE <= len(await heard(store, slow)) <= WATCHER_QUEUE + 1


async def test_pages_that_are_closed_are_forgotten(store: Site) -> None:
    """Nothing is prepared for nobody."""
    async with store.socket("/ws/live") as page:
        await heard(store, page)
        assert len(store.view._watchers) == 1
    assert store.view._watchers == set()


async def test_only_the_newest_decisions_wait_for_whoever_comes_next(store: Site) -> None:
    """A long day makes no longer snapshot."""
    store.bench.connect("dave")
    for _ in range(KEPT_DECISIONS):
        store.bench.stand("dave", *WINE_AISLE, seconds=10)
        store.bench.stand("dave", 12.5, 7.0, seconds=10)

    decisions = store.view.snapshot()["decisions"]
    assert isinstance(decisions, list)
    assert len(decisions) == KEPT_DECISIONS


def shown(store: Site) -> list[str]:
    """Whose phones the page shows."""
    followed = store.view.snapshot()["followed"]
    assert isinstance(followed, list)
    return [person["shopper"] for person in followed]


async def test_named_shoppers_keep_their_places_for_a_while(store: Site) -> None:
    """The cast may take a minute to come; until then nobody else takes a phone of theirs."""
    gets_an_offer(store, "erin")

    assert shown(store) == ["dave", "ana", "chloe"]


async def test_a_place_of_somebody_who_does_not_come_is_given_to_whoever_gets_an_offer(store: Site) -> None:
    """A store without the cast shows the phones that ring; each shopper's once."""
    store.bench.now_ms += GRACE_MS
    gets_an_offer(store, "erin")
    gets_an_offer(store, "frank")
    assert shown(store) == ["erin", "frank", "chloe"]
    gets_an_offer(store, "dave")
    store.view._give_back()

    assert sorted(shown(store)) == sorted({*shown(store)}), "nobody twice"
    assert "dave" in shown(store)
