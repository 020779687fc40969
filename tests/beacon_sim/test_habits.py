"""Walk-ins by habit: their past and their list for today follow from one taste, which is what they like."""

from collections import Counter

import numpy as np
import pytest

from beacon_sim.habits import (
    Taste,
    assortment,
    draw_basket,
    draw_taste,
    habits_population,
    is_regular,
)
from beacon_sim.population import Browse, liking
from tests.beacon_sim.days import START_MS, people_of, store_of

DEMO = store_of("demo-market")


def test_a_walk_in_is_the_same_in_every_run() -> None:
    """Number and dice decide all of a persona; another number is another person."""
    people = people_of("demo-market")
    first, again = (people.walk_in(3, np.random.default_rng(1)) for _ in range(2))
    assert first == again
    assert people.walk_in(4, np.random.default_rng(1)).tastes != first.tastes


def test_shares_of_phones_and_consents() -> None:
    """About 88 % carry a phone, 70 % share location, and of those 90 % the basket and 85 % the history."""
    people = people_of("corner-shop")
    allowed = [people.walk_in(number, np.random.default_rng(number)).consents for number in range(2_000)]
    phones = [consents for consents in allowed if consents]
    located = [consents for consents in phones if consents.location]
    assert len(phones) / 2_000 == pytest.approx(0.88, abs=0.03)
    assert len(located) / 2_000 == pytest.approx(0.70, abs=0.04)
    assert np.mean([consents.basket for consents in located]) == pytest.approx(0.90, abs=0.03)
    assert np.mean([consents.history for consents in located]) == pytest.approx(0.85, abs=0.04)
    assert not any(consents.basket or consents.history for consents in phones if not consents.location)


def test_people_walk_at_the_measured_speed() -> None:
    """Mean 0.95 m/s, standard deviation 0.15."""
    people = people_of("corner-shop")
    speeds = [people.walk_in(number, np.random.default_rng(number)).speed_m_s for number in range(1_000)]
    assert np.mean(speeds) == pytest.approx(0.95, abs=0.02)
    assert np.std(speeds) == pytest.approx(0.15, abs=0.02)


def test_what_the_past_says_about_a_shopper_is_true() -> None:
    """What a regular bought more often than people do is what the regular likes more than other things."""
    people = people_of("demo-market")
    popularity = {product.sku: product.popularity for product in DEMO.products.values()}
    total = sum(popularity.values())
    bought: dict[str, Counter[str]] = {}
    for row in people.history(START_MS, 120):
        if row.shopper.startswith("s-") and int(row.shopper[2:]) <= 150:
            bought.setdefault(row.shopper, Counter())[row.sku] += 1
    liked, average = [], []
    for shopper, counts in bought.items():
        tastes = people.walk_in(int(shopper[2:]) - 1, np.random.default_rng(1)).tastes
        expected = {sku: counts.total() * popularity[sku] / total for sku in popularity}
        liked += [tastes[sku] for sku, count in counts.items() if count >= 3 and count > 3 * expected[sku]]
        average += list(tastes.values())
    assert len(liked) > 100
    assert np.mean(liked) > 2 * np.mean(average)


def test_the_past_ends_in_time_and_is_the_same_for_one_seed() -> None:
    """Receipts are of regulars only, before the end, at catalogue prices, and told the same way twice."""
    people, again = habits_population(DEMO, seed=3), habits_population(DEMO, seed=3)
    rows = list(people.history(START_MS, 20))
    assert rows == list(again.history(START_MS, 20))
    assert all(START_MS - 21 * 86_400_000 < row.at_ms < START_MS for row in rows)
    assert all(row.price_cents == DEMO.products[row.sku].price_cents for row in rows)
    assert all(is_regular(int(row.shopper[2:]) - 1) for row in rows)
    lines = Counter((row.shopper, row.basket, row.sku) for row in rows)
    assert max(lines.values()) == 1


def red_wine_share(first: str) -> float:
    """How many baskets of six hold a red wine when a given product is the first in the cart."""
    sold = assortment(DEMO)
    rng = np.random.default_rng(5)
    number = [product.sku for product in sold.products].index(first)
    weight = sold.popularity.copy()
    weight[number] = 1e12
    taste = Taste(weight, np.zeros(len(weight)))
    baskets = [draw_basket(sold, taste, 6, rng) for _ in range(1_500)]
    assert all(basket[0].sku == first for basket in baskets)
    return float(np.mean([any(product.category == "red-wine" for product in basket) for basket in baskets]))


def test_pairings_show_in_the_baskets() -> None:
    """With lamb in the cart red wine is bought more often than with nappies, as the retailer's pairings say."""
    assert red_wine_share("rack-of-lamb") > 1.4 * red_wine_share("nappies-size-4")


def test_tastes_differ_and_stay_in_range() -> None:
    """Likings are in [0, 1], a third in the mean, and each shopper has favourites."""
    liked = draw_taste(assortment(DEMO), np.random.default_rng(2)).liked
    assert 0 <= liked.min() < 0.1
    assert 0.8 < liked.max() <= 1
    assert 0.2 < liked.mean() < 0.5


def test_an_unknown_thing_is_liked_a_little() -> None:
    """The sku goes before the category, the category before nothing at all."""
    malbec = DEMO.products["malbec"]
    assert liking({"malbec": 0.9, "red-wine": 0.2}, malbec) == 0.9
    assert liking({"red-wine": 0.2}, malbec) == 0.2
    assert 0 < liking({}, malbec) < 0.2


def test_everyone_comes_for_something() -> None:
    """Each walk-in has a list with at least one thing that is no impulse, all of it on sale here."""
    people = people_of("demo-market")
    for number in range(200):
        mission = people.walk_in(number, np.random.default_rng(number)).mission
        assert mission
        assert not isinstance(mission[0], Browse)
        assert not mission[0].is_impulse
        assert all(not isinstance(stop, Browse) and stop.sku in DEMO.products for stop in mission)
