"""The store's time on a phone whose own clock is wrong, in a store that may run faster than the world."""

from msgspec.structs import replace

from offer_engine.messages import Here
from phone_client.clock import StoreClock
from phone_client.events import EngineLeft, OfferArrived, SettingsShown, ZoneChanged
from tests.phone_client.dialogue import MINUTE, SILVER_OAK, T0, WELCOME


def test_a_welcome_sets_the_clock_either_way() -> None:
    """Forward and back: the engine's time is the store's time."""
    clock = StoreClock(lambda: T0 + MINUTE)
    clock.heard(SettingsShown(WELCOME))
    assert clock.now_ms() == T0
    clock.heard(SettingsShown(replace(WELCOME, ts=T0 + 2 * MINUTE)))
    assert clock.now_ms() == T0 + 2 * MINUTE


def test_later_messages_push_it_forward_never_back() -> None:
    """A store at twenty times the speed runs ahead of the phone; an offer that is sent again is old."""
    clock = StoreClock(lambda: T0)
    clock.heard(ZoneChanged(Here(ts=T0 + MINUTE, zone="wine", zone_label="Wine")))
    clock.heard(OfferArrived(SILVER_OAK))
    clock.heard(EngineLeft())
    assert clock.now_ms() == T0 + MINUTE


def test_between_messages_it_runs_with_the_phone() -> None:
    """One second here is one second there."""
    ticks = iter([1_000, 3_000])
    clock = StoreClock(lambda: next(ticks))
    clock.heard(SettingsShown(WELCOME))
    assert clock.now_ms() == T0 + 2_000
