"""All measurements become one flat record: `build/bench.json`, and a table that says which goals were met.

Ratios are taken within a round, so that a machine that is slow for a while is slow for both sides; what is reported is
the median of the rounds.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

import msgspec
from rich.table import Table

from bench.latency import Latency, Stall, Through
from bench.scaling import Size
from bench.throughput import EngineRate, Rate


@dataclass(frozen=True, slots=True)
class Round:
    """Everyone's rate on the same feed, one after the other."""

    paho: Rate
    gmqtt: Rate
    engine: EngineRate
    engine_on_paho: EngineRate | None


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was measured; rates in positions a second, costs in us of CPU a position, delays in ms."""

    ratio_to_bare_paho: float
    ratio_to_bare_gmqtt: float
    cpu_us_per_position: float
    p50_above_broker_ms: float
    p99_above_broker_ms: float
    rss_mb: float
    rss_peak_mb: float
    lost_after_stall: int
    baskets_lost_after_stall: int
    flat_shoppers: float
    flat_zones: float
    decision_share: float
    offer_share: float
    offers_on_disk: int
    offers_on_phones: int
    ledger_behind_s: float
    cpu_ratio_to_bare_paho: float  # its cost over the engine's: less at the mercy of what else runs than rates are
    cpu_ratio_to_bare_gmqtt: float
    engine_per_s: float
    bare_paho_per_s: float
    bare_paho_cpu_us: float
    bare_gmqtt_per_s: float
    bare_gmqtt_cpu_us: float
    engine_on_paho_per_s: float | None
    engine_on_paho_cpu_us: float | None
    through_broker_per_s: float
    through_broker_cpu_us: float
    through_broker_lost: int
    broker_p50_ms: float
    broker_p99_ms: float
    phone_p50_ms: float
    phone_p99_ms: float
    phone_samples: int
    cpu_us_at_5000_per_s: float
    cpu_us_by_shoppers: dict[int, float]
    cpu_us_by_zones: dict[int, float]
    rounds: int
    cores: int
    load_average: tuple[float, float]  # of the last minute, before and after


def middle(values: Iterable[float]) -> float:
    """The median, to four significant digits."""
    return float(f"{median(values):.4g}")


def throughput_fields(rounds: list[Round]) -> dict[str, float | int | None]:
    """What the rounds of the flood say."""
    engines = [one.engine for one in rounds]
    on_paho = [one.engine_on_paho.rate for one in rounds if one.engine_on_paho is not None]
    return {
        "ratio_to_bare_paho": middle(one.engine.rate.per_s / one.paho.per_s for one in rounds),
        "ratio_to_bare_gmqtt": middle(one.engine.rate.per_s / one.gmqtt.per_s for one in rounds),
        "cpu_us_per_position": middle(one.rate.cpu_us for one in engines),
        "rss_mb": max(one.rss_mb for one in engines),
        "rss_peak_mb": max(one.rss_peak_mb for one in engines),
        "decision_share": middle(one.decision_share for one in engines),
        "offer_share": middle(one.offer_share for one in engines),
        "offers_on_disk": sum(one.offers for one in engines),
        "offers_on_phones": sum(one.pushed for one in engines),
        "ledger_behind_s": middle(one.behind_s for one in engines),
        "cpu_ratio_to_bare_paho": middle(one.paho.cpu_us / one.engine.rate.cpu_us for one in rounds),
        "cpu_ratio_to_bare_gmqtt": middle(one.gmqtt.cpu_us / one.engine.rate.cpu_us for one in rounds),
        "engine_per_s": middle(one.rate.per_s for one in engines),
        "bare_paho_per_s": middle(one.paho.per_s for one in rounds),
        "bare_paho_cpu_us": middle(one.paho.cpu_us for one in rounds),
        "bare_gmqtt_per_s": middle(one.gmqtt.per_s for one in rounds),
        "bare_gmqtt_cpu_us": middle(one.gmqtt.cpu_us for one in rounds),
        "engine_on_paho_per_s": middle(rate.per_s for rate in on_paho) if on_paho else None,
        "engine_on_paho_cpu_us": middle(rate.cpu_us for rate in on_paho) if on_paho else None,
    }


def latency_fields(runs: list[Latency]) -> dict[str, float | int]:
    """What the steady streams say; differences are taken within a run."""
    return {
        "p50_above_broker_ms": middle(run.phone.p50_ms - run.broker.p50_ms for run in runs),
        "p99_above_broker_ms": middle(run.phone.p99_ms - run.broker.p99_ms for run in runs),
        "broker_p50_ms": middle(run.broker.p50_ms for run in runs),
        "broker_p99_ms": middle(run.broker.p99_ms for run in runs),
        "phone_p50_ms": middle(run.phone.p50_ms for run in runs),
        "phone_p99_ms": middle(run.phone.p99_ms for run in runs),
        "phone_samples": sum(run.phone.count for run in runs),
        "cpu_us_at_5000_per_s": middle(run.cpu_us for run in runs),
    }


def scaling_fields(costs: dict[Size, list[float]]) -> dict[str, float | dict[int, float]]:
    """What the curves say: the dearest size over the cheapest, 1 is flat."""
    found = {size: middle(values) for size, values in costs.items()}
    by_shoppers = {size.shoppers: cost for size, cost in sorted(found.items()) if size.zones == 20}
    by_zones = {size.zones: cost for size, cost in sorted(found.items()) if size.shoppers == 500}
    return {
        "flat_shoppers": middle([max(by_shoppers.values()) / min(by_shoppers.values())]),
        "flat_zones": middle([max(by_zones.values()) / min(by_zones.values())]),
        "cpu_us_by_shoppers": by_shoppers,
        "cpu_us_by_zones": by_zones,
    }


def stall_fields(stalled: Stall, through: list[Through]) -> dict[str, float | int]:
    """What the stall, and the flood through the broker, say."""
    return {
        "lost_after_stall": stalled.positions_lost,
        "baskets_lost_after_stall": stalled.baskets_lost,
        "through_broker_per_s": middle(one.per_s for one in through),
        "through_broker_cpu_us": middle(one.cpu_us for one in through),
        "through_broker_lost": sum(one.lost for one in through),
    }


@dataclass(frozen=True, slots=True)
class Goal:
    """One number to reach."""

    field: str
    label: str
    goal: str
    is_met: Callable[[float], bool]


GOALS = (
    Goal("ratio_to_bare_paho", "engine over bare paho with json", "at least 1.5", lambda v: v >= 1.5),
    Goal("ratio_to_bare_gmqtt", "engine over bare gmqtt with msgspec", "at least 0.5", lambda v: v >= 0.5),
    Goal("cpu_us_per_position", "CPU a position, us", "at most 12", lambda v: v <= 12),
    Goal(
        "p50_above_broker_ms",
        "publish to phone at 5,000/s, p50 above the broker's, ms",
        "at most 0.5",
        lambda v: v <= 0.5,
    ),
    Goal("p99_above_broker_ms", "the same, p99", "at most 5", lambda v: v <= 5),
    Goal("lost_after_stall", "positions lost by a stall of 4 s", "0", lambda v: v == 0),
    Goal("baskets_lost_after_stall", "baskets lost by it", "0", lambda v: v == 0),
    Goal("flat_shoppers", "cost from 50 to 5,000 shoppers, dearest over cheapest", "at most 1.2", lambda v: v <= 1.2),
    Goal("flat_zones", "cost from 20 to 2,000 zones, the same", "at most 1.2", lambda v: v <= 1.2),
    Goal("rss_mb", "memory with 500 phones, MB", "below 150", lambda v: v < 150),
)


def table(results: Results) -> Table:
    """The goals, and behind them every other figure."""
    figures: dict[str, object] = msgspec.to_builtins(results)
    made = Table(title=f"bench: median of {results.rounds} rounds, {results.cores} cores")
    for heading in ("figure", "measured", "goal", ""):
        made.add_column(heading, justify="right" if heading == "measured" else "left")
    for goal in GOALS:
        value = figures.pop(goal.field)
        met = isinstance(value, float | int) and goal.is_met(value)
        made.add_row(goal.label, _shown(value), goal.goal, "[green]met" if met else "[red]missed")
    made.add_section()
    for name, value in figures.items():
        made.add_row(name, _shown(value), "", "")
    return made


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{key}: {_shown(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return "  ".join(map(_shown, value))
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return str(value)
