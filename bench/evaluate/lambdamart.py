"""LambdaMART on our own columns, to compare the network with: LightGBM's ranking, from the optional extra.

It sees what the network sees, the same short lists and the same decisions to learn from.
"""

from collections.abc import Callable

import numpy as np

from bench.evaluate.columns import ask, cart_columns, place_columns, row_columns, short_list
from bench.evaluate.folds import Past, Place
from bench.evaluate.knowledge import Knowledge
from bench.evaluate.learnt import Recipe, make_lesson, possible_depth, prepare
from bench.evaluate.methods import Prepared, Ranker, Rankers
from bench.evaluate.network import Lesson
from bench.evaluate.promotions import Promotions
from bench.evaluate.source import Floats, Ints, Singles

TREES = 200
SETTINGS: dict[str, object] = {
    "objective": "lambdarank", "lambdarank_truncation_level": 12, "learning_rate": 0.05, "num_leaves": 31,
    "min_data_in_leaf": 200, "feature_fraction": 0.5, "bagging_fraction": 0.7, "bagging_freq": 1, "max_bin": 63,
    "num_threads": 1, "seed": 1, "deterministic": True, "force_row_wise": True, "verbose": -1,
}  # fmt: skip


def fit_lambdamart(past: Past, promotions: Promotions | None, recipe: Recipe) -> Rankers:
    """Learn two rankings, for any product and for what is new."""
    teacher = prepare(past, promotions, recipe.windows)
    anything = _train(make_lesson(teacher, recipe, is_new=False))
    new = _train(make_lesson(teacher, recipe, is_new=True))
    return Rankers(
        _ranker(teacher.known, anything, recipe.depth, is_new=False),
        _ranker(teacher.known, new, recipe.depth_new, is_new=True),
    )


def _train(lesson: Lesson) -> Callable[[Singles], Floats]:
    import lightgbm  # noqa: PLC0415  an extra: only this comparison needs it

    taught = lesson.bought.any(axis=1)
    columns = _columns(lesson.pairs[taught], lesson.rows[taught])
    groups = np.full(int(taught.sum()), lesson.bought.shape[1])
    data = lightgbm.Dataset(columns, lesson.bought[taught].ravel(), group=groups, params={"verbose": -1, "max_bin": 63})
    booster = lightgbm.train(SETTINGS, data, TREES)
    return lambda columns: np.asarray(booster.predict(columns, num_threads=1), dtype=np.float64)


def _columns(pairs: Singles, rows: Singles) -> Singles:
    count, depth, _ = pairs.shape
    return np.concatenate((pairs.reshape(count * depth, -1), np.repeat(rows, depth, axis=0)), axis=1)


def _ranker(known: Knowledge, rank_of: Callable[[Singles], Floats], depth: int, *, is_new: bool) -> Ranker:
    depth = possible_depth(known.past, depth)

    def ready(place: Place) -> Prepared:
        short = short_list(known, place, depth, is_new=is_new)
        asked = ask([place], [short])
        before, row = place_columns(known, asked), row_columns(known, asked)
        below = short.formula - (short.formula.max() + 1)

        def scores(cart: Ints) -> Floats:
            pairs = np.concatenate((before, cart_columns(known, place, short, cart)[None]), axis=2)
            rank = rank_of(_columns(pairs, row))
            found: Floats = below.copy()
            found[short.numbers - known.past.zone_starts[place.zone]] = np.exp(rank)
            return found

        return scores

    return ready
