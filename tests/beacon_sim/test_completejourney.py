"""Complete Journey households: honest pairings, a store that the engine takes, people who come for their own baskets.

All on made-up sales lines with the columns of the real package, which `test_completejourney_data` reads itself.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from beacon_sim.completejourney import completejourney_population
from beacon_sim.completejourney_names import (
    Labels,
)
from beacon_sim.completejourney_pairings import pairings
from beacon_sim.completejourney_source import (
    CUT_MS,
    Journey,
    draw_households,
    make_journey,
)
from beacon_sim.completejourney_store import DAY_MS, articles, shift_ms, write_store
from beacon_sim.completejourney_zones import floor_zone, journey_zone, margin_share, zoning
from beacon_sim.population import Buy
from offer_engine.core.store_map import Evidence, Pairing
from offer_engine.errors import SettingsError
from offer_engine.history import BadRow, Purchase, read_history
from offer_engine.messages import is_id
from offer_engine.store_files import check, load_store

BASE = Path(__file__).parents[2] / "maps" / "demo-market"
UNTIL_MS = 1_772_442_000_000

PRODUCTS = [
    Labels(1, 69, "GROCERY", "Private", "SOFT DRINKS", "SFT DRNK 2 LITER BTL CARB INCL", "2 L"),
    Labels(2, 103, "GROCERY", "National", "SOFT DRINKS", "SFT DRNK 2 LITER BTL CARB INCL", "2 L"),
    Labels(3, 7, "GROCERY", "National", "YOGURT", "YOGURT NOT MULTI-PACKS", "6 OZ"),
    Labels(4, 2, "PRODUCE", "National", "TROPICAL FRUIT", "BANANAS", "40 LB"),
    Labels(5, 9, "GROCERY", "National", "DRY NOODLES/PASTA", "SPAGHETTI DRY", "16 OZ"),
    Labels(6, 9, "GROCERY", "National", "PASTA SAUCE", "MAINSTREAM", "26 OZ"),
    Labels(7, 5, "DRUG GM", "National", "CIGARETTES", "CIGARETTES", "CTN"),
    Labels(8, 5, "MEAT", "National", "LAMB", "LOIN", ""),
    Labels(9, 5, "GROCERY", "National", "DOMESTIC WINE", "PREMIUM 750ML WINES", "750 ML"),
    Labels(10, 5, "FUEL", "National", "COUPON/MISC ITEMS", "GASOLINE-REG UNLEADED", ""),
]

Line = tuple[int, int, int, int, float, float, int]  # household, basket, product, pieces, paid, discount, ms


def columns(lines: list[Line]) -> dict[str, NDArray[np.generic]]:
    """Sales lines as columns of the package's names and types."""
    household, basket, product, pieces, paid, discount, at_ms = zip(*lines, strict=True)
    return {
        "household_id": np.array(household),
        "basket_id": np.array(basket),
        "product_id": np.array(product),
        "quantity": np.array(pieces),
        "sales_value": np.array(paid),
        "retail_disc": np.array(discount),
        "transaction_timestamp": np.array(at_ms, dtype="datetime64[ms]").astype("datetime64[ns]"),
    }


def year(household: int) -> Iterator[Line]:
    """Twelve baskets of one household before the cut and two after it."""
    for week in range(14):
        basket = household * 100 + week
        at_ms = CUT_MS + (week - 12) * 7 * DAY_MS + DAY_MS // 2
        yield household, basket, 1 + household % 2, 2, 2.5, 0.5, at_ms
        yield household, basket, 3, 1, 0.89, 0.0, at_ms
        if week % 2:
            yield household, basket, 4, 1, 0.61, 0.1, at_ms


@pytest.fixture(scope="module")
def journey() -> Journey:
    """Five households that can be drawn, one that stopped coming, and lines that must be left out."""
    lines = [line for household in range(1, 6) for line in year(household)]
    lines += [line for line in year(6) if line[6] < CUT_MS]
    lines += [
        (1, 101, 3, 1, 0.89, 0.0, CUT_MS - 11 * 7 * DAY_MS + DAY_MS // 2),  # yoghurt once more in the same basket
        (1, 100, 7, 1, 40.0, 0.0, CUT_MS - 12 * 7 * DAY_MS + DAY_MS // 2),  # behind the counter
        (1, 100, 10, 9000, 20.0, 0.0, CUT_MS - 12 * 7 * DAY_MS + DAY_MS // 2),  # fuel
        (1, 100, 5, 0, 0.0, 0.0, CUT_MS - 12 * 7 * DAY_MS + DAY_MS // 2),  # nothing was bought
    ]
    return make_journey(columns(lines), PRODUCTS)


FOUND = [
    Pairing("DRY NOODLES/PASTA", "PASTA SAUCE", 5.5, "learnt", Evidence(1118, 5.0, 5.9)),
    Pairing("SOFT DRINKS", "YOGURT", 1.75, "learnt", Evidence(31, 1.5, 2.25)),
]


@pytest.fixture(scope="module")
def folder(journey: Journey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of all five households."""
    out = tmp_path_factory.mktemp("journey")
    drawn = draw_households(journey, 5, seed=7)
    own = journey.where(np.isin(journey.household, drawn))
    write_store(out, BASE, own, FOUND, UNTIL_MS, "a test", lambda _: None)
    return out


# --- the floor --------------------------------------------------------------------------------------------------------


def test_products_stand_where_the_table_says() -> None:
    """The first match wins: what is behind the counter or no product stands nowhere."""
    zones = {labels.product: floor_zone(labels) for labels in PRODUCTS}
    assert [zones[number] for number in (1, 3, 4, 5, 8, 9)] == [
        "soft-drinks",
        "dairy",
        "produce",
        "pasta-rice",
        "meat",
        "wine",
    ]
    assert zones[7] is None
    assert zones[10] is None
    assert journey_zone(Labels(1, 1, "PRODUCE", "National", "POPCORN", "POPCORN", "")) == "snacks"


def test_every_zone_is_on_the_floor() -> None:
    """Each of the 28 zones maps to a zone of the demo market that sells something."""
    table = zoning()
    floor = load_store(BASE).zones
    named = {*table.grocery.values(), *table.drug_gm.values(), *table.department.values(), "snacks"}
    assert named == set(table.floor)
    assert set(table.floor.values()) | set(table.floor_by_category.values()) <= set(floor)
    assert 0 < margin_share(PRODUCTS[0]) < 1


# --- pairings ---------------------------------------------------------------------------------------------------------


def test_a_planted_pairing_is_found_and_big_baskets_and_one_household_are_not() -> None:
    """Sauce goes with pasta by construction; all else meets only because baskets differ in size, or in one home.

    A basket of s lines holds each of ten other categories with s/20; so every two of them meet far more often than
    the product of their shares says, and yet no pair of them may be found.
    """
    rng = np.random.default_rng(11)
    others = [Labels(100 + n, 1, "GROCERY", "National", name, name, "") for n, name in enumerate(_OTHERS)]
    lines: list[Line] = []
    for basket in range(6000):
        household = basket % 300
        bought = [100 + n for n in range(len(others)) if rng.random() < (2, 5, 12)[basket % 3] / 20]
        if rng.random() < 0.1:
            bought += [5, 6] if rng.random() < 0.5 else [5]
        if rng.random() < 0.1:
            bought.append(6)
        if household == 0:
            bought += [8, 9]
        lines += [(household, basket, product, 1, 1.0, 0.0, CUT_MS - DAY_MS) for product in sorted(set(bought))]
    found = pairings(make_journey(columns(lines), [*PRODUCTS, *others]))
    pair = ("DRY NOODLES/PASTA", "PASTA SAUCE")
    assert {(one.when, one.then) for one in found} == {pair, pair[::-1]}
    # P(sauce | pasta) = 0.55 against P(sauce | no pasta) = 0.1: 5.5; that a basket has so many things takes from it.
    assert 3.0 < found[0].lift < 6.5
    assert found[0].evidence is not None
    assert found[0].evidence.households > 200


_OTHERS = ("EGGS", "COFFEE", "SOUP", "CHEESE", "BUTTER", "BACON", "OLIVES", "TEAS", "BLEACH", "HERBS")


# --- drawing and the store --------------------------------------------------------------------------------------------


def test_only_lines_of_products_on_the_floor_are_kept(journey: Journey) -> None:
    """Fuel, cigarettes and lines without a quantity are left out."""
    assert set(np.unique(journey.product).tolist()) == {1, 2, 3, 4}
    assert journey.quantity.min() >= 1
    assert len(journey.before_cut().household) + len(journey.after_cut().household) == len(journey.household)


def test_drawing_is_seeded_and_grows(journey: Journey) -> None:
    """The same seed draws the same; one that stopped coming is never drawn; too many is an error."""
    some = set(draw_households(journey, 3, seed=1).tolist())
    assert some == set(draw_households(journey, 3, seed=1).tolist())
    assert some < set(draw_households(journey, 5, seed=1).tolist()) == {1, 2, 3, 4, 5}
    with pytest.raises(SettingsError, match="6 were asked for; 1 to 5 can be drawn"):
        draw_households(journey, 6, seed=1)


def test_catalogue_has_shelf_prices_and_sales(journey: Journey) -> None:
    """The shelf price is the median without the loyalty discount; popularity is units per 1,000 visits."""
    by_sku = {article.sku: article for article in articles(journey)}
    cola = by_sku["cj-2"]
    assert cola.price_cents == 150
    assert cola.popularity == round(1000 * 3 * 12 * 2 / (6 * 12), 2)
    assert by_sku["cj-1"].brand == "Own brand"
    assert all(is_id(article.sku) and is_id(article.category) and article.stock >= 12 for article in by_sku.values())


def test_the_store_is_one_that_the_engine_takes(folder: Path) -> None:
    """Folder, rules and pairings pass every check; only rules about what is sold are in it."""
    store, rules = check(folder)
    assert (store.store, store.currency, store.timezone) == ("journey-market", "USD", "America/New_York")
    assert {rule.id for rule in rules.rules} == {"their-soft-drink", "their-yoghurt"}
    assert list(store.pairings) == [replace(FOUND[1], when="soft-drinks", then="yoghurt")]


def test_history_is_before_the_cut_and_ends_shortly_before_now(folder: Path) -> None:
    """Every purchase before the cut is there, once a product and basket, moved by whole days."""
    store, _ = check(folder)
    rows = list(read_history(folder / "history.csv", store.products))
    purchases = [row for row in rows if isinstance(row, Purchase)]
    assert not [row for row in rows if isinstance(row, BadRow)]
    assert len(purchases) == 5 * (12 + 12 + 6)
    keys = {(row.shopper, row.basket, row.sku) for row in purchases}
    assert len(keys) == len(purchases)
    assert all(row.at_ms < UNTIL_MS for row in purchases)
    assert shift_ms(UNTIL_MS) % DAY_MS == 0
    assert UNTIL_MS - DAY_MS < CUT_MS + shift_ms(UNTIL_MS) <= UNTIL_MS
    twice = next(row for row in purchases if (row.basket, row.sku) == ("cj-101", "cj-3"))
    assert (twice.qty, twice.price_cents) == (2, 89)


def test_the_same_input_writes_the_same_bytes(journey: Journey, folder: Path, tmp_path: Path) -> None:
    """Nothing of the folder depends on the run."""
    own = journey.where(journey.household < 6)
    write_store(tmp_path, BASE, own, FOUND, UNTIL_MS, "a test", lambda _: None)
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


# --- the population ---------------------------------------------------------------------------------------------------


def test_households_come_in_for_their_own_later_baskets(folder: Path) -> None:
    """A mission is a basket of that household after the cut, and it likes what it buys."""
    people = completejourney_population(folder)
    assert (people.name, people.size, people.booked) == ("completejourney", 5, ())
    persona = people.walk_in(0, np.random.default_rng(3))
    assert persona.shopper == "hh-1"
    skus = {stop.sku for stop in persona.mission if isinstance(stop, Buy)}
    assert {"cj-2", "cj-3"} <= skus <= {"cj-2", "cj-3", "cj-4"}
    assert persona.tastes["cj-3"] > 0.9 > persona.tastes["cj-4"] > persona.tastes["tropical-fruit"] > 0.2
    assert "cj-1" not in persona.tastes


def test_a_household_is_the_same_for_the_same_generator(folder: Path) -> None:
    """Chance comes only from the generator that is handed in."""
    people = completejourney_population(folder)
    assert people.walk_in(2, np.random.default_rng(9)) == people.walk_in(2, np.random.default_rng(9))


def test_history_of_the_population_follows_the_clock(folder: Path) -> None:
    """Asked again later, the history ends later, and `days` cuts its beginning."""
    people = completejourney_population(folder)
    now = list(people.history(UNTIL_MS, 365))
    later = list(people.history(UNTIL_MS + 10 * DAY_MS, 365))
    assert [row.at_ms + 10 * DAY_MS for row in now] == [row.at_ms for row in later]
    assert 0 < len(list(people.history(UNTIL_MS, 30))) < len(now) == 5 * 30


def test_a_folder_without_households_says_how_to_make_them(tmp_path: Path) -> None:
    """The demo market itself holds no households."""
    with pytest.raises(SettingsError, match="python -m beacon_sim completejourney --out"):
        completejourney_population(tmp_path)
