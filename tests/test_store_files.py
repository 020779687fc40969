"""Stores as folders: ours load clean and are as large as promised; what cannot be read is refused with the rest."""

import shutil
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import pytest
import shapely

from offer_engine.core.floor_parse import DIRECTIONS, FEATURE_TYPES, FIXTURE_KINDS, ZONE_KINDS
from offer_engine.core.rule_fields import BENEFITS, CHOICES, TRANSITIONS
from offer_engine.core.rules import AnyOf, Bought, Exactly, FavouriteOf, MultiBuy, Percent, Reminder, RuleSet
from offer_engine.core.rules_parse import RULES_FILE, parse_rules
from offer_engine.core.store_map import Evidence, Pairing, Policy, Product, StoreMap, Zone
from offer_engine.core.store_parse import NEXT_STEP, STORE_FILES
from offer_engine.core.usual_walk import COLUMNS, LEAST_VISITS
from offer_engine.errors import MapError, RuleError
from offer_engine.store_files import check, load_rules, load_store

MAPS = Path(__file__).parent.parent / "maps"


@pytest.fixture(scope="module")
def demo() -> tuple[StoreMap, RuleSet]:
    """The demo market and its rules."""
    return check(MAPS / "demo-market")


@pytest.fixture(scope="module")
def corner() -> tuple[StoreMap, RuleSet]:
    """The corner shop and its rules."""
    return check(MAPS / "corner-shop")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the corner shop, to break."""
    return Path(shutil.copytree(MAPS / "corner-shop", tmp_path / "shop"))


def test_the_demo_market_is_well_stocked(demo: tuple[StoreMap, RuleSet]) -> None:
    """300 products or more, 12 or more in every zone that sells, the four kinds of wine, and Silver Oak."""
    store, rules = demo
    assert len(store.products) >= 300
    in_zone = Counter(product.zone for product in store.products.values())
    assert {zone.key for zone in store.zones.values() if zone.kind != "service"} == set(in_zone)
    assert min(in_zone.values()) >= 12
    wines = {product.category for product in store.products.values() if product.zone == "wine"}
    assert wines == {"red-wine", "white-wine", "rose-wine", "sparkling-wine"}
    assert store.products["silver-oak-cabernet"].brand == "Silver Oak"
    assert len(store.pairings) >= 40
    assert 12 <= len(rules.rules) <= 20


def test_the_demo_market_sells_what_shoppers_carry(demo: tuple[StoreMap, RuleSet]) -> None:
    """Popularity adds up to the mean basket of a mixed Poisson log-normal (mu 1.4, sigma 0.9): 6.1 units a visit."""
    store, _ = demo
    assert sum(product.popularity for product in store.products.values()) / 1000 == pytest.approx(6.1, abs=0.3)


def test_the_founding_rule_is_there(demo: tuple[StoreMap, RuleSet]) -> None:
    """At the wine, with lamb in the cart, for who has bought it: Silver Oak."""
    rule = next(rule for rule in demo[1].rules if rule.id == "silver-oak-with-lamb")
    assert (rule.zones, rule.transition, rule.has) == (("wine",), "dwell", ("lamb",))
    assert (rule.bought, rule.choice) == (Bought("silver-oak-cabernet", 1), Exactly("silver-oak-cabernet"))
    assert rule.benefit == Percent(20)


def test_the_demo_rules_show_every_kind(demo: tuple[StoreMap, RuleSet]) -> None:
    """Products, categories and favourites; discounts, several for less and plain reminders; many zones."""
    rules = demo[1].rules
    assert {type(rule.choice) for rule in rules} == {Exactly, AnyOf, FavouriteOf}
    assert {type(rule.benefit) for rule in rules} >= {Percent, MultiBuy, Reminder}
    assert len({zone for rule in rules for zone in rule.zones}) >= 10


def test_the_corner_shop_is_another_shape(demo: tuple[StoreMap, RuleSet], corner: tuple[StoreMap, RuleSet]) -> None:
    """Not a rectangle, not at the origin, one door for both ways, other keys, manners, money and time."""
    store, rules = corner
    assert store.level.area < 0.9 * shapely.box(*store.level.bounds).area
    assert min(store.level.bounds) < 0
    assert [opening.direction for opening in store.openings] == ["both"]
    assert not store.zones.keys() & (demo[0].zones.keys() - {"bakery"})
    assert (store.currency, store.timezone) != (demo[0].currency, demo[0].timezone)
    assert store.policy != demo[0].policy
    assert len(store.products) >= 80
    assert len(rules.rules) == 5


@pytest.mark.parametrize("name", ["demo-market", "corner-shop"])
def test_how_people_walk_is_known_wherever_a_rule_waits(name: str) -> None:
    """Otherwise the engine would never wait for that rule's offer."""
    store, rules = check(MAPS / name)
    awaited = {(zone, rule.transition) for rule in rules.rules for zone in rule.zones}
    assert awaited <= {(one.to, one.transition) for one in store.onward}
    assert all(one.visits >= LEAST_VISITS for one in store.onward)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    """A misspelt path is said to be one, and not to lack four files."""
    with pytest.raises(MapError) as caught:
        load_store(tmp_path / "nowhere")
    assert str(caught.value) == f"{tmp_path / 'nowhere'}: is not a folder"


def test_missing_files_are_problems(copy: Path) -> None:
    """Every file that is not there is named, store and rules alike."""
    store = load_store(copy)
    (copy / "offers.toml").unlink()
    with pytest.raises(RuleError) as rule_error:
        load_rules(copy, store)
    assert str(rule_error.value) == f"{copy / 'offers.toml'}: is missing; without rules there are no offers"
    (copy / "pairings.csv").unlink()
    with pytest.raises(MapError) as map_error:
        check(copy)
    assert str(map_error.value).splitlines() == [
        f"{copy / 'pairings.csv'}: is missing; {NEXT_STEP}",
        f"{copy / 'offers.toml'}: is missing; without rules there are no offers",
    ]


def test_a_broken_store_does_not_hide_broken_rules(copy: Path) -> None:
    """The form of the rules is judged all the same; what they refer to is not, since it cannot be known."""
    for name, old, new in (
        ("store.toml", "min_gap_s", "min_gap"),
        ("offers.toml", "percent_off = 15", "percent_of = 15"),
        ("offers.toml", 'zone = "treats"', 'zone = "treat"'),
    ):
        file = copy / name
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(MapError) as caught:
        check(copy)
    found = [(problem.file.name, problem.field) for problem in caught.value.problems]
    assert found == [
        ("store.toml", "policy.min_gap_s"),
        ("store.toml", "policy.min_gap"),
        ("offers.toml", "offer.biscuits-for-the-tea.percent_off"),
        ("offers.toml", "offer.biscuits-for-the-tea.percent_of"),
    ]


def test_what_is_not_utf8_is_refused_with_its_line(copy: Path) -> None:
    """A catalogue in another encoding would show shoppers the wrong letters."""
    catalogue = copy / "catalogue.csv"
    catalogue.write_bytes(catalogue.read_bytes().replace("Bodega Lirón".encode(), "Bodega Lirón".encode("latin-1")))
    with pytest.raises(MapError) as caught:
        load_store(copy)
    (problem,) = caught.value.problems
    assert (problem.file, problem.message) == (catalogue, "is not UTF-8 text; save it with that encoding")
    assert "Rioja" in catalogue.read_text("latin-1").splitlines()[problem.line - 1]


def test_a_byte_order_mark_is_welcome(copy: Path) -> None:
    """Spreadsheets write one in front of a table."""
    catalogue = copy / "catalogue.csv"
    catalogue.write_bytes(b"\xef\xbb\xbf" + catalogue.read_bytes())
    assert load_store(copy).products == load_store(MAPS / "corner-shop").products


def test_every_field_is_in_the_docs() -> None:
    """What a retailer may write is explained in docs/maps.md."""
    text = (MAPS.parent / "docs" / "maps.md").read_text("utf-8")
    kinds = (Policy, Zone, Product, Pairing, Evidence)
    words = {field.name for kind in kinds for field in fields(kind)} - {"area", "source", "evidence"}
    words |= {*CHOICES, *BENEFITS, *TRANSITIONS, *ZONE_KINDS, *FIXTURE_KINDS, *DIRECTIONS, *FEATURE_TYPES, *STORE_FILES}
    words |= {*COLUMNS}
    words |= {
        "has",
        "lacks",
        "bought",
        "hours",
        "per_visit",
        "cooldown_h",
        "valid_s",
        "budget",
        "below_cost",
        RULES_FILE,
    }
    words |= {"rssi_1m_dbm", "z_m", "height_m"}
    assert {word for word in words - {"label"} if f"`{word}`" not in text} == set()


def test_the_example_in_the_docs_is_the_demo_s_own_rule(demo: tuple[StoreMap, RuleSet]) -> None:
    """The rule that the docs read aloud is taken, and says what the demo market's does."""
    text = (MAPS.parent / "docs" / "maps.md").read_text("utf-8")
    example = text.split("```toml\n")[1].split("```")[0]
    store, rules = demo
    (documented,) = parse_rules(example, Path("maps.md"), store).rules
    (own,) = (rule for rule in rules.rules if rule.id == documented.id)
    assert replace(documented, line=own.line) == own
