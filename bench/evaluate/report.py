"""Turns results into what is read: `build/evaluate.json`, a table for the terminal, and the same table in Markdown."""

import json
from collections.abc import Sequence
from math import isfinite

from rich.table import Table

from bench.evaluate.marks import Interval, interval, relative_gain, surest_hits
from bench.evaluate.run import Result

YARDSTICK = "personal_frequency"  # what gains are given against
DEFAULT = "formula"
BEST = "learnt_promotions"
COLUMNS = (
    "method", "hit@1", "hit@3", "hit@10", "NDCG@10", "gain on personal frequency", "surest tenth", "new: hit@1",
    "new: NDCG@10", "fit s", "ready ms", "decision ms",
)  # fmt: skip

FLAT = (
    "all_ndcg10", "all_hit1", "all_hit3", "new_ndcg10", "new_hit1", "new_hit3", "surest_tenth_hit1", "surest_half_hit1",
    "gain_on_personal_frequency", "gain_low",
    "fit_s", "prepare_p50_ms", "decision_p50_ms", "decision_p50_ms_large_zone",
)  # fmt: skip

Figures = dict[str, object]


def figures(results: Sequence[Result], seed: int) -> dict[str, Figures]:
    """Every figure of one fold by method, with 95 % intervals."""
    by_name = {result.name: result for result in results}
    yardstick = by_name[YARDSTICK].all
    found: dict[str, Figures] = {}
    for result in results:
        marks, new = result.all, result.new
        gain = relative_gain(marks.household, marks.ndcg_10, yardstick.ndcg_10, seed)
        found[result.name] = {
            "title": result.title,
            "all_hit1": float(marks.hit_1.mean()),
            "all_hit3": float(marks.hit_3.mean()),
            "all_hit10": float(marks.hit_10.mean()),
            "all_ndcg10": float(marks.ndcg_10.mean()),
            "all_hit1_interval": _ends(interval(marks.household, marks.hit_1, seed)),
            "all_ndcg10_interval": _ends(interval(marks.household, marks.ndcg_10, seed)),
            "gain_on_personal_frequency": gain.mean,
            "gain_interval": _ends(gain),
            "gain_low": gain.low,
            "surest_tenth_hit1": surest_hits(result.sureness, marks.hit_1, 0.1),
            "surest_half_hit1": surest_hits(result.sureness, marks.hit_1, 0.5),
            "new_hit1": None if new is None else float(new.hit_1.mean()),
            "new_hit3": None if new is None else float(new.hit_3.mean()),
            "new_ndcg10": None if new is None else float(new.ndcg_10.mean()),
            "new_ndcg10_interval": None if new is None else _ends(interval(new.household, new.ndcg_10, seed)),
            "fit_s": result.fit_s,
            "prepare_p50_ms": result.prepare_p50_ms,
            "decision_p50_ms": result.decision_p50_ms,
            "decision_p99_ms": result.decision_p99_ms,
            "decision_p50_ms_large_zone": result.large_zone_p50_ms if isfinite(result.large_zone_p50_ms) else None,
        }
    return found


def _ends(found: Interval) -> list[float]:
    return [found.low, found.high]


def flat(first: dict[str, Figures], second: dict[str, Figures]) -> Figures:
    """The figures that goals and charts ask for, by one name each.

    Our best method's stand under their own name (`all_ndcg10`), every method's under its name and theirs
    (`formula_all_ndcg10`), those of the second fold with `_fold2` behind.

    Args:
        first: figures of the last four weeks.
        second: figures of the earlier four weeks.
    """
    best = BEST if BEST in first else DEFAULT
    found: Figures = {"method": best}
    for method in (best, *first):
        for name in FLAT:
            of_best = method == best and name not in found
            for behind, fold in (("", first), ("_fold2", second)):
                found[f"{'' if of_best else method + '_'}{name}{behind}"] = fold[method][name]
    return found


def as_json(first: dict[str, Figures], second: dict[str, Figures], facts: Figures) -> str:
    """All figures of both folds: the flat ones on top, then those of every method with their intervals."""
    return json.dumps({**facts, "fold": first, "fold2": second}, indent=2) + "\n"


def rows(found: dict[str, Figures]) -> list[tuple[str, ...]]:
    """The table's cells."""
    return [
        (
            str(one["title"]), *(_three(one[name]) for name in ("all_hit1", "all_hit3", "all_hit10", "all_ndcg10")),
            _gain(one), _three(one["surest_tenth_hit1"]), _three(one["new_hit1"]), _three(one["new_ndcg10"]),
            _number(one["fit_s"], 1), _number(one["prepare_p50_ms"], 2), _number(one["decision_p50_ms"], 2),
        )
        for one in found.values()
    ]  # fmt: skip


def table(title: str, found: dict[str, Figures]) -> Table:
    """For the terminal."""
    made = Table(title=title, title_justify="left")
    for column in COLUMNS:
        made.add_column(column, justify="left" if column == "method" else "right")
    for cells in rows(found):
        made.add_row(*cells)
    return made


def markdown(found: dict[str, Figures]) -> str:
    """For `docs/evaluation.md`."""
    lines = [COLUMNS, tuple("---" for _ in COLUMNS), *rows(found)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _three(value: object) -> str:
    """A share in the way of the literature.

    >>> _three(0.28412), _three(None)
    ('.284', '')
    """
    return f"{value:.3f}".removeprefix("0") if isinstance(value, float) else ""


def _number(value: object, digits: int) -> str:
    return f"{value:.{digits}f}" if isinstance(value, float) else ""


def _gain(one: Figures) -> str:
    gain, ends = one["gain_on_personal_frequency"], one["gain_interval"]
    if not isinstance(gain, float) or not isinstance(ends, list) or one["title"] == "personal frequency":
        return ""
    return f"{gain:+.1%} ({ends[0]:+.1%} to {ends[1]:+.1%})"
