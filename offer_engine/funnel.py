"""The ledger becomes a funnel: for each rule, how often it waited, where it ended, and what came of its offers."""

from collections import Counter
from dataclasses import dataclass, field

import msgspec

from offer_engine.core.decision import Decision
from offer_engine.core.reason import STAGE_OF, Reason, Stage
from offer_engine.ledger import Ledger


@dataclass(slots=True)
class RuleFunnel:
    """One rule's fate over all decisions: ended at each stage, by reason, and how far its offers got."""

    rule: str
    waited: int = 0  # decisions in which its zone and transition came up
    ended: Counter[Reason] = field(default_factory=Counter)
    deliveries: Counter[str] = field(default_factory=Counter)  # by state

    def left_after(self, stage: Stage) -> int:
        """How many of its chances were still alive after a stage."""
        order = list(Stage)
        reached = order.index(stage)
        lost = sum(
            count
            for reason, count in self.ended.items()
            if reason is not Reason.SENT and order.index(STAGE_OF[reason]) <= reached
        )
        return self.waited - lost

    def main_obstacle(self) -> Reason | None:
        """What stopped it most often; the first by name among equals."""
        lost = [(count, reason) for reason, count in self.ended.items() if reason is not Reason.SENT]
        return min(lost, key=lambda found: (-found[0], found[1]))[1] if lost else None


def funnels(ledger: Ledger) -> list[RuleFunnel]:
    """Every rule that ever waited, busiest first."""
    found: dict[str, RuleFunnel] = {}
    for record in ledger.all_decisions():
        for verdict in msgspec.json.decode(record, type=Decision).verdicts:
            own = found.setdefault(verdict.rule, RuleFunnel(verdict.rule))
            own.waited += 1
            own.ended[verdict.reason] += 1
    for rule, state, count in ledger.delivery_states():
        if rule in found:
            found[rule].deliveries[state] += count
    return sorted(found.values(), key=lambda own: (-own.waited, own.rule))
