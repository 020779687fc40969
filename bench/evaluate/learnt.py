"""Our learnt ranking: the formula makes a short list, a small network puts it in order and says how sure it is.

It learns from decisions of the weeks right before the cut, each four weeks seen from their own past only, so that at
the cut the tables are as old as they were while learning. What is new to a household is ranked by a network of its own.
The score of the first candidate is the probability that it is bought; the others' fall off in the order of the rank.
"""

from dataclasses import dataclass
from math import exp

import numpy as np

from bench.evaluate.columns import ask, cart_columns, place_columns, row_columns, short_list
from bench.evaluate.folds import FOLD_DAYS, Fold, Past, Place, make_fold
from bench.evaluate.knowledge import Knowledge, learn
from bench.evaluate.methods import Prepared, Ranker, Rankers
from bench.evaluate.network import Lesson, Network, Schedule, first_layer, heads, train
from bench.evaluate.promotions import Promotions
from bench.evaluate.source import Floats, Ints
from bench.evaluate.sureness import Sureness, fit_sureness, make_sure, of_second_head
from offer_engine.errors import SettingsError

_CHUNK = 4_000  # decisions whose columns are made at once


_ANYTHING = Schedule(buying=0.1)
_NEW = Schedule(buying=0.05, decay=1e-2)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How much is looked at and learnt from; chosen on days 253..280, before both folds."""

    windows: int = 2  # of four weeks each, before the cut
    most: int = 40_000  # decisions of a window, drawn
    most_new: int = 20_000
    held_out: int = 12_000  # decisions of a window, of those left, for how sure the first choice is
    depth: int = 40  # candidates in the short list
    depth_new: int = 80
    schedule: Schedule = _ANYTHING
    schedule_new: Schedule = _NEW


_LINEAR = Schedule(hidden=(), buying=0.1)  # a weight for each column and nothing else
LINEAR = Recipe(windows=1, most=20_000, schedule=_LINEAR, schedule_new=_LINEAR)


@dataclass(frozen=True, slots=True, eq=False)
class Teacher:
    """What can be learnt before a cut: windows with their own pasts, and the past at the cut itself."""

    windows: tuple[tuple[Fold, Knowledge], ...]
    known: Knowledge


def prepare(past: Past, promotions: Promotions | None, windows: int) -> Teacher:
    """Fill the tables of every window and of the cut."""
    folds = [make_fold(past.sales, past.cut - FOLD_DAYS * back) for back in range(1, windows + 1)]
    return Teacher(tuple((fold, learn(fold.past, promotions)) for fold in folds), learn(past, promotions))


def fit_learnt(past: Past, promotions: Promotions | None, recipe: Recipe) -> Rankers:
    """Learn tables and both networks.

    Args:
        past: what may be seen.
        promotions: the retailer's plan; None to do without.
        recipe: how much.
    """
    teacher = prepare(past, promotions, recipe.windows)
    anything = train(make_lesson(teacher, recipe, is_new=False), recipe.schedule)
    held_out = make_held_out(teacher, recipe)
    sureness = None if held_out is None else fit_sureness(anything, held_out)
    new = train(make_lesson(teacher, recipe, is_new=True), recipe.schedule_new)
    return Rankers(
        ranker(teacher.known, anything, sureness, recipe.depth, is_new=False),
        ranker(teacher.known, new, None, recipe.depth_new, is_new=True),
    )


def make_lesson(teacher: Teacher, recipe: Recipe, *, is_new: bool) -> Lesson:
    """Decisions of every window, for any product or for what is new to the household.

    Raises:
        SettingsError: there are none.
    """
    asked_for = [_drawn(fold, recipe, window, is_new=is_new) for window, (fold, _) in enumerate(teacher.windows)]
    lesson = _lesson(teacher, recipe, asked_for, is_new=is_new)
    if lesson is None:
        raise SettingsError("there is nothing to learn from in the weeks before the cut")
    return lesson


def make_held_out(teacher: Teacher, recipe: Recipe) -> Lesson | None:
    """Decisions of every window that are not in the lesson for any product; None where that holds them all."""
    left = []
    for window, (fold, _) in enumerate(teacher.windows):
        drawn = _drawn(fold, recipe, window, is_new=False)
        rest = np.setdiff1d(np.arange(len(fold.decisions)), drawn)
        chance = np.random.default_rng((recipe.schedule.seed, window, 1))
        left.append(np.sort(chance.permutation(rest)[: recipe.held_out]).tolist())
    return _lesson(teacher, recipe, left, is_new=False)


def _lesson(teacher: Teacher, recipe: Recipe, asked_for: list[list[int]], *, is_new: bool) -> Lesson | None:
    depth = min(possible_depth(fold.past, recipe.depth_new if is_new else recipe.depth) for fold, _ in teacher.windows)
    lesson: Lesson | None = None
    row = 0
    for (fold, known), numbers in zip(teacher.windows, asked_for, strict=True):
        for start in range(0, len(numbers), _CHUNK):
            part = _part(known, fold, depth, numbers[start : start + _CHUNK], is_new=is_new)
            if lesson is None:  # the whole of it at once: joining parts would need twice the memory
                lesson = _room(sum(map(len, asked_for)), part)
            rows = slice(row, row + len(part.rows))
            lesson.pairs[rows], lesson.rows[rows], lesson.bought[rows] = part.pairs, part.rows, part.bought
            row = rows.stop
    return lesson


def _drawn(fold: Fold, recipe: Recipe, window: int, *, is_new: bool) -> list[int]:
    """Numbers of decisions to learn from."""
    able = [number for number, new in enumerate(fold.is_new) if new.any() or not is_new]
    most = recipe.most_new if is_new else recipe.most
    if len(able) > most:
        chance = np.random.default_rng((recipe.schedule.seed, window))
        able = sorted(chance.choice(able, most, replace=False).tolist())
    return able


def _part(known: Knowledge, fold: Fold, depth: int, numbers: list[int], *, is_new: bool) -> Lesson:
    decisions = [fold.decisions[number] for number in numbers]
    lists = [short_list(known, one.place, depth, is_new=is_new) for one in decisions]
    asked = ask([one.place for one in decisions], lists)
    carts = [cart_columns(known, one.place, short, one.cart) for one, short in zip(decisions, lists, strict=True)]
    wanted = [fold.hidden[number][fold.is_new[number]] if is_new else fold.hidden[number] for number in numbers]
    bought = [np.isin(row, hidden) for row, hidden in zip(asked.numbers, wanted, strict=True)]
    pairs = np.concatenate((place_columns(known, asked), np.stack(carts)), axis=2)
    return Lesson(pairs, row_columns(known, asked), np.array(bought, dtype=np.float32))


def _room(decisions: int, part: Lesson) -> Lesson:
    return Lesson(*(np.empty((decisions, *one.shape[1:]), np.float32) for one in (part.pairs, part.rows, part.bought)))


def possible_depth(past: Past, wanted: int) -> int:
    """As many candidates as every zone that sells anything has, at most `wanted`."""
    sizes = np.diff(past.zone_starts)
    return int(min(wanted, sizes[sizes > 0].min()))


def ranker(known: Knowledge, network: Network, sureness: Sureness | None, depth: int, *, is_new: bool) -> Ranker:
    """A ranker for one decision at a time; without a layer for it, the second head says how sure it is."""
    depth = possible_depth(known.past, depth)

    def prepare(place: Place) -> Prepared:
        short = short_list(known, place, depth, is_new=is_new)
        asked = ask([place], [short])
        pairs, row = place_columns(known, asked), row_columns(known, asked)
        first = first_layer(network, pairs, row)[0]
        sure = of_second_head if sureness is None else make_sure(network, sureness, pairs[0], row[0])
        rows = short.numbers - known.past.zone_starts[place.zone]
        below = short.formula - (short.formula.max() + 1)  # all that is not on the short list comes after it

        def scores(cart: Ints) -> Floats:
            columns = cart_columns(known, place, short, cart)
            answers = heads(network, first, columns)
            rank = answers[:, 0].astype(np.float64)
            found: Floats = below.copy()
            found[rows] = np.exp(rank - rank.max()) / (1 + exp(-sure(answers, columns)))
            return found

        return scores

    return prepare
