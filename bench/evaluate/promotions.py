"""Turns the data's promotions into what was on display or in the mailer, by product, store and week.

They are a retailer's plan for the week, known before it begins, so a decision may use those of its own week. Weeks of
the data begin on Monday. A product that stands in two places counts as in the one with the higher code.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.evaluate.source import Ints, data_folder, read_columns

DISPLAYS = "0123456789A"  # 0: none; the others are places in the store
MAILERS = "0ACDFHJLPXZ"  # 0: none; the others are places in the mailer
_WEEKS, _STORES = 64, 512  # more than there are
_PLACES = 16  # more than there are codes


@dataclass(frozen=True, slots=True, eq=False)
class Promotions:
    """Sorted keys of (week, store, product), and the place of each."""

    ids: Ints  # the data's products that are ever promoted, sorted
    key: Ints
    place: NDArray[np.uint8]  # display * 16 + mailer
    in_stores: NDArray[np.uint8]  # stores that have the product in their mailer, shape (ids, weeks)

    def rows(self, products: Ints) -> Ints:
        """Row of `ids` for products given by the data's ids; len(ids) for one that is never promoted."""
        rows = np.searchsorted(self.ids, products)
        rows[rows == len(self.ids)] = 0
        return np.where(self.ids[rows] == products, rows, len(self.ids))

    def places(self, week: Ints, store: Ints, row: Ints) -> Ints:
        """Place code of each (week, store, row); 0 for none."""
        wanted = (week * _STORES + store) * (len(self.ids) + 1) + row
        at = np.searchsorted(self.key, wanted)
        at[at == len(self.key)] = 0
        return np.where(self.key[at] == wanted, self.place[at], 0).astype(np.int64)

    def mailed_share(self, week: Ints, row: Ints) -> NDArray[np.float32]:
        """Share of the stores with promotions that have the product in their mailer."""
        return self.in_stores[row, week].astype(np.float32) / np.float32(110)  # about as many stores as send one


def week_of(day: Ints) -> Ints:
    """The data's week of a day; day 0 is the Sunday that ends week 1.

    >>> week_of(np.array([0, 1, 7, 8]))
    array([1, 2, 2, 3])
    """
    return (day + 6) // 7 + 1


def load_promotions() -> Promotions:
    """Read the installed data, 21 million rows in columns.

    Raises:
        SettingsError: it is not installed.
    """
    from pyarrow import parquet  # noqa: PLC0415  an extra: only the evaluation needs it

    stores = np.unique(read_columns("transactions", ("store_id",))["store_id"].astype(np.int64))
    texts = ["display_location", "mailer_location"]
    table = parquet.read_table(
        data_folder() / "promotions.parquet", columns=["product_id", "store_id", "week", *texts], read_dictionary=texts
    )
    codes = []
    for name, alphabet in zip(texts, (DISPLAYS, MAILERS), strict=True):
        column = table.column(name).combine_chunks()
        number = np.array([alphabet.index(text) for text in column.dictionary.to_pylist()], dtype=np.uint8)
        codes.append(number[column.indices.to_numpy()])
    product, store, week = (table.column(name).to_numpy() for name in ("product_id", "store_id", "week"))
    number = np.zeros(int(max(stores.max(), store.max())) + 1, dtype=np.int64)
    number[stores] = np.arange(len(stores))
    return make_promotions(product, number[store], week, codes[0], codes[1])


def make_promotions(
    product: Ints, store: Ints, week: Ints, display: NDArray[np.uint8], mailer: NDArray[np.uint8]
) -> Promotions:
    """Sort rows of promotions; products by the data's ids, stores by number as in `Sales`."""
    ids, row = _numbered(product)
    key = (week * _STORES + store) * (len(ids) + 1) + row
    # One sort of packed numbers takes a quarter of the time of an argsort of the keys.
    packed = np.sort(key << 8 | (display * np.uint8(_PLACES) + mailer))
    key = packed >> 8
    last = np.flatnonzero(np.r_[key[1:] != key[:-1], True])
    key, place = key[last], (packed[last] & 255).astype(np.uint8)
    mailed = key[place % _PLACES > 0]
    cell = (mailed % (len(ids) + 1)) * _WEEKS + mailed // (len(ids) + 1) // _STORES
    in_stores = np.minimum(np.bincount(cell, minlength=(len(ids) + 1) * _WEEKS), 255).astype(np.uint8)
    return Promotions(ids, key, place, in_stores.reshape(len(ids) + 1, _WEEKS))


def _numbered(product: Ints) -> tuple[Ints, Ints]:
    """Distinct numbers, sorted, and each one's place among them, by a table instead of a sort."""
    present = np.zeros(int(product.max()) + 1, dtype=np.bool_)
    present[product] = True
    ids = np.flatnonzero(present)
    number = np.zeros(len(present), dtype=np.int64)
    number[ids] = np.arange(len(ids))
    return ids, number[product]
