"""What an offer rule may say becomes a JSON Schema, by which an editor completes and checks `offers.toml` while typing.

Generated, never edited: `python -m offer_engine schema` writes `docs/offers.schema.json`, from the limits by which the
parser refuses. The schema knows the form of a rule; whether its zones and products exist, whether it can ever fire and
what it costs, only the engine can say, and it still says it. TOML's dates are taken for strings, as editors do.
"""

import json
from collections.abc import Mapping

from offer_engine.core.record import MAX_TEXT
from offer_engine.core.rule_fields import (
    ALL_DAY,
    BENEFITS,
    BUDGET,
    CENTS,
    CHOICES,
    COOLDOWN_H,
    DEFAULT_PER_VISIT,
    DEFAULT_TIMES,
    HOURS,
    PER_VISIT,
    PERCENT_OFF,
    PIECES,
    PLACES,
    TIMES,
    TRANSITIONS,
    VALID_S,
)

Json = dict[str, object]


def rules_schema() -> Json:
    """The schema as JSON values, of the 2020-12 draft."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Offer rules",
        "description": "The offers.toml of a store: one [[offer]] a rule; their order means nothing.",
        "type": "object",
        "properties": {"offer": {"type": "array", "items": {"$ref": "#/$defs/offer"}}},
        "additionalProperties": False,
        "$defs": {
            "offer": _offer(),
            "key": _said("A key of the store's files.", type="string", pattern="^[A-Za-z0-9_-]{1,64}$"),
            "keys": {"type": "array", "items": {"$ref": "#/$defs/key"}, "uniqueItems": True},
            "text": {"type": "string", "minLength": 1, "maxLength": MAX_TEXT, "pattern": r"\S"},
        },
    }


def rules_schema_text() -> str:
    """The schema as it stands in `docs/offers.schema.json`."""
    return json.dumps(rules_schema(), indent=2, ensure_ascii=False) + "\n"


def _offer() -> Json:
    fields = {**_names(), **_conditions(), **_gains(), **_limits()}
    return {
        "type": "object",
        "properties": fields,
        "required": ["id", "label", "owner", "starts", "ends", "transition"],
        "additionalProperties": False,
        "allOf": [_exactly_one(PLACES), _exactly_one(CHOICES), _exactly_one(BENEFITS)],
    }


def _names() -> Json:
    return {
        "id": _key("The rule's key: in records, in mutes, on the wire."),
        "label": _text("Its name, for people."),
        "owner": _text("Who answers for it."),
        "starts": _said("First day, store time; a date without quotes.", type="string", format="date"),
        "ends": _said("Last day, included, store time; a date without quotes.", type="string", format="date"),
        "hours": _said(
            "From (included) until (not included), store time. Over midnight write two rules.",
            type="string",
            pattern=f"^(?:{HOURS})$",
            default=ALL_DAY,
        ),
    }


def _conditions() -> Json:
    return {
        "zone": _key("Where it applies: the key of a zone."),
        "zones": {**_keys("Where it applies: keys of zones."), "minItems": 1},
        "transition": _said("What sets it off.", enum=list(TRANSITIONS)),
        "has": _keys("Categories or skus that must all be in the cart."),
        "lacks": _keys("Categories or skus none of which may be in the cart."),
        "bought": _table(
            "Only who has bought this category or sku so many times. Needs consent to history.",
            {
                "what": _key("A category or sku."),
                "times": _whole("Baskets that held it, at least.", TIMES, DEFAULT_TIMES),
            },
            ["what"],
        ),
        "product": _key("Offer this sku."),
        "category": _key("Offer the best of this category in the zone."),
        "favourite_in": _key("Offer one that the shopper has bought of this category. Needs consent to history."),
    }


def _gains() -> Json:
    return {
        "percent_off": _whole("Percent off.", PERCENT_OFF),
        "amount_off_cents": _whole("Cents off one piece.", CENTS),
        "multi_buy": _table(
            "So many pieces for so many cents.",
            {"pieces": _whole("Pieces.", PIECES), "for_cents": _whole("Cents for all of them.", CENTS)},
            ["pieces", "for_cents"],
        ),
        "basket_threshold": _table(
            "What every cart worth so much gets, said to those who are close. Needs consent to the basket.",
            {
                "spend_cents": _whole("From this value of the cart on, in cents.", CENTS),
                "gives": _text("What the shopper gets, as they read it in a sentence: free delivery."),
                "within_cents": _whole("Said while no more than this is missing; less than spend_cents.", CENTS),
                "costs_cents": _whole("What giving it costs the store.", CENTS),
            },
            ["spend_cents", "gives", "within_cents", "costs_cents"],
        ),
        "reminder": _said("No discount, a plain reminder.", const=True),
        "below_cost": _said("Selling below cost is meant.", type="boolean", default=False),
    }


def _limits() -> Json:
    return {
        "per_visit": _whole("Deliveries of this rule a visit, at most.", PER_VISIT, DEFAULT_PER_VISIT),
        "cooldown_h": {
            **_said("Hours until the same shopper may get it again; the store's without it.", type="number"),
            "minimum": COOLDOWN_H[0],
            "maximum": COOLDOWN_H[1],
        },
        "valid_s": _whole("Seconds until the offer expires; the store's without it.", VALID_S),
        "budget": _whole("Deliveries in all; without it there is no limit.", BUDGET),
    }


def _said(description: str, **rest: object) -> Json:
    return {"description": description, **rest}


def _key(description: str) -> Json:
    return _said(description, **{"$ref": "#/$defs/key"})


def _keys(description: str) -> Json:
    return _said(description, **{"$ref": "#/$defs/keys"})


def _text(description: str) -> Json:
    return _said(description, **{"$ref": "#/$defs/text"})


def _whole(description: str, limits: tuple[int, int], default: int | None = None) -> Json:
    field = _said(description, type="integer", minimum=limits[0], maximum=limits[1])
    return field if default is None else {**field, "default": default}


def _table(description: str, fields: Mapping[str, object], needed: list[str]) -> Json:
    return _said(description, type="object", properties=dict(fields), required=needed, additionalProperties=False)


def _exactly_one(fields: tuple[str, ...]) -> Json:
    return {"oneOf": [{"required": [field]} for field in fields]}
