"""Which methods are compared, in the order of the table: baselines first, then ours from plain to learnt."""

from functools import partial

from bench.evaluate.baselines import (
    decayed_frequency,
    frequency,
    item_item,
    pairing_cosine,
    popularity,
    recent_popularity,
)
from bench.evaluate.formula import rank_by_formula
from bench.evaluate.lambdamart import fit_lambdamart
from bench.evaluate.learnt import LINEAR, Recipe, fit_learnt
from bench.evaluate.methods import Method
from bench.evaluate.promotions import Promotions
from bench.evaluate.tifu import tifu_knn

SAMPLE = Recipe(windows=1, most=4_000, most_new=4_000)
SLOW = ("bm25", "learnt_weights", "learnt")  # left out of a sample


def lineup(promotions: Promotions, *, is_sample: bool, with_lambdamart: bool) -> list[Method]:
    """Every method of a run.

    Args:
        promotions: the retailer's plan, which only the methods that say so may use.
        is_sample: leave out what is slow, and learn from few decisions.
        with_lambdamart: add LightGBM's ranking on our columns, which takes minutes more.
    """
    recipe = SAMPLE if is_sample else Recipe()
    methods = [
        Method("zone_popularity", "zone popularity", popularity),
        Method("popularity_28", "popularity, 28 days", recent_popularity),
        Method("pairing", "pairings only (cosine)", pairing_cosine),
        Method("bm25", "implicit item-item BM25", item_item),
        Method("personal_frequency", "personal frequency", frequency, ranks_new=False),
        Method("personal_decayed", "personal, decayed", decayed_frequency, ranks_new=False),
        Method("tifu_knn", "TIFU-KNN", tifu_knn),
        Method("formula", "ours: the formula (default)", rank_by_formula),
        Method("learnt_weights", "ours: learnt weights", partial(fit_learnt, promotions=None, recipe=LINEAR)),
        Method("learnt", "ours: network", partial(fit_learnt, promotions=None, recipe=recipe)),
        Method(
            "learnt_promotions",
            "ours: network, with promotions",
            partial(fit_learnt, promotions=promotions, recipe=recipe),
        ),
    ]
    if with_lambdamart:
        fit = partial(fit_lambdamart, promotions=promotions, recipe=recipe)
        methods.append(Method("lambdamart_promotions", "LambdaMART on the same columns", fit))
    return [method for method in methods if not is_sample or method.name not in SLOW]
