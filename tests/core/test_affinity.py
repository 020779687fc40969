"""History becomes shares: decayed, at most one, nothing for a stranger; a basket is one time of its category."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offer_engine.core.affinity import DECAY_DAYS, MS_PER_DAY, NOBODY, build_profile, decay, zone_shares
from tests.core.worlds import NOON, STORE

WINE, HOUSE = STORE.products["oak-red"], STORE.products["house-red"]
PURCHASES = st.lists(
    st.tuples(st.sampled_from(sorted(STORE.products)), st.integers(0, 900).map(lambda d: d * MS_PER_DAY))
)


def test_a_stranger_has_no_shares() -> None:
    """Nothing is known, so nothing is claimed."""
    shares = zone_shares(NOBODY, "wine", NOON)
    assert (shares.share(WINE), shares.category_share(WINE), NOBODY.times("oak-red")) == (0, 0, 0)


def test_shares_by_hand() -> None:
    """Bought now and 180 days ago: 1 + 1/e of a total of the same, plus one for doubt."""
    weight = 1 + decay(round(DECAY_DAYS * MS_PER_DAY))
    profile = build_profile([("oak-red", NOON - 180 * MS_PER_DAY), ("oak-red", NOON)], STORE.products)
    shares = zone_shares(profile, "wine", NOON)
    assert shares.share(WINE) == pytest.approx(weight / (weight + 1))
    assert shares.share(HOUSE) == 0
    assert shares.category_share(HOUSE) == shares.share(WINE)


@given(PURCHASES)
def test_shares_are_shares(purchases: list[tuple[str, int]]) -> None:
    """Each in [0, 1), a category's at least its products', and other zones do not count."""
    profile = build_profile(sorted(purchases, key=lambda bought: bought[1]), STORE.products)
    shares = zone_shares(profile, "wine", 901 * MS_PER_DAY)
    assert 0 <= shares.share(WINE) + shares.share(HOUSE) < 1
    assert shares.category_share(WINE) == pytest.approx(shares.share(WINE) + shares.share(HOUSE))
    assert shares.share(STORE.products["lamb-chops"]) == 0


@given(PURCHASES)
def test_times_count_baskets(purchases: list[tuple[str, int]]) -> None:
    """What was bought at one moment is one basket: two wines in it are one time of wine."""
    bought = sorted(set(purchases), key=lambda one: one[1])
    profile = build_profile(bought, STORE.products)
    for sku, product in STORE.products.items():
        assert profile.times(sku) == sum(one == sku for one, _ in bought)
        baskets = {at for one, at in bought if STORE.products[one].category == product.category}
        assert profile.times(product.category) == len(baskets)


@given(PURCHASES, st.integers(0, 400))
def test_time_only_fades(purchases: list[tuple[str, int]], days: int) -> None:
    """Without new purchases no share grows."""
    profile = build_profile(sorted(purchases, key=lambda bought: bought[1]), STORE.products)
    now = zone_shares(profile, "wine", 901 * MS_PER_DAY)
    later = zone_shares(profile, "wine", (901 + days) * MS_PER_DAY)
    assert later.share(WINE) <= now.share(WINE) + 1e-12


def test_what_is_no_longer_sold_is_left_out() -> None:
    """A profile only speaks of the catalogue there is."""
    assert build_profile([("gone", NOON), ("oak-red", NOON)], STORE.products).times("gone") == 0


def test_a_purchase_from_the_future_counts_one() -> None:
    """A wrong clock makes no habit stronger than buying does."""
    assert decay(-5) == 1
