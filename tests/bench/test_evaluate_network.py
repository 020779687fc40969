"""The network finds what is planted, and what it makes ready before the cart changes nothing."""

import numpy as np

from bench.evaluate.network import Lesson, Network, Schedule, first_layer, heads, train
from bench.evaluate.source import Singles

DEPTH, CART = 6, 2


def planted(decisions: int, seed: int) -> Lesson:
    """One of six is bought, with odds of e^2 for each unit of the third column; the rest is noise."""
    chance = np.random.default_rng(seed)
    pairs = chance.normal(size=(decisions, DEPTH, 5)).astype(np.float32)
    odds = np.exp(2 * pairs[:, :, 2])
    drawn = chance.random((decisions, 1)) < np.cumsum(odds / odds.sum(axis=1, keepdims=True), axis=1)
    bought = np.zeros((decisions, DEPTH), dtype=np.float32)
    bought[np.arange(decisions), drawn.argmax(axis=1)] = 1
    return Lesson(pairs, chance.normal(size=(decisions, 3)).astype(np.float32), bought)


def answers(network: Network, lesson: Lesson) -> Singles:
    """Both heads of every candidate."""
    first = first_layer(network, lesson.pairs[:, :, :-CART], lesson.rows)
    return heads(network, first, lesson.pairs[:, :, -CART:])


def test_a_planted_preference_is_found() -> None:
    """The first of the ranking is right nearly as often as that of one who knows the odds."""
    network = train(planted(4000, 1), Schedule(hidden=(8,), epochs=40, rate=1e-2))
    fresh = planted(2000, 2)
    rank = answers(network, fresh)[:, :, 0]

    def hits(score: Singles) -> float:
        return float(fresh.bought[np.arange(2000), score.argmax(axis=1)].mean())

    # Twice the standard error of a difference of two shares of 2,000 decisions.
    assert hits(rank) > hits(fresh.pairs[:, :, 2]) - 2 * np.sqrt(2 * 0.25 / 2000)


def test_it_says_how_likely() -> None:
    """Of what it calls likely at p, about p is bought."""
    network = train(planted(6000, 3), Schedule(hidden=(8,), epochs=40, rate=1e-2, buying=1.0))
    fresh = planted(4000, 4)
    chance = 1 / (1 + np.exp(-answers(network, fresh)[:, :, 1]))
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.6)):
        found = (chance >= low) & (chance < high)
        assert abs(chance[found].mean() - fresh.bought[found].mean()) < 0.05


def test_one_decision_is_the_same_alone_and_in_a_crowd() -> None:
    """What is made ready for one place equals its row in a batch."""
    network = train(planted(600, 5), Schedule(hidden=(8, 4)))
    fresh = planted(50, 6)
    together = answers(network, fresh)
    one = Lesson(fresh.pairs[7:8], fresh.rows[7:8], fresh.bought[7:8])
    np.testing.assert_allclose(answers(network, one)[0], together[7], rtol=1e-4, atol=1e-5)


def test_the_seed_decides() -> None:
    """The same seed gives the same weights; another one gives others."""
    one, two = (train(planted(600, 5), Schedule(hidden=(8,), seed=3)) for _ in range(2))
    other = train(planted(600, 5), Schedule(hidden=(8,), seed=4))
    np.testing.assert_array_equal(one.layers[0][0], two.layers[0][0])
    assert not np.array_equal(one.layers[0][0], other.layers[0][0])
