"""Turns `cast.toml` into the demo's named shoppers and what they bought before.

The cast is data: where they stand when the day begins, what they came for, what they like and what they usually buy. A
stop, a taste or a habit that the store does not know is an error, so that the cast does not quietly fall apart when the
store's range changes. In another store than the cast's own nobody is booked.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from beacon_sim.past import Span, visit_times
from beacon_sim.population import Browse, Buy, Consents, Persona, PurchaseRow, Stop
from offer_engine.core.store_map import StoreMap
from offer_engine.errors import SettingsError

_CAST_HISTORY = 103  # matter of the history's generators; part of the seed


class _Stop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    buy: str | None = None
    browse: str | None = None
    qty: int = 1
    linger_s: float | None = None
    at: tuple[float, float] | None = None


class _Shopper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    token: str
    label: str
    arrives_s: float
    stops: list[_Stop]
    consents: Consents
    tastes: dict[str, float]
    usual: dict[str, float]
    shops_every_days: float
    speed_m_s: float = 0.95
    fix_ms: int = 500
    starts_at: tuple[float, float] | None = None


class _Cast(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    store: str
    shopper: list[_Shopper]


@dataclass(frozen=True, slots=True)
class Member:
    """One of the cast: today's persona, and the habits that the past follows from."""

    persona: Persona
    usual: Mapping[str, float]  # sku -> share of the visits on which it is bought, in [0, 1]
    shops_every_days: float


def load_cast(store: StoreMap, text: str | None = None) -> tuple[Member, ...]:
    """The cast booked for `store`, from `text` or else from the package's `cast.toml`; empty in another store.

    Raises:
        SettingsError: the file is not TOML of the right shape, or names what the store does not have.
    """
    if text is None:
        text = files("beacon_sim").joinpath("cast.toml").read_text(encoding="utf-8")
    try:
        cast = msgspec.convert(tomllib.loads(text), _Cast)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise SettingsError(f"cast.toml: {error}") from None
    if cast.store != store.store:
        return ()
    unknown = sorted({f"{shopper.token}: {name}" for shopper in cast.shopper for name in _unknown(shopper, store)})
    if unknown:
        raise SettingsError(f"cast.toml: {store.store} does not have {', '.join(unknown)}")
    return tuple(Member(_persona(shopper), shopper.usual, shopper.shops_every_days) for shopper in cast.shopper)


def cast_history(
    members: tuple[Member, ...], store: StoreMap, seed: int, until_ms: int, days: int
) -> Iterator[PurchaseRow]:
    """What the cast bought in the `days` before `until_ms`, shopper by shopper, oldest first."""
    span = Span(until_ms, days, ZoneInfo(store.timezone))
    for number, member in enumerate(members):
        rng = np.random.default_rng([seed, _CAST_HISTORY, number])
        shopper = member.persona.shopper
        for visit, at_ms in enumerate(visit_times(span, days / member.shops_every_days, rng)):
            chances = rng.random(len(member.usual)).tolist()
            for (sku, share), chance in zip(member.usual.items(), chances, strict=True):
                if chance < share:
                    price_cents = store.products[sku].price_cents
                    yield PurchaseRow(shopper, at_ms, f"{shopper}-h{visit}", sku, 1, price_cents)


def _unknown(shopper: _Shopper, store: StoreMap) -> Iterator[str]:
    """What a cast member needs and the store does not have."""
    known = store.products.keys() | store.category_labels.keys()
    yield from (stop.buy for stop in shopper.stops if stop.buy is not None and stop.buy not in store.products)
    yield from (stop.browse for stop in shopper.stops if stop.browse is not None and stop.browse not in store.zones)
    yield from (sku for sku in shopper.usual if sku not in store.products)
    yield from (what for what in shopper.tastes if what not in known)


def _persona(shopper: _Shopper) -> Persona:
    return Persona(
        shopper=shopper.token,
        label=shopper.label,
        kind="cast",
        mission=tuple(_stop(stop) for stop in shopper.stops),
        tastes=shopper.tastes,
        consents=shopper.consents,
        speed_m_s=shopper.speed_m_s,
        fix_ms=shopper.fix_ms,
        is_planned=True,
        arrives_s=shopper.arrives_s,
        starts_at=shopper.starts_at,
    )


def _stop(stop: _Stop) -> Stop:
    if stop.buy is not None and stop.browse is None:
        return Buy(stop.buy, stop.qty, stop.linger_s)
    if stop.browse is not None and stop.buy is None and stop.linger_s is not None:
        return Browse(stop.browse, stop.linger_s, stop.at)
    raise SettingsError("cast.toml: a stop is either {buy = sku} or {browse = zone, linger_s = seconds}")
