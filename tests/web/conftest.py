"""A fake engine on a free port and a page in Debian's Chromium; skipped without one, unless it is required."""

import asyncio
import os
import shutil
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from offer_engine.messages import EngineMessage, PhoneMessage
from tests.web.fake_feed import Stage, demo_stage, serve
from tests.web.fake_show import Json

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(slots=True)
class Theatre:
    """The fake engine, as a test directs it."""

    stage: Stage
    url: str

    def tell(self, message: Json) -> None:
        """Tell the live pages."""
        self._do(self.stage.tell_live(message))

    def push(self, shopper: str, message: EngineMessage) -> None:
        """Tell a shopper's phone."""
        self._do(self.stage.tell_phone(shopper, message))

    def go_down(self) -> None:
        """The engine goes away."""
        self._do(self.stage.go_down())

    def heard(self, kind: type[PhoneMessage]) -> list[PhoneMessage]:
        """What phones have said of one kind, oldest first."""
        return [message for message in self.stage.said if isinstance(message, kind)]

    def _do(self, act: Coroutine[None, None, None]) -> None:
        if self.stage.loop is None:
            raise RuntimeError("the fake engine has served nothing yet: open a page first")
        asyncio.run_coroutine_threadsafe(act, self.stage.loop).result(10)


@pytest.fixture
def theatre() -> Iterator[Theatre]:
    """A fake engine with an empty stage."""
    stage = demo_stage()
    with serve(stage) as url:
        yield Theatre(stage, url)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, started once."""
    path = shutil.which("chromium")
    if path is None:
        if os.environ.get("AISLEWISE_REQUIRE_BROWSER", "") not in {"", "0"}:
            pytest.fail("AISLEWISE_REQUIRE_BROWSER is set, but chromium is not installed")
        pytest.skip("chromium is not installed (apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@dataclass(slots=True)
class Window:
    """A page, and everything on it that nobody should see: errors, warnings, requests to elsewhere."""

    page: Page
    faults: list[str]


def _open(context: BrowserContext, theatre: Theatre) -> Window:
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith(("data:", theatre.url)) else faults.append(f"asked {request.url}")
        ),
    )
    page.set_default_timeout(10_000)
    return Window(page, faults)


@pytest.fixture
def projector(chromium: Browser, theatre: Theatre) -> Iterator[Page]:
    """A 1920x1080 page; the test fails if the page had an error or asked any other host for anything."""
    with chromium.new_context(viewport={"width": 1920, "height": 1080}) as context:
        window = _open(context, theatre)
        yield window.page
        assert window.faults == []


@pytest.fixture
def handset(chromium: Browser, theatre: Theatre) -> Iterator[Page]:
    """A page the size of a phone; the test fails if the page had an error or asked any other host for anything."""
    with chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True) as context:
        window = _open(context, theatre)
        yield window.page
        assert window.faults == []
