"""One shopper's state and how each event changes it: `apply(state, event, ...) -> state, outcomes`.

This is the whole engine for one shopper. A shell, whatever it is made of, feeds it events in order, writes down what
comes out, and keeps the state: it serialises, so it survives a restart or a move to another machine.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from offer_engine.core import geofence, person
from offer_engine.core.affinity import Profile
from offer_engine.core.belief import Belief, mean_place, observe, observe_ranges
from offer_engine.core.context import Context, Tally, Trigger, World
from offer_engine.core.decision import Decision, decide
from offer_engine.core.geofence import Fence, Kind, Transition
from offer_engine.core.holdout import cause_id
from offer_engine.core.person import Delivery, Person, Visit
from offer_engine.core.readings import ranges_of
from offer_engine.core.sight import look
from offer_engine.core.store_map import Zone
from offer_engine.core.tracking import Dropped, Track, follow, jumped, strode
from offer_engine.core.walk_model import WalkModel
from offer_engine.messages import (
    Basket,
    BasketItem,
    Checkout,
    ConsentChange,
    Hello,
    Mute,
    Position,
    Presence,
    Ranges,
    Receipt,
    Unmute,
)

VISIT_GAP_MS = 30 * 60_000  # nobody heard of for so long has gone, and comes again on a new visit


class Until(Struct, frozen=True, gc=False):
    """Event time has reached `ts`: let happen what falls due."""

    ts: int


class Sold(Struct, frozen=True):
    """A visit was paid for: what was bought, and the offers whose codes were used."""

    checkout: Checkout
    redeemed: tuple[str, ...]


class Shopper(Struct, frozen=True, gc=False):
    """All that the engine holds of one shopper; small values that change often stand apart from the rest."""

    id: str
    track: Track | None = None
    fence: Fence = Fence()
    person: Person = Person()
    visit: Visit | None = None
    belief: Belief | None = None  # where a shopper is thought to be, where the world is tracked on a grid


Event = Position | Ranges | Basket | Checkout | Presence | Hello | Receipt | Mute | Unmute | ConsentChange | Until
Outcome = Transition | Decision | Dropped | Sold
Step = tuple[Shopper, tuple[Outcome, ...]]

NO_CHANGE: tuple[Outcome, ...] = ()


def apply(  # noqa: C901, PLR0911  one arm an event, each one call
    state: Shopper, event: Event, world: World, profile: Profile, tally: Tally
) -> Step:
    """Apply one event; event types are told apart in the order of their frequency."""
    match event:
        case Position():
            return _position(state, event, world, profile, tally)
        case Until(ts):
            return _until(state, ts, world, profile, tally)
        case Ranges():
            return _ranges(state, event, world, profile, tally)
        case Basket():
            return _basket(state, event, world, profile, tally)
        case Checkout():
            before, due = _until(state, event.ts, world, profile, tally)
            after, outcomes = _checkout(before, event)
            return after, (*due, *outcomes)
        case Presence():
            before, due = _until(state, event.ts, world, profile, tally)
            after, outcomes = _presence(before, event)
            return after, (*due, *outcomes)
        case Hello():
            return _with_person(state, person.join(state.person, world.on_join)), NO_CHANGE
        case Receipt():
            return _with_person(state, person.receipt(state.person, event)), NO_CHANGE
        case Mute():
            return _with_person(state, person.mute(state.person, event)), NO_CHANGE
        case Unmute():
            return _with_person(state, person.unmute(state.person)), NO_CHANGE
        case ConsentChange():
            return _consent(state, event, world, profile, tally)


def _with_person(state: Shopper, changed: Person) -> Shopper:
    return Shopper(state.id, state.track, state.fence, changed, state.visit, state.belief)


def _position(state: Shopper, fix: Position, world: World, profile: Profile, tally: Tally) -> Step:
    """Without consent to location there is no tracking at all: the fix changes nothing."""
    if not state.person.consents.location:
        return state, NO_CHANGE
    if fix.ts < state.fence.past:
        return state, (Dropped.LATE,)
    track = follow(state.track, fix)
    if isinstance(track, Dropped):
        if state.track is None or track is not Dropped.JUMP:
            return state, (track,)
        return replace(state, track=jumped(state.track, fix)), (track,)
    last_ts = fix.ts if state.track is None else state.track.ts
    visit = state.visit
    if visit is None:
        visit = _unannounced(state.id, fix.ts)
    elif (state.track is None or fix.ts - last_ts > VISIT_GAP_MS) and _is_over(visit, state, fix.ts):
        before, due = _until(
            state, fix.ts, world, profile, tally
        )  # what is still due belongs to the visit that is over
        after, outcomes = _position(replace(before, visit=None), fix, world, profile, tally)
        return after, (*due, *outcomes)
    return _tracked(state, fix, Shopper(state.id, track, state.fence, state.person, visit), world, profile, tally)


def _tracked(state: Shopper, fix: Position, after: Shopper, world: World, profile: Profile, tally: Tally) -> Step:
    """A believed fix, whose track and visit `after` has already, moves the belief and the fence."""
    last_ts = fix.ts if state.track is None else state.track.ts
    if _is_elsewhere(fix.floor, world):
        return _elsewhere(after, last_ts, world, profile, tally)
    if world.walk is None:
        belief = None
        fence, crossed = _stepped(state, fix, last_ts, world)
    else:
        belief = observe(world.walk, state.belief, fix)  # it moves the fence once a second, at the most
        fence, crossed = _moved_by(belief, state, last_ts, fix.ts, world.walk, world.index.zones)
    after = Shopper(state.id, after.track, fence, state.person, after.visit, belief)
    return (after, NO_CHANGE) if not crossed else _decide_all(after, crossed, world, profile, tally)


def _stepped(state: Shopper, fix: Position, last_ts: int, world: World) -> geofence.Step:
    """The fence after a fix as it comes, and what was crossed on the way."""
    fence, crossed = geofence.step(world.index, state.fence, last_ts, fix.ts, fix.x, fix.y)
    came = None if state.track is None else strode(state.track, fix)
    if came is None:
        return fence, crossed
    fence, passed = geofence.cross(world.index, fence, last_ts, fix.ts, came, (fix.x, fix.y))
    return fence, (*crossed, *passed)


def _is_elsewhere(floor: int | None, world: World) -> bool:
    """Whether evidence states a storey that no zone is on."""
    return floor is not None and floor not in world.index.floors


def _elsewhere(state: Shopper, last_ts: int, world: World, profile: Profile, tally: Tally) -> Step:
    """Somebody on another storey, as the track's newest fix says, is outside every zone, and nothing is believed."""
    ts = last_ts if state.track is None else state.track.ts
    certain = None if world.walk is None else ()
    fence, crossed = geofence.moved(world.index.zones, state.fence, last_ts, ts, (), (), certain)
    after, outcomes = _decide_all(replace(state, fence=fence, belief=None), crossed, world, profile, tally)
    return after, (*outcomes, Dropped.FLOOR)


def _moved_by(
    belief: Belief, state: Shopper, last_ts: int, ts: int, walk: WalkModel, zones: Mapping[str, Zone]
) -> geofence.Step:
    """The fence after the belief became `belief` at `ts`; the very same one says nothing new."""
    if belief is state.belief:
        return geofence.advance(zones, state.fence, last_ts, ts)
    seen = look(walk, belief)
    return geofence.moved(zones, state.fence, last_ts, ts, seen.inside, seen.near, seen.certain)


def _ranges(state: Shopper, heard: Ranges, world: World, profile: Profile, tally: Tally) -> Step:
    """As a fix, by way of the belief alone: no speed gate but its own, and the track is its mean.

    Where the world has no beliefs, nothing can be made of ranges.
    """
    ranges = ranges_of(heard, world.gateways)
    if world.walk is None or not ranges or not state.person.consents.location:
        return state, NO_CHANGE
    last_ts = heard.ts if state.track is None else state.track.ts
    if heard.ts < state.fence.past or heard.ts < last_ts:
        return state, (Dropped.LATE,)
    if state.track is not None and heard.ts == last_ts:
        return state, (Dropped.REPEATED,)
    visit = state.visit
    if visit is None:
        visit = _unannounced(state.id, heard.ts)
    elif _is_over(visit, state, heard.ts):
        before, due = _until(state, heard.ts, world, profile, tally)
        after, outcomes = _ranges(replace(before, visit=None), heard, world, profile, tally)
        return after, (*due, *outcomes)
    if _is_elsewhere(heard.floor, world):
        track = None if state.track is None else replace(state.track, ts=heard.ts)
        return _elsewhere(replace(state, track=track, visit=visit), last_ts, world, profile, tally)
    belief = observe_ranges(world.walk, state.belief, heard.ts, ranges)
    fence, crossed = _moved_by(belief, state, last_ts, heard.ts, world.walk, world.index.zones)
    track = Track(heard.ts, *mean_place(world.walk, belief))
    return _decide_all(Shopper(state.id, track, fence, state.person, visit, belief), crossed, world, profile, tally)


def _until(state: Shopper, ts: int, world: World, profile: Profile, tally: Tally) -> Step:
    if state.track is None or ts < state.fence.due:
        return state, NO_CHANGE
    fence, crossed = geofence.advance(world.index.zones, state.fence, state.track.ts, ts)
    after = Shopper(state.id, state.track, fence, state.person, state.visit, state.belief)
    return _decide_all(after, crossed, world, profile, tally)


def _decide_all(state: Shopper, crossed: Iterable[Transition], world: World, profile: Profile, tally: Tally) -> Step:
    """Decide at every enter and dwell that some rule waits for; each decision sees the offers of those before it.

    By a belief an enter is decided on once it is certain enough for a push: that moment counts, and nobody is told.
    """
    enters = Kind.ENTER if world.walk is None else Kind.SURE
    outcomes: list[Outcome] = []
    for transition in crossed:
        if transition.kind is not Kind.SURE:
            outcomes.append(transition)
        if transition.kind in {enters, Kind.DWELL}:
            trigger: Trigger = "dwell" if transition.kind is Kind.DWELL else "enter"
            state = _decide(state, transition.at, transition.zone, trigger, world, profile, tally, outcomes)
    return state, tuple(outcomes)


def _decide(  # noqa: PLR0913, PLR0917  a context is made of these
    state: Shopper,
    at: int,
    zone: str,
    trigger: Trigger,
    world: World,
    profile: Profile,
    tally: Tally,
    outcomes: list[Outcome],
) -> Shopper:
    if state.visit is None or state.visit.paid or (zone, trigger) not in world.triggered:
        return state
    decision = decide(Context(world, state.id, at, zone, trigger, state.person, state.visit, profile, tally))
    outcomes.append(decision)
    visit = state.visit
    passed = visit.passed if (zone, trigger) in visit.passed else (*visit.passed, (zone, trigger))
    visit = replace(visit, decisions=visit.decisions + 1, passed=passed)
    state = Shopper(state.id, state.track, state.fence, state.person, visit, state.belief)
    offer = decision.offer
    if offer is None:
        return state
    delivery = Delivery(
        offer.id,
        offer.rule,
        offer.category,
        offer.sku,
        offer.visit,
        offer.ts,
        offer.expires_at,
        "control" if decision.outcome == "holdout" else "sent",
    )
    return _with_person(state, person.remember(state.person, delivery))


def _again(state: Shopper, at: int, world: World, profile: Profile, tally: Tally) -> Step:
    """Decide anew where the shopper stands, because what a decision looks at has changed.

    The moment is that of the change, or of the newest fix or transition: no decision is older than what it looks at.
    """
    at = max(at, state.fence.past, state.track.ts if state.track is not None else 0)
    outcomes: list[Outcome] = []
    for stay in state.fence.stays:
        if stay.entered and stay.sure and stay.certain and stay.outside_since is None:
            state = _decide(state, at, stay.zone, "enter", world, profile, tally, outcomes)
            if stay.dwelled:
                state = _decide(state, at, stay.zone, "dwell", world, profile, tally, outcomes)
    return state, tuple(outcomes)


def _basket(state: Shopper, basket: Basket, world: World, profile: Profile, tally: Tally) -> Step:
    """The highest rev of a visit wins. Something new that a rule of this zone waits for calls for a new decision."""
    before, due = _until(state, basket.ts, world, profile, tally)
    visit = before.visit
    if visit is None or _is_over(visit, before, basket.ts):
        visit = _unannounced(state.id, basket.ts)
    is_of_another_visit = basket.ts < (visit.since if visit.announced else _gone(before))
    if basket.rev <= visit.basket_rev or is_of_another_visit:
        return before, due
    known = {item.sku for item in visit.basket}
    new = [item for item in basket.items if item.sku not in known]
    visit = replace(visit, basket_rev=basket.rev, basket=tuple(basket.items), basket_at=basket.ts)
    after = Shopper(before.id, before.track, before.fence, before.person, visit, before.belief)
    if not before.person.consents.basket or not _awaited(after, new, world):
        return after, due
    after, outcomes = _again(after, basket.ts, world, profile, tally)
    return after, (*due, *outcomes)


def _awaited(state: Shopper, new: Iterable[BasketItem], world: World) -> bool:
    """Whether a rule where the shopper stands asks for one of the new items."""
    here = [stay.zone for stay in state.fence.stays if stay.entered]
    if not here:
        return False
    products = world.store.products
    words = {word for item in new for word in (item.sku, products[item.sku].category)}
    rules = (rule for zone in here for kind in ("enter", "dwell") for rule in world.triggered.get((zone, kind), ()))
    return any(not words.isdisjoint(rule.has) for rule in rules)


def _unannounced(shopper: str, ts: int) -> Visit:
    return Visit(cause_id(shopper, "visit", ts), ts, announced=False)


def _is_over(visit: Visit, state: Shopper, ts: int) -> bool:
    """Whether a visit that nobody announced, and so nobody ends, has been silent for too long to go on at `ts`."""
    heard = max(visit.since, visit.basket_at, state.track.ts if state.track is not None else 0)
    return not visit.announced and ts - heard > VISIT_GAP_MS


def _gone(state: Shopper) -> int:
    """Since when a shopper without a visit has been gone; what is older belongs to a visit that is over."""
    return state.fence.past if state.visit is None else 0


def _leave(state: Shopper, at: int) -> geofence.Step:
    """Out of every zone at `at`, or at the newest fix if that is later."""
    return geofence.end(state.fence, max(at, state.track.ts if state.track is not None else 0))


def _checkout(state: Shopper, checkout: Checkout) -> Step:
    """The codes of this shopper's own offers are redeemed; the visit's stays, and its offers, end at the till."""
    if state.person.paid_visit == checkout.visit:
        return state, NO_CHANGE
    codes = set(checkout.codes)
    redeemed = tuple(d.offer for d in state.person.deliveries if person.code_of(d) in codes and d.is_redeemable)
    known = replace(state.person, paid_visit=checkout.visit)
    for offer in redeemed:
        known = person.redeem(known, offer, checkout.ts)
    visit = None if state.visit is None else replace(state.visit, paid=True)
    fence, exits = _leave(state, checkout.ts)
    return Shopper(state.id, state.track, fence, known, visit, state.belief), (*exits, Sold(checkout, redeemed))


def _presence(state: Shopper, presence: Presence) -> Step:
    """Arriving names the visit that a first fix or basket may have opened; leaving ends it."""
    known = state.visit
    if presence.ts < (_gone(state) if known is None else 0):
        return state, NO_CHANGE  # the visit it tells of is over
    if presence.event == "left":
        if known is None or presence.ts < known.since or (known.announced and known.id != presence.visit):
            return state, NO_CHANGE
        fence, exits = _leave(state, presence.ts)
        gone = replace(fence, past=fence.past + 1)  # a fix of that very moment comes too late to open another visit
        return Shopper(state.id, None, gone, state.person, None), exits
    if known is not None and (known.id == presence.visit or (known.announced and presence.ts <= known.since)):
        return state, NO_CHANGE
    if known is not None and not known.announced and not _is_over(known, state, presence.ts):
        visit = replace(known, id=presence.visit, announced=True)
        renamed = person.rename_visit(state.person, known.id, presence.visit)
        return Shopper(state.id, state.track, state.fence, renamed, visit, state.belief), NO_CHANGE
    fence, exits = _leave(state, presence.ts)
    return Shopper(state.id, None, fence, state.person, Visit(presence.visit, presence.ts, announced=True)), exits


def _consent(state: Shopper, change: ConsentChange, world: World, profile: Profile, tally: Tally) -> Step:
    """Withdrawing location ends all tracking and forgets the track; any other change decides anew, at once.

    A phone's clock may be wrong by any amount, so what follows is dated by the newest fix and not by `change.ts`.
    """
    known = person.consent(state.person, change)
    if known.consents == state.person.consents:
        return _with_person(state, known), NO_CHANGE
    if not known.consents.location:
        fence, exits = _leave(state, 0)
        return Shopper(state.id, None, fence, known, state.visit), exits
    return _again(_with_person(state, known), 0, world, profile, tally)


def restored(state: Shopper) -> Shopper:
    """A state that was stored: its fence is looked at anew, since the map may have changed meanwhile."""
    fence = Fence(state.fence.stays, None, 0, state.fence.past)
    return Shopper(state.id, state.track, fence, state.person, state.visit, state.belief)
