"""ESPresense readings become ranges: one message a device and second, bounded, at an honest moment."""

from math import exp, hypot, sqrt
from random import Random
from statistics import median

import pytest

from offer_engine.adapters import espresense
from offer_engine.adapters.espresense import MAX_OPEN, MAX_READINGS, SHADOW_SHARE, WINDOW_MS, Gathering, status
from offer_engine.adapters.foreign import Said, shopper_of
from offer_engine.core.context import World
from offer_engine.core.geofence import Kind
from offer_engine.core.store_map import Gateway
from offer_engine.errors import MessageError, Refusal
from offer_engine.messages import Ranges, encode, parse_report
from tests.adapters.payloads import IRK, espresense_reading
from tests.core.days import live
from tests.core.test_shopper import crossings
from tests.engines import START_MS
from tests.worlds import demo_market, demo_market_on_grid

MARKET = demo_market()
DAVE = shopper_of("espresense", IRK)


def hear(
    gathering: Gathering, room: str, ms: int, distance: float, device: str = IRK, world: World = MARKET
) -> list[Said]:
    """One node's reading, so many ms after the start."""
    topic = f"espresense/devices/{device}/{room}"
    return gathering.add(topic, espresense_reading(distance), START_MS + ms, world)


def ranges(said: list[Said]) -> list[Ranges]:
    """The messages among what was said: all of them."""
    assert all(isinstance(report, Ranges) for _, report in said)
    return [report for _, report in said if isinstance(report, Ranges)]


def test_a_second_s_readings_are_one_message_at_its_middle() -> None:
    """Three nodes, one repeating itself: three readings, the newer one of the repeated."""
    gathering = Gathering()
    for room, ms, distance in (("b01", 0, 4.0), ("b02", 300, 5.0), ("b01", 700, 3.5), ("b03", 999, 9.0)):
        assert hear(gathering, room, ms, distance) == []
    assert gathering.due(START_MS + 999) == []

    ((shopper, told),) = gathering.due(START_MS + 1000)

    assert shopper == DAVE
    assert isinstance(told, Ranges)
    assert told.ts == START_MS + WINDOW_MS // 2
    assert [(one.gateway, one.distance) for one in told.heard] == [("b01", 3.5), ("b02", 5.0), ("b03", 9.0)]
    assert gathering.due(START_MS + 5000) == []


def test_the_next_reading_closes_the_second_before() -> None:
    """Also of another device, so that nothing waits for a timer that is late; messages are a second apart."""
    gathering = Gathering()
    hear(gathering, "b01", 0, 4.0)
    (first,) = ranges(hear(gathering, "b01", 1010, 4.0, device="s-0002"))
    hear(gathering, "b01", 1020, 4.0)
    (_, second) = ranges(gathering.due(START_MS + 2020))
    assert second.ts - first.ts >= WINDOW_MS


def test_what_it_says_can_stand_on_our_own_wire() -> None:
    """Distances and errors are within its ranges, a phone that lies on a node included."""
    gathering = Gathering()
    for room, distance in (("b01", 0.0), ("b02", 1000.0), ("b03", 3.0)):
        hear(gathering, room, 0, distance)
    (told,) = ranges(gathering.due(START_MS + 1000))
    assert parse_report("ranges", encode(told)) == told


def test_shadows_are_added_to_what_varies_in_time() -> None:
    """The variance a node states is that of its smoothing; without one the engine's own default holds."""
    gathering = Gathering()
    hear(gathering, "b01", 0, 4.0)
    gathering.add(f"espresense/devices/{IRK}/b02", espresense_reading(4.0, var=None), START_MS, MARKET)
    (told,) = ranges(gathering.due(START_MS + 1000))
    assert [one.sigma for one in told.heard] == [pytest.approx(sqrt(0.36 + (SHADOW_SHARE * 4.0) ** 2)), None]


def test_devices_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """When more are heard at once than are gathered, the longest waiting is told early; nothing is lost."""
    monkeypatch.setattr(espresense, "MAX_OPEN", 3)
    gathering = Gathering()
    said = [one for number in range(5) for one in hear(gathering, "b01", number, 4.0, device=f"s-{number}")]
    assert [shopper for shopper, _ in said] == ["s-0", "s-1"]
    assert [shopper for shopper, _ in gathering.due(START_MS + 2000)] == ["s-2", "s-3", "s-4"]
    assert MAX_OPEN > 3


def test_of_many_gateways_the_nearest_count() -> None:
    """A message has room for 64."""
    gateways = {f"g{number}": Gateway(f"g{number}", 0.0, 0.0, 3.0, -59.0) for number in range(MAX_READINGS + 10)}
    large = World(**{name: getattr(MARKET, name) for name in World.__slots__} | {"gateways": gateways})
    gathering = Gathering()
    for number in range(MAX_READINGS + 10):
        hear(gathering, f"g{number}", 0, 1.0 + number, world=large)
    (told,) = ranges(gathering.due(START_MS + 1000))
    assert len(told.heard) == MAX_READINGS
    assert max(one.distance for one in told.heard) == MAX_READINGS


def test_a_clock_that_is_set_back_holds_nothing_up() -> None:
    """What was gathered before is told at once."""
    gathering = Gathering()
    hear(gathering, "b01", 0, 4.0)
    assert len(gathering.due(START_MS - 3_600_000)) == 1


@pytest.mark.parametrize(
    ("room", "payload", "refusal"),
    [
        ("Wine", espresense_reading(4.0), Refusal.UNKNOWN_GATEWAY),
        ("b01", espresense_reading("4"), Refusal.INVALID),
        ("b01", espresense_reading(-1.0), Refusal.INVALID),
        ("b01", espresense_reading(None), Refusal.INVALID),
        ("b01", b"{", Refusal.MALFORMED),
    ],
)
def test_what_is_no_reading_is_refused(room: str, payload: bytes, refusal: Refusal) -> None:
    """And opens nothing."""
    gathering = Gathering()
    with pytest.raises(MessageError) as caught:
        gathering.add(f"espresense/devices/{IRK}/{room}", payload, START_MS, MARKET)
    assert caught.value.refusal is refusal
    assert gathering.due(START_MS + 5000) == []


def test_a_node_says_whether_it_is_there() -> None:
    """Online, offline, and nothing else."""
    assert status("espresense/rooms/b01/status", b"online") == ("b01", True)
    assert status("espresense/rooms/b01/status", b"offline") == ("b01", False)
    with pytest.raises(MessageError):
        status("espresense/rooms/b01/status", b"maybe")


def noticed_after_s(every_ms: int, seed: int) -> float | None:
    """When a phone that stands at the wine for a minute has entered it, by nodes that report every so many ms."""
    market, chance, gathering = demo_market_on_grid(), Random(seed), Gathering()
    reported: list[Ranges] = []
    nodes = []
    for node in market.store.gateways:
        away = hypot(node.x - 3.0, node.y - 12.0) * exp(chance.gauss(0, 0.5))
        if away < 16:
            nodes.append((node.key, away, chance.randrange(every_ms)))
    for ms in range(0, 60_000, 50):
        reported += ranges(gathering.due(START_MS + ms))
        for room, away, phase in nodes:
            if ms % every_ms == phase - phase % 50:
                hear(gathering, room, ms, away * exp(chance.gauss(0, 0.25)), "dave", market)
    _, outcomes = live(market, reported)
    entered = [one.at for one in crossings(outcomes) if one.zone == "wine" and one.kind is Kind.ENTER]
    return (entered[0] - START_MS) / 1000 if entered else None


def test_a_minute_at_the_wine_is_mostly_noticed() -> None:
    """Through shelves that each node sees differently; sooner by far where nodes report every second."""
    quick, slow = ([noticed_after_s(every_ms, seed) for seed in range(6)] for every_ms in (1000, 5000))
    assert sum(one is not None for one in quick) >= 4, quick
    assert sum(one is not None for one in slow) >= 3, slow
    assert median(one or 60 for one in quick) < median(one or 60 for one in slow)
