"""How sure a ranking is of its first choice: calibrated, and better at telling apart than what it rests on."""

import numpy as np

from bench.evaluate.network import Lesson, Schedule, first_layer, heads, train
from bench.evaluate.source import Floats, Singles
from bench.evaluate.sureness import Sureness, fit_sureness, make_sure, of_second_head

DEPTH, COLUMNS, CART = 5, 3, 5


def planted(decisions: int, seed: int) -> Lesson:
    """The first column says which is bought; a row column says how much it can be relied on."""
    chance = np.random.default_rng(seed)
    pairs = chance.normal(size=(decisions, DEPTH, COLUMNS + CART)).astype(np.float32)
    rows = chance.normal(size=(decisions, 2)).astype(np.float32)
    odds = np.exp(3 * pairs[:, :, 0] * (rows[:, :1] > 0))
    drawn = chance.random((decisions, 1)) < np.cumsum(odds / odds.sum(axis=1, keepdims=True), axis=1)
    bought = np.zeros((decisions, DEPTH), dtype=np.float32)
    bought[np.arange(decisions), drawn.argmax(axis=1)] = 1
    return Lesson(pairs, rows, bought)


def learnt() -> tuple[Lesson, Floats, Singles]:
    """Fresh decisions, the chance given to the first choice of each, and whether it was bought."""
    network = train(planted(4000, 1), Schedule(hidden=(8,), epochs=6, rate=1e-2, buying=0.1))
    sureness = fit_sureness(network, planted(4000, 2))
    fresh = planted(3000, 3)
    log_odds, hit = [], []
    for pairs, row, bought in zip(fresh.pairs, fresh.rows, fresh.bought, strict=True):
        found = heads(network, first_layer(network, pairs[None, :, :COLUMNS], row[None])[0], pairs[:, COLUMNS:])
        log_odds.append(make_sure(network, sureness, pairs[:, :COLUMNS], row)(found, pairs[:, COLUMNS:]))
        hit.append(bought[found[:, 0].argmax()])
    return fresh, 1 / (1 + np.exp(-np.array(log_odds))), np.array(hit, dtype=np.float32)


def test_of_what_it_calls_likely_so_much_is_bought() -> None:
    """Calibrated on decisions that neither the network nor the layer has seen, and sure where it can be."""
    fresh, chance, hit = learnt()
    for low, high in ((0.1, 0.35), (0.35, 0.7), (0.7, 1.0)):
        found = (chance >= low) & (chance < high)
        assert abs(chance[found].mean() - hit[found].mean()) < 0.06
    reliable = fresh.rows[:, 0] > 0
    assert chance[reliable].mean() > chance[~reliable].mean() + 0.2


def test_without_a_layer_the_second_head_speaks() -> None:
    """The log odds of the candidate that ranks first."""
    found = np.array([[0.1, -2.0], [0.9, 1.5]], dtype=np.float32)
    assert of_second_head(found, np.zeros((2, CART), dtype=np.float32)) == 1.5
    assert isinstance(fit_sureness(train(planted(300, 4), Schedule(hidden=(4,))), planted(300, 5)), Sureness)
