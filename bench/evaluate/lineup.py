"""Which methods are compared, in the order of the table: baselines first, then ours from plain to learnt."""

from collections.abc import Callable
from functools import partial

from bench.evaluate.baselines import (
    decayed_frequency,
    frequency,
    item_item,
    pairing_cosine,
    popularity,
    recent_popularity,
)
from bench.evaluate.folds import Past
from bench.evaluate.formula import rank_by_formula
from bench.evaluate.lambdamart import fit_lambdamart
from bench.evaluate.learnt import LINEAR, Recipe, fit_learnt
from bench.evaluate.methods import Method, Rankers
from bench.evaluate.promotions import Promotions
from bench.evaluate.tifu import tifu_knn

SAMPLE = Recipe(windows=1, most=4_000, most_new=4_000, held_out=4_000)
SLOW = frozenset({"bm25", "learnt"})  # left out of a sample
SLOWEST = "lambdamart_promotions"
MORE = frozenset({"learnt_weights", SLOWEST})  # only where it is asked for: what is gained by a network, and by ours


def lineup(promotions: Promotions, recipe: Recipe, linear: Recipe) -> list[Method]:
    """Every method that there is.

    Args:
        promotions: the retailer's plan, which only the methods that say so may use.
        recipe: how much is learnt from, by networks.
        linear: the same where each column has one weight.
    """

    def fit(plan: Promotions | None, how_much: Recipe) -> Callable[[Past], Rankers]:
        return partial(fit_learnt, promotions=plan, recipe=how_much)

    return [
        Method("zone_popularity", "zone popularity", popularity),
        Method("popularity_28", "popularity, 28 days", recent_popularity),
        Method("pairing", "pairings only (cosine)", pairing_cosine),
        Method("bm25", "implicit item-item BM25", item_item),
        Method("personal_frequency", "personal frequency", frequency, ranks_new=False),
        Method("personal_decayed", "personal, decayed", decayed_frequency, ranks_new=False),
        Method("tifu_knn", "TIFU-KNN", tifu_knn),
        Method("formula", "ours: the formula (default)", rank_by_formula),
        Method("learnt_weights", "ours: learnt weights", fit(None, linear)),
        Method("learnt", "ours: network", fit(None, recipe)),
        Method("learnt_promotions", "ours: network, with promotions", fit(promotions, recipe)),
        Method(SLOWEST, "LambdaMART, same columns", partial(fit_lambdamart, promotions=promotions, recipe=recipe)),
    ]


def chosen(promotions: Promotions, *, is_sample: bool, with_more: bool) -> list[Method]:
    """The methods of a run; a sample leaves out what is slow and learns from few decisions."""
    left_out = (SLOW if is_sample else frozenset()) | (frozenset() if with_more else MORE)
    methods = lineup(promotions, SAMPLE if is_sample else Recipe(), LINEAR)
    return [method for method in methods if method.name not in left_out]
