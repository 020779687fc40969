"""Figures from measurements: medians of ratios within a round, and goals that say what they mean."""

import pytest

from bench.latency import Delay, Latency, delay
from bench.report import GOALS, Results, Round, latency_fields, scaling_fields, throughput_fields
from bench.scaling import Size
from bench.throughput import EngineRate, Rate


def rate(per_s: float) -> Rate:
    """A rate whose cost does not matter."""
    return Rate(per_s, 1e6 / per_s, 0)


def engine_rate(per_s: float) -> EngineRate:
    """An engine that put three offers on three phones."""
    return EngineRate(rate(per_s), 0.01, 0.005, 3, 3, 100, 120, 0)


def test_a_ratio_is_taken_within_a_round() -> None:
    """A machine that is slow for one round is slow for both sides of that round's ratio."""
    rounds = [
        Round(
            rate(10_000 * speed), rate(40_000 * speed), EngineRate(rate(20_000 * speed), 0.01, 0, 3, 3, 1, 1, 0), None
        )
        for speed in (1, 0.3, 2)
    ]
    fields = throughput_fields(rounds)
    assert (fields["ratio_to_bare_paho"], fields["ratio_to_bare_gmqtt"]) == (2.0, 0.5)
    assert (fields["offers_on_disk"], fields["offers_on_phones"]) == (9, 9)
    assert fields["engine_on_paho_per_s"] is None


def test_what_the_engine_adds_is_taken_within_a_run() -> None:
    """The delay above the broker's is a difference of the same run, then a median."""
    runs = [Latency(Delay(slow, 2 * slow, 9), Delay(slow + 0.4, 2 * slow + 3, 5), 0, 10.0) for slow in (0.2, 9.0, 0.3)]
    fields = latency_fields(runs)
    assert fields["p50_above_broker_ms"] == pytest.approx(0.4)
    assert fields["p99_above_broker_ms"] == pytest.approx(3)
    assert fields["phone_samples"] == 15


def test_flat_is_the_dearest_size_over_the_cheapest() -> None:
    """A curve is judged by its extremes, wherever they lie."""
    costs = {Size(500, 20): [10.0], Size(50, 20): [8.0], Size(5000, 20): [9.0], Size(500, 2000): [11.0]}
    fields = scaling_fields(costs)
    assert (fields["flat_shoppers"], fields["flat_zones"]) == (1.25, 1.1)
    assert fields["cpu_us_by_shoppers"] == {50: 8.0, 500: 10.0, 5000: 9.0}


def test_nothing_arrived_is_no_delay_of_zero() -> None:
    """Without samples a percentile is not a number, and no goal is met by it."""
    assert delay([]).count == 0
    assert not any(goal.is_met(delay([]).p50_ms) for goal in GOALS)


def test_every_goal_is_a_figure() -> None:
    """Goals name fields that the results have."""
    assert {goal.field for goal in GOALS} <= set(Results.__struct_fields__)
