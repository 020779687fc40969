"""What happened to offers becomes the tally that decisions read: budgets, the store's hour, how rules were received.

The only functions that change a tally; the service calls them, one after the other, and decisions only look.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence

from offer_engine.core.annoyance import EVIDENCE_DAYS, NOBODY_ASKED, Reception, annoyance_text, annoys
from offer_engine.core.context import Tally, World
from offer_engine.core.pacing import MS_PER_DAY, MS_PER_H
from offer_engine.core.person import Delivery

KEPT_MS = 2 * MS_PER_H  # deliveries kept for the store's hour: a late event still finds its own


def count_sent(tally: Tally, rule: str, at: int) -> None:
    """An offer of `rule` was sent at `at` (ms): until it expires unseen, it counts as delivered."""
    tally.delivered[rule] = tally.delivered.get(rule, 0) + 1
    insort(tally.pushed, at)
    del tally.pushed[: bisect_left(tally.pushed, at - KEPT_MS)]


def count_unseen(tally: Tally, delivery: Delivery) -> None:
    """An offer expired unseen: a budget and the store's hour count what was delivered."""
    tally.delivered[delivery.rule] -= 1
    place = bisect_left(tally.pushed, delivery.at)
    if tally.pushed[place : place + 1] == [delivery.at]:
        del tally.pushed[place]


def count_delivered(tally: Tally, before: Sequence[Delivery], after: Sequence[Delivery]) -> None:
    """Count how one shopper's offers have fared: one expired unseen is free again, one shown after all is not."""
    known = {delivery.offer: delivery for delivery in before}
    for new in after:
        was_unseen, is_unseen = _is_unseen(known.get(new.offer, new)), _is_unseen(new)
        if is_unseen and not was_unseen:
            count_unseen(tally, new)
        elif was_unseen and not is_unseen:
            count_sent(tally, new.rule, new.at)


def _is_unseen(delivery: Delivery) -> bool:
    return delivery.state == "expired" and delivery.shown_at is None


def count_receptions(tally: Tally, before: Sequence[Delivery], after: Sequence[Delivery]) -> bool:
    """Count how one shopper's offers are received by now; whether anything has changed."""
    known = {delivery.offer: delivery for delivery in before}
    pairs = [(known.get(new.offer, new), new) for new in after if new.at // MS_PER_DAY >= tally.received_from]
    changed = [(old, new) for old, new in pairs if old.reception != new.reception]
    for old, new in changed:
        for counted in (tally.received, tally.received_on.setdefault(new.at // MS_PER_DAY, {})):
            counted[new.rule] = counted.get(new.rule, NOBODY_ASKED).changed(old.reception, new.reception)
    return bool(changed)


def count_received(tally: Tally, rule: str, day: int, received: Reception) -> None:
    """Add what is on record of a rule's offers of one day (days since 1970)."""
    for counted in (tally.received, tally.received_on.setdefault(day, {})):
        counted[rule] = counted.get(rule, NOBODY_ASKED).changed(NOBODY_ASKED, received)


def forget_old_receptions(tally: Tally, now_ms: int) -> bool:
    """Let evidence age: offers older than `EVIDENCE_DAYS` no longer speak; whether any did."""
    tally.received_from = max(tally.received_from, now_ms // MS_PER_DAY - EVIDENCE_DAYS)
    old = [day for day in tally.received_on if day < tally.received_from]
    for day in old:
        for rule, received in tally.received_on.pop(day).items():
            tally.received[rule] = tally.received.get(rule, NOBODY_ASKED).changed(received, NOBODY_ASKED)
    return bool(old)


def rules_paused(tally: Tally, world: World) -> dict[str, str]:
    """The rules that annoy and have paused themselves, each with the evidence."""
    policy = world.store.policy
    found = {rule.id: tally.received.get(rule.id, NOBODY_ASKED) for rule in world.rules.rules}
    return {rule: annoyance_text(received) for rule, received in found.items() if annoys(received, policy)}
