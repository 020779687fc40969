"""A store is read exactly, or refused with every problem by file, line and field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offer_engine.core.store_map import Pairing, Policy, Product
from offer_engine.core.store_parse import NEXT_STEP, STORE_FILE, STORE_FILES, parse_store
from tests.core.tiny_store import (
    CATALOGUE,
    FOLDER,
    PAIRINGS,
    STORE,
    TEXTS,
    TIMEZONES,
    edited,
    problems_with,
    tiny_store,
)


def test_every_value_of_a_good_store_arrives() -> None:
    """What the files say is what the map holds."""
    store = tiny_store()
    assert (store.store, store.label, store.timezone, store.currency) == ("tiny", "Tiny Store", "Europe/Berlin", "EUR")
    assert store.policy == Policy(2, 180, 20.0, 12.0, 3, 7.0, "22:00", "07:00", 0.05, 600, 5.0)
    assert store.category_labels == {"red-wine": "Red wine", "lamb": "Lamb"}
    assert list(store.products) == ["oak-red", "house-red", "rack-of-lamb", "lamb-chops"]
    assert store.products["house-red"] == Product("house-red", "House Red", "", "red-wine", "wine", 400, 0.25, 90, 20.5)
    assert store.pairings == (
        Pairing("lamb", "red-wine", 2.5, "curated"),
        Pairing("rack-of-lamb", "oak-red", 3.0, "curated"),
    )


def test_manners_that_may_be_left_out_can_be_said() -> None:
    """The growth of pauses, when a rule annoys, the store's hour."""
    said = "min_score_cents = 5\npause_growth = 3\npause_max_days = 60\nannoyance_limit = 0.5\nannoyance_min_shown = 9"
    text = edited(STORE, ("min_score_cents = 5", f"{said}\nstore_pushes_per_h = 0"))
    store = parse_store({**TEXTS, STORE_FILE: text}, FOLDER, timezones=TIMEZONES)
    assert store.policy == Policy(
        2, 180, 20.0, 12.0, 3, 7.0, "22:00", "07:00", 0.05, 600, 5.0, (), 3.0, 60.0, 0.5, 9, store_pushes_per_h=0
    )


HEAD_CASES = {
    "misspelt field": (
        ("min_gap_s = 180", "min_gap = 180"),
        [
            "tiny/store.toml:6: policy.min_gap_s: is missing",
            "tiny/store.toml:8: policy.min_gap: unknown field; did you mean 'min_gap_s'?",
        ],
    ),
    "number out of range": (
        ("holdout_share = 0.05", "holdout_share = 5"),
        ["tiny/store.toml:15: policy.holdout_share: must be a number from 0 to 0.9, not 5"],
    ),
    "text for a number": (
        ("pushes_per_visit = 2", 'pushes_per_visit = "two"'),
        ["tiny/store.toml:7: policy.pushes_per_visit: must be a whole number from 0 to 100, not 'two'"],
    ),
    "true is no number": (
        ("min_gap_s = 180", "min_gap_s = true"),
        ["tiny/store.toml:8: policy.min_gap_s: must be a whole number from 0 to 86400, not true"],
    ),
    "nan is no number": (
        ("min_score_cents = 5", "min_score_cents = nan"),
        ["tiny/store.toml:17: policy.min_score_cents: must be a number from 0 to 100000, not NaN"],
    ),
    "no such hour": (
        ('quiet_from = "22:00"', 'quiet_from = "25:00"'),
        ["tiny/store.toml:13: policy.quiet_from: must be a time as \"HH:MM\", not '25:00'"],
    ),
    "no such time zone": (
        ("Europe/Berlin", "Europe/Berlyn"),
        ["tiny/store.toml:3: timezone: time zone 'Europe/Berlyn' unknown; did you mean 'Europe/Berlin'?"],
    ),
    "currency in words": (
        ('"EUR"', '"Euro"'),
        ["tiny/store.toml:4: currency: must be three capital letters (ISO 4217), like EUR, not 'Euro'"],
    ),
    "a name that no topic can carry": (
        ('store = "tiny"', 'store = "tiny/1"'),
        ["tiny/store.toml:1: store: must be 1 to 64 of the characters A-Z a-z 0-9 _ -, not 'tiny/1'"],
    ),
    "an unknown consent": (
        ("min_score_cents = 5", 'min_score_cents = 5\nconsent_on_join = ["location", "baskets"]'),
        ["tiny/store.toml:18: policy.consent_on_join: consent 'baskets' unknown; did you mean 'basket'?"],
    ),
    "no policy": (
        ("[policy]", "[polcy]"),
        [
            "tiny/store.toml:1: policy: the table [policy] is missing",
            "tiny/store.toml:6: polcy: unknown field; did you mean 'policy'?",
        ],
    ),
    "an empty category label": (
        ('"Lamb"', '""'),
        ["tiny/store.toml:21: categories.lamb: must be a text of 1 to 200 characters, not ''"],
    ),
    "not TOML": (
        ("min_gap_s = 180", "min_gap_s = "),
        ["tiny/store.toml:8: is not TOML: Invalid value; nothing else in it was read"],
    ),
}


@pytest.mark.parametrize(("edit", "expected"), HEAD_CASES.values(), ids=HEAD_CASES.keys())
def test_store_toml_is_refused_with(edit: tuple[str, str], expected: list[str]) -> None:
    """Each mistake in store.toml comes out as just its own problem, on its own line."""
    assert problems_with({**TEXTS, "store.toml": edited(STORE, edit)}) == expected


CATALOGUE_CASES = {
    "zone misspelt": (
        ("red-wine,wine,1000", "red-wine,wines,1000"),
        ["tiny/catalogue.csv:2: zone: zone 'wines' unknown; did you mean 'wine'?"],
    ),
    "category misspelt": (
        ("Silver Oak,red-wine", "Silver Oak,red-vine"),
        ["tiny/catalogue.csv:2: category: category 'red-vine' unknown; did you mean 'red-wine'?"],
    ),
    "price in euros": (
        (",1600,", ",16.00,"),
        ["tiny/catalogue.csv:5: price_cents: must be a whole number from 1 to 100000000, not '16.00'"],
    ),
    "margin in percent": (
        ("0.30", "30"),
        ["tiny/catalogue.csv:2: margin_share: must be a number from 0 to 1, not '30'"],
    ),
    "infinite popularity": (
        ("20.5", "inf"),
        ["tiny/catalogue.csv:3: popularity: must be a number from 0 to 100000, not 'inf'"],
    ),
    "sku twice": (
        ("lamb-chops,", "rack-of-lamb,"),
        ["tiny/catalogue.csv:5: sku: 'rack-of-lamb' stands on line 4 too; every product needs its own"],
    ),
    "sku is a category": (
        ("lamb-chops,", "lamb,"),
        ["tiny/catalogue.csv:5: sku: 'lamb' is a category too; rules and pairings could not tell them apart"],
    ),
    "no name": (
        (",House Red,", ",,"),
        ["tiny/catalogue.csv:3: name: is missing"],
    ),
    "a comma in a name": (
        ("Lamb chops", "Lamb chops, four"),
        ["tiny/catalogue.csv:5: has 10 cells where the header has 9; quote a text that holds a comma"],
    ),
    "a column misspelt": (
        ("price_cents", "price_cent"),
        [
            "tiny/catalogue.csv:1: price_cent: unknown column; did you mean 'price_cents'?",
            "tiny/catalogue.csv:1: price_cents: column is missing",
        ],
    ),
    "semicolons": (
        (CATALOGUE, CATALOGUE.replace(",", ";")),
        ["tiny/catalogue.csv:1: columns are separated by ';'; save it with commas"],
    ),
    "a quote left open": (
        ("House Red", '"House Red'),
        ["tiny/catalogue.csv:3: is not CSV: unexpected end of data; nothing from here on was read"],
    ),
    "nothing but the header": (
        (CATALOGUE, CATALOGUE.splitlines()[0]),
        ["tiny/catalogue.csv: holds no product; a store needs some"],
    ),
}


@pytest.mark.parametrize(("edit", "expected"), CATALOGUE_CASES.values(), ids=CATALOGUE_CASES.keys())
def test_catalogue_is_refused_with(edit: tuple[str, str], expected: list[str]) -> None:
    """Each mistake in the catalogue comes out on its own line, and does not draw the pairings in."""
    assert problems_with({**TEXTS, "catalogue.csv": edited(CATALOGUE, edit)}) == expected


PAIRING_CASES = {
    "an unknown thing": (
        ("lamb,red-wine", "lamb,red-wines"),
        ["tiny/pairings.csv:2: then: category or sku 'red-wines' unknown; did you mean 'red-wine'?"],
    ),
    "with itself": (
        ("lamb,red-wine", "lamb,lamb"),
        ["tiny/pairings.csv:2: then: 'lamb' cannot be paired with itself"],
    ),
    "twice": (
        ("rack-of-lamb,oak-red", "lamb,red-wine"),
        ["tiny/pairings.csv:3: 'lamb' with 'red-wine' stands on line 2 too; keep one"],
    ),
    "a lift below one": (
        ("2.5", "0.5"),
        ["tiny/pairings.csv:2: lift: must be a number from 1 to 100, not '0.5'"],
    ),
}


@pytest.mark.parametrize(("edit", "expected"), PAIRING_CASES.values(), ids=PAIRING_CASES.keys())
def test_pairings_are_refused_with(edit: tuple[str, str], expected: list[str]) -> None:
    """Each mistake in the pairings comes out on its own line."""
    assert problems_with({**TEXTS, "pairings.csv": edited(PAIRINGS, edit)}) == expected


def test_all_problems_of_all_files_come_at_once() -> None:
    """A store is mended in one round: no file hides another's problems."""
    texts = {
        **TEXTS,
        "store.toml": edited(STORE, ('"EUR"', '"Euro"'), ("= 180", "= -1")),
        "floor.geojson": edited(TEXTS["floor.geojson"], ('"exit_margin_m": 1.0', '"exit_margin_m": 99')),
        "catalogue.csv": edited(CATALOGUE, (",1600,", ",0,"), ("0.30", "3")),
        "pairings.csv": edited(PAIRINGS, ("2.5", "")),
    }
    assert [problem.split(": ")[:2] for problem in problems_with(texts)] == [
        ["tiny/store.toml:4", "currency"],
        ["tiny/store.toml:8", "policy.min_gap_s"],
        ["tiny/floor.geojson:4", "properties.exit_margin_m"],
        ["tiny/catalogue.csv:2", "margin_share"],
        ["tiny/catalogue.csv:5", "price_cents"],
        ["tiny/pairings.csv:2", "lift"],
    ]


@pytest.mark.parametrize("name", STORE_FILES)
def test_a_missing_file_is_its_only_problem(name: str) -> None:
    """What refers to a file that is not there is not wrong itself."""
    texts = {other: text for other, text in TEXTS.items() if other != name}
    assert problems_with(texts) == [f"tiny/{name}: is missing; {NEXT_STEP}"]


@given(st.data())
def test_no_text_breaks_the_parser(data: st.DataObject) -> None:
    """However a file is cut and spliced, the store is taken or refused with problems, never with a traceback."""
    name = data.draw(st.sampled_from(STORE_FILES))
    text = TEXTS[name]
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, min(len(text), begin + 30)))
    splice = data.draw(st.text(alphabet="{}[]\",:=.-#\n\r\0 eé1a'\\", max_size=8))
    found = problems_with({**TEXTS, name: text[:begin] + splice + text[end:]})
    assert all(problem.startswith("tiny/") for problem in found)
