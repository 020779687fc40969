"""Dave in Northgate Market, as several tests begin: his taste, his lamb, his offer, and what the ledger holds of it."""

from offer_engine.ledger import Ledger
from offer_engine.messages import (
    Checkout,
    SoldItem,
    encode,
)
from tests.engines import Bench, Pocket
from tests.worlds import demo_market

LAMB, SILVER_OAK = "rack-of-lamb", "silver-oak-cabernet"
WINE_AISLE, NOWHERE = (3.0, 12.0), (12.5, 7.0)
WINE = demo_market().store.zones["wine"]
INSIDE_S, DWELL_S = WINE.min_inside_ms // 1000, WINE.min_dwell_ms // 1000
PRICES = {LAMB: 2500, SILVER_OAK: 1192}


def market() -> Bench:
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
