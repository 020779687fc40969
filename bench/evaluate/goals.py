"""Holds a run's figures against what was asked before anything was built: for the default, and for the best method.

The default is the formula, which the engine decides by and which learns nothing. The goals of the best are what a blend
of boosted trees with promotions had reached on the last four weeks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

SECONDS, MILLISECONDS = "s", "ms"


@dataclass(frozen=True, slots=True)
class Goal:
    """One line of the table."""

    text: str
    default: tuple[str, float]  # name of a figure in `evaluate.json`, what is asked of it
    best: tuple[str, float]
    unit: str = ""  # "" for a share, of which more is better; of seconds and milliseconds less is


GOALS = (
    Goal("all items, NDCG@10", ("formula_all_ndcg10", 0.281), ("all_ndcg10", 0.294)),
    Goal("all items, hit@1", ("formula_all_hit1", 0.218), ("all_hit1", 0.227)),
    Goal("new to the household, NDCG@10", ("formula_new_ndcg10", 0.060), ("new_ndcg10", 0.070)),
    Goal("gain on the second fold, lower end", ("formula_gain_low_fold2", 0.0), ("gain_low_fold2", 0.05)),
    Goal("hit@1 of the surest tenth", ("formula_surest_tenth_hit1", 0.50), ("surest_tenth_hit1", 0.60)),
    Goal("the same on the second fold", ("formula_surest_tenth_hit1_fold2", 0.50), ("surest_tenth_hit1_fold2", 0.60)),
    Goal("one decision of the engine, p50", ("engine_decision_p50_ms", 1.0), ("engine_decision_p50_ms", 0.3), "ms"),
    Goal("one ranking of a zone of 3,000 or more, p50", ("formula_decision_p50_ms_large_zone", 1.0),
         ("decision_p50_ms_large_zone", 0.3), "ms"),
    Goal("fit", ("formula_fit_s", 60.0), ("fit_s", 180.0), "s"),
)  # fmt: skip
COLUMNS = ("goal", "default: asked", "found", "", "best: asked", "found", "")


def goal_rows(figures: Mapping[str, object]) -> list[tuple[str, ...]]:
    """The table's cells: what was asked, what was found, and whether that will do."""
    return [(goal.text, *_cells(goal, goal.default, figures), *_cells(goal, goal.best, figures)) for goal in GOALS]


def goals_markdown(figures: Mapping[str, object]) -> str:
    """For `docs/evaluation.md`."""
    lines: list[Sequence[str]] = [COLUMNS, ["---"] * len(COLUMNS), *goal_rows(figures)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cells(goal: Goal, asked: tuple[str, float], figures: Mapping[str, object]) -> tuple[str, str, str]:
    """What was asked, what was found, and "met" or "missed".

    >>> _cells(GOALS[0], ("all_ndcg10", 0.281), {"all_ndcg10": 0.2804})
    ('.281', '.280', 'missed')
    >>> _cells(GOALS[-1], ("fit_s", 180.0), {"fit_s": 99.6})
    ('180 s', '99.6 s', 'met')
    """
    name, wanted = asked
    found = figures.get(name)
    write = _WRITE[goal.unit]
    if not isinstance(found, float):
        return write(wanted), "", ""
    is_met = found <= wanted if goal.unit else found >= wanted
    return f"{wanted:g} {goal.unit}" if goal.unit else write(wanted), write(found), "met" if is_met else "missed"


def _share(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


_WRITE: dict[str, Callable[[float], str]] = {
    "": _share,
    SECONDS: "{:.1f} s".format,
    MILLISECONDS: "{:.2f} ms".format,
}
