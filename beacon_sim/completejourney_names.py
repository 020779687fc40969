"""Turns the Complete Journey's shouted, shortened labels into names that a shopper can read.

The data names no product: there is a type cut at 30 characters (`SFT DRNK 2 LITER BTL CARB INCL`), a package size and
whether the brand is national or the chain's own. From these a name is made ("Soft drink, 2 litre bottle"), with the
size where the type does not say it. Hand-written names for what sells are data, in `completejourney_names.toml`; the
rest is cleaned word by word.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

LARGEST_SIZE = 2000  # a larger number in a package size is the maker's order number, except in millilitres
LOOSE_DEPARTMENTS = frozenset({"PRODUCE", "MEAT", "SEAFOOD", "DELI", "TRAVEL & LEISURE", "SALAD BAR", "FLORAL"})
OWN_BRAND = "Own brand"


@dataclass(frozen=True, slots=True)
class Labels:
    """What the data says about one product."""

    product: int
    maker: int
    department: str
    brand: str  # "Private" for the chain's own, "National" for all others
    category: str
    type: str
    size: str  # "" when it has none


@dataclass(frozen=True, slots=True)
class _Table:
    categories: Mapping[str, str]
    types: Mapping[str, str]
    types_in: Mapping[str, Mapping[str, str]]
    words: Mapping[str, str]


@cache
def _table() -> _Table:
    text = files("beacon_sim").joinpath("completejourney_names.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return _Table(table["categories"], table["types"], table["types_in"], table["words"])


def category_label(category: str) -> str:
    """Name a product category.

    >>> category_label("FRZN VEGETABLE/VEG DSH"), category_label("SNACK NUTS")
    ('Frozen vegetables', 'Snack nuts')
    """
    return _table().categories.get(category) or clean(category)


def category_key(category: str) -> str:
    """Key of a product category, an id of the wire.

    >>> category_key("FRZN MEAT/MEAT DINNERS")
    'frozen-meals'
    """
    return re.sub(r"[^a-z0-9]+", "-", category_label(category).lower()).strip("-")


def type_name(category: str, kind: str) -> str:
    """Name a product type, which means different things in different categories.

    >>> type_name("ICE CREAM/MILK/SHERBTS", "PREMIUM"), type_name("BACON", "PREMIUM")
    ('Premium ice cream', 'Bacon')
    >>> type_name("OLIVES", "MISCELLANEOUS")
    'Olives'
    """
    table = _table()
    known = table.types_in.get(category, {}).get(kind) or table.types.get(kind)
    return known or clean(kind) or category_label(category)


def clean(label: str) -> str:
    """Clean a label word by word; "" when nothing but filler is left.

    >>> clean("FRZN WTR ICE (EXCL. PREM"), clean("FOOD-MAGAZINE"), clean("MISC."), clean("POP TARTS/WAFFLES/TOAST")
    ('Frozen water ice', 'Food magazine', '', 'Pop tarts, waffles and toast')
    """
    text = re.sub(r"\(.*?(\)|$)", " ", label.upper())
    text = re.sub(r"\s*-MAGAZINE$", " MAGAZINE", text)
    text = re.sub(r"\s+-\s*|\s*-\s+|\s*:\s*", " , ", text)
    text = re.sub(r"\s*[/&]\s*", " / ", text)
    words = [_word(word) for word in re.findall(r"[A-Z0-9][A-Z0-9.%'-]*|[,/]", text)]
    parts = [" ".join(filter(None, part.split(" "))) for part in " ".join(words).split(",")]
    name = ", ".join(filter(None, (_listed(part) for part in parts)))
    return name[:1].upper() + name[1:]


def _word(word: str) -> str:
    return _table().words.get(word.rstrip("."), word.lower())


def _listed(part: str) -> str:
    """Turn `a / b / c` into "a, b and c"."""
    items = [item for item in (piece.strip() for piece in part.split("/")) if item]
    return " and ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))


# --- package sizes ----------------------------------------------------------------------------------------------------

_NUMBER = r"(\d+ \d/\d|\d+/\d+|\d*\.?\d+)"
_UNITS = {
    "OZ": "oz", "OZS": "oz", "FL OZ": "oz",
    "O": "oz", "Z": "oz", "LB": "lb", "LBS": "lb", "L": "litre", "LT": "litre", "LITER": "litre",
    "ML": "ml", "GA": "gallon", "GAL": "gallon", "GALON": "gallon", "QT": "quart", "PT": "pint", "G": "g", "GM": "g",
    "SQ FT": "sq ft", "FT": "ft", "IN": "inch", "LOAD": "loads", "LOADS": "loads", "LD": "loads", "LDS": "loads",
    "CT": "pieces", "PC": "pieces", "PCS": "pieces", "PK": "pack", "PKS": "pack", "P": "pack", "STEM": "stems",
    "STEMS": "stems", "DZ": "dozen", "DOZ": "dozen", "CUP": "cups", "REC OZ": "oz",
}  # fmt: skip
_COUNTS = frozenset({"pieces", "pack"})
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
_STRAY = re.compile(r"^(?:[A-Z]{1,2}|\(\d+\)|\d{5,})\s+(?=[\d.])")  # a maker's code before the size
_MANY_OF = re.compile(rf"(\d+)\s*(PK|P|CT)\s*/?\s*{_NUMBER}?\s*({_UNIT})\b")
_OF_MANY = re.compile(rf"{_NUMBER}\s*({_UNIT})\s*/\s*(\d+)\s*(PK|CT)\b")
_TIMES = re.compile(rf"(\d+)\s*[-/]\s*{_NUMBER}\s*(OZ)\b")
_PLAIN = re.compile(rf"{_NUMBER}?\s*({_UNIT})\b")


def readable_size(size: str) -> str:
    """Make a package size readable; "" when it says nothing that helps.

    >>> [readable_size(size) for size in ("12 PK/12 OZ", "L    16 OZ", ".5 L", "8 1/2 OZ", "DZ", "974246  PK", "1 CT")]
    ['12 x 12 oz', '16 oz', '0.5 litre', '8 1/2 oz', 'dozen', '', '']
    """
    text = _STRAY.sub("", size.strip().upper())
    if match := _MANY_OF.match(text):
        return _several(match[1], match[2], match[3], match[4])
    if match := _OF_MANY.match(text):
        return _several(match[3], match[4], match[1], match[2])
    if (match := _TIMES.match(text)) and not re.match(r"1-", text) and not re.match(r"1/\d", text):
        return _several(match[1], "PK", match[2], match[3])
    if match := _PLAIN.match(text):
        return _one(match[1], _UNITS[match[2]])
    return ""


def _several(count: str, count_unit: str, number: str | None, unit: str) -> str:
    """A pack of several; of pieces in one bag ("8 CT/13 OZ") the weight is the whole bag's."""
    each = _one(number or "1", _UNITS[unit])
    if not each or int(count) in {0, 1}:
        return each
    is_each = count_unit != "CT" or _UNITS[unit] in {"gallon", "quart", "pint"}
    return f"{count} x {each}" if is_each else each


def _one(number: str | None, unit: str) -> str:
    if number is None:
        return {"pint": "1 pint", "quart": "1 quart", "gallon": "1 gallon", "dozen": "dozen"}.get(unit, "")
    if "/" not in number:
        amount = float(number)
        if amount == 0 or (amount > LARGEST_SIZE and unit != "ml") or (unit in _COUNTS and amount == 1):
            return ""
        number = f"{amount:g}"
    if unit == "pack":
        return f"pack of {number}"
    if unit == "dozen":
        return "dozen" if number == "1" else f"{number} dozen"
    return {"1/2 gallon": "half gallon", "1/2 pint": "half pint"}.get(f"{number} {unit}", f"{number} {unit}")


# --- products ---------------------------------------------------------------------------------------------------------


def brand_name(labels: Labels) -> str:
    """Name a brand: the data has only a number for each maker, and whether it is the chain's own."""
    return OWN_BRAND if labels.brand == "Private" else f"Brand {labels.maker}"


def product_name(labels: Labels) -> str:
    """Name a product by type and size; several products may share such a name.

    >>> product_name(Labels(1, 69, "GROCERY", "Private", "BAG SNACKS", "POTATO CHIPS", "11.5 OZ"))
    'Potato chips, 11.5 oz'
    """
    name = type_name(labels.category, labels.type)
    size = readable_size(labels.size)
    if not size or re.search(r"\d", name):
        return name
    # Fresh goods are sold by weight or piece; their size in the data is the crate's ("40 LB" of bananas).
    if labels.department in LOOSE_DEPARTMENTS and not re.search(r"oz|pint", size):
        return name
    return f"{name}, {size}"


def unique_names(products: Iterable[Labels]) -> dict[int, str]:
    """Name products so that no two names are the same, by product number.

    Where a name is shared, the brand is added; where that does not tell them apart, a number, in the order given.

    >>> brands = {1: "National", 2: "National", 3: "Private"}
    >>> chips = [Labels(n, 5, "GROCERY", brands[n], "BAG SNACKS", "POTATO CHIPS", "11 OZ") for n in brands]
    >>> list(unique_names(chips).values())
    ['Potato chips, 11 oz (brand 5, no. 1)', 'Potato chips, 11 oz (brand 5, no. 2)', 'Potato chips, 11 oz (own brand)']
    """
    by_name: dict[str, list[Labels]] = defaultdict(list)
    for labels in products:
        by_name[product_name(labels)].append(labels)
    names = {}
    for name, group in by_name.items():
        if len(group) == 1:
            names[group[0].product] = name
            continue
        by_brand: dict[str, list[int]] = defaultdict(list)
        for labels in group:
            brand = brand_name(labels)
            by_brand[brand[0].lower() + brand[1:]].append(labels.product)
        for brand, numbers in by_brand.items():
            for place, product in enumerate(numbers, start=1):
                which = f"{brand}, no. {place}" if len(numbers) > 1 else brand
                names[product] = f"{name} ({which})"
    return names
