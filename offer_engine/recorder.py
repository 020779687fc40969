"""Batches from the loop become commits in a thread of their own, and each commit is told back to the loop.

A transaction usually takes a tenth of a millisecond and now and then half a second, so the loop must not wait for it.
All batches that wait are committed together. When the disk refuses, the batches are kept and tried again every
second, and nothing that depends on them is sent: what is not recorded did not happen.
"""

import logging
import sqlite3
from asyncio import AbstractEventLoop
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Event, Thread

from offer_engine.ledger import Batch, Ledger

RETRY_S = 1.0
_log = logging.getLogger(__name__)

Done = Callable[[], None]


class Recorder:
    """The ledger's writer: hand it a batch and what to do once it is on disk."""

    def __init__(self, ledger: Ledger, loop: AbstractEventLoop) -> None:
        """Start the thread; `loop` is where the callbacks run."""
        self._ledger = ledger
        self._loop = loop
        self._queue: SimpleQueue[tuple[Batch, Done] | None] = SimpleQueue()
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    def record(self, batch: Batch, done: Done) -> None:
        """Commit `batch` soon, then call `done` in the loop."""
        self._queue.put((batch, done))

    def close(self) -> None:
        """Commit what waits and end the thread."""
        self._stopping.set()
        self._queue.put(None)
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, dones = first[0], [first[1]]
            ending = self._gather(batch, dones)
            self._commit(batch)
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(_call_all, dones)
            if ending:
                return

    def _gather(self, batch: Batch, dones: list[Done]) -> bool:
        """Add whatever else waits to `batch`; True when the end is asked for."""
        while True:
            try:
                following = self._queue.get_nowait()
            except Empty:
                return False
            if following is None:
                return True
            batch.add(following[0])
            dones.append(following[1])

    def _commit(self, batch: Batch) -> None:
        while True:
            try:
                self._ledger.write(batch)
            except sqlite3.Error as error:
                _log.error("the ledger refused a commit (%s); trying again every second, sending nothing", error)
                if self._stopping.wait(RETRY_S):
                    return
            else:
                return


def _call_all(dones: list[Done]) -> None:
    for done in dones:
        done()
