"""Files of purchase history: a Parquet file is judged as if it were a CSV, and times mean what they say."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from offer_engine.errors import ImportDataError
from offer_engine.history import COLUMNS, BadRow, Purchase, RowFault, read_history
from offer_engine.history_files import suggestion

SKUS = frozenset({"milk", "bread"})


def test_parquet_reads_like_csv(tmp_path: Path) -> None:
    """Numbers, nulls and timestamps of a Parquet file are judged as if they stood in a CSV."""
    pa = pytest.importorskip("pyarrow", reason="the extra 'parquet' is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    at_us = 1_772_353_800_000_000
    table = pa.table(
        {
            "card_no": pa.array([17, 17, None]),
            "at": pa.array([at_us] * 3, pa.timestamp("us", "Europe/Berlin")),
            "basket": ["b1", "b2", "b3"],
            "sku": ["milk", "bread", "milk"],
            "qty": pa.array([2.0, -1.0, 1.0]),
            "price_cents": [129, 250, 1],
        }
    )
    path = tmp_path / "history.parquet"
    parquet.write_table(table, path)
    good, returned, anonymous = read_history(path, SKUS, {"shopper": "card_no"})
    assert good == Purchase("17", 1_772_353_800_000, "b1", "milk", 2, 129)
    assert isinstance(returned, BadRow)
    assert isinstance(anonymous, BadRow)
    assert (returned.line, returned.fault) == (2, RowFault.BAD_QTY)
    assert (anonymous.line, anonymous.fault) == (3, RowFault.MISSING)


def test_parquet_times_without_a_zone_are_refused(tmp_path: Path) -> None:
    """Times that could be hours off are not guessed."""
    pa = pytest.importorskip("pyarrow", reason="the extra 'parquet' is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {column: pa.array(["x"]) for column in COLUMNS} | {"at": pa.array([0], pa.timestamp("us"))}
    path = tmp_path / "history.parquet"
    parquet.write_table(pa.table(columns), path)
    with pytest.raises(ImportDataError, match="needs a time zone; --timezone store reads it as"):
        list(read_history(path, SKUS))


def test_parquet_times_without_a_zone_are_local_where_one_is_named(tmp_path: Path) -> None:
    """The same half past nine as in a CSV."""
    pa = pytest.importorskip("pyarrow", reason="the extra 'parquet' is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    at_us = (1_772_353_800_000 + 3_600_000) * 1000  # 09:30 on the wall, written as if it were UTC
    rows = {"shopper": ["ana"], "basket": ["b1"], "sku": ["milk"], "qty": [2], "price_cents": [129]}
    path = tmp_path / "history.parquet"
    parquet.write_table(pa.table({**rows, "at": pa.array([at_us], pa.timestamp("us"))}), path)
    assert list(read_history(path, SKUS, zone=ZoneInfo("Europe/Berlin"))) == [
        Purchase("ana", 1_772_353_800_000, "b1", "milk", 2, 129)
    ]


def test_a_misspelt_word_is_guessed() -> None:
    """The likeliest of the right ones, or none where none is likely."""
    assert suggestion("shoper", ["shopper", "sku"]) == "; did you mean 'shopper'?"
    assert suggestion("x", ["shopper", "sku"]) == ""
