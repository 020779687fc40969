"""Learnt pairings become `pairings-learnt.csv`, and that file learnt pairings again, or problems by line and field.

The file stands beside the retailer's own `pairings.csv` and may be missing. A retailer may strike out a line, or take
it over into `pairings.csv`, which goes before it; what the engine learns next time replaces the file.
"""

from collections.abc import Collection, Iterable
from pathlib import Path

from offer_engine.core.csv_rows import csv_rows
from offer_engine.core.learnt_pairing import LEARNT
from offer_engine.core.store_map import Evidence, Pairing
from offer_engine.errors import Problem

LEARNT_FILE = "pairings-learnt.csv"
COLUMNS = ("when", "then", "lift", "low", "high", "households")
MOST_LIFT = 100_000  # of a pair that otherwise hardly ever meets


def learnt_csv(pairings: Iterable[Pairing]) -> str:
    """The file's text; pairings without evidence, which are the retailer's, are left out.

    >>> print(learnt_csv([Pairing("pasta", "pasta-sauce", 5.48316, "learnt", Evidence(1118, 5.01793, 5.9483))]), end="")
    when,then,lift,low,high,households
    pasta,pasta-sauce,5.483,5.018,5.948,1118
    """
    rows = [
        f"{one.when},{one.then},{one.lift:.3f},{one.evidence.low:.3f},{one.evidence.high:.3f},{one.evidence.households}"
        for one in pairings
        if one.evidence is not None
    ]
    return "\n".join([",".join(COLUMNS), *rows, ""])


def parse_learnt(text: str, file: Path, things: Collection[str] | None, problems: list[Problem]) -> list[Pairing]:
    """Read the file; `things` are the categories and skus there are, None when these could not all be read."""
    pairings, lines = list[Pairing](), dict[tuple[str, str], int]()
    for row in csv_rows(text, file, COLUMNS, problems):
        when, then = row.text("when"), row.text("then")
        lift, low, high = (row.number(column, 1, MOST_LIFT) for column in ("lift", "low", "high"))
        households = row.whole("households", 1, 1_000_000_000)
        for column, thing in (("when", when), ("then", then)):
            if things is not None:
                row.refers_to(column, thing, "category or sku", things)
        if lift > 1 and not low <= lift <= high:
            row.note("lift", f"must lie in its interval, from low to high: {low:g} to {high:g}")
        if when and when == then:
            row.note("then", f"'{then}' cannot be paired with itself")
        elif (when, then) in lines:
            row.note("", f"'{when}' with '{then}' stands on line {lines[when, then]} too; keep one")
        lines.setdefault((when, then), row.line)
        pairings.append(Pairing(when, then, lift, LEARNT, Evidence(households, low, high)))
    return pairings
