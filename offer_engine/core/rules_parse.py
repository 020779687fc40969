"""Turns the text of a store's offer rules into a `RuleSet`, or into a list of everything that is wrong with them.

The rules are TOML that a retailer can read aloud: one `[[offer]]` a rule, each saying where, when, to whom, what and
for how much. A rule that can never fire, or that sells below cost without saying so, is refused like a misspelt one:
nobody would notice it in the shop.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from pathlib import Path

from offer_engine.core.benefit_checks import check_benefit
from offer_engine.core.record import Record, shown
from offer_engine.core.rule_fields import (
    ALL_DAY,
    BENEFITS,
    BUDGET,
    CENTS,
    CHOICES,
    COOLDOWN_H,
    DEFAULT_PER_VISIT,
    DEFAULT_TIMES,
    HOURS,
    PER_VISIT,
    PERCENT_OFF,
    PIECES,
    PLACES,
    TIMES,
    TRANSITIONS,
    VALID_S,
)
from offer_engine.core.rules import (
    Amount,
    AnyOf,
    BasketThreshold,
    Benefit,
    Bought,
    Choice,
    Exactly,
    FavouriteOf,
    MultiBuy,
    Percent,
    Reminder,
    Rule,
    RuleSet,
)
from offer_engine.core.store_map import Product, StoreMap
from offer_engine.core.toml_lines import TomlPath, TomlSyntaxError, line_at, lines_by_table, parse_toml
from offer_engine.errors import Problem, RuleError

RULES_FILE = "offers.toml"

_HOURS = re.compile(HOURS)
_NO_DAY = date(2000, 1, 1)  # stands in for a date that cannot be used


def parse_rules(text: str, file: Path, store: StoreMap | None) -> RuleSet:
    """Read the rules of `store` from the text of its `RULES_FILE`.

    Without a store, since it cannot be read, only the form of the rules is judged: nothing is known of zones and skus.

    Raises:
        RuleError: with every problem found.
    """
    try:
        values, lines = parse_toml(text)
    except TomlSyntaxError as error:
        raise RuleError([Problem(file, error.line, "", f"is not TOML: {error}; nothing was read")]) from None
    problems: list[Problem] = []
    fields = lines_by_table(lines)
    top = Record(file, 1, values, problems, fields.get((), {}))
    offers = values.get("offer", []) if top.has("offer") else []
    top.finish()
    if not isinstance(offers, list) or not all(isinstance(offer, Mapping) for offer in offers):
        top.note("offer", "must be a list of tables, each beginning with [[offer]]")
        offers = []
    rules: dict[str, Rule] = {}
    for index, offer in enumerate(offers):
        path: TomlPath = ("offer", index)
        name = offer.get("id")
        prefix = f"offer.{name}." if isinstance(name, str) and name else "offer."
        record = Record(file, line_at(lines, path), offer, problems, fields.get(path, {}), prefix)
        rule = _parse_rule(record, store)
        if rule.id in rules:
            record.note("id", f"'{rule.id}' is on line {rules[rule.id].line} too; every rule needs its own")
        elif rule.id:
            rules[rule.id] = rule
    if problems:
        raise RuleError(problems)
    return RuleSet(tuple(rules.values()), hashlib.sha256(text.encode()).hexdigest()[:12])


def _parse_rule(record: Record, store: StoreMap | None) -> Rule:
    things = store.products.keys() | store.category_labels.keys() if store is not None else None
    starts, ends = _date(record, "starts"), _date(record, "ends")
    if ends < starts:
        record.note("ends", f"{ends} is before starts, {starts}; the rule would never fire")
    hours_from, hours_until = _hours(record)
    zones = _zones(record, store)
    choice, candidates = _choice(record, store, zones)
    rule = Rule(
        id=record.key("id"),
        label=record.text("label"),
        owner=record.text("owner"),
        starts=starts,
        ends=ends,
        hours_from=hours_from,
        hours_until=hours_until,
        zones=zones,
        transition=record.one_of("transition", TRANSITIONS),
        has=record.words("has", things, "category or sku"),
        lacks=record.words("lacks", things, "category or sku"),
        bought=_bought(record, things),
        choice=choice,
        benefit=_benefit(record),
        per_visit=record.whole("per_visit", *PER_VISIT, default=DEFAULT_PER_VISIT),
        cooldown_h=record.number("cooldown_h", *COOLDOWN_H) if record.has("cooldown_h") else None,
        valid_s=record.whole("valid_s", *VALID_S) if record.has("valid_s") else None,
        budget=record.whole("budget", *BUDGET) if record.has("budget") else None,
        line=record.line,
    )
    for thing in sorted(set(rule.has) & set(rule.lacks)):
        record.note("lacks", f"'{thing}' is in has too; no basket both has and lacks it")
    check_benefit(record, rule.benefit, candidates, is_below_cost_meant=record.flag("below_cost"))
    record.finish()
    return rule


def _date(record: Record, key: str) -> date:
    value = record.values.get(key) if record.has(key) else None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    record.note(key, "is missing" if value is None else f"must be a date like 2030-12-31, unquoted, not {shown(value)}")
    return _NO_DAY


def _hours(record: Record) -> tuple[str, str]:
    match = _HOURS.fullmatch(record.text("hours", default=ALL_DAY) or ALL_DAY)
    if match is None:
        record.note("hours", f'must be like "08:00-20:00", not {shown(record.values["hours"])}')
    elif match[1] >= match[2]:
        record.note("hours", f"{match[1]} is not before {match[2]}; for hours over midnight write two rules")
    else:
        return match[1], match[2]
    return "00:00", "24:00"


def _zones(record: Record, store: StoreMap | None) -> tuple[str, ...]:
    """The rule's zones that exist; `zone = "wine"` is short for `zones = ["wine"]`."""
    known = store.zones if store is not None else None
    if _only_one(record, PLACES, "where it applies") == "zones":
        zones = record.words("zones", known, "zone")
        if not zones:
            record.note("zones", "is empty; the rule would never fire")
    else:
        zone = record.text("zone", default="")
        record.refers_to("zone", zone, "zone", known)
        zones = (zone,)
    return tuple(zone for zone in zones if known is None or zone in known)


def _choice(record: Record, store: StoreMap | None, zones: tuple[str, ...]) -> tuple[Choice, list[Product]]:
    """What is offered, and every product that it may come down to: those that stand in the rule's zones."""
    key = _only_one(record, CHOICES, "what is offered")
    word = record.text(key, default="")
    choice = Exactly(word) if key == "product" else FavouriteOf(word) if key == "favourite_in" else AnyOf(word)
    if store is None:
        return choice, []
    places = " or ".join(f"'{zone}'" for zone in zones)
    if key == "product":
        product = store.products.get(word)
        record.refers_to(key, word, "sku", store.products)
        if product is not None and zones and product.zone not in zones:
            record.note(key, f"'{word}' stands in '{product.zone}', not in {places}; the rule would never fire")
        return choice, [product] if product is not None else []
    candidates = [product for product in store.products.values() if product.category == word and product.zone in zones]
    if record.refers_to(key, word, "category", store.category_labels) and zones and not candidates:
        record.note(key, f"nothing of '{word}' stands in {places}; the rule would never fire")
    return choice, candidates


def _bought(record: Record, things: Collection[str] | None) -> Bought | None:
    """The audience: `{ what = "red-wine", times = 2 }`."""
    table = _table(record, "bought")
    if table is None:
        return None
    bought = Bought(table.text("what"), table.whole("times", *TIMES, default=DEFAULT_TIMES))
    table.refers_to("what", bought.what, "category or sku", things)
    table.finish()
    return bought


def _benefit(record: Record) -> Benefit:
    key = _only_one(record, BENEFITS, "what the shopper gains")
    if not record.has(key):
        return Reminder()
    if key == "percent_off":
        return Percent(record.whole(key, *PERCENT_OFF))
    if key == "amount_off_cents":
        return Amount(record.whole(key, *CENTS))
    if key == "reminder":
        if not record.flag(key):
            record.note(key, "must be true; leave it out for an offer with a discount")
        return Reminder()
    table = _table(record, key)
    if table is None:
        return Reminder()
    return _multi_buy(table) if key == "multi_buy" else _threshold(table)


def _multi_buy(table: Record) -> MultiBuy:
    multi_buy = MultiBuy(table.whole("pieces", *PIECES), table.whole("for_cents", *CENTS))
    table.finish()
    return multi_buy


def _threshold(table: Record) -> BasketThreshold:
    threshold = BasketThreshold(
        spend_cents=table.whole("spend_cents", *CENTS),
        gives=table.text("gives"),
        within_cents=table.whole("within_cents", *CENTS),
        costs_cents=table.whole("costs_cents", *CENTS),
    )
    if threshold.within_cents >= threshold.spend_cents:
        table.note("within_cents", f"must be less than spend_cents, {threshold.spend_cents}")
    table.finish()
    return threshold


def _only_one(record: Record, keys: tuple[str, ...], what: str) -> str:
    """That of `keys` which the record has; the first, and a problem, if it has none or several."""
    there = [key for key in keys if record.has(key)]
    if not there:
        record.note(keys[0], f"say {what}: one of {', '.join(keys)}")
    elif len(there) > 1:
        record.note(there[1], f"stands beside {there[0]}; say {what} only once")
    return there[0] if there else keys[0]


def _table(record: Record, key: str) -> Record | None:
    value = record.values.get(key) if record.has(key) else None
    if isinstance(value, Mapping):
        line = record.lines.get(key, record.line)
        return Record(record.file, line, value, record.problems, prefix=f"{record.prefix}{key}.")
    if value is not None:
        record.note(key, f"must be a table in braces, not {shown(value)}")
    return None
