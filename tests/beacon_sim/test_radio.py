"""What beacons report: an error of the size and slowness that was asked for, silence now and then, never outside."""

import math

import numpy as np
import pytest
from shapely import Polygon, box

from beacon_sim.radio import USUAL, Noise, Radio, RadioSettings, Walls, battery_s

HALL = Walls(box(0, 0, 1000, 1000))
MIDDLE = (500.0, 500.0)


def errors(noise: Noise, interval_ms: int, count: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """So many errors in a row, of shape (count, 2), in metres."""
    radio = Radio(RadioSettings(noise, 0.8, lost_every_s=0), HALL, interval_ms, np.random.default_rng(1))
    seen = [radio.seen(MIDDLE) for _ in range(count)]
    return np.array([(x - 500, y - 500) for x, y in (place for place in seen if place)])


@pytest.mark.parametrize("interval_ms", [250, 1000])
@pytest.mark.parametrize("noise", ["white", "correlated"])
def test_the_error_has_its_sigma_at_every_rate(noise: Noise, interval_ms: int) -> None:
    """The spread in x and y is sigma, and half of the fixes are within the accuracy that messages state."""
    drawn = errors(noise, interval_ms, 40_000)
    # Independent samples: all, or one in ten seconds; four standard errors of a deviation are 4 sigma / sqrt(2 n).
    independent = len(drawn) if noise == "white" else len(drawn) * interval_ms / 10_000
    assert np.std(drawn) == pytest.approx(0.8, abs=0.8 * 4 / math.sqrt(2 * independent))
    accuracy_m = RadioSettings(noise, 0.8).accuracy_m
    assert accuracy_m == 0.94
    assert np.mean(np.hypot(*drawn.T) <= accuracy_m) == pytest.approx(0.5, abs=0.06)


def test_the_error_is_correlated_over_five_seconds() -> None:
    """Fixes tau apart correlate by 1/e; white noise does not correlate at all."""
    slow, white = errors("correlated", 500, 60_000)[:, 0], errors("white", 500, 60_000)[:, 0]
    assert np.corrcoef(slow[:-10], slow[10:])[0, 1] == pytest.approx(math.exp(-1), abs=0.06)
    assert np.corrcoef(white[:-10], white[10:])[0, 1] == pytest.approx(0, abs=0.03)


def test_no_noise_is_the_truth() -> None:
    """Without noise a fix is the place itself, to the centimetre, and no accuracy is stated."""
    radio = Radio(RadioSettings("none", lost_every_s=0), HALL, 500, np.random.default_rng(1))
    assert {radio.seen((12.3456, 7.0)) for _ in range(50)} == {(12.35, 7.0)}
    assert RadioSettings("none").accuracy_m is None


@pytest.mark.parametrize("level", [box(0, 0, 4, 3), Polygon([(0, 0), (4, 0), (4, 1), (1, 1), (1, 3), (0, 3)])])
def test_nobody_is_seen_outside_the_walls(level: Polygon) -> None:
    """However large the error, what is published lies inside the outline, also where that has a corner cut out."""
    radio = Radio(RadioSettings("white", 5.0, lost_every_s=0), Walls(level), 250, np.random.default_rng(2))
    for _ in range(400):
        seen = radio.seen((0.5, 0.5))
        assert seen is not None
        assert level.contains(box(seen[0], seen[1], seen[0], seen[1]).centroid)


def test_contact_is_lost_now_and_then() -> None:
    """The share of lost fixes is that of the mean times, and they are lost in a row."""
    radio = Radio(RadioSettings(lost_every_s=30, lost_for_s=3), HALL, 500, np.random.default_rng(3))
    heard = np.array([radio.seen(MIDDLE) is not None for _ in range(40_000)])
    assert 0.06 < 1 - heard.mean() < 0.13
    losses = np.count_nonzero(heard[:-1] & ~heard[1:])
    assert (~heard).sum() / losses > 3


def test_ultra_wideband_errs_by_half_a_metre_for_two_seconds() -> None:
    """Its error has the mean that halls were measured to have, and is forgotten sooner than Bluetooth's."""
    radio = Radio(USUAL["uwb"], HALL, 500, np.random.default_rng(5))
    seen = [radio.seen(MIDDLE) for _ in range(60_000)]
    kept = np.array([(x - 500, y - 500) for x, y in (place for place in seen if place)])
    assert float(np.hypot(*kept.T).mean()) == pytest.approx(0.5 * math.sqrt(math.pi / 2), rel=0.05)
    assert np.corrcoef(kept[:-4, 0], kept[4:, 0])[0, 1] == pytest.approx(math.exp(-1), abs=0.06)


def test_few_phones_go_dead() -> None:
    """Two in a hundred would, after seven minutes on average; four standard errors of 5,000 draws are 0.8 %."""
    rng = np.random.default_rng(6)
    lasts_s = np.array([battery_s(RadioSettings(), rng) for _ in range(5_000)])
    weak = lasts_s[np.isfinite(lasts_s)]
    assert len(weak) / len(lasts_s) == pytest.approx(0.02, abs=0.008)
    assert weak.mean() == pytest.approx(420, rel=4 / math.sqrt(len(weak)))
