"""The cast: Dave is at the wine in time whatever the seed, and a cast that does not fit its store is refused."""

from collections.abc import Callable

import pytest
import shapely

from beacon_sim.cast import cast_history, load_cast
from beacon_sim.day import DaySettings
from beacon_sim.radio import SHOWCASE_SIGMA_M, RadioSettings
from offer_engine.errors import SettingsError
from tests.beacon_sim.days import MINUTE_MS, START_MS, Heard, a_day, store_of

DEMO = store_of("demo-market")
CAST = load_cast(DEMO)
SHOWCASE = DaySettings(arrivals_per_min=0, warm_up_min=1, radio=RadioSettings(sigma_m=SHOWCASE_SIGMA_M))
UNTIL_MS = START_MS
DAYS = 180


def dwell_done_s(heard: Heard, shopper: str, zone: str, after_ms: int = 0) -> float:
    """When a dwell in a zone is complete by the plainest reading of its numbers, in seconds after the day's start.

    The dwell counts from the first fix inside of a stay; a stay ends after `min_outside_ms` beyond the margin. Fixes
    before `after_ms` do not count.
    """
    fence = DEMO.zones[zone]
    wide = fence.area.buffer(fence.exit_margin_m)
    since = outside = None
    for _, fix in heard.of("position", shopper):
        ts, place = int(str(fix["ts"])), shapely.Point(float(str(fix["x"])), float(str(fix["y"])))
        if ts < after_ms:
            continue
        if fence.area.covers(place):
            since, outside = since or ts, None
        elif since and not wide.covers(place):
            outside = outside or ts
            since = None if ts - outside >= fence.min_outside_ms else since
        if since and ts - since >= max(fence.min_dwell_ms, fence.min_inside_ms) and outside is None:
            return (ts - START_MS) / 1000
    return float("inf")


@pytest.mark.parametrize("seed", range(10))
def test_dave_dwells_at_the_wine_with_lamb_in_the_cart(seed: int) -> None:
    """Whatever the seed, the lamb is in the cart within seconds and the dwell is complete 25 to 45 s into the day."""
    day, heard = a_day(seed=seed, settings=SHOWCASE)
    day.run_until(MINUTE_MS)
    (_, basket), *more = heard.of("basket", "dave")
    assert [item["sku"] for item in basket["items"] if isinstance(item, dict)] == ["rack-of-lamb"]  # type: ignore[attr-defined]
    assert int(str(basket["ts"])) - START_MS < 10_000
    assert not more
    assert 25 <= dwell_done_s(heard, "dave", "wine") <= 45


@pytest.mark.parametrize(
    ("shopper", "zone", "has"), [("ana", "produce", "salmon-fillet"), ("chloe", "snacks-biscuits", "kestrel-espresso")]
)
def test_ana_and_chloe_come_past_an_offer_in_the_first_minutes(shopper: str, zone: str, has: str) -> None:
    """Each stays where a rule of the demo market may fire, with what it asks for in the cart."""
    day, heard = a_day(settings=SHOWCASE)
    day.run_until(3 * MINUTE_MS)
    carried = next(int(str(basket["ts"])) for _, basket in heard.of("basket", shopper) if has in str(basket["items"]))
    assert dwell_done_s(heard, shopper, zone, carried) < 120


def test_the_cast_lives_in_one_store() -> None:
    """Elsewhere nobody is booked."""
    assert [member.persona.shopper for member in CAST] == ["dave", "ana", "chloe"]
    assert load_cast(store_of("corner-shop")) == ()


def edited(change: Callable[[str], str]) -> str:
    """A cast file for the demo market, changed."""
    text = """
        store = "demo-market"
        [[shopper]]
        token = "eve"
        label = "Eve"
        arrives_s = 1.0
        stops = [{ buy = "bananas" }]
        consents = { location = true, basket = true, history = true }
        tastes = { fruit = 0.5 }
        usual = { bananas = 0.5 }
        shops_every_days = 7.0
    """
    return change(text)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('buy = "bananas"', 'buy = "bannanas"', "demo-market does not have eve: bannanas"),
        ("fruit = 0.5", "fruits = 0.5", "eve: fruits"),
        ("usual = { bananas", "usual = { plums", "eve: plums"),
        ('buy = "bananas"', 'browse = "whine", linger_s = 3.0', "eve: whine"),
        ('buy = "bananas"', "qty = 2", "a stop is either"),
        ("arrives_s = 1.0", "", "arrives_s"),
        ("token", "tokken", "tokken"),
        ("stops = [", "stops = ", "cast.toml"),
    ],
)
def test_a_cast_that_does_not_fit_is_refused(old: str, new: str, said: str) -> None:
    """Unknown products, zones, tastes and fields are errors that name the shopper or the field."""
    assert load_cast(DEMO, edited(str))
    with pytest.raises(SettingsError, match=said):
        load_cast(DEMO, edited(lambda text: text.replace(old, new, 1)))


def test_the_past_of_the_cast_follows_its_habits() -> None:
    """Dave bought Silver Oak on about the share of visits that his habits say; the same seed tells the same past."""
    rows = list(cast_history(CAST, DEMO, 7, UNTIL_MS, DAYS))
    assert rows == list(cast_history(CAST, DEMO, 7, UNTIL_MS, DAYS))
    assert all(UNTIL_MS - (DAYS + 1) * 86_400_000 < row.at_ms < UNTIL_MS for row in rows)
    visits = {row.basket for row in rows if row.shopper == "dave"}
    oak = [row for row in rows if row.shopper == "dave" and row.sku == "silver-oak-cabernet"]
    assert 20 <= len(visits) <= 42
    assert 0.25 < len(oak) / len(visits) < 0.65
    assert {row.price_cents for row in oak} == {1490}
    assert any(row.sku == "salmon-fillet" for row in rows if row.shopper == "ana")
