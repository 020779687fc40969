"""The recorder: a disk may be slow or refuse, but nobody hears of anything that is not on it."""

import asyncio
import logging
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
    """The writer's ledger; a refused commit is tried again soon, and a locked file refuses at once."""
    monkeypatch.setattr(module, "RETRY_S", 0.02)
    with closing(Ledger(path)) as own:
        own._db.execute("PRAGMA busy_timeout = 0")
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


async def test_batches_that_wait_are_committed_together_and_told_in_order(ledger: Ledger, path: Path) -> None:
    """A slow disk makes for larger commits, not for a longer queue; nothing changes places."""
    lock = LockedLedger(path)
    recorder = Recorder(ledger, asyncio.get_running_loop())
    told: list[tuple[int, int]] = []
    for number in range(50):
        recorder.record(state(f"s-{number:02}"), partial(_tell, told, number, path))
    lock.release()

    await recorded(recorder, state("last"))
    recorder.close()

    assert [number for number, _ in told] == list(range(50))
    assert len({found for _, found in told}) <= 3, "a few commits, not fifty"


def _tell(told: list[tuple[int, int]], number: int, path: Path) -> None:
    told.append((number, len(stored(path))))


async def test_what_a_batch_says_is_not_changed_by_those_it_is_committed_with(ledger: Ledger, path: Path) -> None:
    """Each `done` still holds its own batch: what it makes known is made known once."""
    lock = LockedLedger(path)
    recorder = Recorder(ledger, asyncio.get_running_loop())
    batches = [Batch(rejected=[Rejected(number, "t", Refusal.TOPIC, "", "")]) for number in range(20)]
    lock.release()

    await recorded(recorder, *batches)
    recorder.close()

    assert [len(batch.rejected) for batch in batches] == [1] * 20
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT count(*) FROM rejected").fetchone() == (20,)


async def test_while_the_disk_refuses_nothing_is_told_and_nothing_is_lost(
    ledger: Ledger, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The batch is kept and tried again until the disk takes it."""
    lock = LockedLedger(path)
    recorder = Recorder(ledger, asyncio.get_running_loop())
    told = asyncio.Event()

    recorder.record(state("dave"), told.set)
    await _until(lambda: len(caplog.records) >= 3, asyncio.get_running_loop())
    assert not told.is_set()
    assert "database is locked" in caplog.text
    lock.release()
    async with asyncio.timeout(PATIENCE_S):
        await told.wait()
    recorder.close()

    assert stored(path) == ["dave"]


async def _until(is_so: Callable[[], bool], loop: AbstractEventLoop) -> None:
    """Return once something is so that another thread brings about; looked at in every turn of the loop."""
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
