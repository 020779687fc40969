"""Runs folds side by side, each in a process of its own, and shows how far they are."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import Manager, get_context
from queue import Empty, Queue

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bench.evaluate.folds import make_fold
from bench.evaluate.lineup import chosen
from bench.evaluate.promotions import load_promotions
from bench.evaluate.run import Result, run_method
from bench.evaluate.source import load_sales

SAMPLE_SHARE = 0.08  # of the households


@dataclass(frozen=True, slots=True)
class Order:
    """What one process has to do."""

    cut: int
    is_sample: bool
    with_more: bool  # the methods that are compared only where it is asked for
    seed: int


@dataclass(frozen=True, slots=True)
class News:
    """How far one process is."""

    cut: int
    text: str
    share: float  # done, in [0, 1]


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """What one process has found."""

    results: list[Result]
    decisions: int
    decisions_new: int


def run_fold(order: Order, news: "Queue[News]") -> Done:
    """Run every method on one fold."""
    news.put(News(order.cut, "reading", 0.0))
    sales, promotions = load_sales(), load_promotions()
    households = np.unique(sales.household)
    chance = np.random.default_rng(order.seed)
    asked = chance.choice(households, round(len(households) * SAMPLE_SHARE), replace=False) if order.is_sample else None
    fold = make_fold(sales, order.cut, asked)
    methods = chosen(promotions, is_sample=order.is_sample, with_more=order.with_more)
    results = []
    for number, method in enumerate(methods):

        def tell(share: float, number: int = number, title: str = method.title) -> None:
            news.put(News(order.cut, title, (number + share) / len(methods)))

        tell(0.0)
        results.append(run_method(method, fold, tell))
    news.put(News(order.cut, "done", 1.0))
    return Done(results, len(fold.decisions), sum(bool(new.any()) for new in fold.is_new))


def run_both(orders: list[Order]) -> list[Done]:
    """Run folds side by side, showing how far they are."""
    console = Console(stderr=True)
    bars = Progress(TextColumn("{task.fields[fold]}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
                    TimeElapsedColumn(), TextColumn("{task.description}"), console=console)  # fmt: skip
    with Manager() as manager, ProcessPoolExecutor(len(orders), mp_context=get_context("spawn")) as pool, bars:
        news: Queue[News] = manager.Queue()
        tasks = {order.cut: bars.add_task("", total=1.0, fold=f"day {order.cut}") for order in orders}
        futures = [pool.submit(run_fold, order, news) for order in orders]
        while not all(future.done() for future in futures):
            try:
                heard = news.get(timeout=0.5)
            except Empty:
                continue
            bars.update(tasks[heard.cut], completed=heard.share, description=heard.text)
        return [future.result() for future in futures]
