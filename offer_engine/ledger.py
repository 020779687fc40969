"""The record: decisions, offers and what became of them, consents, purchases and every state, in one SQLite file.

A batch is one transaction. What is committed survives a crash of the engine; a power cut may take the last moments, but
for what a shopper was promised (a consent, a redemption), which the recorder syncs to the disk before anybody is told.
sqlite-utils keeps the schema and the tools; the hot inserts are plain `executemany`, a third of the cost.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from offer_engine.core.annoyance import Reception
from offer_engine.core.context import Tally
from offer_engine.core.counting import count_received, forget_old_receptions
from offer_engine.core.decision import Decision
from offer_engine.core.person import Delivery
from offer_engine.core.shopper import Shopper
from offer_engine.core.store_map import Product
from offer_engine.errors import SettingsError
from offer_engine.history import Purchase, together
from offer_engine.messages import Checkout, Offer, Rejected

SCHEMA_VERSION = 1
KEPT_REJECTED = 10_000  # the newest refused messages; older ones are deleted

TABLES: Final[dict[str, tuple[dict[str, type], tuple[str, ...]]]] = {
    "meta": ({"key": str, "value": str}, ("key",)),
    "decisions": (
        {
            "id": str,
            "ts": int,
            "shopper": str,
            "visit": str,
            "zone": str,
            "trigger": str,
            "outcome": str,
            "reason": str,
            "rule": str,
            "sku": str,
            "record": str,
        },
        ("id",),
    ),
    "offers": (
        {
            "id": str,
            "decision": str,
            "shopper": str,
            "rule": str,
            "sku": str,
            "ts": int,
            "expires_at": int,
            "offer": str,
        },
        ("id",),
    ),
    "deliveries": (
        {"offer": str, "shopper": str, "rule": str, "category": str, "state": str, "shown_at": int},
        ("offer",),
    ),
    "receipts": ({"offer": str, "event": str, "ts": int}, ("offer", "event")),
    "redemptions": ({"offer": str, "shopper": str, "visit": str, "ts": int}, ("offer",)),
    "consents": ({"shopper": str, "ts": int, "location": int, "basket": int, "history": int}, ("shopper", "ts")),
    "purchases": (
        {"shopper": str, "basket": str, "sku": str, "at": int, "qty": int, "price_cents": int},
        ("shopper", "basket", "sku"),
    ),
    "shoppers": ({"shopper": str, "state": bytes, "inside": int}, ("shopper",)),
    "rule_sets": ({"version": str, "ts": int, "text": str}, ("version",)),
    "rejected": ({"ts": int, "topic": str, "reason": str, "detail": str, "payload": str}, ()),
}

INDEXES: Final[dict[str, tuple[str, list[str]]]] = {
    "idx_decisions_ts": ("decisions", ["ts"]),
    "idx_decisions_shopper_ts": ("decisions", ["shopper", "ts"]),
    "idx_offers_shopper_ts": ("offers", ["shopper", "ts"]),
}


@dataclass(slots=True)
class Batch:
    """What one turn of the service has to say to the ledger."""

    decisions: list[Decision] = field(default_factory=list)
    offers: list[tuple[str, str, Offer]] = field(default_factory=list)  # (shopper, decision, offer)
    deliveries: list[tuple[str, Delivery]] = field(default_factory=list)  # (shopper, delivery)
    receipts: list[tuple[str, str, int]] = field(default_factory=list)  # (offer, event, ts)
    consents: list[tuple[str, int, bool, bool, bool]] = field(default_factory=list)
    checkouts: list[tuple[str, Checkout, tuple[str, ...]]] = field(default_factory=list)  # (shopper, sale, redeemed)
    states: dict[str, Shopper] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    rule_sets: list[tuple[str, int, str]] = field(default_factory=list)  # (version, ts, text)

    def is_promise(self) -> bool:
        """Whether a shopper was promised something in it."""
        return bool(self.consents) or any(redeemed for _, _, redeemed in self.checkouts)


_INSERT_PURCHASE = "INSERT OR IGNORE INTO purchases VALUES (?,?,?,?,?,?)"

_encode = msgspec.json.Encoder().encode
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Shopper).decode


class Ledger:
    """One connection to the file; use it from one thread at a time."""

    def __init__(self, path: Path | str) -> None:
        """Open, or create, the ledger at `path`; ":memory:" for one that is forgotten.

        Raises:
            SettingsError: the file cannot be opened, or is not a ledger of this version; nothing in it is changed.
        """
        try:
            if path != ":memory:":
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                Path(path).touch(mode=0o600)  # purchases, and the phones' key: for nobody else's eyes
            self._db = _connect(path)
        except (OSError, sqlite3.Error, SettingsError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise SettingsError(f"cannot keep the ledger in {path}: {why}; choose another file with --db") from None
        self.path = Path(path)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def wait_for_others(self, patience_ms: int) -> None:
        """How long a commit waits while another program holds the file, before it is refused."""
        self._db.execute(f"PRAGMA busy_timeout = {patience_ms}")

    def leave_checkpoints(self) -> None:
        """Let no commit stop to move the log into the database: somebody else does."""
        self._db.execute("PRAGMA wal_autocheckpoint = 0")

    def write(self, batch: Batch) -> None:
        """Commit one batch, whole or not at all."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._insert(batch)
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # a full disk has rolled back by itself
                self._db.execute("ROLLBACK")
            raise

    def _insert(self, batch: Batch) -> None:  # noqa: C901  one arm a table
        many = self._db.executemany
        if batch.decisions:
            many("INSERT OR REPLACE INTO decisions VALUES (?,?,?,?,?,?,?,?,?,?,?)", map(_decision_row, batch.decisions))
        if batch.offers:
            many("INSERT OR REPLACE INTO offers VALUES (?,?,?,?,?,?,?,?)", [_offer_row(*sent) for sent in batch.offers])
        if batch.deliveries:
            many(
                "INSERT OR REPLACE INTO deliveries VALUES (?,?,?,?,?,?)",
                [(d.offer, shopper, d.rule, d.category, d.state, d.shown_at) for shopper, d in batch.deliveries],
            )
        if batch.receipts:
            many("INSERT OR IGNORE INTO receipts VALUES (?,?,?)", batch.receipts)
        if batch.consents:
            many("INSERT OR REPLACE INTO consents VALUES (?,?,?,?,?)", batch.consents)
        for shopper, sale, redeemed in batch.checkouts:
            self._insert_checkout(shopper, sale, redeemed)
        if batch.states:
            rows = [(shopper, _pack(state), bool(state.fence.stays)) for shopper, state in batch.states.items()]
            many("INSERT OR REPLACE INTO shoppers VALUES (?,?,?)", rows)
        if batch.rule_sets:
            many("INSERT OR IGNORE INTO rule_sets VALUES (?,?,?)", batch.rule_sets)
        if batch.rejected:
            many(
                "INSERT INTO rejected VALUES (?,?,?,?,?)",
                [(r.ts, r.topic, r.reason, r.detail, r.payload) for r in batch.rejected],
            )
            self._db.execute(
                "DELETE FROM rejected WHERE rowid <= (SELECT max(rowid) FROM rejected) - ?", (KEPT_REJECTED,)
            )

    def _insert_checkout(self, shopper: str, sale: Checkout, redeemed: tuple[str, ...]) -> None:
        self._db.executemany(_INSERT_PURCHASE, map(_purchase_row, _bought(shopper, sale)))
        used = [(offer, shopper, sale.visit, sale.ts) for offer in redeemed]
        self._db.executemany("INSERT OR IGNORE INTO redemptions VALUES (?,?,?,?)", used)

    def import_purchases(self, rows: Iterable[Purchase]) -> int:
        """Add purchases in one transaction and return how many were new; the same file twice adds nothing."""
        before = self._db.total_changes
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany(_INSERT_PURCHASE, map(_purchase_row, rows))
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        return self._db.total_changes - before

    def state(self, shopper: str) -> Shopper | None:
        """The last stored state of a shopper."""
        row = self._db.execute("SELECT state FROM shoppers WHERE shopper = ?", (shopper,)).fetchone()
        return None if row is None else _unpack(row[0])

    def states_inside(self) -> Iterator[Shopper]:
        """The stored state of everyone who was inside a zone."""
        for (state,) in self._db.execute("SELECT state FROM shoppers WHERE inside ORDER BY shopper").fetchall():
            yield _unpack(state)

    def states(self) -> Iterator[Shopper]:
        """Every stored state."""
        for (state,) in self._db.execute("SELECT state FROM shoppers ORDER BY shopper"):
            yield _unpack(state)

    def purchases(self, shopper: str) -> list[tuple[str, int]]:
        """(sku, ms) of everything a shopper bought, oldest first."""
        return self._db.execute(
            "SELECT sku, at FROM purchases WHERE shopper = ? ORDER BY at, basket, sku", (shopper,)
        ).fetchall()

    def bought_together(self) -> Iterator[tuple[str, str, str]]:
        """(shopper, basket, sku) of everything ever bought."""
        yield from self._db.execute("SELECT shopper, basket, sku FROM purchases")

    def sold_since(self, at_ms: int) -> Iterator[tuple[str, str, int, int]]:
        """(visit, sku, pieces, cents paid for one) of everything sold from `at_ms` on."""
        yield from self._db.execute("SELECT basket, sku, qty, price_cents FROM purchases WHERE at >= ?", (at_ms,))

    def has_purchases(self) -> bool:
        """Whether any history was imported or sold."""
        return self._db.execute("SELECT 1 FROM purchases LIMIT 1").fetchone() is not None

    def decision(self, decision: str) -> str | None:
        """One decision's record, as JSON."""
        row = self._db.execute("SELECT record FROM decisions WHERE id = ?", (decision,)).fetchone()
        return None if row is None else str(row[0])

    def decisions(self, *, shopper: str | None = None, limit: int = 50) -> list[str]:
        """The newest decisions' records, as JSON, newest first."""
        where = "" if shopper is None else "WHERE shopper = :shopper"
        found = self._db.execute(
            f"SELECT record FROM decisions {where} ORDER BY ts DESC, id LIMIT :limit",  # noqa: S608  `where` is ours
            {"shopper": shopper, "limit": limit},
        )
        return [str(record) for (record,) in found]

    def all_decisions(self) -> Iterator[str]:
        """Every decision's record, as JSON, in the order of event time and id: the same for the same day."""
        for (record,) in self._db.execute("SELECT record FROM decisions ORDER BY ts, id"):
            yield str(record)

    def offer_decision(self, offer: str) -> str | None:
        """The record of the decision behind an offer, as JSON."""
        row = self._db.execute(
            "SELECT record FROM decisions JOIN offers ON decision = decisions.id WHERE offers.id = ?", (offer,)
        ).fetchone()
        return None if row is None else str(row[0])

    def live_offers(self, shopper: str, now_ms: int) -> list[Offer]:
        """A shopper's offers that have not expired, oldest first."""
        found = self._db.execute(
            "SELECT offer FROM offers WHERE shopper = ? AND expires_at > ? ORDER BY ts, id", (shopper, now_ms)
        )
        return [msgspec.json.decode(offer, type=Offer) for (offer,) in found]

    def delivered_by_rule(self, now_ms: int) -> dict[str, int]:
        """How many offers of each rule were delivered: shown, or still on their way at `now_ms`."""
        found = self._db.execute(
            "SELECT deliveries.rule, count(*) FROM deliveries JOIN offers ON offers.id = deliveries.offer"
            " WHERE shown_at IS NOT NULL OR (state = 'sent' AND expires_at > ?) GROUP BY deliveries.rule",
            (now_ms,),
        )
        return dict(found.fetchall())

    def tally(self, now_ms: int) -> Tally:
        """What all shoppers together have used up by `now_ms`, as far as it outlasts an engine."""
        hour = self._db.execute(
            "SELECT ts FROM offers JOIN deliveries ON offers.id = deliveries.offer"
            " WHERE ts > ? AND (shown_at IS NOT NULL OR (state = 'sent' AND expires_at > ?)) ORDER BY ts",
            (now_ms - 3_600_000, now_ms),
        )
        tally = Tally(delivered=self.delivered_by_rule(now_ms), sold=self._sold(), pushed=[ts for (ts,) in hour])
        for rule, day, received in self._received():
            count_received(tally, rule, day, received)
        forget_old_receptions(tally, now_ms)
        return tally

    def _received(self) -> Iterator[tuple[str, int, Reception]]:
        """How each rule's offers of each day (since 1970) were received; every offer shown counts once."""
        found = self._db.execute(
            "SELECT deliveries.rule, ts / 86400000 AS day, count(*),"
            " sum(state IN ('dismissed', 'not_for_me') OR muted.offer IS NOT NULL)"
            " FROM deliveries JOIN offers ON offers.id = deliveries.offer LEFT JOIN"
            " (SELECT offer FROM receipts WHERE event = 'muted') AS muted ON muted.offer = deliveries.offer"
            " WHERE shown_at IS NOT NULL GROUP BY deliveries.rule, day"
        )
        for rule, day, shown, unwelcome in found:
            yield rule, day, Reception(shown, unwelcome)

    def note_stock(self, products: Iterable[Product], now_ms: int) -> None:
        """Note when the catalogue's stock was first seen as it is: what is sold from then on is no longer there."""
        counted = sorted((product.sku, product.stock) for product in products)
        key = sha256(_encode(counted)).hexdigest()[:12]
        known = self._db.execute("SELECT value FROM meta WHERE key = 'stock'").fetchone()
        if known is None or str(known[0]).split()[0] != key:
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('stock', ?)", (f"{key} {now_ms}",))

    def _sold(self) -> dict[str, int]:
        """Pieces sold of each sku since its stock was counted; nothing where nobody has noted when that was."""
        known = self._db.execute("SELECT value FROM meta WHERE key = 'stock'").fetchone()
        if known is None:
            return {}
        since = int(str(known[0]).split()[1])
        return dict(self._db.execute("SELECT sku, sum(qty) FROM purchases WHERE at >= ? GROUP BY sku", (since,)))

    def delivery_states(self) -> list[tuple[str, str, int]]:
        """(rule, state, count) over all deliveries."""
        return self._db.execute("SELECT rule, state, count(*) FROM deliveries GROUP BY rule, state").fetchall()

    def phone_key(self, make: Callable[[], str]) -> str:
        """The secret behind the phones' tokens, made on first use and kept."""
        self._db.execute("INSERT OR IGNORE INTO meta VALUES ('phone_key', ?)", (make(),))
        return str(self._db.execute("SELECT value FROM meta WHERE key = 'phone_key'").fetchone()[0])


def _connect(path: Path | str) -> sqlite3.Connection:
    db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    try:
        _check_is_ours(db)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA busy_timeout = 5000")
        _create(db)
    except BaseException:
        db.close()
        raise
    return db


def _check_is_ours(db: sqlite3.Connection) -> None:
    """Look before anything is changed: a file without tables is new, any other must say that it is ours."""
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and "meta" not in tables:
        raise SettingsError("it is another program's database")
    found = db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() if tables else None
    if found is not None and found[0] != str(SCHEMA_VERSION):
        raise SettingsError(f"it is of version {found[0]}, this engine's is {SCHEMA_VERSION}")
    for name in tables & TABLES.keys():
        columns = [str(column[1]) for column in db.execute(f"PRAGMA table_info({name})")]
        if columns != list(TABLES[name][0]):
            raise SettingsError(f"another version of the engine made it: its table '{name}' has other columns")


def _create(db: sqlite3.Connection) -> None:
    """Make what is not there yet."""
    there = {str(name) for (name,) in db.execute("SELECT name FROM sqlite_master")}
    if there >= TABLES.keys() | INDEXES.keys():
        return
    import sqlite_utils  # noqa: PLC0415  needed once in a ledger's life, and takes 80 MB where pandas is installed

    tools = sqlite_utils.Database(db)
    for name, (columns, keys) in TABLES.items():
        tools.table(name).create(columns, pk=keys or None, if_not_exists=True)
    for name, (table, indexed) in INDEXES.items():
        tools.table(table).create_index(indexed, name, if_not_exists=True)
    db.execute("INSERT OR IGNORE INTO meta VALUES ('schema', ?)", (str(SCHEMA_VERSION),))


def _decision_row(decision: Decision) -> tuple[str | int, ...]:
    offer = decision.offer
    return (
        decision.id,
        decision.ts,
        decision.shopper,
        decision.visit,
        decision.zone,
        decision.trigger,
        decision.outcome,
        decision.reason,
        offer.rule if offer else "",
        offer.sku if offer else "",
        _encode(decision).decode(),
    )


def _bought(shopper: str, sale: Checkout) -> Iterable[Purchase]:
    """One purchase a product, however often the till lists it."""
    bought: dict[str, Purchase] = {}
    for item in sale.items:
        row = Purchase(shopper, sale.ts, sale.visit, item.sku, item.qty, item.price_cents)
        bought[item.sku] = together(bought[item.sku], row) if item.sku in bought else row
    return bought.values()


def _purchase_row(row: Purchase) -> tuple[str | int, ...]:
    return row.shopper, row.basket, row.sku, row.at_ms, row.qty, row.price_cents


def _offer_row(shopper: str, decision: str, offer: Offer) -> tuple[str | int, ...]:
    return (
        offer.id,
        decision,
        shopper,
        offer.rule,
        offer.sku,
        offer.ts,
        offer.expires_at,
        _encode(offer).decode(),
    )
