"""Offer rules saved while the engine runs: checked, swapped in whole, or refused while the old ones stay.

The file is looked at twice a second; its time and size say whether it was saved. A decision under way is never split
between two versions, since the swap happens between two messages.
"""

import asyncio
import logging
from hashlib import sha256
from pathlib import Path

from offer_engine.core.rules import RuleSet
from offer_engine.core.rules_parse import RULES_FILE
from offer_engine.core.store_map import StoreMap
from offer_engine.errors import RuleError
from offer_engine.service import Service
from offer_engine.store_files import load_rules

LOOK_S = 0.5

_log = logging.getLogger(__name__)

Stamp = tuple[int, int]  # modified at, ns, and size; (0, 0) for a file that is not there


async def watch_rules(folder: Path, service: Service) -> None:
    """Use the rules of `folder` in whatever version they are saved, as long as they are sound."""
    seen = stamp(folder)
    service.use_rules(service.world.rules, await asyncio.to_thread(_text, folder, service.world.rules))
    while True:
        await asyncio.sleep(LOOK_S)
        now = stamp(folder)
        if now != seen:
            seen = now
            await reload_rules(folder, service)


async def reload_rules(folder: Path, service: Service) -> None:
    """Read the rules anew, and use them or say what is wrong with them."""
    try:
        rules, text = await asyncio.to_thread(_load, folder, service.world.store)
    except RuleError as error:
        service.rule_problems = tuple(str(problem) for problem in error.problems)
        _log.error("the new rules are refused, the old ones stay (%s):\n%s", service.world.rules.version, error)
        return
    if rules.version != service.world.rules.version or service.rule_problems:
        service.use_rules(rules, text)
        _log.info("new rules: %d offers, version %s", len(rules.rules), rules.version)


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
    return text.decode() if sha256(text).hexdigest().startswith(rules.version) else ""
