"""The real Complete Journey data: what docs/data.md says of it, and that every name and every basket is of use.

Skipped where the package is not installed, unless `AISLEWISE_REQUIRE_DATA=1` says that it must be.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from beacon_sim.completejourney import build_store, completejourney_population
from beacon_sim.completejourney_names import category_key, category_label, unique_names
from beacon_sim.completejourney_pairings import pairings
from beacon_sim.completejourney_source import Journey, draw_households, load_journey, package_version
from beacon_sim.population import Buy, Population
from offer_engine.core.store_map import StoreMap
from offer_engine.errors import SettingsError
from offer_engine.history import BadRow, read_history
from offer_engine.messages import is_id
from offer_engine.store_files import check

BASE = Path(__file__).parents[2] / "maps" / "demo-market"
UNTIL_MS = 1_772_442_000_000


@pytest.fixture(scope="module")
def installed() -> str:
    """Version of the installed data; without it the test is skipped, or fails where the data is required."""
    try:
        return package_version()
    except SettingsError as error:
        if os.environ.get("AISLEWISE_REQUIRE_DATA", "0") not in {"", "0"}:
            pytest.fail(f"AISLEWISE_REQUIRE_DATA is set, but: {error}")
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def real(installed: str) -> Journey:
    """All of the installed data."""
    assert installed == "0.1.0"
    return load_journey()


@pytest.fixture(scope="module")
def real_store(installed: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of forty households."""
    out = tmp_path_factory.mktemp("real")
    assert installed
    assert build_store(out, 40, seed=7, base=BASE, until_ms=UNTIL_MS)
    return out


def test_the_data_is_what_the_documents_say(real: Journey) -> None:
    """The counts that docs/data.md gives."""
    assert len(np.unique(real.household)) == 2466
    assert 1_400_000 < len(real.household) < 1_470_000
    assert len(np.unique(draw_households(real, 200, seed=7))) == 200


def test_real_names_are_readable(real: Journey) -> None:
    """No label reaches a shopper shouted, cut off or empty, and no two categories share a key."""
    labels = list(real.products.values())
    shouted = re.compile(r"\b(?!DVDs?\b|TV\b|VHS\b|CDs?\b)[A-Z]{3,}\b")
    names = unique_names(labels).values()
    assert len(set(names)) == len(labels)
    assert not [name for name in names if shouted.search(name) or not name[0].isalnum()][:20]
    assert max(map(len, names)) <= 90
    keys: Mapping[str, str] = {of.category: category_key(of.category) for of in labels}
    assert len(set(keys.values())) == len(keys)
    assert all(is_id(key) for key in keys.values())
    assert not [of for of in keys if shouted.search(category_label(of))]


def test_real_pairings_are_those_one_expects(real: Journey) -> None:
    """Held against each household's own baskets: pasta with its sauce is learnt, lamb with wine is not."""
    lift = {(pair.when, pair.then): pair.lift for pair in pairings(real.before_cut())}
    assert 5 < lift["DRY NOODLES/PASTA", "PASTA SAUCE"] < 6
    assert 4 < lift["LAUNDRY ADDITIVES", "LAUNDRY DETERGENTS"] < 5.4
    assert not [pair for pair in lift if "LAMB" in pair]


def test_real_households_make_a_store_and_are_kept(real_store: Path) -> None:
    """The engine takes the store, its history is all good, and a second run leaves it as it is."""
    store, rules = check(real_store)
    assert len(rules.rules) >= 10
    assert len(store.products) > 5_000
    rows = list(read_history(real_store / "history.csv", store.products))
    assert len(rows) > 15_000
    assert not [row for row in rows if isinstance(row, BadRow)]
    assert not build_store(real_store, 40, seed=7, base=BASE, until_ms=UNTIL_MS)
    assert not _unsold(completejourney_population(real_store), store)


def _unsold(people: Population, store: StoreMap) -> list[str]:
    """What households come in for, or like, and the store does not have."""
    missing = []
    for number in range(people.size):
        persona = people.walk_in(number, np.random.default_rng(number))
        wanted = {stop.sku for stop in persona.mission if isinstance(stop, Buy)}
        known = store.products.keys() | store.category_labels.keys()
        missing += sorted((wanted - store.products.keys()) | (persona.tastes.keys() - known))
    return missing
