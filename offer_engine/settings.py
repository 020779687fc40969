"""Flags and environment become one frozen `Settings`; nothing else reads the environment.

A flag beats its variable, a variable beats the default. An unknown variable with our prefix is an error: it is nearly
always a misspelt one, and silence would hide it.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from offer_engine.adapters.listening import FILTERS
from offer_engine.errors import SettingsError

DEFAULT_PORT = 8600
PREFIX = "AISLEWISE_"
OTHER_VARIABLES = frozenset({"TOKEN", "REQUIRE_MOSQUITTO", "REQUIRE_BROWSER", "REQUIRE_DATA", "NO_SKIPS"})


@dataclass(frozen=True, slots=True)
class Settings:
    """How one engine runs. Whatever a retailer may change is data in the store's folder, not here."""

    store: str = "maps/demo-market"  # folder of the store
    broker: str = "mqtt://127.0.0.1:1883"  # mqtt://[user:password@]host[:port]
    host: str = "127.0.0.1"  # address to listen on; 0.0.0.0 lets phones on the network in
    port: int = DEFAULT_PORT  # HTTP and websockets
    db: str = "build/ledger.db"  # the SQLite file
    ingest: str = "gmqtt"  # gmqtt or paho
    tracking: str = "raw"  # raw: zones by the fixes as they come; grid: by a belief that knows shelves and noise
    clock: str = "wall"  # wall, or event: the newest event is now (replays, faster than real time)
    listen: str = ""  # other systems to hear: omlox, espresense, owntracks, comma separated
    zone_events: str = "on"  # on: tell anyone on the broker who comes into a zone and leaves it; off: tell nobody
    pairing: str = "loopback"  # who may claim an existing shopper's phone: loopback, or open
    phone_key: str = ""  # secret behind the phones' tokens; made and kept in the ledger when empty
    follow: str = "dave,ana,chloe"  # shoppers whose phones the live page shows, at most three
    public_url: str = ""  # what a phone's camera should open; found out when empty
    log_level: str = "info"  # debug, info, warning or error

    @property
    def systems(self) -> tuple[str, ...]:
        """The other systems to listen to, each once."""
        return tuple(dict.fromkeys(name.strip() for name in self.listen.split(",") if name.strip()))

    @property
    def store_folder(self) -> Path:
        """The store's folder."""
        return Path(self.store)


CHOICES = {
    "ingest": ("gmqtt", "paho"),
    "tracking": ("raw", "grid"),
    "clock": ("wall", "event"),
    "zone_events": ("on", "off"),
    "pairing": ("loopback", "open"),
    "log_level": ("debug", "info", "warning", "error"),
}


def read_settings(environment: Mapping[str, str], flags: Mapping[str, str | int | None]) -> Settings:
    """Merge flags (None: not given) over the environment over the defaults.

    Raises:
        SettingsError: an unknown variable, or a value that cannot be used.
    """
    known = [field.name for field in fields(Settings)]
    values: dict[str, str | int] = {}
    for variable, value in environment.items():
        if variable.startswith(PREFIX) and variable.removeprefix(PREFIX) not in OTHER_VARIABLES:
            name = variable.removeprefix(PREFIX).lower()
            if name not in known:
                raise SettingsError(f"unknown variable {variable}{_suggest(name, known)}")
            values[name] = value
    values |= {name: value for name, value in flags.items() if value is not None}
    for name, choices in CHOICES.items():
        if values.get(name, choices[0]) not in choices:
            raise SettingsError(f"{name} is {values[name]!r}; expected {' or '.join(choices)}")
    settings = Settings(**_typed(values))  # type: ignore[arg-type]  # _typed gives each field its own type
    _check_systems(settings)
    return settings


def _check_systems(settings: Settings) -> None:
    for name in settings.systems:
        if name not in FILTERS:
            raise SettingsError(f"listen names {name!r}; expected {', '.join(FILTERS)}, or some of them")
    if "espresense" in settings.systems and settings.clock != "wall":
        raise SettingsError("listen espresense needs clock wall: its messages carry no time of their own")
    if "espresense" in settings.systems and settings.tracking != "grid":
        raise SettingsError("listen espresense needs tracking grid: its messages tell distances, and no places")


def _typed(values: Mapping[str, str | int]) -> dict[str, str | int]:
    port = values.get("port", DEFAULT_PORT)
    try:
        number = int(port)
    except ValueError:
        raise SettingsError(f"port is {port!r}; expected a number") from None
    if not 0 <= number <= 65535:
        raise SettingsError(f"port is {number}; expected 0 to 65535")
    return {**values, "port": number}


def _suggest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {PREFIX}{close[0].upper()}?" if close else ""
