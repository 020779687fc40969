"""What the door refuses: counted, kept and told, in bounded numbers, and nothing else is changed by it."""

import json
from collections.abc import Callable

import pytest

from offer_engine.door import MAX_AHEAD_MS, MAX_LATE_MS
from offer_engine.errors import Refusal
from offer_engine.messages import (
    MAX_PAYLOAD_BYTES,
    REJECTED_HEAD_BYTES,
    Checkout,
    Position,
    SoldItem,
    encode,
)
from offer_engine.outbox import MAX_REPORTS
from offer_engine.service import MAX_ROUTES
from tests.dave import (
    LAMB,
    WINE_AISLE,
    market,
    stored,
)
from tests.engines import START_MS, Bench


@pytest.fixture
def store() -> Bench:
    """Northgate Market in the morning; Dave has bought Silver Oak twice."""
    return market()


TOO_OLD_MS = START_MS - MAX_LATE_MS[Position] - 1
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
    "a clock behind": (
        "position",
        json.dumps({**HERE, "ts": START_MS - MAX_LATE_MS[Position] - 1}).encode(),
        Refusal.CLOCK,
    ),
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
    for ts, x in ((-MAX_LATE_MS[Position], 3.0), (MAX_AHEAD_MS, 3.0), (0, -4.99)):
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


@pytest.mark.parametrize(
    ("leaf", "late_min", "is_taken"),
    [("basket", 29, True), ("basket", 31, False), ("checkout", 60, True), ("checkout", 1_441, False)],
)
def test_what_a_broker_held_back_may_be_late(store: Bench, leaf: str, late_min: int, *, is_taken: bool) -> None:
    """An engine that was away for a while loses no cart of a visit under way, and no sale of the day."""
    body = {"ts": store.now_ms - late_min * 60_000, "rev": 1, "visit": "v1", "items": []}

    store.send("dave", leaf, json.dumps(body).encode())

    assert store.service.counts.refused == ({} if is_taken else {Refusal.CLOCK: 1})
