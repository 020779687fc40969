"""The wire's types become one AsyncAPI 3.0 document: every topic, both websocket directions, every field and range.

Generated, never edited: `python -m offer_engine schema` writes `docs/asyncapi.json`, and a test fails when the types
have moved on.
"""

import json
from importlib.metadata import version

import msgspec
from msgspec import StructMeta

from offer_engine.messages import (
    TYPE_BY_LEAF,
    Bye,
    Cart,
    ConsentChange,
    EngineStatus,
    Explanation,
    Hello,
    Here,
    Moved,
    Mute,
    Offer,
    Receipt,
    Refused,
    Rejected,
    Unmute,
    Welcome,
    Why,
    ZoneEvent,
    rejected_topic,
    shopper_topic,
    status_topic,
    subscriptions,
    zone_topic,
)

Json = dict[str, object]

UP: tuple[StructMeta, ...] = (Hello, Receipt, Mute, Unmute, ConsentChange, Why, Moved, Cart, Bye)
DOWN: tuple[StructMeta, ...] = (Welcome, Offer, Here, Explanation, Refused, Bye)
MQTT: tuple[StructMeta, ...] = (*TYPE_BY_LEAF.values(), Offer, ZoneEvent, EngineStatus, Rejected)
SAID: tuple[tuple[str, StructMeta], ...] = (
    ("offer", Offer),
    ("zone_event", ZoneEvent),
    ("status", EngineStatus),
    ("rejected", Rejected),
)
_REF = "#/components/schemas/{name}"


def asyncapi() -> Json:
    """The document as JSON values."""
    kinds = list(dict.fromkeys((*MQTT, *UP, *DOWN)))
    _, schemas = msgspec.json.schema_components(kinds, ref_template=_REF)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Aislewise",
            "version": version("aislewise"),
            "description": (
                "What a store, its shoppers' phones and the offer engine say to one another. Times are integer "
                "milliseconds since the Unix epoch, places are metres in the store's frame."
            ),
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "channels": {**_mqtt_channels(), "phone": _phone_channel()},
        "operations": _operations(),
        "components": {
            "messages": {kind.__name__: _message(kind) for kind in kinds},
            "schemas": dict(sorted(schemas.items())),
            "parameters": {
                "store": {"description": "The store's id: 1 to 64 of A-Z a-z 0-9 _ -"},
                "shopper": {"description": "A pseudonymous token of the same form, never a name"},
                "zone": {"description": "The key of a geofence of the floor plan, of the same form"},
            },
        },
    }


def asyncapi_text() -> str:
    """The document as it stands in `docs/asyncapi.json`."""
    return json.dumps(asyncapi(), indent=2, ensure_ascii=False) + "\n"


def _message(kind: StructMeta) -> Json:
    summary = (kind.__doc__ or "").strip().splitlines()[0]
    return {"name": kind.__name__, "summary": summary, "payload": {"$ref": _REF.format(name=kind.__name__)}}


def _mqtt_channels() -> Json:
    qos = dict(subscriptions("{store}"))
    channels: Json = {}
    for leaf, kind in TYPE_BY_LEAF.items():
        address = shopper_topic("{store}", "{shopper}", leaf)
        channels[leaf] = _topic(address, kind, qos[shopper_topic("{store}", "+", leaf)])
    channels["offer"] = _topic(shopper_topic("{store}", "{shopper}", "offer"), Offer, 1)
    channels["zone_event"] = _topic(zone_topic("{store}", "{zone}"), ZoneEvent, 1)
    channels["status"] = _topic(status_topic("{store}"), EngineStatus, 1, retained=True)
    channels["rejected"] = _topic(rejected_topic("{store}"), Rejected, 0)
    return channels


def _topic(address: str, kind: StructMeta, qos: int, *, retained: bool = False) -> Json:
    named = [name for name in ("store", "shopper", "zone") if f"{{{name}}}" in address]
    return {
        "address": address,
        "description": f"MQTT, QoS {qos}{', retained; also the last will' if retained else ''}",
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in named},
        "messages": _messages((kind,)),
    }


def _phone_channel() -> Json:
    return {
        "address": "/ws/phone",
        "description": "A websocket, one JSON message a text frame. The phone speaks first: hello.",
        "messages": _messages(tuple(dict.fromkeys((*UP, *DOWN)))),
    }


def _messages(kinds: tuple[StructMeta, ...]) -> Json:
    return {kind.__name__: {"$ref": f"#/components/messages/{kind.__name__}"} for kind in kinds}


def _operations() -> Json:
    """From the engine's point of view, as AsyncAPI asks of an application."""
    operations: Json = {}
    for leaf, kind in TYPE_BY_LEAF.items():
        operations[f"on_{leaf}"] = _operation("receive", leaf, (kind,))
    for name, kind in SAID:
        operations[f"send_{name}"] = _operation("send", name, (kind,))
    operations["from_phone"] = _operation("receive", "phone", UP)
    operations["to_phone"] = _operation("send", "phone", DOWN)
    return operations


def _operation(action: str, channel: str, kinds: tuple[StructMeta, ...]) -> Json:
    messages = [{"$ref": f"#/channels/{channel}/messages/{kind.__name__}"} for kind in kinds]
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "messages": messages}
