"""The recorder: a disk may be slow or refuse, but nobody hears of anything that is not on it."""

import asyncio
import logging
import os
import sqlite3
from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import get_ident

import pytest

from offer_engine import recorder as module
from offer_engine.core.shopper import Shopper
from offer_engine.errors import Refusal
from offer_engine.ledger import Batch, Ledger
from offer_engine.messages import Rejected
from offer_engine.recorder import Recorder

PATIENCE_S = 10.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file for a ledger."""
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """The writer's ledger; a refused commit is tried again soon, and a stop waits for nobody."""
    monkeypatch.setattr(module, "RETRY_AT_MOST_S", 0.02)
    monkeypatch.setattr(module, "BUSY_AT_STOP_MS", 0)
    with closing(Ledger(path)) as own:
        yield own


def state(shopper: str) -> Batch:
    """A batch that holds the state of one shopper."""
    return Batch(states={shopper: Shopper(shopper)})


async def recorded(recorder: Recorder, *batches: Batch) -> None:
    """Hand over batches, and return when the last of them is said to be recorded."""
    last = asyncio.Event()
    for batch in batches:
        recorder.record(batch, last.set if batch is batches[-1] else _nothing)
    async with asyncio.timeout(PATIENCE_S):
        await last.wait()


def _nothing() -> None:
    pass


def stored(path: Path) -> list[str]:
    """Whose states are on the disk, as another program sees them."""
    with closing(sqlite3.connect(path)) as other:
        return [str(shopper) for (shopper,) in other.execute("SELECT shopper FROM shoppers ORDER BY shopper")]


class LockedLedger:
    """Another program that holds the file, so that the ledger's own commits are refused."""

    def __init__(self, path: Path) -> None:
        """Take the file."""
        self._other = sqlite3.connect(path, isolation_level=None)
        self._other.execute("BEGIN IMMEDIATE")

    def release(self) -> None:
        """Give it back."""
        self._other.execute("ROLLBACK")
        self._other.close()


async def test_done_is_called_in_the_loop_after_the_commit(ledger: Ledger, path: Path) -> None:
    """Whoever is told that a batch is recorded finds it on the disk, and runs where the service runs."""
    recorder = Recorder(ledger, asyncio.get_running_loop())
    seen: list[tuple[int, list[str]]] = []
    finished = asyncio.Event()

    def done() -> None:
        seen.append((get_ident(), stored(path)))
        finished.set()

    recorder.record(state("dave"), done)
    assert seen == []
    async with asyncio.timeout(PATIENCE_S):
        await finished.wait()
    recorder.close()

    assert seen == [(get_ident(), ["dave"])]


async def test_batches_that_wait_are_committed_and_told_in_order(ledger: Ledger, path: Path) -> None:
    """Nothing changes places while another program holds the file, and each is told of its own."""
    lock = LockedLedger(path)
    recorder = Recorder(ledger, asyncio.get_running_loop())
    told: list[int] = []
    for number in range(3 * module.SLICE):
        recorder.record(state(f"s-{number:03}"), partial(told.append, number))
    lock.release()

    await recorded(recorder, state("last"))
    recorder.close()

    assert told == list(range(3 * module.SLICE))
    assert stored(path) == ["last", *(f"s-{number:03}" for number in told)]


async def test_a_promise_is_told_once_the_disk_has_synced_it(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Consents and redemptions outlast a power cut before anybody hears of them; the rest does not wait for that."""
    events: list[str] = []
    finished = asyncio.Event()
    fsync = os.fsync

    def watched(file: int) -> None:
        fsync(file)
        events.append("synced")

    monkeypatch.setattr(os, "fsync", watched)
    recorder = Recorder(ledger, asyncio.get_running_loop())
    promise = Batch(consents=[("dave", 1, True, True, False)])

    def promised() -> None:
        events.append("promised")
        finished.set()

    recorder.record(promise, promised)
    recorder.record(state("ana"), partial(events.append, "ana"))
    async with asyncio.timeout(PATIENCE_S):
        await finished.wait()
    recorder.close()

    assert events.index("synced") < events.index("promised")
    assert "ana" in events


async def test_while_the_disk_does_not_sync_no_promise_is_told(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A disk that fails is tried again, and who was promised something hears of it afterwards."""
    monkeypatch.setattr(module, "CHECKPOINT_S", 0.02)
    fsync = os.fsync
    failures = iter([True, True])

    def failing(file: int) -> None:
        if next(failures, False):
            raise OSError(5, "Input/output error")
        fsync(file)

    monkeypatch.setattr(os, "fsync", failing)
    recorder = Recorder(ledger, asyncio.get_running_loop())

    await recorded(recorder, Batch(consents=[("dave", 1, True, True, False)]))
    recorder.close()

    assert caplog.text.count("does not sync") == 2


async def test_the_log_is_moved_into_the_database_and_does_not_grow_for_ever(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commits never stop for it: the thread does, and starts a long log anew."""
    monkeypatch.setattr(module, "CHECKPOINT_S", 0.005)
    monkeypatch.setattr(module, "LOG_PAGES", 10)
    log = path.with_name(f"{path.name}-wal")
    recorder = Recorder(ledger, asyncio.get_running_loop())

    number = 0
    await recorded(recorder, _large(number))
    first = _age(log)
    async with asyncio.timeout(PATIENCE_S):
        while _age(log) == first:
            number += 1
            await recorded(recorder, _large(number))
    recorder.close()

    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT count(*) FROM rejected").fetchone() == (number + 1,)


def _large(number: int) -> Batch:
    return Batch(rejected=[Rejected(number, "t", Refusal.TOPIC, "x" * 4000, "")])


def _age(log: Path) -> bytes:
    """How often the log was started anew: https://sqlite.org/fileformat2.html#the_write_ahead_log, bytes 12 to 16."""
    return log.read_bytes()[12:16]


async def test_while_the_disk_refuses_nothing_is_told_and_nothing_is_lost(
    ledger: Ledger, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The batch is kept and tried again until the disk takes it."""
    lock = LockedLedger(path)
    recorder = Recorder(ledger, asyncio.get_running_loop())
    told = asyncio.Event()

    recorder.record(state("dave"), told.set)
    await _until(lambda: len(caplog.records) >= 3, asyncio.get_running_loop())
    recorder.record(state("ana"), _nothing)
    assert not told.is_set()
    assert "database is locked" in caplog.text
    lock.release()
    async with asyncio.timeout(PATIENCE_S):
        await told.wait()
    recorder.close()

    assert stored(path) == ["ana", "dave"]


async def _until(is_so: Callable[[], bool], loop: AbstractEventLoop) -> None:
    """Return once something is so that the recorder brings about; looked at in every turn of the loop."""
    deadline = loop.time() + PATIENCE_S
    while not is_so():
        assert loop.time() < deadline
        await asyncio.sleep(0)


async def test_close_commits_what_waits(ledger: Ledger, path: Path) -> None:
    """A clean stop loses nothing."""
    recorder = Recorder(ledger, asyncio.get_running_loop())
    for number in range(5):
        recorder.record(state(f"s-{number}"), _nothing)

    recorder.close()

    assert len(stored(path)) == 5


async def test_a_stop_while_the_disk_refuses_ends_and_claims_nothing(
    ledger: Ledger, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What could not be recorded is lost with the engine, loudly, and nobody is told that it happened."""
    lock = LockedLedger(path)
    recorder = Recorder(ledger, asyncio.get_running_loop())
    told: list[str] = []
    recorder.record(state("dave"), lambda: told.append("dave"))

    recorder.close()
    await asyncio.sleep(0)
    lock.release()

    assert told == []
    assert stored(path) == []
    assert caplog.records[-1].levelno == logging.ERROR
    assert "lost" in caplog.text


async def test_a_batch_that_no_ledger_can_hold_is_dropped_alone(
    ledger: Ledger, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of our own is logged with its trace and has no consequences; those it waited with are recorded."""
    lock = LockedLedger(path)
    recorder = Recorder(ledger, asyncio.get_running_loop())
    told: list[str] = []
    too_large = Batch(rejected=[Rejected(1 << 70, "t", Refusal.TOPIC, "", "")])  # no integer of SQLite's
    for name, batch in (("ana", state("ana")), ("too large", too_large), ("chloe", state("chloe"))):
        recorder.record(batch, partial(told.append, name))
    lock.release()

    await recorded(recorder, state("dave"))
    recorder.close()

    assert told == ["ana", "chloe"]
    assert stored(path) == ["ana", "chloe", "dave"]
    assert "OverflowError" in caplog.text


async def test_one_that_fails_when_told_does_not_keep_the_others_from_being_told(ledger: Ledger, path: Path) -> None:
    """Each is called on its own; the loop's own handler hears of the failure."""
    loop = asyncio.get_running_loop()
    failures: list[object] = []
    loop.set_exception_handler(lambda _loop, context: failures.append(context["exception"]))
    lock = LockedLedger(path)
    recorder = Recorder(ledger, loop)
    recorder.record(state("ana"), _fail)
    lock.release()

    await recorded(recorder, state("dave"))
    recorder.close()

    assert [type(failure) for failure in failures] == [ValueError]


def _fail() -> None:
    raise ValueError("a page has gone")
