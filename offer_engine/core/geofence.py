"""A track becomes visits to zones: enter, dwell, exit, debounced once, in event time.

Edges flap, so entering, dwelling and leaving each have a number of their own in the map file: enter after `min_inside`
of consecutive fixes inside, dwell after `min_dwell` since the first of them, exit `min_outside` after the first fix
beyond the exit margin unless a fix inside comes first, or when nothing was heard for `timeout`. So a shopper is in
until beyond the margin, and then out until inside the zone itself: fixes between the two change nothing. What falls due
between two fixes happens at its own deadline, whether a timer or the next fix brings it to light, so a replay gives the
same transitions.

A fix is inside a zone or it is not (`step`). A belief is inside from one probability, outside up to a lower one, and
certain from a third (`moved`): then a shopper dwells from the first look after `min_dwell` at which it is certain, and
*sure* tells of the first such look after the enter, which is when a push may go out that need not wait for the dwell.
Certainty need not last: a belief is what all fixes so far say, so to wait until it was certain for long says little
more and finds fewer visits (docs/adr/0011-belief.md).

Whoever strides through a zone from one fix to the next, and was never seen inside, has *crossed* it (`cross`).

Law: per shopper and zone, transitions read enter, at most one sure, at most one dwell, exit, never backwards in time;
every enter gets exactly one exit; a cross comes only between an exit and the next enter.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from offer_engine.core.store_map import Zone
from offer_engine.core.zone_index import Keys, ZoneIndex

FAR = 1 << 62  # a deadline that never comes


class Kind(StrEnum):
    """What happened at a zone's edge."""

    ENTER = "enter"
    SURE = "sure"
    DWELL = "dwell"
    EXIT = "exit"
    CROSS = "cross"


class Cause(StrEnum):
    """Why a shopper counts as having left a zone."""

    WALKED = "walked"
    LOST = "lost"  # nothing heard for the zone's timeout
    ENDED = "ended"  # the visit ended: checkout, left, or consent withdrawn
    REMOVED = "removed"  # the zone is no longer on the map


class Transition(Struct, frozen=True, gc=False):
    """One crossing of a zone's edge; `since` is the first fix inside, or of a cross the last fix before it."""

    at: int
    kind: Kind
    zone: str
    since: int
    cause: Cause | None = None


class Stay(Struct, frozen=True, gc=False):
    """One shopper in, or about to be in, one zone."""

    zone: str
    since: int  # ts of the first of the consecutive fixes inside
    entered: bool = False
    dwelled: bool = False
    outside_since: int | None = None  # ts of the first fix beyond the margin since the last one inside
    certain: bool = False  # at the last look; with fixes it goes without saying, up to the exit margin
    sure: bool = False  # it was told that it was certain once entered; with fixes that too goes without saying


class Fence(Struct, frozen=True, gc=False):
    """All of one shopper's stays.

    While fixes are `inside` the same zones and still near those of `margin`, nothing changes before `due`.
    """

    stays: tuple[Stay, ...] = ()
    inside: Keys | None = ()  # zones of the last fix; None when the next one must be looked at in any case
    due: int = FAR  # no deadline falls before this
    past: int = 0  # when the last transition happened; what is older than this comes too late to be taken
    margin: Keys = ()  # zones that the last fix was outside of, but not yet beyond the margin


Step = tuple[Fence, tuple[Transition, ...]]


def step(index: ZoneIndex, fence: Fence, last_fix_ts: int, ts: int, x: float, y: float) -> Step:
    """Take one believed fix: first what fell due before it, then the fix itself."""
    inside = index.inside.at(x, y)
    is_quiet = ts < fence.due and inside == fence.inside
    if is_quiet and not fence.margin:
        return fence, ()
    near = index.near.at(x, y) if fence.stays else ()
    if is_quiet and all(zone in near for zone in fence.margin):
        return fence, ()
    return moved(index.zones, fence, last_fix_ts, ts, inside, near)


def cross(
    index: ZoneIndex, fence: Fence, last_fix_ts: int, ts: int, came: tuple[float, float], place: tuple[float, float]
) -> Step:
    """Tell, after the `step` to `place`, which zones the stride there led through, from outside to outside.

    Whoever was seen inside at either end, or still counts as in, has not crossed but stayed.
    """
    apart = {*index.inside.at(*came), *index.inside.at(*place), *(stay.zone for stay in fence.stays)}
    zones = [zone for zone in index.inside.crossed(*came, *place) if zone not in apart]
    if not zones:
        return fence, ()
    return replace(fence, past=ts), tuple(Transition(ts, Kind.CROSS, zone, last_fix_ts) for zone in zones)


def moved(
    zones: Mapping[str, Zone],
    fence: Fence,
    last_fix_ts: int,
    ts: int,
    inside: Keys,
    near: Keys,
    certain: Keys | None = None,
) -> Step:
    """Take where a shopper is at `ts`: inside some zones, not out of those `near`, and in some of them for certain.

    Without `certain` every place is as certain as a fix: a shopper inside is, and stays so up to the exit margin.
    """
    fence, before = advance(zones, fence, last_fix_ts, ts)
    kept: list[Stay] = []
    crossed: list[Transition] = []
    known = {stay.zone for stay in fence.stays}
    new = [Stay(zone, ts, sure=certain is None) for zone in inside if zone not in known]
    for stay in (*fence.stays, *new):
        if stay.zone in inside:
            is_certain = certain is None or stay.zone in certain
            _stay_inside(stay, zones[stay.zone], ts, kept, crossed, is_certain=is_certain, is_by_fix=certain is None)
        elif stay.entered:
            kept.append(_stay_outside(stay, ts, is_near=stay.zone in near, is_by_fix=certain is None))
    return _fence(zones, tuple(kept), inside, ts, ts if crossed else fence.past), (*before, *crossed)


def _stay_inside(
    stay: Stay, zone: Zone, ts: int, kept: list[Stay], crossed: list[Transition], *, is_certain: bool, is_by_fix: bool
) -> None:
    """One more look at a shopper inside; dwells at once where it fell due at the margin, or before it was certain."""
    entered = stay.entered or ts - stay.since >= zone.min_inside_ms
    if entered and not stay.entered:
        crossed.append(Transition(ts, Kind.ENTER, stay.zone, stay.since))
    sure = stay.sure or is_by_fix or (entered and is_certain)
    if sure and not stay.sure and not is_by_fix:
        crossed.append(Transition(ts, Kind.SURE, stay.zone, stay.since))
    dwelled = stay.dwelled or (entered and is_certain and ts - stay.since >= zone.min_dwell_ms)
    if dwelled and not stay.dwelled:
        crossed.append(Transition(ts, Kind.DWELL, stay.zone, stay.since))
    kept.append(Stay(stay.zone, stay.since, entered, dwelled, None, is_certain, sure))


def _stay_outside(stay: Stay, ts: int, *, is_near: bool, is_by_fix: bool) -> Stay:
    """One more look at a shopper who is not inside, and out for good from the first fix beyond the margin."""
    outside_since = stay.outside_since if is_near or stay.outside_since is not None else ts
    certain = stay.certain and is_by_fix
    if outside_since == stay.outside_since and certain == stay.certain:
        return stay
    return Stay(stay.zone, stay.since, stay.entered, stay.dwelled, outside_since, certain, stay.sure)


def advance(zones: Mapping[str, Zone], fence: Fence, last_fix_ts: int, to_ts: int) -> Step:
    """Let everything happen that falls due up to `to_ts` (inclusive), in the order of its deadlines.

    A dwell comes due only while the last fix is younger than the zone's timeout; then the stay is lost instead.
    """
    if to_ts < fence.due:
        return fence, ()
    crossed: list[Transition] = []
    kept: list[Stay] = []
    for stay in fence.stays:
        zone = zones.get(stay.zone)
        if zone is None:
            if stay.entered:
                crossed.append(Transition(last_fix_ts, Kind.EXIT, stay.zone, stay.since, Cause.REMOVED))
            continue
        exit_at, cause = _exit_due(stay, zone, last_fix_ts)
        dwell_at = _dwell_due(stay, zone)
        if dwell_at <= min(to_ts, exit_at):
            crossed.append(Transition(dwell_at, Kind.DWELL, stay.zone, stay.since))
            stay = replace(stay, dwelled=True)  # noqa: PLW2901  the stay from here on
        if exit_at > to_ts:
            kept.append(stay)
        elif stay.entered:
            crossed.append(Transition(exit_at, Kind.EXIT, stay.zone, stay.since, cause))
    inside = fence.inside if len(kept) == len(fence.stays) else None
    in_order = _in_order(crossed, fence.past)
    past = in_order[-1].at if in_order else fence.past
    return _fence(zones, tuple(kept), inside, last_fix_ts, past), in_order


def _in_order(crossed: list[Transition], past: int) -> tuple[Transition, ...]:
    """By time and zone, none before `past`: on a changed map a deadline may lie before what has already happened."""
    crossed.sort(key=lambda transition: (transition.at, transition.zone))
    if not crossed or crossed[0].at >= past:
        return tuple(crossed)
    return tuple(replace(transition, at=max(transition.at, past)) for transition in crossed)


def end(fence: Fence, at: int) -> Step:
    """Exit every zone at once, at `at` or, if that is later, when the last transition happened: the visit is over."""
    at = max(at, fence.past)
    entered = (stay for stay in fence.stays if stay.entered)
    return Fence(past=at), tuple(Transition(at, Kind.EXIT, stay.zone, stay.since, Cause.ENDED) for stay in entered)


def _fence(
    zones: Mapping[str, Zone], stays: tuple[Stay, ...], inside: Keys | None, last_fix_ts: int, past: int
) -> Fence:
    margin = tuple(stay.zone for stay in stays if stay.outside_since is None and stay.zone not in (inside or ()))
    due = min([_due(stay, zones[stay.zone], last_fix_ts) for stay in stays], default=FAR)
    return Fence(stays, inside, due, past, margin)


def _due(stay: Stay, zone: Zone, last_fix_ts: int) -> int:
    enter_at = FAR if stay.entered else stay.since + zone.min_inside_ms
    return min(enter_at, _dwell_due(stay, zone), _exit_due(stay, zone, last_fix_ts)[0])


def _dwell_due(stay: Stay, zone: Zone) -> int:
    waiting = stay.entered and stay.certain and not stay.dwelled and stay.outside_since is None
    return stay.since + zone.min_dwell_ms if waiting else FAR


def _exit_due(stay: Stay, zone: Zone, last_fix_ts: int) -> tuple[int, Cause]:
    lost_at = last_fix_ts + zone.timeout_ms
    if stay.outside_since is not None and stay.outside_since + zone.min_outside_ms <= lost_at:
        return stay.outside_since + zone.min_outside_ms, Cause.WALKED
    return lost_at, Cause.LOST
