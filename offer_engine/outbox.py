"""What one turn of the loop brought about becomes one commit, and only then offers and news: record, then send.

Phones are served first; the topics and whoever watches hear a moment later. An offer that expired while the disk took
its time is on record and goes nowhere.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from time import perf_counter_ns

from offer_engine.core.decision import Decision
from offer_engine.core.shopper import Shopper
from offer_engine.ledger import Batch
from offer_engine.messages import Rejected, encode, rejected_topic, shopper_topic
from offer_engine.push import Phones

MAX_REPORTS = 100  # refused messages on their way to the ledger; of more at a time the rest are only counted
SAY_AGAIN_MS = 60_000  # a source that keeps sending what is refused is named in the log once in so long
MAX_SAID = 1000  # such sources that are remembered

_log = logging.getLogger(__name__)

Record = Callable[[Batch, Callable[[], None]], None]
Publish = Callable[[str, bytes, int], None]
Message = tuple[str, bytes]  # topic, payload


@dataclass(frozen=True, slots=True)
class Sent:
    """A decision was recorded and, if it was an offer, handed to the phones, so long after its message came in."""

    decision: Decision
    latency_ms: float
    phones: int


@dataclass(frozen=True, slots=True)
class Progress:
    """An offer got further on its phone, or at the till."""

    shopper: str
    offer: str
    state: str


Watch = Callable[[Sent | Progress], None]


class Outbox:
    """What waits for the end of this turn, and the way out for it."""

    def __init__(
        self,
        store: str,
        phones: Phones,
        *,
        record: Record,
        soon: Callable[[Callable[[], None]], object],
        now_ms: Callable[[], int],
    ) -> None:
        """`record` writes a batch and then calls what it is given; `soon` runs a function at the end of this turn."""
        self.batch = Batch()
        self.phones = phones
        self.publish: Publish = _not_connected
        self.watch: Watch = _nobody_watches
        self._store = store
        self._record = record
        self._soon = soon
        self._now_ms = now_ms
        self._decided: list[tuple[Decision, int]] = []
        self._messages: list[Message] = []
        self._is_due = False
        self._reports = 0
        self._said: dict[tuple[str, str], tuple[int, int]] = {}  # (topic, reason) -> said when, and how many since

    def keep(self, state: Shopper) -> None:
        """Record a shopper's state."""
        self.batch.states[state.id] = state
        self.flush_soon()

    def decided(self, decision: Decision, arrived: int) -> None:
        """Record a decision, and send its offer; `arrived` is when its message came in, in ns of `perf_counter_ns`."""
        self.batch.decisions.append(decision)
        self._decided.append((decision, arrived))

    def tell(self, messages: Iterable[Message]) -> None:
        """Publish messages at QoS 1 once this turn is on record."""
        self._messages += messages

    def reject(self, rejected: Rejected) -> None:
        """Record and report a refused message, unless a flood of them is on its way already."""
        if self._reports < MAX_REPORTS:
            self._reports += 1
            self.batch.rejected.append(rejected)
            self._say_refused(rejected)
            self.flush_soon()

    def _say_refused(self, rejected: Rejected) -> None:
        """Log it, unless the same was said of that topic a moment ago: a misled sensor must not fill the disk."""
        source = rejected.topic, rejected.reason
        said_at, since = self._said.get(source, (-SAY_AGAIN_MS, 0))
        if 0 <= rejected.ts - said_at < SAY_AGAIN_MS:
            self._said[source] = said_at, since + 1
            return
        if len(self._said) >= MAX_SAID:
            self._said.clear()
        self._said[source] = rejected.ts, 0
        more = f"; {since} more since the last time this was said" if since else ""
        _log.warning("refused (%s) %s: %s%s", rejected.reason, rejected.topic, rejected.detail, more)

    def flush_soon(self) -> None:
        """Commit at the end of this turn."""
        if not self._is_due:
            self._is_due = True
            self._soon(self._flush_due)

    def _flush_due(self) -> None:
        if self._is_due:  # and not flushed since by who could not wait
            self.flush()

    def flush(self) -> None:
        """Commit now."""
        batch, self.batch = self.batch, Batch()
        decided, self._decided = self._decided, []
        messages, self._messages = self._messages, []
        self._is_due = False
        self._record(batch, partial(self._recorded, batch, decided, messages))

    def _recorded(self, batch: Batch, decided: list[tuple[Decision, int]], messages: list[Message]) -> None:
        """The batch is on record: now, and only now, the world may know; not of an offer that has expired meanwhile."""
        now = self._now_ms()
        told: list[Sent] = []
        for decision, arrived in decided:
            offer = decision.offer if decision.outcome == "offer" else None
            if offer is None or offer.expires_at <= now:
                phones = 0
            else:
                phones = self.phones.send(decision.shopper, offer)
                messages.append((shopper_topic(self._store, decision.shopper, "offer"), encode(offer)))
            told.append(Sent(decision, (perf_counter_ns() - arrived) / 1e6, phones))
        self._reports -= len(batch.rejected)
        if told or messages or batch.rejected:
            self._soon(partial(self._announce, told, messages, batch.rejected))

    def _announce(self, told: list[Sent], messages: list[Message], rejected: list[Rejected]) -> None:
        for topic, payload in messages:
            self.publish(topic, payload, 1)
        for one in rejected:
            self.publish(rejected_topic(self._store), encode(one), 0)
        for sent in told:
            self.watch(sent)


def _not_connected(topic: str, payload: bytes, qos: int) -> None:
    """Until there is a broker."""
    del topic, payload, qos


def _nobody_watches(event: Sent | Progress) -> None:
    """Until a page watches."""
    del event
