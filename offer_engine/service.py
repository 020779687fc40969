"""The one loop: gather, decide, act. Messages from the store and from phones go in, records and offers come out.

Every message is handled at once and whole, in the order of its arrival, by the pure core; nothing here waits. What
comes out goes through the outbox: recorded, then sent. A bad message is counted, kept and reported, and the loop
lives.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import perf_counter_ns

from msgspec.structs import replace

from offer_engine.adapters.listening import Listening, is_private
from offer_engine.core.affinity import NOBODY, Profile, build_profile
from offer_engine.core.context import World, with_rules
from offer_engine.core.counting import (
    count_delivered,
    count_receptions,
    count_sent,
    forget_old_receptions,
    rules_paused,
)
from offer_engine.core.decision import Decision
from offer_engine.core.geofence import Kind, Transition
from offer_engine.core.glance import glance
from offer_engine.core.person import Delivery, may_show
from offer_engine.core.rules import RuleSet
from offer_engine.core.shopper import Event, Outcome, Shopper, Sold, Until, apply, restored
from offer_engine.core.tracking import Dropped
from offer_engine.door import MAX_AHEAD_MS, Unknown, check_clock, check_place, known_part, known_readings
from offer_engine.errors import MessageError, Refusal
from offer_engine.ledger import Ledger
from offer_engine.messages import (
    OURS,
    REJECTED_HEAD_BYTES,
    ConsentChange,
    Here,
    Mute,
    Offer,
    Position,
    Ranges,
    Receipt,
    Rejected,
    Report,
    Unmute,
    encode,
    leaf_of,
    parse_report,
    parse_topic,
    shopper_topic,
)
from offer_engine.outbox import Outbox, Progress, Record
from offer_engine.push import Phones
from offer_engine.zone_events import Tell, visit_of

MAX_CHOICE_AGE_MS = 30 * 60_000  # a choice made without a connection is said later; longer than this no visit lasts
LATENESS_MS = 500  # how long a timer waits for a fix that is still on its way
FORGET_MS = 2 * 3_600_000  # a shopper not heard of for so long is put back into the ledger
FORGET_STRANGER_MS = 2 * 60_000  # one whose phone never said hello: nothing is held of them but that they are here
MAX_ROUTES = 200_000  # remembered topics; a flood of made-up shoppers clears them instead of the memory

_PLACES = frozenset({Position, Ranges})  # these change a state every second: it is kept when something comes of them

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Live:
    """One shopper held in memory: the core's state, and the profile once it was needed."""

    state: Shopper
    profile: Profile | None = None
    lag_ms: int = 0  # how far the clock of the newest fix, and its way here, were behind ours
    loaded_ms: int = 0  # when they came into memory
    here_ms: int = 0  # of the newest report of the store, which says that they are in it


@dataclass(slots=True)
class Counts:
    """What has happened since the start; read by the status page."""

    positions: int = 0
    messages: int = 0
    untracked: int = 0  # positions of shoppers who do not share their location
    refused: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    receipts: Counter[str] = field(default_factory=Counter)
    redeemed: int = 0


class Service:
    """Everything that happens between a message and its consequences."""

    def __init__(
        self,
        world: World,
        ledger: Ledger,
        *,
        record: Record,
        phones: Phones,
        soon: Callable[[Callable[[], None]], object],
        wall_ms: Callable[[], int] | None,
    ) -> None:
        """Build the loop's state; without `wall_ms` the newest event is the clock (replays, faster than real time).

        `ledger` is only read here; `record` writes. `soon` runs a function at the end of this turn of the loop.
        """
        self.world = world
        self.counts = Counts()
        self.phones = phones
        self.out = Outbox(world.store.store, phones, record=record, soon=soon, now_ms=self.now_ms)
        self.rule_problems: tuple[str, ...] = ()  # why the newest rules were refused; the ones before them decide
        self.foreign: Listening | None = None  # hears what the store's other systems say
        self.tell_zones: Tell | None = None  # makes messages for anyone of what happens at the zones' edges
        self.ledger = ledger
        self._wall_ms = wall_ms
        self._newest_ms = 0
        self.tally = ledger.tally(self.now_ms())
        self._paused_rules: set[str] = set()  # those that were said to have paused themselves
        self._live: dict[str, Live] = {}
        self._routes: dict[str, tuple[str, str]] = {}

    def restore(self) -> None:
        """Take up the shoppers who were inside a zone when an earlier engine stopped, so that each gets an exit."""
        for state in self.ledger.states_inside():
            self.shopper(state.id)

    def now_ms(self) -> int:
        """The engine's clock: the wall's, or the newest event's."""
        return self._newest_ms if self._wall_ms is None else self._wall_ms()

    def shoppers(self) -> Iterator[Live]:
        """Every shopper held in memory."""
        return iter(self._live.values())

    def shopper(self, shopper: str) -> Live:
        """A shopper's entry: from memory, else from the ledger, else new."""
        live = self._live.get(shopper)
        if live is None:
            live = Live(self.state(shopper), loaded_ms=self.now_ms())
            self._live[shopper] = live
        return live

    def state(self, shopper: str) -> Shopper:
        """What is held of a shopper, to look at: nobody becomes known by being asked about."""
        live = self._live.get(shopper)
        if live is not None:
            return live.state
        stored = self.ledger.state(shopper)
        return Shopper(shopper) if stored is None else restored(stored)

    def use_rules(self, rules: RuleSet, text: str) -> None:
        """Decide by other rules from now on; what they say is kept, since decisions name their version."""
        self.world = with_rules(self.world, rules)
        self.rule_problems = ()
        self._say_paused()
        self.out.batch.rule_sets.append((rules.version, self.now_ms(), text))
        self.out.flush_soon()

    # --- in ---------------------------------------------------------------------------------------------------------

    def receive(self, topic: str, payload: bytes) -> None:
        """Handle one MQTT message; never raises."""
        arrived = perf_counter_ns()
        try:
            route = self._routes.get(topic)
            if route is None:
                if self.foreign is not None and not topic.startswith(OURS):
                    self._hear(self.foreign, topic, payload, arrived)
                    return
                route = self._route(topic)
            shopper, leaf = route
            self.report(shopper, parse_report(leaf, payload), arrived)
        except MessageError as error:
            self._reject(topic, payload, error.refusal, error.detail)
        except Exception as error:  # noqa: BLE001  the one broad except: whatever one message did, the next is handled
            _log.exception("handling one message failed: %s", topic)
            self._reject(topic, payload, Refusal.INTERNAL, repr(error))

    def report(self, shopper: str, report: Report, arrived: int) -> None:
        """Handle what the store, or a phone as a source, reports of a shopper.

        Raises:
            MessageError: the clock is off, or the place is outside the store.
        """
        ts = report.ts
        if self._wall_ms is None:
            now = ts
            self._newest_ms = max(self._newest_ms, ts)
        else:
            now = self._wall_ms()
            check_clock(report, now)
        live = self._live.get(shopper) or self.shopper(shopper)
        if ts > live.here_ms:  # noqa: PLR1730  max() costs a tenth of a microsecond, for every position
            live.here_ms = ts
        if isinstance(report, Position):
            live.lag_ms = now - ts
            self._position(live, report, arrived)
        elif isinstance(report, Ranges):
            live.lag_ms = now - ts
            self._ranges(live, report, arrived)
        else:
            self.counts.messages += 1
            known, fault = known_part(report, self.world)
            self._say_unknown(shopper, report, fault)
            self._apply(live, known, arrived)

    def _hear(self, foreign: Listening, topic: str, payload: bytes, arrived: int) -> None:
        """Handle what another system says as if the store had said it."""
        for shopper, report in foreign.hear(topic, payload, self.now_ms(), self.world):
            self.report(shopper, report, arrived)

    def _hear_due(self, foreign: Listening, now: int) -> None:
        for shopper, report in foreign.due(now):
            self.receive(shopper_topic(self.world.store.store, shopper, leaf_of(report)), encode(report))

    def tick(self) -> None:
        """Let happen what falls due between messages, and put away who has gone; called a few times a second."""
        now = self.now_ms()
        if forget_old_receptions(self.tally, now):
            self._say_paused()
        if self.foreign is not None:
            self._hear_due(self.foreign, now)
        for shopper in [shopper for shopper, live in self._live.items() if _is_gone(live, now)]:
            del self._live[shopper]
        for shopper, live in list(self._live.items()):
            due = now - LATENESS_MS - live.lag_ms  # a timer runs on the clock of the shopper's own source
            if live.state.fence.due <= due:
                self._let_fall_due(shopper, live, due)

    def _let_fall_due(self, shopper: str, live: Live, due: int) -> None:
        try:
            self._apply(live, Until(due), perf_counter_ns())
        except Exception:  # noqa: BLE001  as in `receive`: whatever one shopper's timer did, the others run
            _log.exception("a timer failed; %s is read from the ledger again", shopper)
            del self._live[shopper]

    def phone(self, shopper: str, event: Receipt | Mute | Unmute | ConsentChange) -> None:
        """Handle a shopper's choice or a receipt from a phone; a clock that cannot be right is not believed."""
        now = self.now_ms()
        if not now - MAX_CHOICE_AGE_MS <= event.ts <= now + MAX_AHEAD_MS:
            event = replace(event, ts=now)
        live = self.shopper(shopper)
        if isinstance(event, Receipt):
            self._receipt(live, event)
        elif isinstance(event, ConsentChange) and event.history is not None:
            live.profile = None
        before = live.state.person
        self._apply(live, event, perf_counter_ns())
        after = live.state.person
        if isinstance(event, Mute):
            blamed = {delivery.offer for delivery in before.deliveries if delivery.muted}
            newly = [one.offer for one in after.deliveries if one.muted and one.offer not in blamed]
            self.out.batch.receipts += [(offer, "muted", event.ts) for offer in newly]
        if after.consents != before.consents or (isinstance(event, ConsentChange) and not before.joined):
            chosen = after.consents
            self.out.batch.consents.append((shopper, event.ts, chosen.location, chosen.basket, chosen.history))
        if after is not before:
            self.out.keep(live.state)
            self._note_progress(shopper, before.deliveries, live)

    def joined(self, shopper: str, event: Event) -> None:
        """A phone has said hello."""
        live = self.shopper(shopper)
        if not live.state.person.joined:
            self._apply(live, event, perf_counter_ns())
            agreed = live.state.person.consents
            self.out.batch.consents.append((shopper, self.now_ms(), agreed.location, agreed.basket, agreed.history))
            self.out.keep(live.state)

    def offers_after(self, shopper: str, last_offer: str | None) -> list[Offer]:
        """A shopper's offers that may still be shown, those after `last_offer`, oldest first."""
        now = self.now_ms()
        offers = self.ledger.live_offers(shopper, now)
        known = [number for number, offer in enumerate(offers) if offer.id == last_offer]
        person = self.shopper(shopper).state.person
        return [offer for offer in offers[known[0] + 1 if known else 0 :] if may_show(person, offer, now)]

    def paused_rules(self) -> dict[str, str]:
        """The rules that annoy and have paused themselves, each with the evidence."""
        return rules_paused(self.tally, self.world)

    def keep_all(self) -> None:
        """Store every shopper's state as it is now: before a clean stop."""
        for live in self._live.values():
            if live.state != Shopper(live.state.id):  # of who shares nothing, nothing is kept
                self.out.keep(live.state)
        self.out.flush()

    # --- one message ------------------------------------------------------------------------------------------------

    def _position(self, live: Live, fix: Position, arrived: int) -> None:
        quiet = glance(live.state, fix, self.world)
        if quiet is None or not quiet.fence.inside:  # whoever is in a zone is in the store
            check_place(fix, self.world)
        self.counts.positions += 1
        if quiet is not None:
            live.state = quiet
        elif live.state.person.consents.location:
            self._apply(live, fix, arrived)
        else:
            self.counts.untracked += 1

    def _ranges(self, live: Live, heard: Ranges, arrived: int) -> None:
        known, fault = known_readings(heard, self.world)
        self._say_unknown(live.state.id, heard, fault)
        if not known.heard:
            return
        self.counts.positions += 1
        if live.state.person.consents.location:
            self._apply(live, known, arrived)
        else:
            self.counts.untracked += 1

    def _say_unknown(self, shopper: str, report: Report, fault: Unknown | None) -> None:
        if fault is not None:
            topic = shopper_topic(self.world.store.store, shopper, leaf_of(report))
            self._reject(topic, encode(report), fault.refusal, fault.detail)

    def _route(self, topic: str) -> tuple[str, str]:
        route = parse_topic(self.world.store.store, topic)
        if len(self._routes) >= MAX_ROUTES:
            self._routes.clear()
        self._routes[topic] = route
        return route

    def _apply(self, live: Live, event: Event, arrived: int) -> None:
        profile = live.profile if live.profile is not None else self._profile(live, event)
        before = live.state
        live.state, outcomes = apply(before, event, self.world, profile, self.tally)
        person = live.state.person
        if person is not before.person:
            count_delivered(self.tally, before.person.deliveries, person.deliveries)
            if count_receptions(self.tally, before.person.deliveries, person.deliveries):
                self._say_paused()
        if outcomes:
            self._act(live, before, outcomes, arrived)
        elif type(event) not in _PLACES and live.state is not before:
            self.out.keep(live.state)

    def _profile(self, live: Live, event: Event) -> Profile:
        """A shopper's history, read on the first occasion, and only with their consent."""
        allowed = live.state.person.consents.history
        if isinstance(event, ConsentChange) and event.history is not None:
            allowed = event.history
        if not allowed:
            return NOBODY
        live.profile = build_profile(self.ledger.purchases(live.state.id), self.world.store.products)
        return live.profile

    def _reject(self, topic: str, payload: bytes, refusal: Refusal, detail: str) -> None:
        self.counts.refused[refusal] += 1
        head = "" if is_private(topic) else payload[:REJECTED_HEAD_BYTES].decode(errors="replace")
        self.out.reject(Rejected(self.now_ms(), topic, refusal, detail[:500], head))

    # --- out --------------------------------------------------------------------------------------------------------

    def _act(self, live: Live, before: Shopper, outcomes: tuple[Outcome, ...], arrived: int) -> None:
        for outcome in outcomes:
            match outcome:
                case Dropped():
                    self.counts.dropped[outcome] += 1
                    if len(outcomes) == 1:
                        return  # a dropped fix is nothing to write down
                case Transition():
                    self._tell_place(live.state.id, outcome)
                    if self.tell_zones is not None:
                        visit = visit_of(outcome, before, live.state)
                        self.out.tell(self.tell_zones(live.state.id, outcome, visit))
                case Decision():
                    self._decided(live, outcome, arrived)
                case Sold():
                    self._sold(live, outcome)
        self.out.keep(live.state)

    def _tell_place(self, shopper: str, crossed: Transition) -> None:
        if crossed.kind not in {Kind.ENTER, Kind.EXIT}:
            return
        zone = self.world.store.zones.get(crossed.zone) if crossed.kind is Kind.ENTER else None
        self.phones.send(shopper, Here(crossed.at, zone.key if zone else "", zone.label if zone else ""))

    def _decided(self, live: Live, decision: Decision, arrived: int) -> None:
        self.counts.outcomes[decision.outcome] += 1
        self.out.decided(decision, arrived)
        if decision.offer is None:
            return
        delivery = next(d for d in live.state.person.deliveries if d.offer == decision.offer.id)
        self.out.batch.deliveries.append((live.state.id, delivery))
        if decision.outcome == "offer":
            count_sent(self.tally, decision.offer.rule, decision.ts)
            self.out.batch.offers.append((live.state.id, decision.id, decision.offer))

    def _sold(self, live: Live, sold: Sold) -> None:
        live.profile = None  # read again, with this purchase, when next needed
        self.out.batch.checkouts.append((live.state.id, sold.checkout, sold.redeemed))
        self.counts.redeemed += len(sold.redeemed)
        for item in sold.checkout.items:
            self.tally.sold[item.sku] = self.tally.sold.get(item.sku, 0) + item.qty
        for offer in sold.redeemed:
            self.out.watch(Progress(live.state.id, offer, "redeemed"))
            self.out.batch.deliveries += [(live.state.id, d) for d in live.state.person.deliveries if d.offer == offer]

    def _receipt(self, live: Live, received: Receipt) -> None:
        known = any(delivery.offer == received.offer for delivery in live.state.person.deliveries)
        if not known:
            raise MessageError(Refusal.INVALID, f"no offer {received.offer} was sent to this shopper")
        self.out.batch.receipts.append((received.offer, received.event, received.ts))

    def _note_progress(self, shopper: str, before: tuple[Delivery, ...], live: Live) -> None:
        known = {delivery.offer: delivery for delivery in before}
        for delivery in live.state.person.deliveries:
            old = known.get(delivery.offer, delivery)
            if delivery.state != old.state:
                self.counts.receipts[delivery.state] += 1
                self.out.batch.deliveries.append((shopper, delivery))
                self.out.watch(Progress(shopper, delivery.offer, delivery.state))

    def _say_paused(self) -> None:
        """Say it once when a rule pauses itself."""
        paused = self.paused_rules()
        for rule in paused.keys() - self._paused_rules:
            _log.warning("rule '%s' has paused itself: %s", rule, paused[rule])
        self._paused_rules = set(paused)


def _is_gone(live: Live, now: int) -> bool:
    """Whether a shopper may be put away: in no zone, and not reported for long."""
    patience = FORGET_MS if live.state.person.joined else FORGET_STRANGER_MS
    return now - max(live.loaded_ms, live.here_ms) > patience and not live.state.fence.stays
