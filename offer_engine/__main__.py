"""Commands of the engine, and the composition root: reads flags, environment and clock, and owns the signals."""

import asyncio
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from offer_engine.errors import ImportDataError, OffersError, RivalError
from offer_engine.history import import_history, parse_columns, parse_zone, report_lines, why_nothing
from offer_engine.learning import add_learning
from offer_engine.ledger import Ledger
from offer_engine.plans.commands import map_commands
from offer_engine.reports import add_reports
from offer_engine.rules_schema import rules_schema_text
from offer_engine.run import Engine, load_world, run_engine
from offer_engine.schema import asyncapi_text
from offer_engine.settings import Settings, read_settings
from offer_engine.store_files import check as check_store
from offer_engine.store_files import load_store

cli = typer.Typer(
    help="The offer engine: shoppers' positions and baskets in, now and then an offer out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

StoreOption = Annotated[str | None, typer.Option(help="Folder of the store: floor, catalogue, pairings, offers.")]
DbOption = Annotated[str | None, typer.Option(help="The SQLite file that keeps everything.")]


def wall_ms() -> int:
    """The wall clock, read here and nowhere else."""
    return time.time_ns() // 1_000_000


@cli.command()
def run(
    *,
    store: StoreOption = None,
    broker: Annotated[str | None, typer.Option(help="mqtt://[user:password@]host[:port]")] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; 0.0.0.0 lets phones on the network in.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port for pages, phones and the API.")] = None,
    db: DbOption = None,
    ingest: Annotated[str | None, typer.Option(help="MQTT client: gmqtt (fast) or paho.")] = None,
    tracking: Annotated[str | None, typer.Option(help="Zones by fixes as they come (raw) or by belief (grid).")] = None,
    listen: Annotated[str | None, typer.Option(help="Other systems to hear: omlox,espresense,owntracks.")] = None,
    zone_events: Annotated[str | None, typer.Option(help="Tell anyone who is in which zone: on or off.")] = None,
    clock: Annotated[str | None, typer.Option(help="wall, or event: the newest event is now.")] = None,
    pairing: Annotated[str | None, typer.Option(help="Who may claim an existing shopper: loopback or open.")] = None,
    follow: Annotated[str | None, typer.Option(help="Shoppers shown on the live page, comma separated.")] = None,
    public_url: Annotated[str | None, typer.Option(help="What the QR code opens; found out by default.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error")] = None,
) -> None:
    """Run the engine until Ctrl-C."""
    flags = {
        "store": store,
        "broker": broker,
        "host": host,
        "port": port,
        "db": db,
        "ingest": ingest,
        "tracking": tracking,
        "listen": listen,
        "zone_events": zone_events,
        "clock": clock,
        "pairing": pairing,
        "follow": follow,
        "public_url": public_url,
        "log_level": log_level,
    }
    settings = read_settings(os.environ, flags)
    logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("gmqtt").setLevel(logging.CRITICAL)  # it warns about what `mqtt` says better
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        async with run_engine(settings, load_world(settings), wall_ms) as engine:
            gc.freeze()  # the store and the libraries stay: walking them held everything up for 0.1 s now and then
            _say_up(settings, engine)
            await stop.wait()
            logging.getLogger("offer_engine").info("stopping")
    except ExceptionGroup as fallen:
        gave_way = fallen.subgroup(RivalError)
        if gave_way is None:
            raise
        raise gave_way.exceptions[0] from None


def _say_up(settings: Settings, engine: Engine) -> None:
    world = engine.service.world
    logging.getLogger("offer_engine").info(
        "%s: %d zones, %d products, %d rules; pages on http://%s:%d/",
        world.store.label,
        len(world.store.zones),
        len(world.store.products),
        len(world.rules.rules),
        settings.host,
        engine.port,
    )


@cli.command("import-history")
def import_command(
    file: Annotated[Path, typer.Argument(help="CSV, CSV.gz or Parquet: shopper, at, basket, sku, qty, price_cents.")],
    store: StoreOption = None,
    db: DbOption = None,
    columns: Annotated[
        str, typer.Option("--map", help="Your headings, where they differ: shopper=card_no,at=sold_at")
    ] = "",
    timezone: Annotated[str, typer.Option(help="Of times without a zone: Europe/Berlin, or 'store' for its own.")] = "",
) -> None:
    """Import purchase history; the same file twice adds nothing."""
    settings = read_settings(os.environ, {"store": store, "db": db})
    sold_here = load_store(settings.store_folder)
    headings, zone = parse_columns(columns), parse_zone(timezone, sold_here)
    ledger = Ledger(settings.db)
    report = import_history(
        file, sold_here, ledger.import_purchases, columns=headings, progress=_show_progress(), zone=zone
    )
    ledger.close()
    if sys.stderr.isatty():
        typer.echo(err=True)
    typer.echo("\n".join(report_lines(report)))
    if nothing := why_nothing(report):
        raise ImportDataError(nothing)


def _show_progress() -> Callable[[int], None]:
    """Count rows on one line of a terminal; silent elsewhere."""

    def show(rows: int) -> None:
        if sys.stderr.isatty():
            typer.echo(f"\r{rows:,} rows", nl=False, err=True)

    return show


@cli.command("check")
def check_command(folder: Annotated[Path, typer.Argument(help="Folder of a store.")]) -> None:
    """Check a store's files and list every problem by file, line and field."""
    store, rules = check_store(folder)
    learnt = sum(pairing.evidence is not None for pairing in store.pairings)
    typer.echo(
        f"{store.label}: {len(store.zones)} zones, {len(store.fixtures)} fixtures, {len(store.products)} products, "
        f"{len(store.pairings)} pairings ({learnt} learnt), {len(rules.rules)} rules: no problems"
    )


@cli.command()
def schema(
    *,
    folder: Annotated[Path, typer.Option(help="Where the generated documents stand.")] = Path("docs"),
    check: Annotated[bool, typer.Option("--check", help="Only say whether they are up to date.")] = False,
) -> None:
    """Write what is generated from the code: the wire's AsyncAPI document, and the offer rules' schema for editors."""
    behind = False
    for name, text in (("asyncapi.json", asyncapi_text()), ("offers.schema.json", rules_schema_text())):
        document = folder / name
        if not check:
            document.write_text(text, encoding="utf-8")
        elif not document.exists() or document.read_text(encoding="utf-8") != text:
            typer.echo(f"{document} is behind the code; `python -m offer_engine schema` writes it anew", err=True)
            behind = True
    if behind:
        raise typer.Exit(1)


add_learning(cli)
add_reports(cli, wall_ms)
cli.add_typer(map_commands(wall_ms), name="map")


def main() -> None:
    """Run a command; a mistake of the user's is one message and exit status 2."""
    try:
        cli()
    except ImportDataError as error:
        typer.echo(f"cannot import: {error}", err=True)
        raise SystemExit(2) from None
    except OffersError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
