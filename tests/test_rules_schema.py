"""The schema that editors read takes the rules that the parser takes, and refuses those whose form is wrong."""

import json
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from offer_engine.core.rules_parse import RULES_FILE
from offer_engine.rules_schema import rules_schema, rules_schema_text
from tests.core.test_rules_parse import CASES, RULES
from tests.core.tiny_store import edited

ROOT = Path(__file__).parents[1]
STORES = sorted(path.parent for path in ROOT.glob(f"maps/*/{RULES_FILE}"))
VALIDATOR = Draft202012Validator(rules_schema())

# The parser's cases whose form is wrong; for the others one must know the store, or compare fields.
OF_FORM = (
    "a field misspelt",
    "nothing offered",
    "two things offered",
    "no benefit",
    "two benefits",
    "a threshold by halves",
    "all of the price",
    "hours in words",
    "a text for a list",
    "no owner",
    "a transition that is none",
    "one table instead of many",
    "a table by another name",
)


def complaints(text: str) -> list[str]:
    """What an editor would underline; dates are strings to it."""
    return [error.message for error in VALIDATOR.iter_errors(json.loads(json.dumps(tomllib.loads(text), default=str)))]


def test_the_document_is_up_to_date() -> None:
    """Whoever changes a limit writes it anew: `python -m offer_engine schema`."""
    assert (ROOT / "docs/offers.schema.json").read_text(encoding="utf-8") == rules_schema_text()


def test_it_is_a_schema() -> None:
    """By the draft that it names."""
    Draft202012Validator.check_schema(rules_schema())


@pytest.mark.parametrize("store", STORES, ids=lambda path: path.name)
def test_the_stores_rules_fit_and_name_it(store: Path) -> None:
    """And the first line leads an editor from the file to the schema."""
    text = (store / RULES_FILE).read_text(encoding="utf-8")
    assert complaints(text) == []
    hint = text.splitlines()[0].removeprefix("#:schema ")
    assert (store / hint).resolve() == ROOT / "docs/offers.schema.json"


def test_both_stores_were_found() -> None:
    """An empty list proves nothing."""
    assert len(STORES) == 2


def test_all_that_a_rule_can_say_fits() -> None:
    """What the parser takes, the schema takes, with every field there is."""
    assert complaints(RULES) == []
    said = {field for offer in tomllib.loads(RULES)["offer"] for field in offer}
    known = json.loads(rules_schema_text())["$defs"]["offer"]["properties"]
    assert said | {"category", "amount_off_cents", "multi_buy", "basket_threshold", "below_cost"} == set(known)


@pytest.mark.parametrize("name", OF_FORM)
def test_what_has_the_wrong_form_is_underlined(name: str) -> None:
    """Before the file is even saved."""
    edit, _ = CASES[name]
    assert complaints(edited(RULES, edit))


@pytest.mark.parametrize(
    ("right", "edge", "beyond"),
    [
        ("percent_off = 20", "percent_off = 90", "percent_off = 91"),
        ("per_visit = 2", "per_visit = 100", "per_visit = 101"),
        ("cooldown_h = 48", "cooldown_h = 0.5", "cooldown_h = -0.5"),
        ("valid_s = 300", "valid_s = 10", "valid_s = 9"),
        ("budget = 100", "budget = 1", "budget = 0"),
        ("times = 2", "times = 10_000", "times = 10_001"),
        ("reminder = true", "amount_off_cents = 1", "amount_off_cents = 0"),
        ("reminder = true", "multi_buy = { pieces = 2, for_cents = 1 }", "multi_buy = { pieces = 1, for_cents = 1 }"),
        ("reminder = true", "reminder = true", "reminder = false"),
    ],
)
def test_the_limits_are_the_parser_s(right: str, edge: str, beyond: str) -> None:
    """On both sides of each border."""
    assert complaints(edited(RULES, (right, edge))) == []
    assert complaints(edited(RULES, (right, beyond)))
