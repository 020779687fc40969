"""The ledger that a demo begins with: the shoppers' history, and nothing of yesterday's demo."""

import os
import shutil
import sqlite3
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from demo.child import ChildError
from demo.history import Shoppers, made_from, prepare_ledger

ROOT = Path(__file__).parents[2]
MONDAY, SUNDAY = date(2026, 1, 5), date(2026, 1, 11)


@pytest.fixture
def shoppers(tmp_path: Path) -> Shoppers:
    """Households whose store folder brings their history along: one purchase."""
    store = tmp_path / "store"
    shutil.copytree(ROOT / "maps" / "corner-shop", store)
    sku = (store / "catalogue.csv").read_text().splitlines()[1].split(",")[0]
    (store / "history.csv").write_text(
        f"shopper,at,basket,sku,qty,price_cents\nhh-1,2026-01-02T10:00:00+01:00,b1,{sku},2,199\n"
    )
    return Shoppers(store, "completejourney", 7)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the demo keeps its files."""
    path = tmp_path / "demo"
    path.mkdir()
    return path


def purchases(ledger: Path) -> int:
    """How many purchases a ledger knows of."""
    connection = sqlite3.connect(ledger)
    try:
        return int(connection.execute("SELECT count(*) FROM purchases").fetchone()[0])
    finally:
        connection.close()


def forget_purchases(ledger: Path) -> None:
    """What a demo may do to its ledger."""
    connection = sqlite3.connect(ledger)
    try:
        with connection:
            connection.execute("DELETE FROM purchases")
    finally:
        connection.close()


def imports(folder: Path) -> dict[str, int]:
    """The kept histories, by file name, with the moment each was made."""
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("history-*.db")}


def test_ledger_begins_with_the_history_and_without_yesterday(shoppers: Shoppers, folder: Path) -> None:
    """Every demo starts from the history alone, which is imported once; with `keep`, from what the last demo left."""
    (folder / f"history-{shoppers.key}-0123456789ab.db").touch()  # made from files that have changed since
    ledger = prepare_ledger(shoppers, folder, today=MONDAY, keep=False)
    assert purchases(ledger) == 1
    imported = imports(folder)
    assert len(imported) == 1
    forget_purchases(ledger)
    assert purchases(prepare_ledger(shoppers, folder, today=MONDAY, keep=True)) == 0
    assert purchases(prepare_ledger(shoppers, folder, today=MONDAY, keep=False)) == 1
    assert imports(folder) == imported


def test_history_follows_from_files_shoppers_and_week(shoppers: Shoppers) -> None:
    """Another seed, another week or a changed file of the store means another history; nothing else does."""
    digest = made_from(shoppers, MONDAY)
    assert made_from(shoppers, SUNDAY) == digest
    others = {made_from(replace(shoppers, seed=8), MONDAY), made_from(shoppers, SUNDAY + timedelta(days=1))}
    os.utime(shoppers.store / "catalogue.csv", ns=(1, 1))
    others.add(made_from(shoppers, MONDAY))
    assert len(others - {digest}) == 3


def test_history_that_cannot_be_imported_says_why(shoppers: Shoppers, folder: Path) -> None:
    """When the import fails, its last words are in the error, and no half-filled history is kept."""
    (shoppers.store / "history.csv").unlink()
    with pytest.raises(ChildError, match=r"(?s)import ended with exit code.*history\.csv"):
        prepare_ledger(shoppers, folder, today=MONDAY, keep=False)
    assert imports(folder) == {}
