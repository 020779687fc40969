"""Recorded visits become `walk.csv`: what is usually still to come, from each zone on; and that file is read again.

A share is the answer to one question: of the visits that came by `from` and had not done `to` (entered it, or stayed in
it) before, how many did so later? Counted, not modelled: detours, shortcuts and who turns back at the wine are all in
it. The file is made from a store's own decisions or from its simulated shoppers, says on how many visits each line
rests, and may be missing: then nothing is known of the rest of a walk, and the engine does not wait for it.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from offer_engine.core.csv_rows import csv_rows
from offer_engine.core.rule_fields import TRANSITIONS
from offer_engine.core.rules import Transition
from offer_engine.core.store_map import Onward
from offer_engine.errors import Problem

WALK_FILE = "walk.csv"
COLUMNS = ("from", "to", "transition", "share", "visits")
LEAST_VISITS = 30  # a share of fewer has a standard error of up to 0.09
LEAST_SHARE = 0.005  # what hardly ever comes is left out

Pass = tuple[str, Transition]  # a zone, and what happened there


def learn_walk(visits: Iterable[Sequence[Pass]]) -> list[Onward]:
    """Count what comes after what; each visit is its passes in the order of time, of which the first of a kind counts.

    >>> visits = [[("meat", "dwell"), ("wine", "dwell")]] * 30 + [[("meat", "dwell")]] * 10
    >>> learn_walk(visits)
    [Onward(zone='meat', to='wine', transition='dwell', share=0.75, visits=40)]
    """
    came: Counter[str] = Counter()
    later: Counter[tuple[str, Pass]] = Counter()
    before: Counter[tuple[str, Pass]] = Counter()
    for visit in visits:
        done = list(dict.fromkeys(visit))  # the first of each kind, in their order
        first = {zone: place for place, (zone, _) in reversed(list(enumerate(done)))}
        came.update(first.keys())
        for zone, here in first.items():
            later.update((zone, one) for one in done[here + 1 :])
            before.update((zone, one) for one in done[: here + 1])
    found: list[Onward] = []
    for (zone, (to, transition)), count in sorted(later.items()):
        visits_from = came[zone] - before[zone, (to, transition)]
        share = round(count / visits_from, 3)
        if visits_from >= LEAST_VISITS and share >= LEAST_SHARE:
            found.append(Onward(zone, to, transition, share, visits_from))
    return found


def walk_csv(walk: Iterable[Onward]) -> str:
    """The file's text.

    >>> print(walk_csv([Onward("meat", "wine", "dwell", 0.75, 40)]), end="")
    from,to,transition,share,visits
    meat,wine,dwell,0.75,40
    """
    rows = (f"{one.zone},{one.to},{one.transition},{one.share:g},{one.visits}" for one in walk)
    return "\n".join([",".join(COLUMNS), *rows, ""])


def parse_walk(text: str, file: Path, zones: Collection[str] | None, problems: list[Problem]) -> tuple[Onward, ...]:
    """Read the file; `zones` are those there are, None when they could not be read."""
    found, lines = list[Onward](), dict[tuple[str, str, str], int]()
    for row in csv_rows(text, file, COLUMNS, problems):
        zone, to = row.text("from"), row.text("to")
        one = Onward(
            zone=zone,
            to=to,
            transition=row.one_of("transition", TRANSITIONS),
            share=row.number("share", 0, 1),
            visits=row.whole("visits", 1, 1_000_000_000),
        )
        row.refers_to("from", zone, "zone", zones)
        row.refers_to("to", to, "zone", zones)
        key = (zone, to, one.transition)
        if key in lines:
            row.note("", f"'{zone}' to '{to}' ({one.transition}) stands on line {lines[key]} too; keep one")
        lines.setdefault(key, row.line)
        found.append(one)
    return tuple(found)
