"""A small made-up year in the columns of the Complete Journey package: households with habits, a store, promotions."""

import numpy as np
from numpy.typing import NDArray

from bench.evaluate.promotions import Promotions, make_promotions
from bench.evaluate.source import Sales, make_sales

# One department and category for each zone of the walk, as the data spells them.
LABELS = (
    ("PRODUCE", "APPLES"), ("FLORAL", "ROSES"), ("PASTRY", "CAKES"), ("DELI", "SALADS"), ("MEAT", "LAMB"),
    ("SEAFOOD", "SALMON"), ("MEAT-PCKGD", "HAM"), ("SPIRITS", "WINE"), ("GROCERY", "BEERS/ALES"),
    ("GROCERY", "BAKED BREAD/BUNS/ROLLS"), ("GROCERY", "COLD CEREAL"), ("GROCERY", "COFFEE"), ("GROCERY", "SOUP"),
    ("GROCERY", "PASTA SAUCE"), ("NUTRITION", "BARS"), ("COSMETICS", "CREAM"), ("DRUG GM", "BATTERIES"),
    ("FROZEN GROCERY", "PEAS"),
)  # fmt: skip
KINDS, PRODUCTS_A_KIND = 3, 4
FIRST_S = 1_483_290_000  # noon of New York's first of January 2017, in seconds since the epoch


def labels() -> dict[str, NDArray[np.generic]]:
    """Twelve products for each label, of three types."""
    rows = [
        (department, category, f"{category} {kind}", kind * 10 + number)
        for department, category in LABELS
        for kind in range(KINDS)
        for number in range(PRODUCTS_A_KIND)
    ]
    texts = [np.array(column, dtype=object) for column in list(zip(*rows, strict=True))[:3]]
    count = len(rows)
    return {
        "product_id": np.arange(100, 100 + count),
        "department": texts[0],
        "product_category": texts[1],
        "product_type": texts[2],
        "manufacturer_id": np.arange(count) % 7,
        "brand": np.array(["Private" if number % 4 == 0 else "National" for number in range(count)], dtype=object),
        "package_size": np.array([f"{number % 5} OZ" for number in range(count)], dtype=object),
    }


def lines(households: int = 40, baskets: int = 30, seed: int = 0) -> dict[str, NDArray[np.generic]]:
    """Every household buys mostly its own three favourites of each zone, spread over the year."""
    chance = np.random.default_rng(seed)
    rows = []
    size = KINDS * PRODUCTS_A_KIND
    for household in range(households):
        favourites = chance.integers(0, size, (len(LABELS), 3))
        days = np.sort(chance.choice(365, baskets, replace=False))
        for number, day in enumerate(days.tolist()):
            basket = household * 1000 + number
            for zone in np.flatnonzero(chance.random(len(LABELS)) < 0.4).tolist():
                likes = chance.random() < 0.7
                item = int(favourites[zone, chance.integers(3)] if likes else chance.integers(size))
                rows.append((household + 1, basket, 100 + zone * size + item, 1, household % 3, FIRST_S + day * 86_400))
    columns = np.array(rows).T
    names = ("household_id", "basket_id", "product_id", "quantity", "store_id")
    made: dict[str, NDArray[np.generic]] = {name: columns[row] for row, name in enumerate(names)}
    made["transaction_timestamp"] = columns[5].astype("datetime64[s]")
    made["sales_value"] = 1.0 + columns[2] % 9
    made["retail_disc"] = (columns[2] % 3 == 0) * 0.5
    return made


def year(households: int = 40, seed: int = 0) -> Sales:
    """The whole year."""
    return make_sales(lines(households, seed=seed), labels())


def promotions() -> Promotions:
    """Every third product in the mailer of every store, in the weeks with an even number."""
    ids = np.arange(100, 100 + len(LABELS) * KINDS * PRODUCTS_A_KIND, 3)
    product, store, week = (axis.ravel() for axis in np.meshgrid(ids, np.arange(3), np.arange(2, 54, 2), indexing="ij"))
    display = (product % 2).astype(np.uint8)
    return make_promotions(product, store, week, display, np.ones(len(product), dtype=np.uint8))
