"""Batches from the loop become commits in a thread of their own, and each commit is told back to the loop.

A transaction usually takes a tenth of a millisecond and now and then half a second, so the loop must not wait for it.
All batches that wait are committed together. When the disk refuses, the batches are kept and tried again every
second, and nothing that depends on them is sent: what is not recorded did not happen. A batch that no disk could take
is our own fault; it is dropped with its trace in the log, alone, and what follows it is recorded.
"""

import logging
import sqlite3
from asyncio import AbstractEventLoop
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Event, Thread

from offer_engine.ledger import Batch, Ledger

RETRY_S = 1.0
STOP_WITHIN_S = 10.0  # twice what a commit waits for another program's lock
# What SQLite says of the data and not of the disk: trying again would not help.
_FAULTS = (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError)

_log = logging.getLogger(__name__)

Done = Callable[[], None]
Entry = tuple[Batch, Done]


class Recorder:
    """The ledger's writer: hand it a batch and what to do once it is on disk."""

    def __init__(self, ledger: Ledger, loop: AbstractEventLoop) -> None:
        """Start the thread; `loop` is where the callbacks run."""
        self._ledger = ledger
        self._loop = loop
        self._queue: SimpleQueue[Entry | None] = SimpleQueue()
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    def record(self, batch: Batch, done: Done) -> None:
        """Commit `batch` soon, then call `done` in the loop."""
        self._queue.put((batch, done))

    def close(self) -> None:
        """Commit what waits and end the thread; what the disk refuses now is lost, and the log says so."""
        self._stopping.set()
        self._queue.put(None)
        self._thread.join(timeout=STOP_WITHIN_S)

    def _run(self) -> None:
        is_ending = False
        while not is_ending:
            waiting = [self._queue.get(), *self._rest()]
            is_ending = None in waiting
            self._commit([entry for entry in waiting if entry is not None])

    def _rest(self) -> list[Entry | None]:
        """Whatever else waits."""
        rest: list[Entry | None] = []
        while True:
            try:
                rest.append(self._queue.get_nowait())
            except Empty:
                return rest

    def _commit(self, entries: list[Entry]) -> None:
        """Commit batches together; one by one when one of them cannot be written, so that only that one is dropped."""
        if not entries:
            return
        try:
            is_written = self._write(_together(entries))
        except Exception:  # noqa: BLE001  whatever one batch holds, the thread lives and the next is recorded
            if len(entries) > 1:
                for entry in entries:
                    self._commit([entry])
            else:
                _log.exception("a batch that no ledger can hold is dropped, and what depends on it is not sent")
            return
        if is_written and not self._loop.is_closed():
            for _, done in entries:  # each on its own, so that one that fails does not take the others with it
                self._loop.call_soon_threadsafe(done)

    def _write(self, batch: Batch) -> bool:
        """Commit a batch however long it takes; False when the engine stops before the disk takes it."""
        while True:
            try:
                self._ledger.write(batch)
            except _FAULTS:
                raise
            except sqlite3.Error as error:
                _log.error("the ledger refused a commit (%s); trying again every second, sending nothing", error)
                if self._stopping.wait(RETRY_S):
                    _log.error("stopping while the ledger refuses: what it has not taken is lost")
                    return False
            else:
                return True


def _together(entries: list[Entry]) -> Batch:
    """One batch of all; each entry's own stays as it is, since its `done` tells what is in it."""
    if len(entries) == 1:
        return entries[0][0]
    batch = Batch()
    for own, _ in entries:
        batch.add(own)
    return batch
