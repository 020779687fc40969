"""A demo at night plays the next afternoon, and one by day plays now."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from demo.hours import afternoon_after
from offer_engine.store_files import load_store

SHOP = load_store(Path(__file__).parents[2] / "maps" / "corner-shop")  # quiet from 21:30 until 07:00, London


@pytest.mark.parametrize(
    ("now", "plays"),
    [
        ("2026-03-02T21:29", None),
        ("2026-03-02T21:30", "2026-03-03T16:00"),
        ("2026-03-03T02:00", "2026-03-03T16:00"),
        ("2026-03-03T06:59", "2026-03-03T16:00"),
        ("2026-03-03T07:00", None),
        ("2026-03-03T12:00", None),
    ],
)
def test_a_shop_in_its_quiet_hours_plays_the_next_afternoon(now: str, plays: str | None) -> None:
    """At the shop's own time, also over midnight; never earlier than now."""
    zone = ZoneInfo(SHOP.timezone)
    found = afternoon_after(SHOP, datetime.fromisoformat(now).replace(tzinfo=zone).astimezone(ZoneInfo("Asia/Tokyo")))
    assert found == (datetime.fromisoformat(plays).replace(tzinfo=zone) if plays else None)


def test_a_store_without_quiet_hours_always_plays_now() -> None:
    """Equal times mean that there are none."""
    always = replace(SHOP, policy=replace(SHOP.policy, quiet_from="00:00", quiet_until="00:00"))
    assert afternoon_after(always, datetime(2026, 3, 3, 3, 0, tzinfo=ZoneInfo("Europe/London"))) is None
