"""Rules saved while the engine runs: the next decision goes by them, or they are refused and nothing changes."""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from offer_engine.core.context import build_world
from offer_engine.core.rules import RuleSet
from offer_engine.reload import SAID, changes, reload_rules, stamp, watch_rules
from offer_engine.store_files import check
from tests.engines import Bench
from tests.worlds import MAPS

WINE_AISLE = (3.0, 12.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the demo market that a test may edit."""
    return Path(shutil.copytree(MAPS / "demo-market", tmp_path / "demo-market"))


@pytest.fixture
def bench(folder: Path) -> Bench:
    """An engine on that copy, and Dave, who likes Silver Oak."""
    bench = Bench(build_world(*check(folder)))
    bench.remember("dave", "silver-oak-cabernet", times=2)
    return bench


def _edit(folder: Path, old: str, new: str) -> None:
    file = folder / "offers.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_the_next_decision_goes_by_the_rules_just_saved(folder: Path, bench: Bench) -> None:
    """20 % becomes 5 %, and the decision records the new version."""
    old = bench.world.rules.version
    _edit(folder, "percent_off = 20", "percent_off = 5")

    asyncio.run(reload_rules(folder, bench.service))
    phone = bench.connect("dave")
    bench.basket("dave", ["rack-of-lamb"])
    bench.stand("dave", *WINE_AISLE, seconds=10)

    (offer,) = phone.offers()
    assert offer.benefit == "5% off"
    version = bench.service.world.rules.version
    assert version != old
    assert f'"rules_version":"{version}"' in bench.ledger.decisions(shopper="dave", limit=1)[0]


def test_broken_rules_change_nothing_and_say_why(folder: Path, bench: Bench) -> None:
    """Each problem is told with file and line; the old rules decide on."""
    old = bench.service.world.rules
    _edit(folder, 'zone = "wine"', 'zone = "wines"')

    asyncio.run(reload_rules(folder, bench.service))

    assert bench.service.world.rules is old
    assert any("did you mean 'wine'?" in problem for problem in bench.service.rule_problems)
    assert all("offers.toml:" in problem for problem in bench.service.rule_problems)


def test_each_problem_is_a_line_of_its_own_on_the_console(
    folder: Path, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """A console that picks out errors picks out lines; and of very many, the rest is counted."""
    _edit(folder, "transition = ", "transitoin = ")

    asyncio.run(reload_rules(folder, bench.service))

    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert all("\n" not in line for line in errors)
    assert len(errors) == SAID + 2
    assert sum("offers.toml:" in line for line in errors) == SAID
    assert errors[-1].startswith(f"and {len(bench.service.rule_problems) - SAID} problems more")


def test_what_changed_is_said_by_name(folder: Path, bench: Bench) -> None:
    """A rule that is gone is worth a warning: half a file is rules too."""
    old = bench.service.world.rules
    first, second, *_ = old.rules
    _edit(folder, "percent_off = 20", "percent_off = 5")
    asyncio.run(reload_rules(folder, bench.service))
    new = bench.service.world.rules

    assert changes(old, new) == "changed: ice-cream-treat, silver-oak-with-lamb"
    assert changes(new, new) == "no rule says anything else"
    fewer = RuleSet((first, replace(second, id="renamed", line=99)), "x")
    assert changes(RuleSet((first, replace(second, line=1)), "y"), fewer) == f"new: renamed; gone: {second.id}"


def test_a_byte_order_mark_does_not_lose_the_text(folder: Path, bench: Bench) -> None:
    """Spreadsheets and some editors write one; what the version said is kept all the same."""
    file = folder / "offers.toml"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"percent_off = 20", b"percent_off = 5"))

    asyncio.run(reload_rules(folder, bench.service))
    bench.end_turn()

    (batch,) = [batch for batch in bench.written if batch.rule_sets]
    assert "percent_off = 5" in batch.rule_sets[0][2]


def test_mended_rules_clear_the_complaint(folder: Path, bench: Bench) -> None:
    """Breaking a file and putting it back leaves no complaint behind, although the version is the old one."""
    _edit(folder, 'zone = "wine"', 'zone = "wines"')
    asyncio.run(reload_rules(folder, bench.service))
    _edit(folder, 'zone = "wines"', 'zone = "wine"')

    asyncio.run(reload_rules(folder, bench.service))

    assert bench.service.rule_problems == ()


def test_the_text_behind_each_version_is_kept(folder: Path, bench: Bench) -> None:
    """A decision names a version, so what that version said must be findable."""
    _edit(folder, "percent_off = 20", "percent_off = 5")

    asyncio.run(reload_rules(folder, bench.service))
    bench.end_turn()

    (batch,) = [batch for batch in bench.written if batch.rule_sets]
    ((version, _, text),) = batch.rule_sets
    assert version == bench.service.world.rules.version
    assert "percent_off = 5" in text


def test_saving_is_noticed_and_so_is_a_file_that_is_gone(folder: Path, bench: Bench) -> None:
    """The watch sees a new time or size, and a file that was deleted is refused like any other mistake."""

    async def delete_while_watched() -> None:
        watching = asyncio.ensure_future(watch_rules(folder, bench.service))  # noqa: TID251  cancelled below
        await asyncio.sleep(0)
        (folder / "offers.toml").unlink()
        async with asyncio.timeout(10):
            while not bench.service.rule_problems:  # noqa: ASYNC110  the watch looks twice a second
                await asyncio.sleep(0.01)
        watching.cancel()

    before = stamp(folder)
    asyncio.run(delete_while_watched())

    assert stamp(folder) == (0, 0) != before
    assert bench.service.world.rules.rules
