"""Questions to the ledger as commands: why, why not, the funnel, the uplift; each a table in the terminal.

They read the file of a running engine as well as that of one long gone, and change nothing.
"""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from offer_engine.core.affinity import NOBODY, build_profile
from offer_engine.core.context import World, build_world
from offer_engine.core.decision import Decision
from offer_engine.core.effect import Effect
from offer_engine.core.explain import TEXTS, Line, checklist
from offer_engine.core.intrusion import intrusion_lines, intrusion_of
from offer_engine.core.question import why_not
from offer_engine.core.reason import Reason, Stage
from offer_engine.core.shopper import Shopper
from offer_engine.errors import SettingsError
from offer_engine.funnel import RuleFunnel, funnels
from offer_engine.ledger import Ledger
from offer_engine.settings import read_settings
from offer_engine.store_files import check
from offer_engine.uplift import worth

WIDTH = 140  # of a table where no terminal says otherwise
MARKS = {True: "[green]✓[/]", False: "[red]✗[/]", None: "[dim]·[/]"}

FUNNEL_HEADINGS = (
    "rule",
    "waited",
    "consent",
    "eligible",
    "policy",
    "worth it",
    "sent",
    "shown",
    "accepted",
    "redeemed",
    "main obstacle",
)

StoreOption = Annotated[str | None, typer.Option(help="Folder of the store.")]
DbOption = Annotated[str | None, typer.Option(help="The ledger.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def add_reports(cli: typer.Typer, now_ms: Callable[[], int]) -> None:  # noqa: C901  a flat list of commands
    """Add the commands to the engine's."""

    @cli.command("why")
    def why_command(
        shopper: Annotated[str, typer.Argument(help="Whose decision.")],
        *,
        decision: Annotated[str | None, typer.Option(help="Its id; without, the newest.")] = None,
        store: StoreOption = None,
        db: DbOption = None,
        as_json: JsonOption = False,
    ) -> None:
        """Say how a decision came about, check by check."""
        world, ledger = _open(store, db)
        found = [ledger.decision(decision)] if decision else list(ledger.decisions(shopper=shopper, limit=1))
        if not found or found[0] is None:
            raise SettingsError(f"no decision{f' {decision}' if decision else ''} for {shopper} in this ledger")
        if as_json:
            typer.echo(found[0])
            return
        record = msgspec.json.decode(found[0], type=Decision)
        state = ledger.state(record.shopper) or Shopper(record.shopper)
        tally = ledger.tally(now_ms())
        needed = intrusion_of(record, state, ledger.purchases(record.shopper), world, tally)
        lines = [*checklist(record, world), *intrusion_lines(needed, world)]
        _print_lines(f"{record.outcome}: {TEXTS[record.reason]}", lines)

    @cli.command("why-not")
    def why_not_command(
        shopper: Annotated[str, typer.Argument(help="Who.")],
        rule: Annotated[str, typer.Argument(help="Which rule.")],
        *,
        store: StoreOption = None,
        db: DbOption = None,
        as_json: JsonOption = False,
    ) -> None:
        """Say what would become of a rule for a shopper now; nothing is used up by asking."""
        world, ledger = _open(store, db)
        state = ledger.state(shopper) or Shopper(shopper)
        shared = state.person.consents.history
        profile = build_profile(ledger.purchases(shopper), world.store.products) if shared else NOBODY
        answer = why_not(state, rule, now_ms(), world, profile, ledger.tally(now_ms()))
        if as_json:
            typer.echo(msgspec.json.encode(answer).decode())
            return
        _print_lines("would be sent" if answer.would_send else "would not be sent", answer.lines)

    @cli.command()
    def funnel(*, store: StoreOption = None, db: DbOption = None, as_json: JsonOption = False) -> None:
        """Print, for each rule, how often it waited, where it ended, and what came of its offers."""
        _, ledger = _open(store, db)
        rows = funnels(ledger)
        if as_json:
            typer.echo(json.dumps([asdict(row) for row in rows]))
            return
        _print_table("Rules, from waiting to the till", FUNNEL_HEADINGS, map(_funnel_row, rows))

    @cli.command()
    def uplift(*, store: StoreOption = None, db: DbOption = None, as_json: JsonOption = False) -> None:
        """Print what each rule's offers were worth, against controls who got none."""
        world, ledger = _open(store, db)
        rows = worth(ledger, world.store)
        if as_json:
            typer.echo(json.dumps([asdict(row) for row in rows]))
            return
        _print_table(
            "Uplift per visit, 95 % intervals",
            ("rule", "shoppers", "controls", "profit, cents", "bought the product", "verdict"),
            (
                (
                    row.name,
                    row.profit_cents.treated_shoppers,
                    row.profit_cents.control_shoppers,
                    _interval(row.profit_cents),
                    _interval(row.purchase_rate, as_share=True),
                    "" if row.profit_cents.is_told_from_zero else "profit cannot be told from zero",
                )
                for row in rows
            ),
        )


def _funnel_row(row: RuleFunnel) -> tuple[object, ...]:
    seen = sum(row.deliveries[state] for state in ("shown", "opened", "accepted", "dismissed", "redeemed"))
    obstacle = row.main_obstacle()
    return (
        row.rule,
        row.waited,
        row.left_after(Stage.CONSENT),
        row.left_after(Stage.ELIGIBLE),
        row.left_after(Stage.POLICY),
        row.left_after(Stage.ATTENTION),
        row.ended[Reason.SENT],
        seen,
        row.deliveries["accepted"] + row.deliveries["redeemed"],
        row.deliveries["redeemed"],
        TEXTS[obstacle] if obstacle else "",
    )


def _open(store: str | None, db: str | None) -> tuple[World, Ledger]:
    settings = read_settings(os.environ, {"store": store, "db": db})
    if not Path(settings.db).exists():
        raise SettingsError(f"there is no ledger at {settings.db}; --db says where it is (the demo's: build/demo/*.db)")
    return build_world(*check(settings.store_folder)), Ledger(settings.db)


def _interval(effect: Effect, *, as_share: bool = False) -> str:
    if not isfinite(effect.low):
        return "too few to say"
    if as_share:
        return f"{effect.estimate:+.1%} ({effect.low:+.1%} to {effect.high:+.1%})"
    return f"{effect.estimate:+.1f} ({effect.low:+.1f} to {effect.high:+.1f})"


def _print_lines(title: str, lines: Iterable[Line]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{title}[/]")
    for line in lines:
        console.print(f"  {MARKS[line.ok]} {line.label}" + (f"  [dim]{line.detail}[/]" if line.detail else ""))


def _print_table(title: str, headings: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    console = Console(highlight=False)
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1))
    ends = {0, len(headings) - 1}  # words at both ends, figures between
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number in ends else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console(width=max(console.width, WIDTH), highlight=False).print(table)
