"""Purchases in the ledger become `pairings-learnt.csv` beside the retailer's own pairings: `learn-pairings`.

Nothing is learnt behind the retailer's back: the command is given, says how much it looked at and what it rests on, and
writes a table that can be read, struck out of, or thrown away. The engine takes it up when it starts.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from offer_engine.core.learnt_file import LEARNT_FILE, learnt_csv
from offer_engine.core.learnt_pairing import LEAST_HOUSEHOLDS, Learnt, learn_pairings
from offer_engine.core.store_map import Pairing, StoreMap
from offer_engine.errors import SettingsError
from offer_engine.ledger import Ledger
from offer_engine.settings import read_settings
from offer_engine.store_files import load_store

SHOWN = 10  # of the strongest pairings
WIDTH = 100  # of the table where no terminal says otherwise
HEADINGS = ("with this in the cart", "this is likelier", "times", "95 % interval", "households", "")
Level = Literal["category", "sku"]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run found, and what it is to be read against."""

    purchases: int
    unsold: int  # purchases of what the store no longer sells
    learnt: Learnt


def learn(store: StoreMap, ledger: Ledger, level: Level, least_households: int) -> Summary:
    """Learn pairings of a store's categories, or of its products, from all purchases in a ledger."""
    counts = {"sold": 0, "unsold": 0}

    def things() -> Iterator[tuple[str, str, str]]:
        for shopper, basket, sku in ledger.bought_together():
            product = store.products.get(sku)
            counts["unsold" if product is None else "sold"] += 1
            if product is not None:
                yield shopper, basket, product.sku if level == "sku" else product.category

    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task("reading the purchases", total=None)

        def step(done: int, of: int) -> None:
            bar.update(task, description="holding baskets against one another", completed=done, total=of)

        found = learn_pairings(things(), least_households=least_households, step=step)
    return Summary(counts["sold"] + counts["unsold"], counts["unsold"], found)


def summary_lines(summary: Summary, level: Level, least_households: int, out: Path) -> list[str]:
    """What a run came to, in plain words."""
    learnt, things = summary.learnt, "products" if level == "sku" else "categories"
    return [
        f"{summary.purchases:,} purchases"
        + (f", {summary.unsold:,} of them of what is no longer sold" if summary.unsold else ""),
        f"{learnt.baskets:,} baskets of two {things} or more, of {learnt.households:,} households",
        f"{learnt.looked_at:,} pairs of {things} that {least_households} households or more bought at once",
        f"{len(learnt.pairings) // 2:,} of them surely belong together: basket and household do not explain them",
        f"written to {out}; the engine reads it when it starts, and pairings.csv goes before it",
    ]


def strongest(pairings: Sequence[Pairing], store: StoreMap) -> Table:
    """The strongest few as a table, those marked on which the retailer has spoken already."""
    curated = {(one.when, one.then) for one in store.pairings if one.evidence is None}
    table = Table(title=f"The strongest {min(SHOWN, len(pairings))}", title_justify="left", box=None, padding=(0, 1))
    for heading in HEADINGS:
        table.add_column(heading, justify="right" if heading in HEADINGS[2:5] else "left", no_wrap=True)
    for one in pairings[:SHOWN]:
        if one.evidence is not None:
            interval = f"{one.evidence.low:.1f} to {one.evidence.high:.1f}"
            own = "yours already" if (one.when, one.then) in curated else ""
            words = _label(one.when, store), _label(one.then, store)
            table.add_row(*words, f"{one.lift:.1f}", interval, f"{one.evidence.households:,}", own)
    return table


def _label(what: str, store: StoreMap) -> str:
    product = store.products.get(what)
    return product.name if product is not None else store.category_labels.get(what, what)


def add_learning(cli: typer.Typer) -> None:
    """Add the command to the engine's."""

    @cli.command("learn-pairings")
    def learn_command(
        *,
        store: Annotated[str | None, typer.Option(help="Folder of the store.")] = None,
        db: Annotated[str | None, typer.Option(help="The ledger with the purchases: see import-history.")] = None,
        out: Annotated[
            Path | None, typer.Option(help=f"The table to write; without, {LEARNT_FILE} in the store's folder.")
        ] = None,
        level: Annotated[Level, typer.Option("--of", help="Pairings of categories, or of products.")] = "category",
        households: Annotated[
            int, typer.Option(min=2, help="Only pairs that so many households bought at once.")
        ] = LEAST_HOUSEHOLDS,
    ) -> None:
        """Learn from past purchases what is bought together, and write it beside the retailer's own pairings."""
        settings = read_settings(os.environ, {"store": store, "db": db})
        if not Path(settings.db).exists():
            raise SettingsError(f"there is no ledger at {settings.db}; import-history makes one from your purchases")
        store_map, ledger = load_store(settings.store_folder), Ledger(settings.db)
        if not ledger.has_purchases():
            raise SettingsError(f"there are no purchases in {settings.db}; import-history brings them")
        summary = learn(store_map, ledger, level, households)
        ledger.close()
        file = out or settings.store_folder / LEARNT_FILE
        file.write_text(learnt_csv(summary.learnt.pairings), encoding="utf-8")
        console = Console(highlight=False, soft_wrap=True)
        for line in summary_lines(summary, level, households, file):
            console.print(line)
        if summary.learnt.pairings:
            console.print()
            wide = Console(width=max(console.width, WIDTH), highlight=False)
            wide.print(strongest(summary.learnt.pairings, store_map))
