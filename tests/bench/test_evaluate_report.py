"""What a run prints and writes: flat figures by one name each, and goals that are met or missed."""

import json

import numpy as np

from bench.evaluate.goals import GOALS, goal_rows, goals_markdown
from bench.evaluate.marks import Marks
from bench.evaluate.report import Figures, as_json, figures, flat, markdown
from bench.evaluate.run import Result

HOUSEHOLDS = np.repeat(np.arange(20), 5)


def result(name: str, hit: float) -> Result:
    """A method that hits this share of a hundred decisions, and is surest of its hits."""
    hits = (np.arange(100) * 7 % 100 < round(100 * hit)).astype(np.float64)
    marks = Marks(HOUSEHOLDS, hits, hits, hits, hits)
    return Result(name, name.title(), marks, marks, hits, 2.0, 0.1, 0.2, 0.3, 0.25)


def folds() -> tuple[dict[str, Figures], dict[str, Figures]]:
    """The yardstick, the default and the best, on two folds."""
    methods = (("personal_frequency", 0.2), ("formula", 0.3), ("learnt_promotions", 0.4))
    first, second = ([result(name, hit + more) for name, hit in methods] for more in (0.0, 0.1))
    return figures(first, 0), figures(second, 0)


def test_every_figure_has_one_flat_name() -> None:
    """The best method's by themselves, every method's under its name, the second fold's behind `_fold2`."""
    found = flat(*folds())
    assert found["method"] == "learnt_promotions"
    assert (found["all_hit1"], found["all_hit1_fold2"]) == (0.4, 0.5)
    assert found["formula_all_ndcg10"] == 0.3
    assert found["personal_frequency_all_hit1_fold2"] == 0.3
    assert found["learnt_promotions_all_hit1"] == found["all_hit1"]
    assert found["surest_tenth_hit1"] == 1.0
    assert found["decision_p50_ms"] == 0.2


def test_the_file_is_json_with_everything_in_it() -> None:
    """Flat figures on top, every method's with their intervals below."""
    first, second = folds()
    read = json.loads(as_json(first, second, flat(first, second) | {"seed": 0}))
    assert read["all_ndcg10"] == read["fold"]["learnt_promotions"]["all_ndcg10"] == 0.4
    low, high = read["fold2"]["formula"]["all_ndcg10_interval"]
    assert low < 0.4 < high


def test_goals_are_met_or_missed_by_the_figures() -> None:
    """More is better of a share, less of a time; what was not measured is neither."""
    found = flat(*folds()) | {"engine_decision_p50_ms": 0.4}
    rows = {row[0]: row[1:] for row in goal_rows(found)}
    assert rows["all items, NDCG@10"] == (".281", ".300", "met", ".294", ".400", "met")
    assert rows["one decision of the engine, p50"] == ("1 ms", "0.40 ms", "met", "0.3 ms", "0.40 ms", "missed")
    assert rows["fit"][2] == "met"
    assert all(cells[2] == "" for cells in goal_rows({})), "nothing was measured"
    assert goals_markdown(found).count("\n") == len(GOALS) + 2


def test_a_table_has_a_line_for_each_method() -> None:
    """Shares without their zero, and no gain of the yardstick over itself."""
    first, _ = folds()
    lines = markdown(first).splitlines()
    assert len(lines) == 2 + len(first)
    assert lines[2].startswith("| Personal_Frequency | .200 |")
    assert "+50.0%" in lines[3]
