"""A population becomes a ledger that knows what its shoppers bought before today.

Importing half a year of purchases takes longer than starting the store, so the ledger as it is right after the import
is kept, and every demo begins with a copy of it. The copy also means that yesterday's demo does not count: nobody was
offered anything yet, and the day goes as it went before. What the history is made from is part of the kept file's
name; when any of it changes (the store's files, the simulator, the engine, the seed, the week), it is made anew.
"""

import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from demo.child import python, run_to_end

PACKAGES = tuple(Path(__file__).parent.parent / name for name in ("beacon_sim", "offer_engine"))


@dataclass(frozen=True, slots=True)
class Shoppers:
    """Who comes to which store: what a day and its history follow from."""

    store: Path
    population: str
    seed: int

    @property
    def key(self) -> str:
        """A name for files that belong to these shoppers."""
        return f"{self.store.name}-{self.population}-{self.seed}"


def _sources(shoppers: Shoppers) -> Iterable[Path]:
    yield from sorted(path for path in shoppers.store.rglob("*") if path.is_file())
    for package in PACKAGES:
        yield from sorted(package.rglob("*.py"))


def made_from(shoppers: Shoppers, today: date) -> str:
    """A short name for all that the history follows from: 12 hex digits."""
    year, week, _ = today.isocalendar()  # a history that ends some days ago will do
    digest = hashlib.sha256(f"{shoppers.key} {year}-W{week}".encode())
    for path in _sources(shoppers):
        facts = path.stat()
        digest.update(f"{path} {facts.st_size} {facts.st_mtime_ns}".encode())
    return digest.hexdigest()[:12]


def _write_history(shoppers: Shoppers, folder: Path) -> Path:
    """The population's purchases as a file; Complete Journey households bring theirs with their store."""
    if shoppers.population == "completejourney":
        return shoppers.store / "history.csv"
    out = folder / f"history-{shoppers.key}.csv"
    arguments = ["--store", str(shoppers.store), "--seed", str(shoppers.seed), "--out", str(out)]
    run_to_end("history", python("beacon_sim", "history", *arguments), folder / "history.log")
    return out


def remove_database(path: Path) -> None:
    """Remove an SQLite database with its write-ahead log."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _import_history(shoppers: Shoppers, folder: Path, kept: Path) -> None:
    history = _write_history(shoppers, folder)
    draft = folder / "importing.db"
    remove_database(draft)
    arguments = [str(history), "--store", str(shoppers.store), "--db", str(draft)]
    run_to_end("import", python("offer_engine", "import-history", *arguments), folder / "import.log")
    kept.unlink(missing_ok=True)
    connection = sqlite3.connect(draft)
    try:
        connection.execute("VACUUM INTO ?", (str(kept),))  # one file, without the write-ahead log
    finally:
        connection.close()
    remove_database(draft)


def prepare_ledger(
    shoppers: Shoppers, folder: Path, *, today: date, keep: bool, say: Callable[[str], None] = print
) -> Path:
    """The ledger to run on, with these shoppers' history in it; with `keep`, the one of the last run when there is one.

    Raises:
        ChildError: making or importing the history failed.
    """
    ledger = folder / f"ledger-{shoppers.key}.db"
    if keep and ledger.exists():
        return ledger
    kept = folder / f"history-{shoppers.key}-{made_from(shoppers, today)}.db"
    if not kept.exists():
        for stale in folder.glob(f"history-{shoppers.key}-*.db"):
            stale.unlink()
        say("demo: the shoppers' purchases before today are made and imported, once a week ...")
        _import_history(shoppers, folder, kept)
    remove_database(ledger)
    shutil.copyfile(kept, ledger)
    return ledger
