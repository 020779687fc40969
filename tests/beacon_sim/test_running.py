"""One run of the store in this process: it ends by itself, records, connects phones, and says what happened."""

import io
from pathlib import Path

from rich.console import Console
from websockets.asyncio.server import ServerConnection, serve

from beacon_sim.day import DaySettings
from beacon_sim.running import Run, Tally, run_store
from offer_engine.messages import ConsentChange, Hello, PhoneMessage, Welcome, encode, parse_phone_message
from tests.beacon_sim.days import START_MS, people_of, store_of

KEY = b"key"


def asked(record: Path, *, minutes: float, phone_url: str | None = None) -> Run:
    """A run of the cast alone, at full speed, into a file."""
    return Run(
        store=store_of("demo-market"),
        population=people_of("demo-market"),
        settings=DaySettings(arrivals_per_min=0, warm_up_min=1),
        seed=7,
        speed=None,
        minutes=minutes,
        start_ms=START_MS,
        broker=None,
        record=record,
        phone_url=phone_url,
        phone_key=KEY,
    )


async def closing_words(run: Run) -> str:
    """The last line of a run."""
    out = io.StringIO()
    await run_store(run, clock_s=lambda: START_MS / 1000, console=Console(file=out, soft_wrap=True))
    return out.getvalue().splitlines()[-1]


async def test_a_run_ends_by_itself_and_says_what_happened(tmp_path: Path) -> None:
    """Half a minute with the cast: three people, and every message in the file."""
    said = await closing_words(asked(tmp_path / "day.jsonl", minutes=0.5))
    lines = (tmp_path / "day.jsonl").read_text().splitlines()
    assert said == (
        f"the store is closed after 0:30 of store time · 3 people inside, 3 so far · {len(lines):,} messages"
    )


async def test_phones_connect_and_say_what_is_allowed(tmp_path: Path) -> None:
    """Each of the cast says hello and then its consents to an engine that welcomes everybody."""
    heard: list[PhoneMessage] = []

    async def welcome(link: ServerConnection) -> None:
        async for frame in link:
            message = parse_phone_message(frame)
            heard.append(message)
            if isinstance(message, Hello):
                answer = Welcome(message.shopper, "s", "S", START_MS, location=False, basket=False, history=False)
                await link.send(encode(answer), text=True)

    async with serve(welcome, "127.0.0.1", 0, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        run = asked(tmp_path / "day.jsonl", minutes=10, phone_url=f"ws://127.0.0.1:{port}")
        said = await closing_words(run)
    assert {message.shopper for message in heard if isinstance(message, Hello)} == {"dave", "ana", "chloe"}
    allowed = [message for message in heard if isinstance(message, ConsentChange)]
    assert len(allowed) == 3
    assert [message.history for message in allowed].count(False) == 1
    assert "offers shown" in said


def test_before_the_day_there_is_nothing_to_tell() -> None:
    """The status line has words for the time in which the store fills up."""
    assert Tally().line() == "the store is filling up"
