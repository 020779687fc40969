"""The store's time, as a phone can know it: its own clock, set by what the engine says.

An offer expires by the store's event time. A phone's clock may be minutes off, and a simulated store may run twenty
times as fast as the world, so the phone asks neither; it takes the welcome as the time and lets later messages push
the clock forward, never back.
"""

from collections.abc import Callable

from phone_client.events import Event, OfferArrived, SettingsShown, ZoneChanged


class StoreClock:
    """The store's event time in ms since the epoch, between the engine's messages advanced by `tick_ms`."""

    __slots__ = ("_behind_ms", "_tick_ms")

    def __init__(self, tick_ms: Callable[[], int]) -> None:
        """`tick_ms` counts milliseconds from anywhere; until the first welcome it is taken as the store's time."""
        self._tick_ms = tick_ms
        self._behind_ms = 0

    def now_ms(self) -> int:
        """The store's time now."""
        return self._tick_ms() + self._behind_ms

    def heard(self, event: Event) -> None:
        """Set the clock by a welcome, or push it forward by anything later than it shows.

        >>> from offer_engine.messages import Here
        >>> clock = StoreClock(lambda: 1_000)
        >>> clock.heard(ZoneChanged(Here(ts=5_000, zone="wine", zone_label="Wine")))
        >>> clock.heard(ZoneChanged(Here(ts=3_000, zone="wine", zone_label="Wine")))
        >>> clock.now_ms()
        5000
        """
        match event:
            case SettingsShown(welcome=welcome):
                self._behind_ms = welcome.ts - self._tick_ms()
            case ZoneChanged(here=message) | OfferArrived(offer=message):
                self._behind_ms = max(self._behind_ms, message.ts - self._tick_ms())
            case _:
                pass
