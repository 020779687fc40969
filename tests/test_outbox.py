"""The outbox: one turn is one commit, nobody hears of anything before it, and phones hear first."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from offer_engine.core.shopper import Shopper
from offer_engine.errors import Refusal
from offer_engine.ledger import Batch
from offer_engine.messages import Rejected
from offer_engine.outbox import MAX_REPORTS, MAX_SAID, SAY_AGAIN_MS, Outbox, Sent
from offer_engine.push import Phone, Phones
from tests.records import NOON_MS, decision, offer


@dataclass
class Turn:
    """A loop that is turned by hand, and a disk that commits when told to."""

    now_ms: int = NOON_MS
    soon: list[Callable[[], None]] = field(default_factory=list)
    commits: list[tuple[Batch, Callable[[], None]]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)  # who heard, in order
    phones: Phones = field(default_factory=Phones)
    out: Outbox = field(init=False)
    phone: Phone = field(init=False)

    def __post_init__(self) -> None:
        """One phone, one watcher, one broker."""
        self.out = Outbox(
            "demo-market",
            self.phones,
            record=lambda batch, done: self.commits.append((batch, done)),
            soon=self.soon.append,
            now_ms=lambda: self.now_ms,
        )
        self.phone = self.phones.connect("dave")
        self.out.publish = lambda topic, _payload, _qos: self.heard.append(topic)
        self.out.watch = lambda event: self.heard.append("watcher") if isinstance(event, Sent) else None

    def end(self) -> None:
        """Let everything happen that waits for the end of this turn."""
        while self.soon:
            self.soon.pop(0)()

    def commit(self) -> Batch:
        """The disk takes the oldest batch."""
        batch, done = self.commits.pop(0)
        done()
        return batch


@pytest.fixture
def turn() -> Turn:
    """A turn with nothing in it."""
    return Turn()


def test_one_turn_is_one_commit(turn: Turn) -> None:
    """Of two states of one shopper in one turn the later one is kept."""
    later = Shopper("dave", track=None)
    turn.out.keep(Shopper("dave"))
    turn.out.keep(Shopper("ana"))
    turn.out.keep(later)
    turn.end()

    assert len(turn.commits) == 1
    assert turn.commit().states == {"dave": later, "ana": Shopper("ana")}


def test_a_turn_that_was_committed_early_is_not_committed_again(turn: Turn) -> None:
    """A clean stop does not wait for the end of the turn, and nothing comes after it."""
    turn.out.keep(Shopper("dave"))
    turn.out.flush()
    turn.end()

    assert len(turn.commits) == 1


def test_nobody_hears_before_the_commit_and_phones_hear_first(turn: Turn) -> None:
    """The offer is in the phone's queue when the disk has it; topics and watchers wait for the next turn."""
    turn.out.decided(decision(1, sends=offer(1)), 0)
    turn.out.tell([("store/demo-market/zone/wine/event", b"{}")])
    turn.out.keep(Shopper("dave"))
    turn.end()
    assert turn.phone.take() is None

    turn.commit()
    assert turn.phone.take() is not None
    assert turn.heard == []

    turn.end()
    assert turn.heard == ["store/demo-market/zone/wine/event", "store/demo-market/shopper/dave/offer", "watcher"]


def test_what_expired_while_the_disk_was_slow_goes_nowhere(turn: Turn) -> None:
    """Later is another aisle: it is on record, and the watcher sees that no phone got it."""
    one = offer(1)
    turn.out.decided(decision(1, sends=one), 0)
    turn.out.keep(Shopper("dave"))
    turn.end()

    turn.now_ms = one.expires_at
    turn.commit()
    turn.end()

    assert turn.phone.take() is None
    assert turn.heard == ["watcher"]


def test_a_flood_of_refusals_is_reported_in_part(turn: Turn) -> None:
    """Of so many at a time the rest are only counted, by who refused them; once they are out there is room again."""
    refused = Rejected(NOON_MS, "store/demo-market/shopper/dave/position", Refusal.MALFORMED, "", "")
    for _ in range(MAX_REPORTS + 5):
        turn.out.reject(refused)
    turn.end()

    assert len(turn.commit().rejected) == MAX_REPORTS
    turn.end()
    assert turn.heard == ["store/demo-market/engine/rejected"] * MAX_REPORTS
    turn.out.reject(refused)
    turn.end()
    assert len(turn.commit().rejected) == 1


def test_a_source_that_keeps_sending_what_is_refused_is_logged_once_a_minute(
    turn: Turn, caplog: pytest.LogCaptureFixture
) -> None:
    """All of it is recorded and reported; the log names each topic and reason, and then how many there were."""

    def refuse(at_ms: int, topic: str = "t") -> None:
        turn.out.reject(Rejected(at_ms, topic, Refusal.MALFORMED, "not JSON", "{"))
        turn.end()
        turn.commit()
        turn.end()

    for number in range(5):
        refuse(NOON_MS + 1000 * number)
    refuse(NOON_MS + 5000, "another topic")
    refuse(NOON_MS + SAY_AGAIN_MS)

    assert turn.heard == ["store/demo-market/engine/rejected"] * 7
    assert [record.message for record in caplog.records] == [
        "refused (malformed) t: not JSON",
        "refused (malformed) another topic: not JSON",
        "refused (malformed) t: not JSON; 4 more since the last time this was said",
    ]


def test_made_up_topics_without_end_do_not_fill_the_memory(turn: Turn) -> None:
    """Of so many sources the log forgets which it has named."""
    for number in range(2 * MAX_SAID):
        turn.out.reject(Rejected(NOON_MS, str(number), Refusal.TOPIC, "", ""))
        turn.end()
        turn.commit()

    assert len(turn.out._said) <= MAX_SAID
