"""Turns one ranking into how sure it is of its first choice: a calibrated probability that the household buys that.

A logistic layer on top of a network that has been trained: it sees both heads' answers for the first few candidates,
the columns of the first one (its habit and rhythm among them) and those of the place (the zone among them). It is
fitted on decisions of the weeks before the cut from which the network has not learnt, so that what is surest there is
surest afterwards too. It changes no ranking. Its shape was chosen on days 253..280.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.evaluate.columns import CART_COLUMNS
from bench.evaluate.network import Lesson, Network, first_layer, heads, scaled
from bench.evaluate.source import Floats, Singles

RIDGE = 10.0  # pull of the weights towards 0, in decisions
ROUNDS = 12  # of Newton's method; it has settled after eight
OF_HEADS = 9  # columns of `head_columns`


@dataclass(frozen=True, slots=True, eq=False)
class Sureness:
    """Weights, on the network's own scale of the columns."""

    of_heads: Floats  # (OF_HEADS,)
    of_pair: Floats  # (pair columns,), the cart's last
    of_row: Floats  # (row columns,)
    bias: float


Sure = Callable[[Singles, Singles], float]
"""From both heads' answers and the cart's columns, (depth, 2) and (depth, columns), to log odds of the first choice."""


def of_second_head(found: Singles, cart: Singles) -> float:
    """The network's own word for it."""
    del cart
    return float(found[found[:, 0].argmax(), 1])


def make_sure(network: Network, sureness: Sureness, pairs: Singles, row: Singles) -> Sure:
    """Make ready for one place all that does not depend on the cart.

    Args:
        network: what was learnt.
        sureness: the layer on top of it.
        pairs: all pair columns but the cart's, shape (depth, columns).
        row: shape (columns,).
    """
    known = pairs.shape[1]
    before = scaled(pairs, network.pair_mean[:known], network.pair_scale[:known]) @ sureness.of_pair[:known]
    before += float(scaled(row, network.row_mean, network.row_scale) @ sureness.of_row) + sureness.bias
    mean, scale, weights = network.pair_mean[known:], network.pair_scale[known:], sureness.of_pair[known:]

    def sure(found: Singles, cart: Singles) -> float:
        best = int(found[:, 0].argmax())
        of_cart = float(scaled(cart[best], mean, scale) @ weights)
        return float(before[best]) + of_cart + float(head_columns(found[None])[0] @ sureness.of_heads)

    return sure


def head_columns(found: Singles) -> Floats:
    """What both heads say of the first candidates and of all of them, shape (places, OF_HEADS).

    Args:
        found: from `network.heads`, shape (places, depth, 2).
    """
    order = np.argsort(-found[:, :, 0], axis=1)[:, :3]
    rank = found[:, :, 0].astype(np.float64)
    first, second, third = np.take_along_axis(rank, order, axis=1).T
    odds = found[:, :, 1].astype(np.float64)
    odds_first, odds_second, _ = np.take_along_axis(odds, order, axis=1).T
    share = np.exp(rank - first[:, None])
    share /= share.sum(axis=1, keepdims=True)
    spread = -(share * np.log(share + 1e-9)).sum(axis=1)
    expected = np.log((1 / (1 + np.exp(-odds))).sum(axis=1))
    return np.column_stack(
        (odds_first, odds_second, odds_first - odds_second, odds.max(axis=1), first - second, first - third,
         -np.log(share.max(axis=1)), spread, expected)
    )  # fmt: skip


def fit_sureness(network: Network, held_out: Lesson) -> Sureness:
    """Fit the layer on decisions that the network has not seen."""
    known = len(network.pair_mean) - CART_COLUMNS
    first = first_layer(network, held_out.pairs[:, :, :known], held_out.rows)
    found = heads(network, first, held_out.pairs[:, :, known:])
    at = np.arange(len(found)), found[:, :, 0].argmax(axis=1)
    pair = scaled(held_out.pairs[at], network.pair_mean, network.pair_scale)
    row = scaled(held_out.rows, network.row_mean, network.row_scale)
    columns = np.column_stack((head_columns(found), pair, row, np.ones(len(found)))).astype(np.float64)
    weights = _logistic(columns, held_out.bought[at])
    ends = np.cumsum([OF_HEADS, pair.shape[1], row.shape[1]]).tolist()
    of_heads, of_pair, of_row, bias = np.split(weights, ends)
    return Sureness(of_heads, of_pair, of_row, float(bias[0]))


def _logistic(columns: Floats, bought: Singles) -> Floats:
    """Weights that make what was bought likeliest, by Newton's method (iteratively reweighted least squares)."""
    weights = np.zeros(columns.shape[1])
    for _ in range(ROUNDS):
        chance = 1 / (1 + np.exp(-columns @ weights))
        slope = columns.T @ (bought - chance) - RIDGE * weights
        curve = (columns * (chance * (1 - chance))[:, None]).T @ columns + RIDGE * np.eye(len(weights))
        weights += np.linalg.solve(curve, slope)
    return np.asarray(weights, dtype=np.float64)
