"""Receipts of the past: times in opening hours, and the file that the engine imports."""

import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from beacon_sim.past import HISTORY_COLUMNS, Span, visit_times, write_history
from beacon_sim.population import PurchaseRow
from tests.beacon_sim.days import START_MS

BERLIN = ZoneInfo("Europe/Berlin")


def test_visits_are_in_opening_hours_of_the_store_and_before_the_end() -> None:
    """All in store time between half past seven and half past nine in the evening, summer or winter, rising."""
    times = visit_times(Span(START_MS, 365, BERLIN), 800, np.random.default_rng(1))
    hours = [datetime.fromtimestamp(time / 1000, UTC).astimezone(BERLIN) for time in times]
    assert 700 < len(times) < 900
    assert times == sorted(times)
    assert times[-1] < START_MS
    assert all(7.4 < moment.hour + moment.minute / 60 < 22.6 for moment in hours)


def test_the_file_is_what_the_import_reads() -> None:
    """A heading with the columns of the import, then a line per product."""
    out = io.StringIO()
    assert write_history([PurchaseRow("dave", 1_700_000_000_000, "dave-h0", "bananas", 2, 149)], out) == 1
    assert out.getvalue() == ",".join(HISTORY_COLUMNS) + "\ndave,1700000000000,dave-h0,bananas,2,149\n"
