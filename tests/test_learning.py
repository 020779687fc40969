"""`learn-pairings` as a user runs it: purchases in, a table beside the retailer's own out, and the store reads it."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from beacon_sim.habits import habits_population
from offer_engine.__main__ import cli
from offer_engine.core.learnt_file import LEARNT_FILE
from offer_engine.errors import SettingsError
from offer_engine.history import Purchase
from offer_engine.ledger import Ledger
from offer_engine.store_files import load_store
from tests.worlds import MAPS

UNTIL_MS = 1_772_442_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo market's folder with the ledger of its simulated shoppers' last half year in it."""
    folder = tmp_path_factory.mktemp("store") / "market"
    shutil.copytree(MAPS / "demo-market", folder)
    people = habits_population(load_store(folder), seed=7)
    ledger = Ledger(folder / "ledger.db")
    ledger.import_purchases(
        Purchase(row.shopper, row.at_ms, row.basket, row.sku, row.qty, row.price_cents)
        for row in people.history(UNTIL_MS, 180)
    )
    ledger.close()
    return folder


def _run(folder: Path, *words: str) -> str:
    command = ["learn-pairings", "--store", str(folder), "--db", str(folder / "ledger.db"), *words]
    result = CliRunner().invoke(cli, command)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_it_writes_a_table_that_the_store_reads_and_says_what_it_found(folder: Path) -> None:
    """Coffee and biscuits, planted in the simulated shoppers, come back; `check` counts what was learnt."""
    said = _run(folder)

    assert "surely belong together" in said
    assert "Coffee" in said
    learnt = [one for one in load_store(folder).pairings if one.evidence is not None]
    assert ("coffee", "biscuits") in {(one.when, one.then) for one in learnt}
    assert f"({len(learnt)} learnt)" in CliRunner().invoke(cli, ["check", str(folder)]).output


def test_the_table_may_be_written_elsewhere_and_about_products(folder: Path, tmp_path: Path) -> None:
    """Half a year of single products tells next to nothing, and the table says so."""
    out = tmp_path / "table.csv"

    said = _run(folder, "--of", "sku", "--out", str(out))

    assert "products" in said
    assert str(out) in said
    assert out.read_text().startswith("when,then,lift,low,high,households\n")


def test_without_purchases_it_says_what_is_missing(tmp_path: Path) -> None:
    """A ledger that is not there is not made; an empty one is named."""
    shutil.copytree(MAPS / "corner-shop", tmp_path, dirs_exist_ok=True)
    with pytest.raises(SettingsError, match="import-history makes one"):
        _run(tmp_path)
    Ledger(tmp_path / "ledger.db").close()
    with pytest.raises(SettingsError, match="no purchases"):
        _run(tmp_path)
    assert not (tmp_path / LEARNT_FILE).exists()
