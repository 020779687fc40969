"""Batches from the loop become commits at once, and each is told back to the loop when it may be acted on.

In SQLite's WAL mode a commit is a write into the page cache, a sixth of a millisecond, and handing it to a thread and
back delayed offers by more than that. What does take long, now and then half a second, is syncing to the disk. That is
left to a thread: it moves the log into the database every second, and when a shopper was promised
something it syncs the log before anybody is told (docs/adr/0009-record-then-send.md).

When the disk refuses, or another program holds the file, batches wait in order and are tried again, and nothing that
depends on them is sent: what is not recorded did not happen. A batch that no disk could take is our own fault; it is
dropped with its trace in the log, alone, and what follows it is recorded.
"""

import logging
import os
import sqlite3
from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic

from offer_engine.ledger import Batch, Ledger

RETRY_S = 0.005  # after the first refusal: the thread holds the file for as long when it starts the log anew
RETRY_AT_MOST_S = 1.0  # each refusal doubles the wait until then
SLICE = 64  # batches that are committed in one turn of the loop, after a refusal
CHECKPOINT_S = 1.0  # between two moves of the log into the database
LOG_PAGES = 4096  # of 4 KiB: a log longer than this is started anew
READERS_MS = 20  # how long that waits for readers, while nothing can be committed
STOP_WITHIN_S = 10.0
BUSY_AT_STOP_MS = 5000  # how long another program may hold the file while we stop
# What SQLite says of the data and not of the disk: trying again would not help.
_FAULTS = (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError, OverflowError)

_log = logging.getLogger(__name__)

Done = Callable[[], None]


class Recorder:
    """The ledger's writer: hand it a batch and what to do once it is recorded."""

    def __init__(self, ledger: Ledger, loop: AbstractEventLoop) -> None:
        """Take over the ledger's commits, in `loop`, and its syncing, in a thread."""
        self._ledger = ledger
        self._loop = loop
        self._waiting: deque[tuple[Batch, Done]] = deque()
        self._retry_s = RETRY_S
        ledger.leave_checkpoints()
        ledger.wait_for_others(0)
        self._syncer = _Syncer(ledger.path, loop)

    def record(self, batch: Batch, done: Done) -> None:
        """Commit `batch`, now if the disk takes it, and have `done` called by the loop."""
        self._waiting.append((batch, done))
        if len(self._waiting) == 1:
            self._commit()

    def close(self) -> None:
        """Commit what waits and end the thread; what the disk refuses now is lost, and the log says so."""
        self._ledger.wait_for_others(BUSY_AT_STOP_MS)
        while self._waiting and self._commit_first():
            pass
        if self._waiting:
            _log.error("stopping while the ledger refuses: %d batches it has not taken are lost", len(self._waiting))
            self._waiting.clear()
        self._syncer.close()

    def _commit(self) -> None:
        """Commit what waits, oldest first."""
        for _ in range(min(len(self._waiting), SLICE)):
            if not self._commit_first():
                self._loop.call_later(self._retry_s, self._commit)
                self._retry_s = min(2 * self._retry_s, RETRY_AT_MOST_S)
                return
            self._retry_s = RETRY_S
        if self._waiting:
            self._loop.call_soon(self._commit)

    def _commit_first(self) -> bool:
        """Commit the batch that waits longest, or drop it; False when it is to be tried again."""
        if not self._waiting:
            return True
        batch, done = self._waiting[0]
        try:
            self._ledger.write(batch)
        except _FAULTS:
            _log.exception("a batch that no ledger can hold is dropped, and what depends on it is not sent")
        except sqlite3.Error as error:
            if self._retry_s >= RETRY_AT_MOST_S:
                _log.error("the ledger refuses commits (%s); trying again every second, sending nothing", error)
            return False
        else:
            if batch.is_promise():
                self._syncer.tell_when_synced(done)
            else:
                self._loop.call_soon(done)  # on its own, so that one that fails does not take the others with it
        self._waiting.popleft()
        return True


class _Syncer:
    """The thread that waits for the disk."""

    def __init__(self, path: Path, loop: AbstractEventLoop) -> None:
        self._path = path
        self._loop = loop
        self._promised: SimpleQueue[Done | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    def tell_when_synced(self, done: Done) -> None:
        """Call `done` in the loop once all that is committed now outlasts a power cut."""
        self._promised.put(done)

    def close(self) -> None:
        self._promised.put(None)
        self._thread.join(timeout=STOP_WITHIN_S)

    def _run(self) -> None:
        log = sqlite3.connect(self._path, isolation_level=None, timeout=READERS_MS / 1000)
        waiting: list[Done | None] = []
        due = monotonic() + CHECKPOINT_S
        while None not in waiting:
            waiting += self._wait(due)
            if self._is_synced(waiting):
                self._tell(waiting)
            if monotonic() >= due:
                _checkpoint(log)
                due = monotonic() + CHECKPOINT_S
        log.close()

    def _wait(self, due: float) -> list[Done | None]:
        """Every promise there is, waiting for one until `due`."""
        found: list[Done | None] = []
        try:
            found.append(self._promised.get(timeout=max(due - monotonic(), 0.0)))
            while True:
                found.append(self._promised.get_nowait())
        except Empty:
            return found

    def _is_synced(self, waiting: list[Done | None]) -> bool:
        """Sync the log to the disk, if anybody waits for it; False when the disk fails."""
        if not waiting:
            return False
        try:
            file = os.open(f"{self._path}-wal", os.O_RDONLY)
            try:
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            _log.error("the disk does not sync the ledger (%s); trying again every second", error)
            return False
        return True

    def _tell(self, waiting: list[Done | None]) -> None:
        for done in waiting:
            if done is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(done)
        waiting[:] = [None] if None in waiting else []


def _checkpoint(log: sqlite3.Connection) -> None:
    """Move the log into the database, beside the commits; a log that has grown long is started anew, between two."""
    try:
        _, pages, _ = log.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if pages > LOG_PAGES:
            log.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    except sqlite3.Error as error:
        _log.warning("the ledger's log cannot be moved into it now (%s); trying again", error)
