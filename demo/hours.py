"""Turns a store's quiet hours and the time of day into the time at which a demo plays.

A demo at night would otherwise be people in a shop that is shut, with phones that stay silent as they should. So a
store in its quiet hours plays the next afternoon instead: later than now, so that no offer looks expired to a phone.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from offer_engine.core.store_map import StoreMap

AFTER_OPENING = timedelta(hours=9)  # when a shop is busy, and offers for the evening have begun


def afternoon_after(store: StoreMap, now: datetime) -> datetime | None:
    """A time the next afternoon, in the store's time zone, when it is in its quiet hours `now`; else None.

    Args:
        store: whose quiet hours.
        now: with a time zone.
    """
    here = now.astimezone(ZoneInfo(store.timezone))
    begin, end, time = store.policy.quiet_from, store.policy.quiet_until, here.strftime("%H:%M")
    is_quiet = begin <= time < end if begin <= end else time >= begin or time < end
    if not is_quiet:
        return None
    hour, minute = map(int, end.split(":"))
    opens = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return (opens if time < end else opens + timedelta(days=1)) + AFTER_OPENING
