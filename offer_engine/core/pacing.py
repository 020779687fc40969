"""Manners: how often is too often, checked over the offers a shopper really got, in rolling windows of event time.

A cap counts what was *delivered*: shown on a phone, or still on its way and able to be shown. An offer that expired
unseen used up nothing. A control's ghost counts for the control, so that both groups are paced alike. Windows roll:
23:50 and 00:10 are twenty minutes apart, not two days.
"""

from bisect import bisect_right
from collections.abc import Iterator

from offer_engine.core.annoyance import NOBODY_ASKED, annoyance_text, annoys
from offer_engine.core.context import Context
from offer_engine.core.eligible import Block, Check
from offer_engine.core.person import Delivery
from offer_engine.core.reason import Reason
from offer_engine.core.rules import Rule
from offer_engine.core.store_map import Policy

MS_PER_H = 3_600_000
MS_PER_DAY = 24 * MS_PER_H
_IGNORED = ("shown", "dismissed")
_LIKED = ("accepted", "redeemed")


def delivered_this_visit(context: Context) -> tuple[Delivery, ...]:
    """The offers of this visit that count against caps."""
    return tuple([found for found in context.delivered if found.visit == context.visit.id])


def _quiet_hours(rule: Rule, context: Context) -> Block | None:
    del rule
    policy = context.world.store.policy
    now = context.local.strftime("%H:%M")
    start, stop = policy.quiet_from, policy.quiet_until
    quiet = start <= now < stop if start <= stop else now >= start or now < stop
    return (f"outside {start} to {stop}", now) if quiet else None


def _muted(rule: Rule, context: Context) -> Block | None:
    del rule
    return ("not muted", "muted by the shopper") if context.at < context.person.muted_until else None


def _muted_rule(rule: Rule, context: Context) -> Block | None:
    return ("rule not muted", "muted by the shopper") if rule.id in context.person.muted_rules else None


def _muted_category(rule: Rule, context: Context) -> Block | None:
    category = context.world.category(rule)
    muted = category in context.person.muted_categories
    return (f"{category} not muted", "muted by the shopper") if muted else None


def _store_cap(rule: Rule, context: Context) -> Block | None:
    del rule
    cap, pushed = context.world.store.policy.store_pushes_per_h, context.tally.pushed
    if cap is None:
        return None
    got = len(pushed) - bisect_right(pushed, context.at - MS_PER_H)
    return (f"at most {cap} offers an hour in the store", f"{got} delivered") if got >= cap else None


def _visit_cap(rule: Rule, context: Context) -> Block | None:
    del rule
    cap, got = context.world.store.policy.pushes_per_visit, len(delivered_this_visit(context))
    return (f"at most {cap} offers a visit", f"{got} delivered") if got >= cap else None


def _too_soon(rule: Rule, context: Context) -> Block | None:
    del rule
    return _gap(context.last_delivered, context.at, context.world.store.policy.min_gap_s * 1000)


def _rule_visit_cap(rule: Rule, context: Context) -> Block | None:
    got = sum(found.rule == rule.id for found in delivered_this_visit(context))
    return (f"at most {rule.per_visit} of this rule a visit", f"{got} delivered") if got >= rule.per_visit else None


def _rule_cooldown(rule: Rule, context: Context) -> Block | None:
    """The rule's own cool-down; the store's is between visits where a rule may come more than once in one."""
    hours = context.world.store.policy.rule_cooldown_h if rule.cooldown_h is None else rule.cooldown_h
    spares_visit = rule.cooldown_h is None and rule.per_visit > 1
    visit = context.visit.id if spares_visit else None
    own = (found.at for found in context.delivered if found.rule == rule.id and found.visit != visit)
    last = max(own, default=None)
    return _gap(last, context.at, round(hours * MS_PER_H))


def _category_cooldown(rule: Rule, context: Context) -> Block | None:
    """Other rules of the category: how often this one may come is its own affair."""
    category = context.world.category(rule)
    others = (found.at for found in context.delivered if found.category == category and found.rule != rule.id)
    last = max(others, default=None)
    return _gap(last, context.at, round(context.world.store.policy.category_cooldown_h * MS_PER_H))


def _gap(last: int | None, now: int, gap_ms: int) -> Block | None:
    if last is None or now - last >= gap_ms:
        return None
    return f"{span(gap_ms)} apart", f"{span(now - last)} ago"


def span(ms: int) -> str:
    """A time span in the largest unit that keeps it readable.

    >>> span(90_000), span(20 * MS_PER_H)
    ('90 s', '20 h')
    """
    seconds = ms // 1000
    if seconds < 2 * 60:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 2 * 3600 else f"{seconds // 3600} h"


def _paused(rule: Rule, context: Context) -> Block | None:
    """One "not for me", or so many ignored in a row, silence a category; the longer, the more often it happened."""
    category = context.world.category(rule)
    policy = context.world.store.policy
    strikes = row = rejected_until = ignored_until = 0
    for found in _settled(category, context):
        if found.state == "not_for_me":
            strikes, row = strikes + 1, 0
            rejected_until = max(rejected_until, found.at + pause_ms(strikes, policy))
        elif found.state in _IGNORED:
            row += 1
            if row >= policy.ignores_before_pause:
                strikes += 1
                ignored_until = max(ignored_until, found.at + pause_ms(strikes, policy))
        else:  # a sign of interest breaks the row; taking the offer makes up for what was before
            row = ignored_until = 0
            strikes = 0 if found.state in _LIKED else strikes
    if rejected_until > context.at:
        return f"no rejection of {category} lately", f"rejected; quiet for another {span(rejected_until - context.at)}"
    if ignored_until > context.at:
        return f"fewer than {policy.ignores_before_pause} ignored in a row", f"{row} ignored"
    return None


def _settled(category: str, context: Context) -> Iterator[Delivery]:
    """What was shown of a category, oldest first, but for what may still be opened."""
    for found in context.person.deliveries:
        is_open = found.state in _IGNORED and context.at < found.expires_at
        if found.category == category and found.shown_at is not None and not is_open:
            yield found


def pause_ms(strikes: int, policy: Policy) -> int:
    """How long a category stays silent the first, second, third time that it was ignored or rejected.

    >>> from offer_engine.core.store_map import Policy
    >>> shop = Policy(2, 180, 20, 12, 3, 7, "00:00", "00:00", 0, 600, 1, pause_growth=2, pause_max_days=20)
    >>> [pause_ms(n, shop) // MS_PER_DAY for n in (1, 2, 3, 4)]
    [7, 14, 20, 20]
    """
    longest = max(policy.pause_days, policy.pause_max_days)
    return round(min(policy.pause_days * policy.pause_growth ** (strikes - 1), longest) * MS_PER_DAY)


def _rule_paused(rule: Rule, context: Context) -> Block | None:
    policy = context.world.store.policy
    received = context.tally.received.get(rule.id, NOBODY_ASKED)
    if not annoys(received, policy):
        return None
    return f"at most {policy.annoyance_limit:.0%} unwelcome", annoyance_text(received)


def _budget(rule: Rule, context: Context) -> Block | None:
    spent = context.tally.delivered.get(rule.id, 0)
    return (
        (f"{rule.budget} offers in all", f"{spent} sent") if rule.budget is not None and spent >= rule.budget else None
    )


POLICY: tuple[tuple[Reason, Check], ...] = (
    (Reason.QUIET_HOURS, _quiet_hours),
    (Reason.MUTED, _muted),
    (Reason.MUTED_RULE, _muted_rule),
    (Reason.MUTED_CATEGORY, _muted_category),
    (Reason.STORE_CAP, _store_cap),
    (Reason.VISIT_CAP, _visit_cap),
    (Reason.TOO_SOON, _too_soon),
    (Reason.RULE_VISIT_CAP, _rule_visit_cap),
    (Reason.RULE_COOLDOWN, _rule_cooldown),
    (Reason.CATEGORY_COOLDOWN, _category_cooldown),
    (Reason.PAUSED, _paused),
    (Reason.RULE_PAUSED, _rule_paused),
    (Reason.BUDGET, _budget),
)
