"""When past visits took place, and the file in which a retailer would hand over the receipts of them."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TextIO
from zoneinfo import ZoneInfo

from numpy.random import Generator

from beacon_sim.population import PurchaseRow

HISTORY_COLUMNS = ("shopper", "at", "basket", "sku", "qty", "price_cents")
NOON_SHARE = 0.4  # of the visits; the others are after work
PEAK_HOURS = ((10.8, 1.4), (17.4, 1.6))  # mean and standard deviation of each, store time
OPEN_FROM, OPEN_UNTIL = 7.5, 21.5  # hours


@dataclass(frozen=True, slots=True)
class Span:
    """The time that a purchase history tells of."""

    until_ms: int
    days: int
    zone: ZoneInfo


def visit_times(span: Span, mean_visits: float, rng: Generator) -> list[int]:
    """Draw when one shopper came, ms since the epoch, rising: a Poisson number of visits in opening hours."""
    times = sorted(_moment_ms(span, rng) for _ in range(int(rng.poisson(mean_visits))))
    return [time for time in times if time < span.until_ms]


def _moment_ms(span: Span, rng: Generator) -> int:
    """A moment in opening hours on one of the span's days, all of which are over."""
    day = int(rng.integers(1, span.days + 1))
    peak, spread = PEAK_HOURS[0 if rng.random() < NOON_SHARE else 1]
    hour = min(max(float(rng.normal(peak, spread)), OPEN_FROM), OPEN_UNTIL)
    date = (datetime.fromtimestamp(span.until_ms / 1000, UTC).astimezone(span.zone) - timedelta(days=day)).date()
    midnight = datetime(date.year, date.month, date.day, tzinfo=span.zone)
    return round(midnight.timestamp() * 1000 + hour * 3_600_000)


def write_history(rows: Iterable[PurchaseRow], out: TextIO) -> int:
    """Write receipts as the engine's `import-history` reads them; returns how many lines."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HISTORY_COLUMNS)
    count = 0
    for row in rows:
        writer.writerow((row.shopper, row.at_ms, row.basket, row.sku, row.qty, row.price_cents))
        count += 1
    return count
