"""Why, and why not: a rule asked about one shopper now, wherever they stand, answered by the decision itself.

Nothing is used up and nothing changes: the same pure function that decides is called with the shopper imagined where
the rule waits, and what is only imagined is said first.
"""

from dataclasses import dataclass

from offer_engine.core.affinity import Profile
from offer_engine.core.context import Context, Tally, World
from offer_engine.core.decision import Decision, Verdict, decide
from offer_engine.core.explain import TEXTS, Line, checklist
from offer_engine.core.person import Visit
from offer_engine.core.reason import Reason
from offer_engine.core.rules import Rule
from offer_engine.core.sentence import place_text
from offer_engine.core.shopper import Shopper
from offer_engine.errors import OffersError


@dataclass(frozen=True, slots=True)
class Answer:
    """What would become of one rule for one shopper."""

    shopper: str
    rule: str
    would_send: bool  # if the shopper did now what the rule waits for
    is_there: bool  # the shopper shares a location and stands where the rule waits
    verdict: Verdict
    lines: list[Line]
    decision: Decision


class NoSuchRuleError(OffersError):
    """A question about a rule that the store does not have."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        super().__init__(f"no rule '{rule}' in this store")


def why_not(state: Shopper, rule: str, at: int, world: World, profile: Profile, tally: Tally) -> Answer:
    """Ask what would become of `rule` if the shopper did now what it waits for.

    Raises:
        NoSuchRuleError: the store has no such rule.
    """
    asked = next((known for known in world.rules.rules if known.id == rule), None)
    if asked is None:
        raise NoSuchRuleError(rule)
    zone, place = _place(state, asked, world)
    visit = state.visit or Visit("imagined", at, announced=False)
    decision = decide(Context(world, state.id, at, zone, asked.transition, state.person, visit, profile, tally))
    verdict = next(found for found in decision.verdicts if found.rule == rule)
    shares = state.person.consents.location
    lines = [place, *_fate(verdict, decision, world)]
    if shares:
        lines.insert(0, Line(ok=True, label="Shares location", detail=""))
    sends = verdict.reason is Reason.SENT
    return Answer(state.id, rule, sends, shares and place.ok is True, verdict, lines, decision)


def _place(state: Shopper, rule: Rule, world: World) -> tuple[str, Line]:
    """The rule's zone that the shopper is in, else its first; and whether what it waits for is so."""
    stays = {stay.zone: stay for stay in state.fence.stays if stay.entered}
    zone = next((zone for zone in rule.zones if zone in stays), rule.zones[0])
    where = place_text(world.store.zones[zone])
    stay = stays.get(zone)
    if stay is None:
        here = ", ".join(world.store.zones[found].label for found in stays if found in world.store.zones)
        return zone, Line(ok=False, label=f"Is not {where}", detail=f"is in {here}" if here else "in no zone")
    if rule.transition == "dwell" and not stay.dwelled:
        return zone, Line(ok=False, label=f"Has not stayed {where} long enough", detail="")
    return zone, Line(ok=True, label=f"Is {where}", detail="")


def _fate(verdict: Verdict, decision: Decision, world: World) -> list[Line]:
    if verdict.reason is Reason.SENT:
        return [line for line in checklist(decision, world)[2:] if line.ok]
    detail = f"{verdict.actual}; asked: {verdict.expected}"
    return [Line(ok=False, label=TEXTS[verdict.reason], detail=detail)]
