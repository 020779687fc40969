"""The ledger keeps whole batches or nothing, keeps each thing once, and says clearly when a file is not a ledger."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import msgspec
import pytest

from offer_engine.core.annoyance import NOBODY_ASKED, Reception
from offer_engine.core.decision import Decision
from offer_engine.core.person import Consents, Delivery, Person, Visit
from offer_engine.core.shopper import Shopper
from offer_engine.core.store_map import Product
from offer_engine.errors import SettingsError
from offer_engine.history import Purchase
from offer_engine.ledger import KEPT_REJECTED, SCHEMA_VERSION, TABLES, Batch, Ledger
from offer_engine.messages import BasketItem, Checkout, SoldItem
from tests.records import NOON_MS, OFFER, checkout, decision, offer, rejected


def count(ledger: Ledger, table: str) -> int:
    """How many rows a table has."""
    return int(ledger._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608  our own tables


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """A new ledger that is forgotten."""
    with closing(Ledger(":memory:")) as new:
        yield new


def test_a_batch_is_written_to_every_table_it_speaks_of(ledger: Ledger) -> None:
    """Whatever a turn of the service has to say is there afterwards, each in its table."""
    batch = Batch(
        decisions=[decision(1, sends=OFFER)],
        offers=[("dave", "d-1", OFFER)],
        deliveries=[("dave", Delivery("o-1", "r", "red-wine", "w", "v-1", NOON_MS, NOON_MS + 1))],
        receipts=[("o-1", "shown", NOON_MS)],
        consents=[("dave", NOON_MS, True, True, False)],
        checkouts=[("dave", checkout(), ("o-1",))],
        states={"dave": Shopper("dave")},
        rejected=[rejected(1)],
        rule_sets=[("1", NOON_MS, "[[offer]]")],
    )

    ledger.write(batch)

    assert {table: count(ledger, table) for table in TABLES} == dict.fromkeys(TABLES, 1)


def test_a_batch_is_whole_or_nothing(ledger: Ledger) -> None:
    """When its last table refuses, the first has nothing either, and the next batch is written as ever."""
    ledger._db.execute("CREATE TRIGGER full BEFORE INSERT ON rejected BEGIN SELECT RAISE(ABORT, 'disk'); END")
    with pytest.raises(sqlite3.Error, match="disk"):
        ledger.write(Batch(decisions=[decision(1)], rejected=[rejected(1)]))
    assert count(ledger, "decisions") == 0

    ledger.write(Batch(decisions=[decision(1)]))

    assert count(ledger, "decisions") == 1


def test_a_commit_that_fails_leaves_no_transaction_open(ledger: Ledger) -> None:
    """A disk may refuse at the commit itself; the batch can be tried again when it no longer does."""
    ledger._db.execute("PRAGMA foreign_keys = ON")
    ledger._db.execute("CREATE TABLE parent (id TEXT PRIMARY KEY)")
    ledger._db.execute("CREATE TABLE child (id TEXT REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
    ledger._db.execute("CREATE TRIGGER late AFTER INSERT ON decisions BEGIN INSERT INTO child VALUES (NEW.id); END")
    batch = Batch(decisions=[decision(1)])
    with pytest.raises(sqlite3.IntegrityError):
        ledger.write(batch)
    assert count(ledger, "decisions") == 0

    ledger._db.execute("INSERT INTO parent VALUES ('d-1')")
    ledger.write(batch)

    assert count(ledger, "decisions") == 1


def test_the_same_batch_twice_says_everything_once(ledger: Ledger) -> None:
    """A commit that is tried again, because its answer was lost, changes nothing."""
    batch = Batch(
        decisions=[decision(1, sends=OFFER)],
        offers=[("dave", "d-1", OFFER)],
        receipts=[("o-1", "shown", NOON_MS)],
        consents=[("dave", NOON_MS, True, True, False)],
        checkouts=[("dave", checkout(), ("o-1",))],
        states={"dave": Shopper("dave")},
    )

    ledger.write(batch)
    ledger.write(batch)

    written = ("decisions", "offers", "receipts", "consents", "redemptions", "purchases", "shoppers")
    assert [count(ledger, table) for table in written] == [1] * len(written)


def test_purchases_imported_twice_add_nothing(ledger: Ledger) -> None:
    """The key of a purchase is shopper, basket and product; what the till sold is not imported over."""
    ledger.write(Batch(checkouts=[("dave", checkout("b1"), ())]))
    rows = [Purchase("dave", NOON_MS, basket, "rice", 1, 199) for basket in ("b1", "b2")]

    assert [ledger.import_purchases(rows), ledger.import_purchases(rows)] == [1, 0]
    assert ledger.purchases("dave") == [("rice", NOON_MS), ("rice", NOON_MS)]
    assert ledger.purchases("ana") == []


def test_an_import_that_breaks_off_adds_nothing(ledger: Ledger) -> None:
    """Rows that stop with an error leave no half of themselves behind."""

    def rows(break_off: Callable[[], None]) -> list[Purchase]:
        break_off()
        return []

    def broken() -> None:
        raise ValueError("line 2")

    with pytest.raises(ValueError, match="line 2"):
        ledger.import_purchases(row for part in range(2) for row in ([_purchase(part)] if not part else rows(broken)))

    assert not ledger.has_purchases()
    assert ledger.import_purchases([_purchase(1)]) == 1
    assert ledger.has_purchases()


def _purchase(number: int) -> Purchase:
    return Purchase("dave", NOON_MS, f"b{number}", "rice", 1, 199)


def test_offers_are_live_until_the_moment_they_expire(ledger: Ledger) -> None:
    """Oldest first, a shopper's own, and none of which the expiry has come."""
    sent = [offer(2, expires_in_ms=100), offer(1), offer(3)]
    ledger.write(Batch(offers=[("dave", "d-1", one) for one in sent] + [("ana", "d-2", offer(4))]))

    assert [one.id for one in ledger.live_offers("dave", NOON_MS)] == ["o-1", "o-2", "o-3"]
    assert [one.id for one in ledger.live_offers("dave", NOON_MS + 101)] == ["o-1", "o-2", "o-3"]
    assert [one.id for one in ledger.live_offers("dave", NOON_MS + 102)] == ["o-1", "o-3"]
    assert ledger.live_offers("dave", NOON_MS)[0] == sent[1]


def test_decisions_are_read_newest_first_and_replayed_oldest_first(ledger: Ledger) -> None:
    """One record, in the order that its reader wants; the JSON is the decision."""
    ledger.write(Batch(decisions=[decision(2), decision(1, shopper="ana"), decision(3)]))

    def ids(records: list[str]) -> list[str]:
        return [msgspec.json.decode(record, type=Decision).id for record in records]

    assert ids(ledger.decisions()) == ["d-3", "d-2", "d-1"]
    assert ids(ledger.decisions(limit=1)) == ["d-3"]
    assert ids(ledger.decisions(shopper="dave")) == ["d-3", "d-2"]
    assert ids(list(ledger.all_decisions())) == ["d-1", "d-2", "d-3"]
    record = ledger.decision("d-2")
    assert record is not None
    assert msgspec.json.decode(record, type=Decision) == decision(2)
    assert ledger.decision("d-9") is None


@pytest.mark.parametrize("where", ["", "WHERE shopper = 'dave'"])
def test_the_newest_decisions_are_found_without_sorting_them_all(ledger: Ledger, where: str) -> None:
    """The loop itself waits for this query, so it must not grow with the day."""
    plan = ledger._db.execute(f"EXPLAIN QUERY PLAN SELECT record FROM decisions {where} ORDER BY ts DESC, id LIMIT 50")  # noqa: S608
    steps = [str(step[3]) for step in plan]

    assert any("USING INDEX" in step for step in steps), steps
    assert "USE TEMP B-TREE FOR ORDER BY" not in steps


def test_the_decision_behind_an_offer_is_found_by_the_offer(ledger: Ledger) -> None:
    """What a shopper asks why about is an offer."""
    ledger.write(Batch(decisions=[decision(1, sends=OFFER)], offers=[("dave", "d-1", OFFER)]))

    assert ledger.offer_decision("o-1") == ledger.decision("d-1")
    assert ledger.offer_decision("o-2") is None


def test_a_state_comes_back_as_it_was(ledger: Ledger) -> None:
    """Consents, mutes, deliveries and the cart survive a restart to the last field."""
    person = Person(
        consents=Consents(location=True),
        joined=True,
        muted_until=NOON_MS,
        muted_categories=("red-wine",),
        rejected=(("r", "w"),),
        deliveries=(Delivery("o-1", "r", "red-wine", "w", "v-1", NOON_MS, NOON_MS + 1, "shown", NOON_MS),),
    )
    visit = Visit("v-1", NOON_MS, announced=True, basket_rev=3, basket=(BasketItem("rice", 2),))
    state = Shopper("dave", person=person, visit=visit)

    ledger.write(Batch(states={"dave": Shopper("dave")}))
    ledger.write(Batch(states={"dave": state, "ana": Shopper("ana")}))

    assert ledger.state("dave") == state
    assert ledger.state("nobody") is None
    assert list(ledger.states()) == [Shopper("ana"), state]


def test_only_the_newest_rejected_messages_are_kept(ledger: Ledger) -> None:
    """A sender gone mad fills the log of the refused, not the disk."""
    for start in range(0, KEPT_REJECTED + 500, 500):
        ledger.write(Batch(rejected=[rejected(start + number) for number in range(500)]))

    oldest, newest = ledger._db.execute("SELECT min(ts), max(ts) FROM rejected").fetchone()
    assert count(ledger, "rejected") == KEPT_REJECTED
    assert (oldest - NOON_MS, newest - NOON_MS) == (500, KEPT_REJECTED + 499)


PROMISES = {
    "a consent": Batch(consents=[("dave", NOON_MS, False, False, False)]),
    "a redemption": Batch(checkouts=[("dave", checkout(), ("o-1",))]),
}
NO_PROMISES = {
    "a decision": Batch(decisions=[decision(1)]),
    "a sale without a code": Batch(checkouts=[("dave", checkout(), ())]),
    "a state": Batch(states={"dave": Shopper("dave")}),
}


@pytest.mark.parametrize(
    ("batch", "is_promise"),
    [(batch, True) for batch in PROMISES.values()] + [(batch, False) for batch in NO_PROMISES.values()],
    ids=[*PROMISES, *NO_PROMISES],
)
def test_what_a_shopper_was_promised_is_known_as_a_promise(batch: Batch, is_promise: bool) -> None:  # noqa: FBT001
    """Consents and redemptions are synced to the disk before anybody hears of them; the rest need not be."""
    assert batch.is_promise() is is_promise


def test_a_reader_sees_whole_commits_while_the_writer_writes(tmp_path: Path) -> None:
    """The loop reads on a connection of its own and is neither refused nor shown a half."""
    writer, reader = Ledger(tmp_path / "ledger.db"), Ledger(tmp_path / "ledger.db")
    finished = Event()

    def write() -> None:
        for number in range(100):
            one = offer(number)
            writer.write(Batch(decisions=[decision(number, sends=one)], offers=[("dave", f"d-{number}", one)]))
        finished.set()

    writing = Thread(target=write)
    writing.start()
    seen: list[int] = []
    while not finished.is_set():
        live = reader.live_offers("dave", NOON_MS)
        assert all(reader.offer_decision(one.id) for one in live)
        seen.append(len(live))
    writing.join()
    writer.close()

    assert seen == sorted(seen)
    assert len(reader.live_offers("dave", NOON_MS)) == 100
    reader.close()


def test_the_phone_key_is_made_once_and_kept(tmp_path: Path) -> None:
    """Phones paired yesterday are still paired today."""
    keys = iter(["first", "second"])
    for _ in range(2):
        with closing(Ledger(tmp_path / "ledger.db")) as ledger:
            assert ledger.phone_key(lambda: next(keys)) == "first"


def test_a_ledger_that_is_opened_again_holds_what_it_held(tmp_path: Path) -> None:
    """Opening creates folder and tables where they are missing and touches nothing that is there."""
    path = tmp_path / "deep" / "down" / "ledger.db"
    with closing(Ledger(path)) as ledger:
        ledger.write(Batch(decisions=[decision(1)]))

    with closing(Ledger(path)) as again:
        assert len(again.decisions()) == 1


def not_a_database(path: Path) -> Path:
    """A text file of some length."""
    path.write_text("shopper,at,basket\n" * 100)
    return path


def a_folder(path: Path) -> Path:
    """A folder where the file should be."""
    path.mkdir()
    return path


def below_a_file(path: Path) -> Path:
    """A path whose folder is a file."""
    path.write_text("")
    return path / "ledger.db"


def of_another_program(path: Path) -> Path:
    """A database with a table of another shape under one of our names."""
    foreign = sqlite3.connect(path)
    foreign.execute("CREATE TABLE purchases (id INTEGER PRIMARY KEY, invoice TEXT)")
    foreign.close()
    return path


def of_an_older_day(path: Path) -> Path:
    """A ledger from before a column was added."""
    with closing(Ledger(path)) as ledger:
        ledger._db.execute("ALTER TABLE shoppers DROP COLUMN state")
    return path


def of_another_version(path: Path) -> Path:
    """A ledger of an engine to come."""
    with closing(Ledger(path)) as ledger:
        ledger._db.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (str(SCHEMA_VERSION + 1),))
    return path


SPOILS = [not_a_database, a_folder, below_a_file, of_another_program, of_an_older_day, of_another_version]


@pytest.mark.parametrize("spoil", SPOILS)
def test_a_file_that_is_no_ledger_of_ours_is_named_in_one_line(tmp_path: Path, spoil: Callable[[Path], Path]) -> None:
    """The operator chose the file, so it is a mistake in the settings, and nothing in that file is changed."""
    path = spoil(tmp_path / "ledger.db")
    before = path.read_bytes() if path.is_file() else b""

    with pytest.raises(SettingsError, match=r"ledger\.db") as told:
        Ledger(path)

    assert "\n" not in str(told.value)
    assert "--db" in str(told.value)
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_the_file_is_for_nobody_elses_eyes(tmp_path: Path) -> None:
    """It holds what people bought, and the key that speaks for their phones."""
    Ledger(tmp_path / "ledger.db").close()

    assert (tmp_path / "ledger.db").stat().st_mode & 0o777 == 0o600


def test_what_was_sold_since_the_stock_was_counted_is_known_after_a_restart(ledger: Ledger) -> None:
    """The same count again changes nothing; another one begins anew, and history from before is not sold from it."""
    shelf = [Product("rice", "Rice", "", "rice", "aisle-1", 200, 0.3, 10, 1.0)]
    ledger.import_purchases([Purchase("dave", NOON_MS - 1, "b-0", "rice", 7, 200)])
    assert ledger.tally(NOON_MS).sold == {}

    ledger.note_stock(shelf, NOON_MS)
    sale = Checkout(NOON_MS + 5, "v-1", [SoldItem("rice", 2, 200)], [])
    ledger.write(Batch(checkouts=[("dave", sale, ())]))
    ledger.note_stock(shelf, NOON_MS + 60_000)
    assert ledger.tally(NOON_MS + 60_000).sold == {"rice": 2}

    ledger.note_stock([replace(shelf[0], stock=50)], NOON_MS + 120_000)
    assert ledger.tally(NOON_MS + 120_000).sold == {}


def test_a_till_that_lists_a_product_twice_has_sold_both(ledger: Ledger) -> None:
    """Scanned twice, one of them at half the price: one purchase of two pieces, at the mean of what was paid."""
    sale = Checkout(NOON_MS, "v-1", [SoldItem("rice", 1, 200), SoldItem("tea", 1, 300), SoldItem("rice", 1, 100)], [])
    ledger.write(Batch(checkouts=[("dave", sale, ())]))
    assert sorted(ledger.sold_since(NOON_MS)) == [("v-1", "rice", 2, 150), ("v-1", "tea", 1, 300)]


@pytest.mark.parametrize(("later_days", "expected"), [(29, Reception(1, 1)), (31, NOBODY_ASKED)])
def test_how_offers_were_received_counts_for_a_month(ledger: Ledger, later_days: int, expected: Reception) -> None:
    """Muted or put away, it is one unwelcome offer; a restart finds the same evidence, as long as it speaks."""
    got = Delivery(
        OFFER.id, OFFER.rule, "red-wine", OFFER.sku, "v-1", OFFER.ts, OFFER.expires_at, "dismissed", OFFER.ts
    )
    muted = (OFFER.id, "muted", OFFER.ts + 9)
    ledger.write(Batch(offers=[("dave", "d-0", OFFER)], deliveries=[("dave", got)], receipts=[muted]))
    tally = ledger.tally(NOON_MS + later_days * 86_400_000)
    assert tally.received.get(OFFER.rule, NOBODY_ASKED) == expected
