"""Turns a product's department and category into where it stands on the floor and what margin it is assumed to have.

The split is data, in `completejourney_zones.toml`; `docs/data.md` says what of it is ours.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from beacon_sim.completejourney_names import Labels

ANY_MARGIN_SHARE = 0.30  # of the few departments that the table does not name


@dataclass(frozen=True, slots=True)
class CuratedPairing:
    """A pairing that the retailer vouches for, where the data would mislead."""

    when: str  # a category as the data spells it
    then: str
    lift: float
    note: str


@dataclass(frozen=True, slots=True)
class Zoning:
    """The table of zones, as it is in the file."""

    left_out: frozenset[str]  # categories that are no products, or not on the floor
    left_out_types: frozenset[str]
    private: frozenset[str]  # categories never named on a phone
    grocery: Mapping[str, str]  # category -> one of the 28 zones
    drug_gm: Mapping[str, str]
    department: Mapping[str, str]
    floor: Mapping[str, str]  # one of the 28 zones -> zone on the floor
    floor_by_category: Mapping[str, str]
    margin: Mapping[str, float]
    pairings: tuple[CuratedPairing, ...]


@cache
def zoning() -> Zoning:
    """Read the table."""
    text = files("beacon_sim").joinpath("completejourney_zones.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return Zoning(
        left_out=frozenset(table["excluded_categories"]) | frozenset(table["counter_categories"]),
        left_out_types=frozenset(table["excluded_types"]),
        private=frozenset(table["private_categories"]),
        grocery=_inverted(table["grocery"]),
        drug_gm=_inverted(table["drug_gm"]),
        department=table["department"],
        floor=table["floor"],
        floor_by_category=table["floor_by_category"],
        margin=table["margin"],
        pairings=tuple(CuratedPairing(**pairing) for pairing in table["pairing"]),
    )


def _inverted(categories_by_zone: Mapping[str, list[str]]) -> dict[str, str]:
    return {category: zone for zone, categories in categories_by_zone.items() for category in categories}


def journey_zone(labels: Labels) -> str | None:
    """Which of the 28 zones a product belongs to; None when it is no product, or not on the floor.

    >>> journey_zone(Labels(1, 1, "GROCERY", "National", "PASTA SAUCE", "VALUE", ""))
    'pasta_intl'
    >>> journey_zone(Labels(1, 1, "DRUG GM", "National", "CIGARETTES", "CIGARETTES", "")) is None
    True
    """
    table = zoning()
    if not labels.category or labels.category in table.left_out or labels.type in table.left_out_types:
        return None
    if labels.department == "GROCERY":
        return table.grocery.get(labels.category)
    if labels.department == "DRUG GM":
        return table.drug_gm.get(labels.category, table.department["DRUG GM"])
    if labels.department == "PRODUCE" and labels.category == "POPCORN":
        return "snacks"
    return table.department.get(labels.department)


def floor_zone(labels: Labels) -> str | None:
    """Zone on the floor of the demo market; None when it does not stand there.

    >>> floor_zone(Labels(1, 1, "GROCERY", "National", "PASTA SAUCE", "VALUE", ""))
    'pasta-rice'
    """
    zone = journey_zone(labels)
    if zone is None:
        return None
    return zoning().floor_by_category.get(labels.category) or zoning().floor[zone]


def margin_share(labels: Labels) -> float:
    """Gross margin in [0, 1]: an assumption by department, since the data has none."""
    return zoning().margin.get(labels.department, ANY_MARGIN_SHARE)
