"""The tally: what was sent, seen and unwelcome is counted once, in whatever order it is told."""

from itertools import pairwise

from msgspec.structs import replace

from offer_engine.core.annoyance import Reception
from offer_engine.core.context import Tally
from offer_engine.core.counting import (
    KEPT_MS,
    count_delivered,
    count_received,
    count_receptions,
    count_sent,
    count_unseen,
    forget_old_receptions,
    rules_paused,
)
from offer_engine.core.pacing import MS_PER_DAY
from offer_engine.core.person import Delivery, Person, mute, receipt, redeem
from offer_engine.messages import Mute, Receipt
from tests.core.worlds import ANY_RED, NOON, world

SENT = Delivery("o1", "any-red", "red-wine", "oak-red", "visit-1", NOON, NOON + 600_000)
PERSON = Person(deliveries=(SENT,))


def received(*steps: Person) -> Reception:
    """What the tally holds of the rule after a person has changed step by step."""
    tally = Tally()
    for before, after in pairwise(steps):
        count_receptions(tally, before.deliveries, after.deliveries)
    return tally.received.get("any-red", Reception())


def test_every_offer_counts_once() -> None:
    """Dismissed, then "not for me", then muted: one offer shown, one unwelcome."""
    shown = receipt(PERSON, Receipt("o1", "shown", NOON))
    dismissed = receipt(shown, Receipt("o1", "dismissed", NOON))
    rejected = receipt(dismissed, Receipt("o1", "not_for_me", NOON))
    muted = mute(rejected, Mute("offer", NOON, "o1"))

    assert received(PERSON, shown) == Reception(1, 0)
    assert received(PERSON, shown, dismissed, rejected, muted) == Reception(1, 1)
    assert received(PERSON, muted) == Reception(1, 1)


def test_who_uses_what_they_put_away_was_not_annoyed() -> None:
    """The code at the till is the last word, unless they muted it."""
    dismissed = receipt(PERSON, Receipt("o1", "dismissed", NOON))

    assert received(PERSON, dismissed, redeem(dismissed, "o1", NOON)) == Reception(1, 0)
    muted = mute(dismissed, Mute("category", NOON, "o1"))
    assert received(PERSON, dismissed, muted, redeem(muted, "o1", NOON)) == Reception(1, 1)


def test_nothing_new_is_no_change() -> None:
    """A second look at the same offers counts nothing."""
    tally = Tally()

    assert not count_receptions(tally, PERSON.deliveries, PERSON.deliveries)
    assert not count_receptions(tally, (), PERSON.deliveries)  # one just decided: not shown yet
    assert tally == Tally()


def test_the_store_s_hour_keeps_what_late_events_need_and_no_more() -> None:
    """Ascending whatever the order; the oldest go."""
    tally = Tally()
    for at in (NOON, NOON - 5, NOON + KEPT_MS):
        count_sent(tally, "any-red", at)

    assert tally.pushed == [NOON, NOON + KEPT_MS]
    assert tally.delivered == {"any-red": 3}


def test_an_offer_that_expired_unseen_was_not_delivered() -> None:
    """Its budget and its place in the hour are free again; one long out of the hour has none."""
    tally = Tally()
    count_sent(tally, "any-red", SENT.at)
    count_unseen(tally, SENT)
    assert (tally.delivered, tally.pushed) == ({"any-red": 0}, [])

    count_sent(tally, "any-red", NOON + 1)
    count_unseen(tally, replace(SENT, at=NOON - KEPT_MS))
    assert tally.pushed == [NOON + 1]


def test_an_offer_shown_after_all_is_delivered_after_all() -> None:
    """Of two phones one may be late: too late to show, said one; the other has shown it, or its code is used."""
    tally = Tally()
    count_sent(tally, "any-red", NOON)
    expired = receipt(PERSON, Receipt("o1", "expired", NOON))
    count_delivered(tally, PERSON.deliveries, expired.deliveries)
    assert (tally.delivered, tally.pushed) == ({"any-red": 0}, [])
    for later in (receipt(expired, Receipt("o1", "shown", NOON)), redeem(expired, "o1", NOON)):
        seen = Tally({"any-red": 0})
        count_delivered(seen, expired.deliveries, later.deliveries)
        assert (seen.delivered, seen.pushed) == ({"any-red": 1}, [NOON])
        count_delivered(seen, later.deliveries, later.deliveries)
        assert seen.delivered == {"any-red": 1}


def test_evidence_ages_and_a_paused_rule_gets_another_hearing() -> None:
    """Thirty days after its offers the rule is as if nobody had ever been asked; what came since still counts."""
    shop, tally = world(ANY_RED), Tally()
    count_received(tally, "any-red", NOON // MS_PER_DAY, Reception(60, 40))
    count_received(tally, "any-red", NOON // MS_PER_DAY + 10, Reception(5, 1))

    assert not forget_old_receptions(tally, NOON + 30 * MS_PER_DAY)
    assert rules_paused(tally, shop)
    assert forget_old_receptions(tally, NOON + 31 * MS_PER_DAY)
    assert tally.received == {"any-red": Reception(5, 1)}
    assert rules_paused(tally, shop) == {}
    assert not forget_old_receptions(tally, NOON + 31 * MS_PER_DAY)  # once is enough


def test_an_answer_to_a_forgotten_offer_is_no_evidence() -> None:
    """Who mutes an offer of long ago is obeyed; the rule is not blamed for what no longer speaks."""
    tally = Tally()
    forget_old_receptions(tally, NOON + 31 * MS_PER_DAY)
    dismissed = receipt(PERSON, Receipt("o1", "dismissed", NOON))
    assert not count_receptions(tally, PERSON.deliveries, dismissed.deliveries)
    assert tally.received == {}


def test_paused_rules_come_with_their_evidence() -> None:
    """Only those in force: a rule that is gone annoys nobody."""
    tally = Tally(received={"any-red": Reception(60, 40), "gone": Reception(60, 60)})

    assert rules_paused(tally, world(ANY_RED)) == {"any-red": "40 of 60 shown were unwelcome, surely more than 54%"}
    assert rules_paused(Tally(), world(ANY_RED)) == {}
