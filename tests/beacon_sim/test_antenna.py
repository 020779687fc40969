"""The two ways to be seen: a position each time, or a message a second with what gateways heard."""

from itertools import pairwise

import numpy as np
import pytest

from beacon_sim.antenna import Antenna, Located, Overheard
from beacon_sim.gateways import Air, Gateways
from beacon_sim.radio import USUAL, RadioSettings, Walls
from offer_engine.messages import Position, Ranges, parse_report
from tests.beacon_sim.days import MINUTE_MS, START_MS, store_of

DEMO = store_of("demo-market")
KEYS = {gateway.key for gateway in DEMO.gateways}
PLACE = (13.0, 17.0)


def overheard(settings: RadioSettings) -> Overheard:
    """A beacon in the demo market."""
    rng = np.random.default_rng(1)
    return Overheard(settings, Gateways(DEMO.gateways, Air(), rng), rng)


def said(antenna: Antenna, seconds: int) -> list[Position | Ranges]:
    """Every message of somebody who stands still for so long."""
    sent = range(START_MS, START_MS + 1000 * seconds, antenna.interval_ms)
    payloads = [antenna.message(PLACE, ts) for ts in sent]
    reports = [parse_report(antenna.leaf, payload) for payload in payloads if payload is not None]
    return [report for report in reports if isinstance(report, Position | Ranges)]


@pytest.mark.parametrize(("noise", "accuracy"), [("none", None), ("white", 2.35), ("correlated", 2.35), ("uwb", 0.59)])
def test_a_locating_system_states_its_accuracy(noise: str, accuracy: float | None) -> None:
    """Each position carries the median error of its kind of installation; an exact one states none."""
    settings = next(settings for kind, settings in USUAL.items() if kind == noise)
    positions = said(Located(settings, Walls(DEMO.level), 500, np.random.default_rng(1)), 30)
    assert len(positions) > 50
    assert {position.accuracy for position in positions if isinstance(position, Position)} == {accuracy}


def test_gateways_report_once_a_second() -> None:
    """Packets go out every 300 ms; what was heard is added up, 60 messages a minute, the nearest gateway first."""
    messages = said(overheard(RadioSettings(source="ranges", lost_every_s=0)), 60)
    stamps = [message.ts for message in messages]
    assert len(messages) == 60
    assert {later - earlier for earlier, later in pairwise(stamps)} == {900, 1200}
    for message in messages:
        assert isinstance(message, Ranges)
        assert {reading.gateway for reading in message.heard} <= KEYS
        assert len(message.heard) > 10
        distances = [reading.distance for reading in message.heard]
        assert distances == sorted(distances)
        assert all(reading.sigma is not None and reading.sigma > 0.5 * reading.distance for reading in message.heard)


def test_lost_contact_is_lost_for_every_gateway() -> None:
    """No message goes out while contact is lost, and the share of time without is that of the mean times."""
    settings = RadioSettings(source="ranges", lost_every_s=15, lost_for_s=5)
    messages = said(overheard(settings), 20 * MINUTE_MS // 1000)
    assert 0.65 < len(messages) / 1_200 < 0.95
