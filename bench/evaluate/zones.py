"""Turns the data's departments and categories into the 28 zones of the protocol and the order in which they are walked.

The split itself is data that the simulator uses too (`beacon_sim/completejourney_zones.toml`). The protocol keeps what
the simulated floor leaves out, such as what is sold behind the counter, so that its figures compare with earlier ones.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

WALK = (
    "produce", "floral_garden", "bakery", "deli", "meat", "seafood", "packaged_meat", "wine_spirits", "beer", "bread",
    "breakfast", "coffee_tea", "baking", "canned", "pasta_intl", "condiments", "snacks", "candy", "drinks",
    "nutrition", "baby", "health_beauty", "household", "pet", "general_merch", "dairy", "frozen", "checkout",
)  # fmt: skip


@cache
def _table() -> tuple[frozenset[str], Mapping[str, str], Mapping[str, str], Mapping[str, str]]:
    text = files("beacon_sim").joinpath("completejourney_zones.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return (
        frozenset(table["excluded_categories"]),
        _inverted(table["grocery"]),
        _inverted(table["drug_gm"]),
        table["department"],
    )


def _inverted(categories_by_zone: Mapping[str, list[str]]) -> dict[str, str]:
    return {category: zone for zone, categories in categories_by_zone.items() for category in categories}


def zone_number(department: str, category: str) -> int:
    """Place in the walk of a product's zone, in [0, 28); -1 when it has none.

    >>> WALK[zone_number("GROCERY", "PASTA SAUCE")], WALK[zone_number("MEAT", "")], zone_number("GROCERY", "")
    ('pasta_intl', 'meat', -1)
    """
    excluded, grocery, drug_gm, departments = _table()
    if category in excluded:
        return -1
    if department == "GROCERY":
        zone = grocery.get(category)
    elif department == "DRUG GM":
        zone = drug_gm.get(category, departments[department])
    elif (department, category) == ("PRODUCE", "POPCORN"):
        zone = "snacks"
    else:
        zone = departments.get(department)
    return -1 if zone is None else WALK.index(zone)
