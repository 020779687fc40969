"""A retailer's purchase history, read: every good row arrives, every bad one is counted with its line and reason."""

import gzip
import tracemalloc
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from offer_engine.core.store_map import Policy, Product, StoreMap
from offer_engine.errors import ImportDataError
from offer_engine.history import (
    ADVICE,
    COLUMNS,
    BadRow,
    ImportReport,
    Purchase,
    RowFault,
    import_history,
    parse_columns,
    parse_zone,
    read_history,
    report_lines,
    why_nothing,
)

SKUS = frozenset({"milk", "bread"})
GOOD = "ana,2026-03-01T09:30:00+01:00,b1,milk,2,129"
GOOD_PURCHASE = Purchase("ana", 1_772_353_800_000, "b1", "milk", 2, 129)


class _Ledger:
    """Keeps purchases by the key that the real ledger uses, and says how many were new."""

    def __init__(self) -> None:
        self.purchases: dict[tuple[str, str, str], Purchase] = {}

    def import_purchases(self, rows: Iterable[Purchase]) -> int:
        before = len(self.purchases)
        for row in rows:
            self.purchases.setdefault((row.shopper, row.basket, row.sku), row)
        return len(self.purchases) - before


def _store() -> StoreMap:
    policy = Policy(2, 180, 20.0, 12.0, 3, 7.0, "00:00", "00:00", 0.05, 600, 5.0)
    products = {sku: Product(sku, sku.title(), "", "food", "shelf", 100, 0.3, 10, 1.0) for sku in SKUS}
    return StoreMap(
        "s", "S", "Europe/Berlin", "EUR", box(0, 0, 9, 9), {}, (), (), (), {"food": "Food"}, products, (), policy
    )


def _csv(folder: Path, *rows: str, heading: str = ",".join(COLUMNS)) -> Path:
    path = folder / "history.csv"
    path.write_text("\n".join((heading, *rows)) + "\n", encoding="utf-8")
    return path


def _import(path: Path, ledger: _Ledger, columns: Mapping[str, str] | None = None) -> ImportReport:
    return import_history(path, _store(), ledger.import_purchases, columns=columns or {}, progress=lambda _rows: None)


@pytest.mark.parametrize(
    ("row", "fault", "detail"),
    [
        ("ana,2026-03-01T09:30:00Z,b1,milk,2", RowFault.SHORT, "fewer fields than the heading"),
        ("ana,2026-03-01T09:30:00Z,,milk,,1", RowFault.MISSING, "basket, qty is empty"),
        (
            "Ana Lopez,1772353800000,b1,milk,2,1",
            RowFault.BAD_ID,
            "shopper 'Ana Lopez' is not 1 to 64 of the",
        ),
        ("ana,1772353800000,b/1,milk,2,1", RowFault.BAD_ID, "basket 'b/1' is not"),
        ("ana,2026-03-01T09:30:00,b1,milk,2,1", RowFault.BAD_TIME, "a time zone is missing, such as Z or +01:00"),
        ("ana,2026-03-01,b1,milk,2,1", RowFault.BAD_TIME, "a time zone is missing"),
        ("ana,1772353800,b1,milk,2,1", RowFault.BAD_TIME, "are these seconds? milliseconds are expected"),
        ("ana,yesterday,b1,milk,2,1", RowFault.BAD_TIME, "expected ISO 8601 with a zone"),
        ("ana,0001-01-01T00:00:00,b1,milk,2,1", RowFault.BAD_TIME, "a time zone is missing"),
        ("ana,1772353800000,b1,milk,-1,1", RowFault.BAD_QTY, "qty is '-1'; expected a whole number from 1 to 10,000"),
        ("ana,1772353800000,b1,milk,0.5,1", RowFault.BAD_QTY, "qty is '0.5'"),
        ("ana,1772353800000,b1,milk,\u00b2,1", RowFault.BAD_QTY, "qty is '\u00b2'"),
        ("ana,1772353800000,b1,milk,1,1.29", RowFault.BAD_PRICE, "price_cents is '1.29'; expected whole cents"),
        ("ana,1772353800000,b1,milk,1,nan", RowFault.BAD_PRICE, "price_cents is 'nan'"),
        ("ana,1772353800000,b1,caviar,1,9900", RowFault.UNKNOWN_SKU, "sku 'caviar' is not in the catalogue"),
    ],
)
def test_a_bad_row_is_named_with_its_line_and_reason(tmp_path: Path, row: str, fault: RowFault, detail: str) -> None:
    """A row that cannot be used says where it stands and what is wrong; the rows round it arrive."""
    first, bad, last = read_history(_csv(tmp_path, GOOD, row, GOOD), SKUS)
    assert first == last == GOOD_PURCHASE
    assert isinstance(bad, BadRow)
    assert (bad.line, bad.fault) == (3, fault)
    assert detail in bad.detail


@pytest.mark.parametrize(
    "row",
    [
        "ana,1772353800000,b1,milk,2,129",
        "ana,2026-03-01T08:30:00Z,b1,milk,2,129",
        " ana , 2026-03-01 09:30:00+01:00 ,b1,milk,2.0,129.00",
        '"ana","2026-03-01T08:30:00.000Z","b1","milk","2","129",and more',
    ],
)
def test_the_same_purchase_may_be_written_in_several_ways(tmp_path: Path, row: str) -> None:
    """Times with a zone or in milliseconds, quotes, blanks and a spreadsheet's 2.0 all mean the same."""
    assert list(read_history(_csv(tmp_path, row), SKUS)) == [GOOD_PURCHASE]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_file_may_have_its_own_headings_order_and_separator(tmp_path: Path, separator: str) -> None:
    """Columns are found by name, and a name may be mapped."""
    heading = separator.join(("store", "price_cents", "article", "card_no", "at", "basket", "qty"))
    row = separator.join(("7", "129", "milk", "ana", "1772353800000", "b1", "2"))
    path = _csv(tmp_path, row, heading=heading)
    columns = parse_columns("shopper=card_no, sku=article")
    assert list(read_history(path, SKUS, columns)) == [GOOD_PURCHASE]


def test_a_gzipped_file_and_one_with_a_byte_order_mark_read_alike(tmp_path: Path) -> None:
    """Compression is seen by content, not by the file's name; a mark that Windows writes is no part of a heading."""
    content = "\ufeff" + ",".join(COLUMNS) + "\r\n" + GOOD + "\r\n"
    plain, zipped = tmp_path / "a.csv", tmp_path / "b.csv"
    plain.write_bytes(content.encode())
    zipped.write_bytes(gzip.compress(content.encode()))
    assert list(read_history(plain, SKUS)) == list(read_history(zipped, SKUS)) == [GOOD_PURCHASE]


def test_a_missing_column_names_what_was_found_and_how_to_map_it(tmp_path: Path) -> None:
    """A file with other headings is refused with the cure."""
    path = _csv(tmp_path, GOOD, heading="shoper,at,basket,sku,qty,price_cents")
    with pytest.raises(
        ImportDataError, match=r"no column 'shopper'; did you mean 'shoper'\?.*--map shopper=YOUR_HEADING"
    ):
        list(read_history(path, SKUS))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no column 'shopper'"),
        (",".join(COLUMNS).encode() + b"\n\xff\xfe,1\n", "not UTF-8; save it as CSV in UTF-8"),
        (gzip.compress(GOOD.encode() * 9)[:-9], "after line 0"),
        (b"PAR1 is how a Parquet file begins, but this is none", "Parquet"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    """An empty, mis-encoded, cut-off or wrong file is the operator's to mend, and says so."""
    path = tmp_path / "history.csv"
    path.write_bytes(content)
    with pytest.raises(ImportDataError, match=message):
        list(read_history(path, SKUS))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A wrong path is an import error like any other."""
    with pytest.raises(ImportDataError, match="No such file"):
        list(read_history(tmp_path / "nothing.csv", SKUS))


@pytest.mark.parametrize(("text", "message"), [("card_no", "expected column="), ("shoper=x", "did you mean 'shopper'")])
def test_a_wrong_column_mapping_is_refused(text: str, message: str) -> None:
    """A mapping that is misspelt must not be ignored."""
    with pytest.raises(ImportDataError, match=message):
        parse_columns(text)


def test_importing_counts_every_row_once(tmp_path: Path) -> None:
    """Rows are imported, merged, known already or left out: the four add up, and a second import adds nothing."""
    rows = (GOOD, "ana,1772353800000,b1,milk,1,99", "ana,1772353800000,b2,bread,1,250", "ana,x,b3,milk,1,1")
    path = _csv(tmp_path, *rows, "ana,1772353800000,b2,caviar,1,9900")
    ledger = _Ledger()
    report = _import(path, ledger)
    again = _import(path, ledger)
    assert (report.rows, report.imported, report.known, report.merged) == (5, 2, 0, 1)
    assert report.left_out == {RowFault.BAD_TIME: 1, RowFault.UNKNOWN_SKU: 1}
    assert [bad.line for bad in report.first] == [5, 6]
    assert (again.imported, again.known) == (0, 2)
    assert ledger.purchases["ana", "b1", "milk"] == Purchase("ana", 1_772_353_800_000, "b1", "milk", 3, 119)
    assert report_lines(report)[0] == "5 rows: 2 imported, 0 known already"
    assert "  line 5: at is 'x': expected ISO 8601 with a zone, or milliseconds since 1970" in report_lines(report)


SALES = st.tuples(st.sampled_from("ab"), st.sampled_from(["milk", "bread", "tea"]), st.integers(-1, 3))


@given(st.lists(SALES, max_size=30))
def test_no_row_is_ever_lost(tmp_path_factory: pytest.TempPathFactory, sales: list[tuple[str, str, int]]) -> None:
    """Whatever the file holds, every row is in exactly one of the report's counts."""
    rows = (f"ana,1772353800000,{basket},{sku},{qty},100" for basket, sku, qty in sales)
    report = _import(_csv(tmp_path_factory.mktemp("law"), *rows), _Ledger())
    assert report.rows == len(sales)
    assert report.rows == report.imported + report.known + report.merged + sum(report.left_out.values())


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Twice the rows need no more memory: the file is streamed, and only a few bad rows are kept."""

    def peak_bytes(rows: int) -> int:
        lines = (f"s-{row % 97},1772353800000,b{row},{'milk' if row % 3 else 'caviar'},1,100" for row in range(rows))
        path = _csv(tmp_path, *lines)
        tracemalloc.start()
        import_history(path, _store(), lambda batch: len(list(batch)), columns={}, progress=lambda _rows: None)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert peak_bytes(60_000) < 1.2 * peak_bytes(30_000)


@pytest.mark.parametrize(
    "local",
    ["2026-03-01T09:30:00", "2026-03-01 09:30", "2026-03-01T09:30:00+01:00", "2026-03-01T08:30:00Z", "1772353800000"],
)
def test_local_times_are_read_where_a_zone_is_named(tmp_path: Path, local: str) -> None:
    """Half past nine in Berlin, however it is written; what states its zone keeps it."""
    zone = parse_zone("store", _store())
    assert zone is not None
    assert list(read_history(_csv(tmp_path, f"ana,{local},b1,milk,2,129"), SKUS, zone=zone)) == [GOOD_PURCHASE]


@pytest.mark.parametrize(
    ("local", "at_ms"),
    [
        ("2026-03-29T02:30:00", 1_774_747_800_000),  # clocks go forward: never was; 01:30 UTC, as before the change
        ("2026-10-25T02:30:00", 1_792_888_200_000),  # clocks go back: was twice; 00:30 UTC, the first
    ],
)
def test_hours_that_the_clocks_skip_or_repeat_have_one_meaning(tmp_path: Path, local: str, at_ms: int) -> None:
    """A till that runs through the change of clocks loses no sale."""
    zone = parse_zone("Europe/Berlin", _store())
    (purchase,) = read_history(_csv(tmp_path, f"ana,{local},b1,milk,2,129"), SKUS, zone=zone)
    assert isinstance(purchase, Purchase)
    assert purchase.at_ms == at_ms


def test_the_year_one_is_no_time_anywhere(tmp_path: Path) -> None:
    """What a till writes that was never set is a bad row, in every zone."""
    row = "ana,0001-01-01T00:00:00,b1,milk,2,129"
    for name in ("Asia/Tokyo", "America/New_York"):
        (bad,) = read_history(_csv(tmp_path, row), SKUS, zone=parse_zone(name, _store()))
        assert isinstance(bad, BadRow)


def test_a_zone_that_there_is_not_is_refused() -> None:
    """With the likeliest right one; no flag means no zone."""
    with pytest.raises(ImportDataError, match="did you mean 'Europe/Berlin'"):
        parse_zone("Europe/Berln", _store())
    assert parse_zone("", _store()) is None


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], "the file holds a heading and no row"),
        (
            ["ana,2026-03-01 09:30,b1,milk,2,129"] * 2 + ["ana,2026-03-01T09:30Z,b1,caviar,2,129"],
            f"none of the 3 rows could be used; 2 of them: bad_time. {ADVICE[RowFault.BAD_TIME]}",
        ),
        ([GOOD, "ana,2026-03-01 09:30,b1,milk,2,129"], ""),
    ],
)
def test_a_file_that_brings_nothing_says_why(tmp_path: Path, rows: list[str], why: str) -> None:
    """The commonest fault, and what to do; a file of which anything was of use is fine, also the second time."""
    ledger = _Ledger()
    assert why_nothing(_import(_csv(tmp_path, *rows), ledger)) == why
    assert why_nothing(_import(_csv(tmp_path, *rows), ledger)) == why


def test_every_fault_comes_with_advice(tmp_path: Path) -> None:
    """Whichever fault is the commonest, there is a next step."""
    for fault in RowFault:
        assert why_nothing(ImportReport(1, 0, 0, 0, {fault: 1}, ())).endswith((".", "?"))
