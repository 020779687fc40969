"""Labels of the Complete Journey become names: readable, no two the same, and no size that is not the shopper's."""

import pytest

from beacon_sim.completejourney_names import Labels, product_name, readable_size, type_name, unique_names

BOTTLES = (
    Labels(1, 69, "GROCERY", "Private", "SOFT DRINKS", "SFT DRNK 2 LITER BTL CARB INCL", "2 L"),
    Labels(2, 103, "GROCERY", "National", "SOFT DRINKS", "SFT DRNK 2 LITER BTL CARB INCL", "2 L"),
)
BANANAS = Labels(4, 2, "PRODUCE", "National", "TROPICAL FRUIT", "BANANAS", "40 LB")


@pytest.mark.parametrize(
    ("category", "kind", "name"),
    [
        ("SOFT DRINKS", "SFT DRNK 2 LITER BTL CARB INCL", "Soft drink, 2 litre bottle"),
        ("FLUID MILK PRODUCTS", "FLUID MILK WHITE ONLY", "Milk"),
        ("BEEF", "RIBS", "Beef ribs"),
        ("PORK", "RIBS", "Pork ribs"),
        ("VEGETABLES - SHELF STABLE", "CORN", "Canned sweetcorn"),
        ("MAGAZINE", "GARDEN-MAGAZINE", "Garden magazine"),
        ("CANNED JUICES", "TOMATO JUICE (OVER 50% JCE)", "Tomato juice"),
        ("NON-DAIRY BEVERAGES", "MISC", "Plant drinks"),
        ("MADE UP", "FRZN WHL CHIX BRST W/ BBQ SCE", "Frozen whole chicken brst w and barbecue sauce"),
    ],
)
def test_type_becomes_a_name(category: str, kind: str, name: str) -> None:
    """A shouted label reads like a shelf tag; an unknown one is cleaned as far as it goes."""
    assert type_name(category, kind) == name


@pytest.mark.parametrize(
    ("size", "readable"),
    [
        ("12 OZ", "12 oz"),
        ("12 PK/12 OZ", "12 x 12 oz"),
        ("4 OZ/4 PK", "4 x 4 oz"),
        ("10-1 OZ", "10 x 1 oz"),
        ("1-3/4 LB", ""),
        ("8 CT/13 OZ", "13 oz"),
        ("N   25 CT", "25 pieces"),
        ("400598 6 CT", "6 pieces"),
        ("974246  PK", ""),
        ("1/2 GAL", "half gallon"),
        ("GAL", "1 gallon"),
        ("83.5 SQ FT", "83.5 sq ft"),
        ("26 LDS", "26 loads"),
        ("32 FL OZ", "32 oz"),
        ("CELL PK", ""),
        ("", ""),
    ],
)
def test_package_size_is_readable(size: str, readable: str) -> None:
    """Sizes come in many spellings; what cannot be read is left out rather than shown."""
    assert readable_size(size) == readable


def test_crates_are_not_package_sizes() -> None:
    """A 40 lb crate of bananas is the store's, not the shopper's."""
    assert product_name(BANANAS) == "Bananas"


def test_names_are_unique_and_the_brand_tells_them_apart() -> None:
    """Two brands of the same bottle have different names; a third product gets a number."""
    twin = Labels(11, 103, "GROCERY", "National", "SOFT DRINKS", "SFT DRNK 2 LITER BTL CARB INCL", "2 L")
    assert unique_names([*BOTTLES, twin]) == {
        1: "Soft drink, 2 litre bottle (own brand)",
        2: "Soft drink, 2 litre bottle (brand 103, no. 1)",
        11: "Soft drink, 2 litre bottle (brand 103, no. 2)",
    }
