"""The formula in columns is the formula: product by product, to the last digit that matters."""

from math import exp

import pytest

from offer_engine.core.affinity import MS_PER_DAY, NOBODY, build_profile, zone_shares
from offer_engine.core.pairing import paired
from offer_engine.core.ranking import bought_of, formula_scores, log_lifts_of, shelf_of
from offer_engine.core.score import CATEGORY_WEIGHT, PAIRING_WEIGHT, POPULARITY_WEIGHT
from tests.engines import START_MS
from tests.worlds import demo_market


@pytest.mark.parametrize("cart", [[], ["rack-of-lamb"], ["rack-of-lamb", "salmon-fillet"]])
def test_columns_agree_with_the_formula_term_by_term(cart: list[str]) -> None:
    """p, t, q and L worked out one by one give the same score for every wine, for a shopper with a history."""
    world = demo_market()
    bought = [("silver-oak-merlot", 90), ("dry-riesling", 60), ("silver-oak-cabernet", 30), ("silver-oak-cabernet", 3)]
    profile = build_profile([(sku, START_MS - days * MS_PER_DAY) for sku, days in bought], world.store.products)
    shares = zone_shares(profile, "wine", START_MS)
    wines = [product for product in world.store.products.values() if product.zone == "wine"]

    lifts = log_lifts_of(wines, world.pairings, cart, world.store.products)
    columns = formula_scores(shelf_of(wines), bought_of(wines, shares), lifts)

    total = sum(wine.popularity for wine in wines)
    for wine, found in zip(wines, columns, strict=True):
        kind = sum(other.popularity for other in wines if other.category == wine.category)
        p, t = shares.share(wine), shares.category_share(wine) * wine.popularity / kind
        lift = paired(world.pairings, wine, cart, world.store.products).log_lift
        scalar = (p + CATEGORY_WEIGHT * t + POPULARITY_WEIGHT * wine.popularity / total) * exp(PAIRING_WEIGHT * lift)
        assert found == pytest.approx(scalar, rel=1e-12)


def test_an_empty_shelf_has_no_scores() -> None:
    """A zone that sells nothing is no special case for the caller."""
    bought = bought_of([], zone_shares(NOBODY, "wine", START_MS))
    assert len(formula_scores(shelf_of([]), bought, 0.0)) == 0
