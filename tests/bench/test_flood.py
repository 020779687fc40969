"""The harness on a small flood: what is sent is handled, what is decided is on disk, what is offered is on a phone."""

from pathlib import Path

from bench.stores import demo_store
from bench.throughput import bare, flood, whole
from bench.walk import Pace
from offer_engine.store_files import load_store


def test_a_bare_subscriber_reads_up_to_the_mark(tmp_path: Path) -> None:
    """A flood of a subscriber ends when its mark is acknowledged, and has a rate and a cost."""
    store_folder = demo_store(tmp_path / "store")
    work = flood(load_store(store_folder), store_folder, Pace(20), (1, 20), seed=1)
    rate = bare("gmqtt", work, tmp_path / "gmqtt")
    assert rate.per_s > 0
    assert rate.cpu_us > 0


def test_every_offer_decided_in_a_flood_is_on_disk_and_on_a_phone(tmp_path: Path) -> None:
    """With a phone for every shopper, as many offers arrive on phones as the ledger holds, and some do."""
    store_folder = demo_store(tmp_path / "store")
    work = flood(load_store(store_folder), store_folder, Pace(20), (10, 200), seed=1)
    found = whole(work, tmp_path / "engine", 20)
    assert 0 < found.pushed == found.offers
    assert 0.003 < found.decision_share < 0.03
    assert found.rss_mb > 10
