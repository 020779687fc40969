"""A stage's checks become the rules that they block, each check asked only of rules that it could block (`scope`).

The outcome is that of asking every check of every rule, in the order of the table, and tested equal to it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from offer_engine.core.annoyance import NOBODY_ASKED
from offer_engine.core.board import Board
from offer_engine.core.context import Context
from offer_engine.core.eligible import Check, candidates, offerable
from offer_engine.core.pacing import MS_PER_H, delivered_this_visit
from offer_engine.core.reason import Reason
from offer_engine.core.rules import Rule
from offer_engine.core.scope import OF_THE_PAST, OF_THE_SHOPPER

Blocks = dict[str, tuple[Reason, str, str]]
"""By rule id: the reason, what was expected, what was found."""


def narrow(checks: Iterable[tuple[Reason, Check]], context: Context, blocked: Blocks) -> None:
    """Add to `blocked` each rule that waits here and that a check blocks, with the first one that does.

    Args:
        checks: of one stage, in their order.
        context: the moment, and the trigger.
        blocked: by earlier stages; those rules are not asked again.
    """
    board = context.world.boards.get((context.zone, context.trigger))
    if board is None or len(blocked) == len(board.rules):
        return
    for reason, check in checks:
        if reason in OF_THE_SHOPPER:
            block = check(board.rules[0], context)
            if block is not None:
                blocked |= {rule.id: (reason, *block) for rule in board.rules if rule.id not in blocked}
                return
        else:
            for rule in _asked(reason, board, context):
                if rule.id not in blocked and (block := check(rule, context)) is not None:
                    blocked[rule.id] = (reason, *block)


def without_product(rules: Iterable[Rule], context: Context, blocked: Blocks) -> None:
    """Add to `blocked` each rule that has nothing to offer here and now, with its last obstacle."""
    board = context.world.boards.get((context.zone, context.trigger))
    if board is None:
        return
    cart, sold, rejected = context.cart, context.tally.sold, context.person.rejected
    for rule in rules:
        first = board.first.get(rule.id)  # mostly all is well with it, and then one is enough
        if (
            first is None
            or first.sku in cart
            or first.stock <= sold.get(first.sku, 0)
            or (rejected and (rule.id, first.sku) in rejected)
        ):
            block = offerable(rule, context, candidates(rule, context))[1]
            if block is not None:
                blocked[rule.id] = block


def _asked(reason: Reason, board: Board, context: Context) -> Sequence[Rule]:
    """The rules that a check could block at this moment; some of them may be blocked already."""
    rules = board.scope.of_the_rule.get(reason, board.rules)
    idle = _IDLE.get(reason)
    if not rules or (idle is not None and idle(board, context)):
        return ()
    if reason in OF_THE_PAST:
        return _of_the_past(board, context)
    return _unwelcome(board, context) if reason is Reason.RULE_PAUSED else rules


def _is_long_ago(context: Context, hours: float) -> bool:
    """Whether so many hours, or more, have passed since the last offer that was delivered."""
    return context.last_delivered is None or context.at - context.last_delivered >= round(hours * MS_PER_H)


def _longest_cooldown_h(board: Board, context: Context) -> float:
    return max(context.world.store.policy.rule_cooldown_h, board.scope.longest_cooldown_h)


# Whether a check can block no rule at all at this moment.
_IDLE: Mapping[Reason, Callable[[Board, Context], bool]] = {
    Reason.NO_BASKET_CONSENT: lambda _, context: context.person.consents.basket,
    Reason.NO_HISTORY_CONSENT: lambda _, context: context.person.consents.history,
    Reason.NOT_STARTED: lambda board, context: context.local.date() >= board.scope.last_start,
    Reason.ENDED: lambda board, context: context.local.date() <= board.scope.first_end,
    Reason.MUTED_RULE: lambda _, context: not context.person.muted_rules,
    Reason.MUTED_CATEGORY: lambda _, context: not context.person.muted_categories,
    Reason.RULE_VISIT_CAP: lambda _, context: not delivered_this_visit(context),
    Reason.RULE_COOLDOWN: lambda board, context: _is_long_ago(context, _longest_cooldown_h(board, context)),
    Reason.CATEGORY_COOLDOWN: lambda _, context: _is_long_ago(context, context.world.store.policy.category_cooldown_h),
}


def _unwelcome(board: Board, context: Context) -> Sequence[Rule]:
    """Rules turned down by more than the limit; whether surely so, the check says, whose bound is never above that."""
    limit, received = context.world.store.policy.annoyance_limit, context.tally.received
    if not received:
        return ()
    heard = [(rule, received.get(rule.id, NOBODY_ASKED)) for rule in board.rules]
    return [rule for rule, one in heard if one.unwelcome > limit * one.shown]


def _of_the_past(board: Board, context: Context) -> Sequence[Rule]:
    person = context.person
    words = {*person.muted_rules, *person.muted_categories}
    for delivery in person.deliveries:
        words.add(delivery.rule)
        words.add(delivery.category)
    found = board.scope.of_the_past
    return [rule for word in words if word in found for rule in found[word]]
