"""A store and its shoppers become JSON: the floor plan that the pages draw, what is sold, what is held of somebody."""

from collections.abc import Mapping, Sequence

import msgspec
from shapely import LineString, MultiPolygon, Polygon

from offer_engine.core.rules import RuleSet
from offer_engine.core.shopper import Shopper
from offer_engine.core.store_map import StoreMap

Json = dict[str, object]


def _ring(area: Polygon) -> list[list[float]]:
    return [[round(x, 3), round(y, 3)] for x, y in area.exterior.coords]


def _line(line: LineString) -> list[list[float]]:
    return [[round(x, 3), round(y, 3)] for x, y in line.coords]


def _polygons(area: MultiPolygon) -> list[list[list[float]]]:
    return [_ring(polygon) for polygon in area.geoms]


def floor_json(store: StoreMap, join_url: str) -> Json:
    """The floor plan, in metres of the store's frame."""
    return {
        "store": store.store,
        "label": store.label,
        "currency": store.currency,
        "timezone": store.timezone,
        "bounds": list(store.level.bounds),
        "level": _ring(store.level),
        "zones": [
            {"key": zone.key, "label": zone.label, "kind": zone.kind, "polygons": _polygons(zone.area)}
            for zone in store.zones.values()
        ],
        "fixtures": [{"key": shelf.key, "kind": shelf.kind, "ring": _ring(shelf.area)} for shelf in store.fixtures],
        "openings": [
            {"label": door.label, "direction": door.direction, "line": _line(door.line)} for door in store.openings
        ],
        "categories": [{"key": key, "label": label} for key, label in store.category_labels.items()],
        "join_url": join_url,
    }


def products_json(store: StoreMap, zone: str | None) -> Sequence[Json]:
    """What is sold in a zone, or in the whole store, by name."""
    sold = [product for product in store.products.values() if zone in (None, product.zone)]
    return [
        {
            "sku": product.sku,
            "name": product.name,
            "category": product.category,
            "zone": product.zone,
            "price_cents": product.price_cents,
        }
        for product in sorted(sold, key=lambda product: product.name)
    ]


def rules_json(rules: RuleSet, problems: Sequence[str], paused: Mapping[str, str]) -> Json:
    """The rules in force, what is wrong with the newest ones if they were refused, and which have paused themselves."""
    return {
        "version": rules.version,
        "problems": list(problems),
        "paused": dict(paused),
        "rules": [msgspec.to_builtins(rule) for rule in rules.rules],
    }


def shopper_json(state: Shopper) -> Json:
    """What the engine holds of one shopper, for developers."""
    visit = state.visit
    held = {
        "shopper": state.id,
        "consents": state.person.consents,
        "position": state.track,
        "zones": [stay.zone for stay in state.fence.stays if stay.entered],
        "visit": None if visit is None else visit.id,
        "basket": [] if visit is None else visit.basket,
        "muted_until": state.person.muted_until,
        "muted_rules": state.person.muted_rules,
        "muted_categories": state.person.muted_categories,
        "deliveries": state.person.deliveries,
    }
    found: Json = msgspec.to_builtins(held)
    return found
