"""Offer rules saved while the engine runs: checked, swapped in whole, or refused while the old ones stay.

The file is looked at twice a second; its time and size say whether it was saved, and a save is read once it has stayed
the same from one look to the next: editors empty a file before they fill it, and for that moment a store would have no
rules. A decision under way is never split between two versions, since the swap happens between two messages.
"""

import asyncio
import logging
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from offer_engine.core.rules import RuleSet
from offer_engine.core.rules_parse import RULES_FILE
from offer_engine.core.store_map import StoreMap
from offer_engine.errors import RuleError
from offer_engine.service import Service
from offer_engine.store_files import load_rules

LOOK_S = 0.5
SAID = 10  # problems, or names of rules, on the console; the API and the live page have them all

_log = logging.getLogger(__name__)

Stamp = tuple[int, int]  # modified at, ns, and size; (0, 0) for a file that is not there


async def watch_rules(folder: Path, service: Service) -> None:
    """Use the rules of `folder` in whatever version they are saved, as long as they are sound."""
    seen = last = stamp(folder)
    service.use_rules(service.world.rules, await asyncio.to_thread(_text, folder, service.world.rules))
    while True:
        await asyncio.sleep(LOOK_S)
        now = stamp(folder)
        if now not in {seen, last}:
            last = now  # being saved, perhaps
        elif now != seen:
            seen = now
            await reload_rules(folder, service)


async def reload_rules(folder: Path, service: Service) -> None:
    """Read the rules anew, and use them or say what is wrong with them."""
    try:
        rules, text = await asyncio.to_thread(_load, folder, service.world.store)
    except RuleError as error:
        service.rule_problems = tuple(str(problem) for problem in error.problems)
        _say_refused(service)
        return
    old, was_refused = service.world.rules, bool(service.rule_problems)
    if rules.version != old.version or was_refused:
        service.use_rules(rules, text)
        changed = changes(old, rules)
        # Who read that the rules were refused, or loses one, is told on the console too: a demo's shows warnings alone.
        level = logging.WARNING if was_refused or "gone" in changed else logging.INFO
        _log.log(level, "new rules: %d offers, version %s; %s", len(rules.rules), rules.version, changed)


def _say_refused(service: Service) -> None:
    """One line a problem, since a console that shows errors shows lines."""
    problems = service.rule_problems
    _log.error("the new rules are refused, the old ones stay (version %s):", service.world.rules.version)
    for problem in problems[:SAID]:
        _log.error("%s", problem)
    if len(problems) > SAID:
        _log.error("and %d problems more: see the live page, or /api/rules", len(problems) - SAID)


def changes(old: RuleSet, new: RuleSet) -> str:
    """What is different, in words, by the ids of the rules."""
    before, after = ({rule.id: replace(rule, line=0) for rule in rules.rules} for rules in (old, new))
    kinds = {
        "new": sorted(after.keys() - before.keys()),
        "gone": sorted(before.keys() - after.keys()),
        "changed": sorted(rule for rule in before.keys() & after.keys() if before[rule] != after[rule]),
    }
    said = [f"{kind}: {_listed(rules)}" for kind, rules in kinds.items() if rules]
    return "; ".join(said) or "no rule says anything else"


def _listed(rules: list[str]) -> str:
    more = f" and {len(rules) - SAID} more" if len(rules) > SAID else ""
    return ", ".join(rules[:SAID]) + more


def stamp(folder: Path) -> Stamp:
    """What changes when the rules of a folder are saved."""
    try:
        status = (folder / RULES_FILE).stat()
    except OSError:
        return (0, 0)
    return status.st_mtime_ns, status.st_size


def _load(folder: Path, store: StoreMap) -> tuple[RuleSet, str]:
    rules = load_rules(folder, store)
    return rules, _text(folder, rules)


def _text(folder: Path, rules: RuleSet) -> str:
    """The file behind a version; empty when it has been saved again, or deleted, in between."""
    try:
        text = (folder / RULES_FILE).read_bytes()
    except OSError:
        return ""
    said = text.decode("utf-8-sig", errors="replace")  # as it was read: without the mark that spreadsheets write
    return said if sha256(said.encode()).hexdigest().startswith(rules.version) else ""
