"""Turns drawn households' sales lines into a store's folder: what they buy on the demo market's floor.

The folder is like any other of `maps/`, so the engine and the simulator read it without knowing where it came from.
Beside it stand `history.csv` (every purchase before the cut, moved forward by whole days to end shortly before `until`)
and `missions.json` (the baskets after it). Same data, seed, number of households and `until`: same bytes.
"""

import csv
import math
import re
import shutil
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import numpy as np
from msgspec import Struct, json
from numpy.typing import NDArray

from beacon_sim.completejourney_names import Labels, brand_name, category_key, category_label, unique_names
from beacon_sim.completejourney_source import CUT_DAY, CUT_MS, Journey
from beacon_sim.completejourney_zones import floor_zone, margin_share, zoning
from offer_engine.core.learnt_file import LEARNT_FILE, learnt_csv
from offer_engine.core.store_map import Pairing

STORE = "journey-market"
LABEL = "Northgate Market, Complete Journey households"
CURRENCY = "USD"
DAY_MS = 86_400_000
CASE_PIECES = 12  # on the shelf at least: one case; our assumption, the data has no stock
STOCK_WEEKS = 2  # and what sells in so many weeks

MISSIONS_FILE = "missions.json"
HISTORY_FILE = "history.csv"


class Trip(Struct, frozen=True):
    """One basket that a household came in for after the cut."""

    basket: str
    items: list[tuple[str, int]]  # (sku, pieces)


class Household(Struct, frozen=True):
    """One household: what it bought in the year, and what it comes in for."""

    shopper: str
    bought: dict[str, int]  # sku -> baskets that held it
    trips: list[Trip]  # oldest first, at least one


class Missions(Struct, frozen=True):
    """Everything the simulator needs of the data; also says what the folder was made of."""

    made_of: str
    until_ms: int  # purchases of history.csv end before this
    categories: dict[str, str]  # sku -> category
    households: list[Household]  # by number


@dataclass(frozen=True, slots=True)
class Article:
    """One product as the catalogue has it."""

    sku: str
    name: str
    brand: str
    category: str
    zone: str
    price_cents: int
    margin_share: float
    stock: int
    popularity: float  # units per 1,000 visits


def sku_of(product: int) -> str:
    """The sku of a product of the data."""
    return f"cj-{product}"


def shopper_of(household: int) -> str:
    """The token of a household of the data."""
    return f"hh-{household}"


def shift_ms(until_ms: int) -> int:
    """By how much purchases are moved: whole days, so that the cut falls on the last day before `until_ms`.

    >>> shift_ms(CUT_MS + 3 * DAY_MS + 5) == 3 * DAY_MS
    True
    """
    return (until_ms - CUT_MS) // DAY_MS * DAY_MS


def articles(journey: Journey) -> list[Article]:
    """The catalogue of everything these households bought in the year, by zone, category and sales."""
    before = journey.before_cut()
    visits = max(len(np.unique(before.basket)), 1)
    products, place = np.unique(journey.product, return_inverse=True)
    price = _median_by(place, journey.regular_cents / journey.quantity, len(products))
    sold = np.zeros(len(products), dtype=np.int64)
    np.add.at(sold, np.searchsorted(products, before.product), before.quantity)
    order = np.lexsort((products, -sold))  # best sellers first; they get the lower numbers
    labels = [journey.products[number] for number in products[order].tolist()]
    names = unique_names(labels)
    made = [
        _article(of, names[of.product], float(price[number]), int(sold[number]), visits)
        for of, number in zip(labels, order.tolist(), strict=True)
    ]
    return sorted(made, key=lambda article: (article.zone, article.category, -article.popularity, article.sku))


def _median_by(group: NDArray[np.intp], values: NDArray[np.float64], groups: int) -> NDArray[np.float64]:
    """Median of the values of each group; every group has one at least."""
    order = np.lexsort((values, group))
    ends = np.cumsum(np.bincount(group, minlength=groups))
    starts = ends - np.bincount(group, minlength=groups)
    ranked = values[order]
    middle = (ranked[(starts + ends - 1) // 2] + ranked[(starts + ends) // 2]) / 2
    return np.asarray(middle, dtype=np.float64)


def _article(labels: Labels, name: str, price_cents: float, sold: int, visits: int) -> Article:
    zone = floor_zone(labels)
    if zone is None:
        raise ValueError(f"product {labels.product} does not stand on the floor")
    return Article(
        sku=sku_of(labels.product),
        name=name,
        brand=brand_name(labels),
        category=category_key(labels.category),
        zone=zone,
        price_cents=max(round(price_cents), 1),
        margin_share=margin_share(labels),
        stock=CASE_PIECES + math.ceil(sold * STOCK_WEEKS * 7 / CUT_DAY),
        popularity=round(1000 * sold / visits, 2),
    )


# --- the files --------------------------------------------------------------------------------------------------------


def write_store(
    out: Path,
    base: Path,
    journey: Journey,
    found: Sequence[Pairing],
    until_ms: int,
    made_of: str,
    done: Callable[[str], None],
) -> None:
    """Write the whole folder; `missions.json` last, since its presence says that the folder is complete.

    Args:
        out: made if it is not there; files in it are replaced.
        base: the store whose floor and policy are taken.
        journey: the drawn households only.
        found: learnt pairings of categories, by their labels in the data.
        until_ms: see `shift_ms`.
        made_of: kept in missions.json, for telling whether the folder can be used again.
        done: called with what was written, after each file.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / MISSIONS_FILE).unlink(missing_ok=True)
    made = articles(journey)
    _write_catalogue(out / "catalogue.csv", made)
    done("catalogue")
    labels = {category_key(of.category): category_label(of.category) for of in journey.products.values()}
    sold = {category: labels[category] for category in sorted({article.category for article in made})}
    _write_pairings(out, found, sold)
    _write_offers(out / "offers.toml", {(article.category, article.zone) for article in made})
    shutil.copyfile(base / "floor.geojson", out / "floor.geojson")
    _write_settings(out / "store.toml", (base / "store.toml").read_text(encoding="utf-8"), sold)
    done("floor, pairings and offers")
    _write_history(out / HISTORY_FILE, journey.before_cut(), shift_ms(until_ms))
    done("history")
    missions = Missions(made_of, until_ms, {article.sku: article.category for article in made}, _households(journey))
    (out / MISSIONS_FILE).write_bytes(json.encode(missions))
    done("missions")


def _write_csv(path: Path, heading: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(heading)
        writer.writerows(rows)


def _write_catalogue(path: Path, made: Sequence[Article]) -> None:
    heading = ("sku", "name", "brand", "category", "zone", "price_cents", "margin_share", "stock", "popularity")
    rows = (
        (a.sku, a.name, a.brand, a.category, a.zone, a.price_cents, a.margin_share, a.stock, a.popularity) for a in made
    )
    _write_csv(path, heading, rows)


def _write_pairings(out: Path, found: Sequence[Pairing], sold: Mapping[str, str]) -> None:
    """The curated pairings and the learnt ones, a file each; only of what is sold and may be named on a phone."""
    table = zoning()
    curated = ((category_key(one.when), category_key(one.then), one.lift, one.note) for one in table.pairings)
    kept = (row for row in curated if row[0] in sold and row[1] in sold)
    _write_csv(out / "pairings.csv", ("when", "then", "lift", "note"), kept)
    named = (
        replace(one, when=category_key(one.when), then=category_key(one.then))
        for one in found
        if table.private.isdisjoint((one.when, one.then))
    )
    learnt = learnt_csv(one for one in named if one.when in sold and one.then in sold)
    (out / LEARNT_FILE).write_text(learnt, encoding="utf-8")


def _write_offers(path: Path, stands: set[tuple[str, str]]) -> None:
    """The rules whose categories are sold, and whose offer stands in the rule's zone; as they are written."""
    text = files("beacon_sim").joinpath("completejourney_offers.toml").read_text(encoding="utf-8")
    head, *blocks = re.split(r"^(?=\[\[offer\]\])", text, flags=re.MULTILINE)
    sold = {category for category, _ in stands}
    path.write_text("".join([head, *(block for block in blocks if _fits(block, sold, stands))]), encoding="utf-8")


def _fits(block: str, sold: set[str], stands: set[tuple[str, str]]) -> bool:
    offer = tomllib.loads(block)["offer"][0]
    words = {*offer.get("has", ()), *offer.get("lacks", ())}
    if "bought" in offer:
        words.add(offer["bought"]["what"])
    return words <= sold and (offer.get("category") or offer.get("favourite_in"), offer["zone"]) in stands


def _write_settings(path: Path, base: str, sold: Mapping[str, str]) -> None:
    """The base store's settings with another name and other categories; its policy stays, comments and all."""
    own = {"store": STORE, "label": LABEL, "timezone": "America/New_York", "currency": CURRENCY}
    head, _, _ = base.partition("[categories]")
    for key, value in own.items():
        head = re.sub(rf'^{key} = ".*?".*$', f'{key} = "{value}"', head, count=1, flags=re.MULTILINE)
    head = re.sub(r"\A#.*\n", "# Complete Journey households on the demo market's floor; a generated file.\n", head)
    lines = (f"{key} = {json.encode(label).decode()}" for key, label in sold.items())
    path.write_text(head + "[categories]\n" + "\n".join(lines) + "\n", encoding="utf-8")


def _write_history(path: Path, before: Journey, shift: int) -> None:
    rows = (
        (shopper_of(household), at_ms + shift, f"cj-{basket}", sku_of(product), quantity, round(paid / quantity))
        for household, at_ms, basket, product, quantity, paid in _lines(before)
    )
    _write_csv(path, ("shopper", "at", "basket", "sku", "qty", "price_cents"), rows)


def _lines(journey: Journey) -> Iterable[tuple[int, int, int, int, int, int]]:
    """(household, ms, basket, product, pieces, cents) by household, time and basket; a product once a basket."""
    order = np.lexsort((journey.product, journey.basket, journey.at_ms, journey.household))
    columns = (journey.household, journey.at_ms, journey.basket, journey.product, journey.quantity, journey.paid_cents)
    last: tuple[int, int, int, int, int, int] | None = None
    for household, at_ms, basket, product, quantity, paid in zip(
        *(column[order].tolist() for column in columns), strict=True
    ):
        if last is not None and (last[2], last[3]) == (basket, product):
            last = (*last[:4], last[4] + quantity, last[5] + paid)
            continue
        if last is not None:
            yield last
        last = (household, at_ms, basket, product, quantity, paid)
    if last is not None:
        yield last


def _households(journey: Journey) -> list[Household]:
    bought: dict[int, dict[str, int]] = {}
    trips: dict[int, dict[int, list[tuple[str, int]]]] = {}
    for household, at_ms, basket, product, quantity, _ in _lines(journey):
        sku = sku_of(product)
        counts = bought.setdefault(household, {})
        counts[sku] = counts.get(sku, 0) + 1
        if at_ms >= CUT_MS:
            trips.setdefault(household, {}).setdefault(basket, []).append((sku, quantity))
    return [
        Household(
            shopper_of(household), bought[household], [Trip(f"cj-{basket}", items) for basket, items in own.items()]
        )
        for household, own in sorted(trips.items())
    ]
