"""Manners: how often is too often, checked over the offers a shopper really got, in rolling windows of event time.

A cap counts what was *delivered*: shown on a phone, or still on its way and able to be shown. An offer that expired
unseen used up nothing. A control's ghost counts for the control, so that both groups are paced alike. Windows roll:
23:50 and 00:10 are twenty minutes apart, not two days.
"""

from offer_engine.core.context import Context
from offer_engine.core.eligible import Block, Check
from offer_engine.core.person import Delivery
from offer_engine.core.reason import Reason
from offer_engine.core.rules import Rule

MS_PER_H = 3_600_000
MS_PER_DAY = 24 * MS_PER_H
_IGNORED = ("shown", "dismissed")


def delivered(context: Context) -> tuple[Delivery, ...]:
    """The offers that count against caps, oldest first."""
    return tuple(found for found in context.person.deliveries if found.counts(context.at))


def delivered_this_visit(context: Context) -> tuple[Delivery, ...]:
    """The offers of this visit that count against caps."""
    return tuple(found for found in delivered(context) if found.visit == context.visit.id)


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


def _visit_cap(rule: Rule, context: Context) -> Block | None:
    del rule
    cap, got = context.world.store.policy.pushes_per_visit, len(delivered_this_visit(context))
    return (f"at most {cap} offers a visit", f"{got} delivered") if got >= cap else None


def _too_soon(rule: Rule, context: Context) -> Block | None:
    del rule
    last = max((found.at for found in delivered(context)), default=None)
    return _gap(last, context.at, context.world.store.policy.min_gap_s * 1000)


def _rule_visit_cap(rule: Rule, context: Context) -> Block | None:
    got = sum(found.rule == rule.id for found in delivered_this_visit(context))
    return (f"at most {rule.per_visit} of this rule a visit", f"{got} delivered") if got >= rule.per_visit else None


def _rule_cooldown(rule: Rule, context: Context) -> Block | None:
    hours = context.world.store.policy.rule_cooldown_h if rule.cooldown_h is None else rule.cooldown_h
    last = max((found.at for found in delivered(context) if found.rule == rule.id), default=None)
    return _gap(last, context.at, round(hours * MS_PER_H))


def _category_cooldown(rule: Rule, context: Context) -> Block | None:
    category = context.world.category(rule)
    last = max((found.at for found in delivered(context) if found.category == category), default=None)
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
    """One "not for me", or so many ignored in a row, silence a category for the store's pause."""
    category = context.world.category(rule)
    policy = context.world.store.policy
    own = [found for found in context.person.deliveries if found.category == category]
    since = context.at - round(policy.pause_days * MS_PER_DAY)
    if any(found.state == "not_for_me" and found.at > since for found in own):
        return f"no rejection of {category} in {policy.pause_days:g} days", "rejected"
    latest = [found for found in own if found.shown_at is not None][-policy.ignores_before_pause :]
    ignored = [found for found in latest if found.state in _IGNORED and found.expires_at <= context.at]
    if len(ignored) == policy.ignores_before_pause and ignored[-1].at > since:
        return f"fewer than {policy.ignores_before_pause} ignored in a row", f"{len(ignored)} ignored"
    return None


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
    (Reason.VISIT_CAP, _visit_cap),
    (Reason.TOO_SOON, _too_soon),
    (Reason.RULE_VISIT_CAP, _rule_visit_cap),
    (Reason.RULE_COOLDOWN, _rule_cooldown),
    (Reason.CATEGORY_COOLDOWN, _category_cooldown),
    (Reason.PAUSED, _paused),
    (Reason.BUDGET, _budget),
)
