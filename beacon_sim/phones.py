"""All phones of the store in one event loop: each that is switched on gets a websocket of its own to the engine.

The sessions are those of `phone_client`, so a simulated shopper's phone is the same as the one in a terminal. Time on a
phone is the day's event time. The engine may be away: the phones try again by themselves, and it is said once.
"""

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

from beacon_sim.pocket import PhoneLink
from beacon_sim.population import Persona
from offer_engine.errors import SettingsError
from offer_engine.messages import phone_token
from phone_client.connection import run_phone
from phone_client.events import Event, LinkLost, OfferArrived, SettingsShown, WasRefused
from phone_client.session import Session


def phone_url(engine: str) -> str:
    """The websocket for phones of the engine at an http address.

    Raises:
        SettingsError: it is not an http or https address.

    >>> phone_url("http://127.0.0.1:8600")
    'ws://127.0.0.1:8600/ws/phone'
    """
    parts = urlsplit(engine)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise SettingsError(f"--engine: expected an address like http://127.0.0.1:8600, got {engine!r}")
    return f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}{parts.path.rstrip('/')}/ws/phone"


class Phones:
    """Connects phones to one engine, each as a task of one group."""

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        url: str,
        key: bytes,
        now_ms: Callable[[], int],
        *,
        jitter: Callable[[], float],
        say: Callable[[str], None],
    ) -> None:
        self.offers = 0  # shown so far
        self._tasks = tasks
        self._url = url
        self._key = key
        self._now_ms = now_ms
        self._jitter = jitter
        self._say = say
        self._is_away = False
        self._is_refused = False
        self._running: dict[str, asyncio.Task[None]] = {}
        self._online: dict[str, bool] = {}

    @property
    def connected(self) -> int:
        """Phones that the engine has welcomed."""
        return sum(self._online.values())

    def open(self, persona: Persona, on_event: Callable[[Event], None]) -> PhoneLink:
        """Switch on a persona's phone."""
        shopper = persona.shopper
        session = Session(shopper, phone_token(self._key, shopper))

        def happened(event: Event) -> None:
            self._note(shopper, event)
            on_event(event)

        running = run_phone(session, self._url, happened, self._now_ms, jitter=self._jitter)
        task = self._tasks.create_task(running, name=f"{shopper}: phone")
        self._running[shopper] = task
        return PhoneLink(session, lambda: self._close(shopper, task))

    def close(self) -> None:
        """Switch off every phone, so that the group can end."""
        for shopper, task in list(self._running.items()):
            self._close(shopper, task)

    def _close(self, shopper: str, task: asyncio.Task[None]) -> None:
        task.cancel()
        if self._running.get(shopper) is task:
            del self._running[shopper]
            self._online.pop(shopper, None)

    def _note(self, shopper: str, event: Event) -> None:
        match event:
            case OfferArrived():
                self.offers += 1
            case SettingsShown():
                self._online[shopper] = True
                if self._is_away:
                    self._is_away = False
                    self._say("the engine is back; phones are connecting again")
            case LinkLost(cause=cause):
                self._online.pop(shopper, None)
                if not self._is_away:
                    self._is_away = True
                    self._say(f"phones cannot reach the engine at {self._url} ({cause}); they keep trying")
            case WasRefused(refused=refused) if refused.reason == "token" and not self._is_refused:
                self._is_refused = True
                self._say("the engine refuses our phones: its AISLEWISE_PHONE_KEY must be the same as ours")
            case _:
                pass
