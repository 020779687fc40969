"""The terminal phone in a pipe: lines, tokens, exit codes."""

import asyncio
import json
import os
import socket
from asyncio.subprocess import PIPE, Process

import pytest

from offer_engine.messages import Bye, Hello, Receipt, phone_token
from phone_client.__main__ import USAGE_OR_REFUSED
from tests.phone_client.dialogue import SILVER_OAK, WELCOME
from tests.phone_client.program import ROOT, command, environment, greeted
from tests.phone_client.scripted_engine import scripted_engine
from tests.phone_client.test_pairing import answering


async def piped(url: str, *flags: str, **extra: str) -> Process:
    """Dave's phone in a pipe."""
    return await asyncio.create_subprocess_exec(
        *command(url, "--shopper", "dave", *flags), stdout=PIPE, stderr=PIPE, cwd=ROOT, env=environment(**extra)
    )


async def test_in_a_pipe_it_prints_lines() -> None:
    """With --once it ends after the first offer, having said what it showed."""
    async with scripted_engine() as engine:
        process = await piped(engine.url, "--token", "t0ken", "--once")
        call = await engine.call()
        await greeted(call)
        await call.says(SILVER_OAK)
        out, errors = await process.communicate()
        assert process.returncode == 0
        assert errors == b""
        assert [line.split("  ", 1)[1][:5] for line in out.decode().splitlines()] == ["Conne", "OFFER"]
        assert isinstance(await call.hears(), Receipt)
        assert await call.hears() == Bye()


async def test_as_json_and_with_a_token_made_from_the_stores_key() -> None:
    """The key is read from the environment, never from a flag."""
    async with scripted_engine() as engine:
        process = await piped(engine.url, "--json", "--once", AISLEWISE_PHONE_KEY="key")
        call = await engine.call()
        assert await call.hears() == Hello(shopper="dave", token=phone_token(b"key", "dave"))
        await call.says(WELCOME, SILVER_OAK)
        out, _ = await process.communicate()
        assert [json.loads(line)["event"] for line in out.splitlines()] == ["settings_shown", "offer_arrived"]


async def test_whoever_reads_along_may_stop() -> None:
    """As `head` does: no traceback, and the engine hears a bye."""
    reading, writing = os.pipe()
    async with scripted_engine() as engine:
        process = await asyncio.create_subprocess_exec(
            *command(engine.url, "--shopper", "dave", "--token", "t0ken"),
            stdout=writing,
            stderr=PIPE,
            cwd=ROOT,
            env=environment(),
        )
        os.close(writing)
        call = await engine.call()
        os.close(reading)
        await greeted(call)
        assert await call.hears() == Bye()
        _, errors = await process.communicate()
        assert (process.returncode, errors) == (0, b"")


async def test_an_engine_that_will_not_pair_is_explained() -> None:
    """One line that says what to do, and exit code 2."""
    with answering(403, "") as (engine, asked):
        process = await piped(engine)
        _, errors = await process.communicate()
    assert process.returncode == USAGE_OR_REFUSED == 2
    assert asked == ['/api/phones {"shopper":"dave"}']
    assert b"pass --token" in errors
    assert errors.count(b"\n") == 1


async def test_an_engine_that_is_not_up_is_waited_for_until_the_user_has_enough() -> None:
    """It says once that it waits; SIGTERM ends it like any other wait."""
    with socket.create_server(("127.0.0.1", 0)) as placeholder:
        port = placeholder.getsockname()[1]
    process = await piped(f"http://127.0.0.1:{port}")
    assert process.stderr is not None
    assert b"Waiting for the engine" in await process.stderr.readline()
    process.terminate()
    _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")


async def test_help_names_the_keys() -> None:
    """A newcomer finds everything there."""
    process = await piped("http://127.0.0.1:1", "--help")
    out, _ = await process.communicate()
    assert process.returncode == 0
    for words in (b"a accept", b"--shopper", b"AISLEWISE_TOKEN", b"Exit code"):
        assert words in out


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--token", "t", "--engine", "ftp://x"], b"must look like"),
        (["--token", "t", "--shopper", "da ve"], b"--shopper is"),
    ],
)
async def test_misuse_is_one_line_and_exit_code_2(flags: list[str], words: bytes) -> None:
    """It says what is wrong and with which flag."""
    process = await piped("ws://127.0.0.1:1/ws/phone", *flags)
    _, errors = await process.communicate()
    assert process.returncode == USAGE_OR_REFUSED == 2
    assert words in errors
    assert errors.count(b"\n") == 1
