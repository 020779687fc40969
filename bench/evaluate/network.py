"""A small network that ranks: numpy in, numpy out, trained in a minute, decides in tens of microseconds.

Two heads on two hidden layers. The first ranks the candidates of a decision against each other (listwise softmax, the
share of each hidden product as the target: Cao et al., Learning to Rank, ICML 2007); the second says how likely each
is to be bought (logistic), which is what knowing when to be silent needs. The first layer is a sum, so all of it that
does not depend on the cart is made ready before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bench.evaluate.source import Ints, Singles

FARTHEST = 5.0  # standard deviations; what is farther out counts as that far
BATCH = 256  # decisions
LEAST_STEPS = 250  # a sample makes more rounds, or it would hardly have begun


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Weights; `layers` are (weights, bias) from the input to the two heads."""

    pair_mean: Singles
    pair_scale: Singles
    row_mean: Singles
    row_scale: Singles
    from_row: Singles  # (row columns, first layer)
    layers: tuple[tuple[Singles, Singles], ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a network is trained."""

    hidden: tuple[int, ...] = (64, 32)
    epochs: int = 4
    rate: float = 2e-3
    decay: float = 1e-3  # pull of the weights towards 0, as a share of the rate
    buying: float = 0.3  # weight of the second head
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What to learn from: columns, and what was bought."""

    pairs: Singles  # (decisions, depth, pair columns)
    rows: Singles  # (decisions, row columns)
    bought: Singles  # (decisions, depth), 0 or 1


def scaled(columns: Singles, mean: Singles, scale: Singles) -> Singles:
    """Columns on the scale that a network has learnt on, cut off at `FARTHEST`; any shape that ends in the columns."""
    return np.asarray(np.clip((columns - mean) * scale, -FARTHEST, FARTHEST), dtype=np.float32)


def first_layer(network: Network, pairs: Singles, rows: Singles) -> Singles:
    """What reaches the first layer before the cart is known, shape (places, depth, first layer).

    Args:
        network: what was learnt.
        pairs: all pair columns but the cart's, which come last; shape (places, depth, columns).
        rows: shape (places, columns).
    """
    known = pairs.shape[2]
    x = scaled(pairs, network.pair_mean[:known], network.pair_scale[:known])
    row = scaled(rows, network.row_mean, network.row_scale)
    weights, bias = network.layers[0]
    return np.asarray(x @ weights[:known] + (row @ network.from_row + bias)[:, None, :])


def heads(network: Network, first: Singles, cart: Singles) -> Singles:
    """For the rank, and log odds of being bought; shape (..., depth, 2).

    Args:
        network: what was learnt.
        first: from `first_layer`, shape (..., depth, first layer).
        cart: the last pair columns, shape (..., depth, columns).
    """
    known = len(network.pair_mean) - cart.shape[-1]
    x = scaled(cart, network.pair_mean[known:], network.pair_scale[known:])
    signal = first + x @ network.layers[0][0][known:]
    for weights, bias in network.layers[1:]:
        signal = np.maximum(signal, 0) @ weights + bias
    return np.asarray(signal)


def train(lesson: Lesson, schedule: Schedule) -> Network:
    """Learn from decisions, in an order drawn from the schedule's seed.

    Args:
        lesson: what to learn from; its pairs and rows are put on one scale in place, to spare a copy of gigabytes.
        schedule: how.
    """
    chance = np.random.default_rng(schedule.seed)
    pair_mean, pair_scale = _standardise(lesson.pairs)
    row_mean, row_scale = _standardise(lesson.rows)
    sizes = (lesson.pairs.shape[2], *schedule.hidden, 2)
    weights = [chance.normal(0, np.sqrt(2 / into), (into, out)).astype(np.float32) for into, out in pairwise(sizes)]
    weights[-1] *= 0.1
    from_row = chance.normal(0, np.sqrt(1 / sizes[0]), (lesson.rows.shape[1], sizes[1])).astype(np.float32) * 0.5
    parameters = [from_row, *weights, *(np.zeros(out, dtype=np.float32) for out in sizes[1:])]
    step = _adam(parameters, len(weights) + 1, schedule)
    batches = max(len(lesson.rows) // BATCH, 1)
    epochs = max(schedule.epochs, -(-LEAST_STEPS // batches))
    for epoch in range(epochs):
        order = chance.permutation(len(lesson.rows))
        for number in range(batches):
            picked = order[number * BATCH : (number + 1) * BATCH]
            step(_gradients(parameters, lesson, picked, schedule), (epoch + number / batches) / epochs)
    layers = tuple(zip(parameters[1 : len(weights) + 1], parameters[len(weights) + 1 :], strict=True))
    return Network(pair_mean, pair_scale, row_mean, row_scale, from_row, layers)


def _standardise(columns: Singles) -> tuple[Singles, Singles]:
    """Put columns on one scale in place; return what was taken off, and what they were multiplied with."""
    flat = columns.reshape(-1, columns.shape[-1])
    mean = flat.mean(axis=0, dtype=np.float64).astype(np.float32)
    flat -= mean
    spread = np.sqrt(np.mean(np.square(flat), axis=0, dtype=np.float64))
    scale = np.where(spread > 1e-6, 1 / np.maximum(spread, 1e-6), 0).astype(np.float32)
    flat *= scale
    np.clip(flat, -FARTHEST, FARTHEST, out=flat)
    return mean, scale


def _gradients(parameters: list[Singles], lesson: Lesson, picked: Ints, schedule: Schedule) -> list[Singles]:
    """How each parameter should change, from a batch of decisions."""
    count, depth = lesson.bought[picked].shape
    layers = (len(parameters) - 1) // 2
    weights, biases = parameters[1 : layers + 1], parameters[layers + 1 :]
    pairs, rows, bought = lesson.pairs[picked].reshape(count * depth, -1), lesson.rows[picked], lesson.bought[picked]
    signals = [pairs]
    signal = pairs @ weights[0]
    signal += np.repeat(rows @ parameters[0] + biases[0], depth, axis=0)
    for weight, bias in zip(weights[1:], biases[1:], strict=True):
        signals.append(np.maximum(signal, 0))
        signal = signals[-1] @ weight + bias
    heads = signal.reshape(count, depth, 2)
    error = np.stack(
        (_rank_error(heads[:, :, 0], bought), _odds_error(heads[:, :, 1], bought) * schedule.buying), axis=2
    )
    error = (error.reshape(count * depth, 2) / count).astype(np.float32)
    of_weights, of_biases = [], []
    for layer in range(layers - 1, 0, -1):
        of_weights.append(signals[layer].T @ error)
        of_biases.append(error.sum(axis=0))
        error = (error @ weights[layer].T) * (signals[layer] > 0)
    of_weights.append(pairs.T @ error)
    of_biases.append(error.sum(axis=0))
    of_row = rows.T @ error.reshape(count, depth, -1).sum(axis=1)
    return [of_row, *of_weights[::-1], *of_biases[::-1]]


def _rank_error(scores: Singles, bought: Singles) -> Singles:
    """Slope of the listwise loss; a decision none of whose candidates was bought teaches no order."""
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    total = bought.sum(axis=1, keepdims=True)
    error = odds / odds.sum(axis=1, keepdims=True) - bought / np.maximum(total, np.float32(1))
    return np.asarray(error * (total > 0), dtype=np.float32)


def _odds_error(log_odds: Singles, bought: Singles) -> Singles:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -30, 30))) - bought, dtype=np.float32)


def _adam(parameters: list[Singles], decayed: int, schedule: Schedule) -> Callable[[list[Singles], float], None]:
    """A function that takes one step in place (Kingma & Ba 2015), its length on half a cosine after a short warm-up."""
    mean = [np.zeros_like(one) for one in parameters]
    square = [np.zeros_like(one) for one in parameters]
    steps = [0]

    def step(gradients: list[Singles], done: float) -> None:
        steps[0] += 1
        rate = schedule.rate * min(1, steps[0] / 100) * (1 + np.cos(np.pi * done)) / 2
        for number, gradient in enumerate(gradients):
            mean[number] += np.float32(0.1) * (gradient - mean[number])
            square[number] += np.float32(0.001) * (gradient * gradient - square[number])
            up = mean[number] / np.float32(1 - 0.9 ** steps[0])
            down = np.sqrt(square[number] / np.float32(1 - 0.999 ** steps[0])) + np.float32(1e-8)
            pull = np.float32(schedule.decay if number < decayed else 0.0) * parameters[number]
            parameters[number] -= np.float32(rate) * (up / down + pull)

    return step
