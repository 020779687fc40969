"""Worlds for tests: the stores of `maps/`, loaded once."""

from functools import cache
from pathlib import Path

from offer_engine.core.context import World, build_world
from offer_engine.store_files import check

MAPS = Path(__file__).parents[1] / "maps"


@cache
def demo_market() -> World:
    """Northgate Market as it stands in `maps/demo-market`."""
    return build_world(*check(MAPS / "demo-market"))


@cache
def demo_market_on_grid() -> World:
    """The same, with shoppers tracked by belief."""
    return build_world(*check(MAPS / "demo-market"), is_on_grid=True)


@cache
def corner_shop() -> World:
    """Harbour Street Stores as it stands in `maps/corner-shop`."""
    return build_world(*check(MAPS / "corner-shop"))
