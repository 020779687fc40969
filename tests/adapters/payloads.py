"""Messages of foreign systems in their documented shape, every field that their field lists name, written by hand."""

import json
from datetime import UTC, datetime

TRACKABLE = "0a8b1c2d-3e4f-4a5b-8c6d-7e8f90a1b2c3"
TAG = "70:b3:d5:32:91:04"  # an UWB tag's MAC address
IRK = "irk:8b0f5e3f0c1d4a6c9e2b7d5a1f3c8e60"


def iso(ms: int) -> str:
    """A moment as omlox writes it."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def omlox_location(ms: int, x: float, y: float, **changes: object) -> bytes:
    """An omlox v2 Location of an UWB tag, with every optional field."""
    location: dict[str, object] = {
        "position": {"type": "Point", "coordinates": [x, y]},
        "source": "zone-northgate",
        "provider_type": "uwb",
        "provider_id": TAG,
        "trackables": [TRACKABLE],
        "timestamp_generated": iso(ms),
        "timestamp_sent": iso(ms + 40),
        "crs": "local",
        "associated": True,
        "accuracy": 0.4,
        "floor": 0,
        "true_heading": 12.5,
        "magnetic_heading": 10.1,
        "heading_accuracy": 5.0,
        "elevation_ref": "floor",
        "speed": 0.8,
        "course": 271.0,
        "properties": {"battery": 0.93},
    }
    return _json(location | changes)


def espresense_reading(distance: object, **changes: object) -> bytes:
    """What an ESPresense 4 node publishes of a phone."""
    reading: dict[str, object] = {
        "mac": "5f1c0e9a7b32",
        "id": IRK,
        "name": "Dave's phone",
        "rssi@1m": -65,
        "rssi": -74.21,
        "rxAdj": 0,
        "rssiVar": 5.12,
        "distance": distance,
        "var": 0.36,
        "close": True,
        "int": 812,
    }
    return _json(reading | changes)


def owntracks_location(ms: int, lat: float, lon: float, **changes: object) -> bytes:
    """A location of the OwnTracks app."""
    location: dict[str, object] = {
        "_type": "location",
        "BSSID": "60:e3:27:4d:11:8a",
        "SSID": "northgate",
        "acc": 9,
        "alt": 34,
        "batt": 81,
        "bs": 1,
        "conn": "w",
        "created_at": ms // 1000 + 1,
        "inregions": ["demo-market"],
        "lat": lat,
        "lon": lon,
        "m": 1,
        "t": "u",
        "tid": "DA",
        "tst": ms // 1000,
        "vac": 4,
        "vel": 0,
    }
    return _json(location | changes)


def owntracks_transition(ms: int, event: str, desc: str = "demo-market", **changes: object) -> bytes:
    """Entering or leaving a region of the OwnTracks app."""
    transition: dict[str, object] = {
        "_type": "transition",
        "wtst": 1_771_000_000,
        "lat": 52.5101,
        "lon": 13.3702,
        "tst": ms // 1000,
        "acc": 12.0,
        "tid": "DA",
        "event": event,
        "desc": desc,
        "rid": "6da9cf",
        "t": "c",
    }
    return _json(transition | changes)


def _json(fields: dict[str, object]) -> bytes:
    """Without the fields that a test took away by setting them to None."""
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()
