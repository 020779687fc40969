"""Offer rules are read exactly, or refused with every problem by line and field."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offer_engine.core.rules import (
    Amount,
    AnyOf,
    BasketThreshold,
    Benefit,
    Bought,
    Exactly,
    FavouriteOf,
    MultiBuy,
    Percent,
    Reminder,
    Rule,
)
from offer_engine.core.rules_parse import parse_rules
from offer_engine.errors import RuleError
from tests.core.tiny_store import edited, tiny_store

STORE = tiny_store()
FILE = Path("offers.toml")

RULES = """\
# Everything that a rule can say, and then the least.
[[offer]]
id = "oak-with-lamb"
label = "Oak for the lamb"
owner = "Wine buyer"
starts = 2025-01-01
ends = 2025-12-31
hours = "08:00-20:00"
zones = ["wine", "promo"]
transition = "dwell"
has = ["lamb"]
lacks = ["red-wine"]
bought = { what = "oak-red", times = 2 }
product = "oak-red"
percent_off = 20
per_visit = 2
cooldown_h = 48
valid_s = 300
budget = 100

[[offer]]
id = "their-red"
label = "Their red"
owner = "Wine buyer"
starts = 2025-01-01
ends = 2025-12-31
zone = "wine"
transition = "enter"
favourite_in = "red-wine"
reminder = true
"""


def problems_of(text: str) -> list[str]:
    """Every problem that the rules are refused with, as printed; empty when they are taken."""
    try:
        parse_rules(text, FILE, STORE)
    except RuleError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_every_value_of_good_rules_arrives() -> None:
    """What the file says is what the rules hold, defaults included."""
    first, second = parse_rules(RULES, FILE, STORE).rules
    assert first == Rule(
        id="oak-with-lamb",
        label="Oak for the lamb",
        owner="Wine buyer",
        starts=date(2025, 1, 1),
        ends=date(2025, 12, 31),
        hours_from="08:00",
        hours_until="20:00",
        zones=("wine", "promo"),
        transition="dwell",
        has=("lamb",),
        lacks=("red-wine",),
        bought=Bought("oak-red", 2),
        choice=Exactly("oak-red"),
        benefit=Percent(20),
        per_visit=2,
        cooldown_h=48.0,
        valid_s=300,
        budget=100,
        line=2,
    )
    assert (second.hours_from, second.hours_until, second.zones, second.line) == ("00:00", "24:00", ("wine",), 21)
    assert (second.has, second.lacks, second.bought, second.choice) == ((), (), None, FavouriteOf("red-wine"))
    assert (second.benefit, second.per_visit) == (Reminder(), 1)
    assert (second.cooldown_h, second.valid_s, second.budget) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "benefit"),
    [
        ("percent_off = 5", Percent(5)),
        ("amount_off_cents = 100", Amount(100)),
        ("multi_buy = { pieces = 2, for_cents = 1800 }", MultiBuy(2, 1800)),
        (
            'basket_threshold = { spend_cents = 3000, gives = "free delivery", within_cents = 500, costs_cents = 390 }',
            BasketThreshold(3000, "free delivery", 500, 390),
        ),
        ("reminder = true", Reminder()),
    ],
)
def test_each_benefit_is_read(text: str, benefit: Benefit) -> None:
    """A rule gains the shopper a share, an amount, a price for several, or nothing but the reminder."""
    rules = parse_rules(edited(RULES, ("percent_off = 20", text)), FILE, STORE)
    assert rules.rules[0].benefit == benefit


def test_a_category_leaves_the_product_to_the_engine() -> None:
    """`category` is any product of it in the zone."""
    rules = parse_rules(edited(RULES, ('favourite_in = "red-wine"', 'category = "red-wine"')), FILE, STORE)
    assert rules.rules[1].choice == AnyOf("red-wine")


def test_the_version_is_that_of_the_text() -> None:
    """Any change of the file is another version; the same file is the same one."""
    version = parse_rules(RULES, FILE, STORE).version
    assert version == parse_rules(RULES, FILE, STORE).version
    assert version != parse_rules(RULES + "\n", FILE, STORE).version
    assert len(version) == 12


def test_no_rules_are_fine() -> None:
    """A store may be silent."""
    assert parse_rules("", FILE, STORE).rules == ()


CASES = {
    "zone misspelt": (
        ('zone = "wine"', 'zone = "wines"'),
        ["27: offer.their-red.zone: zone 'wines' unknown; did you mean 'wine'?"],
    ),
    "category misspelt": (
        ('favourite_in = "red-wine"', 'favourite_in = "red-whine"'),
        ["29: offer.their-red.favourite_in: category 'red-whine' unknown; did you mean 'red-wine'?"],
    ),
    "sku misspelt": (
        ('product = "oak-red"', 'product = "oak-redd"'),
        ["14: offer.oak-with-lamb.product: sku 'oak-redd' unknown; did you mean 'oak-red'?"],
    ),
    "an unknown thing in the cart": (
        ('has = ["lamb"]', 'has = ["lamp"]'),
        ["11: offer.oak-with-lamb.has: category or sku 'lamp' unknown; did you mean 'lamb'?"],
    ),
    "an unknown audience": (
        ('what = "oak-red"', 'what = "silver-oak"'),
        ["13: offer.oak-with-lamb.bought.what: category or sku 'silver-oak' unknown"],
    ),
    "a field misspelt": (
        ("cooldown_h = 48", "cooldown = 48"),
        ["17: offer.oak-with-lamb.cooldown: unknown field; did you mean 'cooldown_h'?"],
    ),
    "a product of another zone": (
        ('product = "oak-red"', 'product = "lamb-chops"'),
        [
            (
                "14: offer.oak-with-lamb.product: 'lamb-chops' stands in 'meat', not in 'wine' or 'promo'; "
                "the rule would never fire"
            )
        ],
    ),
    "a category of another zone": (
        ('favourite_in = "red-wine"', 'favourite_in = "lamb"'),
        ["29: offer.their-red.favourite_in: nothing of 'lamb' stands in 'wine'; the rule would never fire"],
    ),
    "nothing offered": (
        ('product = "oak-red"\n', ""),
        ["2: offer.oak-with-lamb.product: say what is offered: one of product, category, favourite_in"],
    ),
    "two things offered": (
        ('favourite_in = "red-wine"', 'favourite_in = "red-wine"\ncategory = "red-wine"'),
        ["29: offer.their-red.favourite_in: stands beside category; say what is offered only once"],
    ),
    "no benefit": (
        ("reminder = true\n", ""),
        [
            (
                "21: offer.their-red.percent_off: say what the shopper gains: one of percent_off, amount_off_cents, "
                "multi_buy, basket_threshold, reminder"
            )
        ],
    ),
    "two benefits": (
        ("reminder = true", "reminder = true\npercent_off = 5"),
        ["30: offer.their-red.reminder: stands beside percent_off; say what the shopper gains only once"],
    ),
    "a threshold that an empty cart is close to": (
        (
            "reminder = true",
            'basket_threshold = { spend_cents = 300, gives = "a bag", within_cents = 300, costs_cents = 9 }',
        ),
        ["30: offer.their-red.basket_threshold.within_cents: must be less than spend_cents, 300"],
    ),
    "a gift that nothing here earns back": (
        (
            "reminder = true",
            'basket_threshold = { spend_cents = 3000, gives = "a goose", within_cents = 500, costs_cents = 4000 }',
        ),
        [
            (
                "30: offer.their-red.basket_threshold: giving it to a cart more costs 800 cents, more than any product "
                "here earns; the rule would never fire"
            )
        ],
    ),
    "a threshold by halves": (
        ("reminder = true", 'basket_threshold = { spend_cents = 3000, give = "a bag", within_cents = 500 }'),
        [
            "30: offer.their-red.basket_threshold.gives: is missing",
            "30: offer.their-red.basket_threshold.costs_cents: is missing",
            "30: offer.their-red.basket_threshold.give: unknown field; did you mean 'gives'?",
        ],
    ),
    "below cost": (
        ("percent_off = 20", "percent_off = 40"),
        [
            (
                "15: offer.oak-with-lamb.percent_off: sells 'oak-red' at 600 cents, below its cost of 700; "
                "offer less, or write below_cost = true"
            )
        ],
    ),
    "below cost for some": (
        ("reminder = true", "amount_off_cents = 110"),
        [
            (
                "30: offer.their-red.amount_off_cents: sells 'house-red' at 290 cents, below its cost of 300; "
                "offer less, or write below_cost = true"
            )
        ],
    ),
    "below cost for nothing": (
        ("percent_off = 20", "percent_off = 20\nbelow_cost = true"),
        ["16: offer.oak-with-lamb.below_cost: nothing here is sold below cost; leave it out"],
    ),
    "for free": (
        ("reminder = true", "amount_off_cents = 400\nbelow_cost = true"),
        ["30: offer.their-red.amount_off_cents: takes off the whole price of 'house-red', 400 cents"],
    ),
    "a multi-buy that saves nothing": (
        ("percent_off = 20", "multi_buy = { pieces = 2, for_cents = 2000 }"),
        ["15: offer.oak-with-lamb.multi_buy: saves nothing on 'oak-red', at 1000 cents a piece"],
    ),
    "all of the price": (
        ("percent_off = 20", "percent_off = 100"),
        ["15: offer.oak-with-lamb.percent_off: must be a whole number from 1 to 90, not 100"],
    ),
    "an end before the start": (
        ("ends = 2025-12-31", "ends = 2024-12-31"),
        ["7: offer.oak-with-lamb.ends: 2024-12-31 is before starts, 2025-01-01; the rule would never fire"],
    ),
    "a date in quotes": (
        ("starts = 2025-01-01", 'starts = "2025-01-01"'),
        ["6: offer.oak-with-lamb.starts: must be a date like 2030-12-31, unquoted, not '2025-01-01'"],
    ),
    "hours over midnight": (
        ("08:00-20:00", "20:00-02:00"),
        ["8: offer.oak-with-lamb.hours: 20:00 is not before 02:00; for hours over midnight write two rules"],
    ),
    "hours in words": (
        ("08:00-20:00", "8am to 8pm"),
        ["8: offer.oak-with-lamb.hours: must be like \"08:00-20:00\", not '8am to 8pm'"],
    ),
    "has and lacks the same": (
        ('lacks = ["red-wine"]', 'lacks = ["lamb"]'),
        ["12: offer.oak-with-lamb.lacks: 'lamb' is in has too; no basket both has and lacks it"],
    ),
    "a text for a list": (
        ('has = ["lamb"]', 'has = "lamb"'),
        ["11: offer.oak-with-lamb.has: must be a list, like ['lamb']"],
    ),
    "no owner": (
        ('owner = "Wine buyer"\n', ""),
        ["2: offer.oak-with-lamb.owner: is missing"],
    ),
    "the same id": (
        ('id = "their-red"', 'id = "oak-with-lamb"'),
        ["22: offer.oak-with-lamb.id: 'oak-with-lamb' is on line 2 too; every rule needs its own"],
    ),
    "a transition that is none": (
        ('transition = "enter"', 'transition = "entr"'),
        ["28: offer.their-red.transition: must be enter or dwell, not 'entr'; did you mean 'enter'?"],
    ),
    "one table instead of many": (
        (RULES, "[offer]\nid = 'x'\n"),
        ["1: offer: must be a list of tables, each beginning with [[offer]]"],
    ),
    "a table by another name": (
        (RULES, "[[offers]]\nid = 'x'\n"),
        ["1: offers: unknown field; did you mean 'offer'?"],
    ),
    "not TOML": (
        ("per_visit = 2", "per_visit 2"),
        ["16: is not TOML: Expected '=' after a key in a key/value pair; nothing was read"],
    ),
}


@pytest.mark.parametrize(("edit", "expected"), CASES.values(), ids=CASES.keys())
def test_rules_are_refused_with(edit: tuple[str, str], expected: list[str]) -> None:
    """Each mistake in a rule comes out as just its own problem, on its own line."""
    assert problems_of(edited(RULES, edit)) == [f"offers.toml:{problem}" for problem in expected]


def test_all_problems_of_all_rules_come_at_once() -> None:
    """The file is mended in one round."""
    text = edited(RULES, ('["lamb"]', '["lamp"]'))
    text = edited(text, ("cooldown_h = 48", "cooldown_h = -1"), ('zone = "wine"', 'zone = "vine"'))
    assert [problem.split(": ")[:2] for problem in problems_of(text)] == [
        ["offers.toml:11", "offer.oak-with-lamb.has"],
        ["offers.toml:17", "offer.oak-with-lamb.cooldown_h"],
        ["offers.toml:27", "offer.their-red.zone"],
    ]


def test_a_loss_leader_may_be_meant() -> None:
    """Who writes `below_cost = true` may sell below cost."""
    assert problems_of(edited(RULES, ("percent_off = 20", "percent_off = 40\nbelow_cost = true"))) == []


@given(st.permutations(RULES.split("\n")[2:19]))
def test_the_order_of_fields_is_irrelevant(fields: list[str]) -> None:
    """A rule says the same in any order of its lines."""
    shuffled = RULES.split("\n")
    shuffled[2:19] = fields
    assert parse_rules("\n".join(shuffled), FILE, STORE).rules == parse_rules(RULES, FILE, STORE).rules


@given(st.integers(0, len(RULES)), st.integers(0, 20), st.text(alphabet="{}[]\",=.-#\n\r\0é1a'\\", max_size=8))
def test_no_text_breaks_the_parser(begin: int, cut: int, splice: str) -> None:
    """However the file is cut and spliced, it is taken or refused with problems, never with a traceback."""
    found = problems_of(RULES[:begin] + splice + RULES[begin + cut :])
    assert all(problem.startswith("offers.toml:") for problem in found)
