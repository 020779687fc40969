"""Keep one session connected over a websocket: the engine's frames in, what the shopper does out, at once.

Light enough for 500 phones in one event loop: two small tasks each while connected, no compression (a message is
300 bytes), no thread. It ends in two ways: the engine refuses the token, and `run_phone` returns; or its task is
cancelled, and what is left is sent, with a bye, before the cancellation goes on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from offer_engine.errors import MessageError
from offer_engine.messages import MAX_PAYLOAD_BYTES, PhoneMessage, encode, parse_engine_message
from phone_client.events import Event, LinkLost, NotUnderstood
from phone_client.session import Session
from phone_client.states import State
from phone_client.words import cause as cause_of

FIRST_RETRY_S = 0.5
LAST_RETRY_S = 8.0  # a phone in a pocket hears of the next aisle in time, and a store's engine is not overrun
WELCOME_WITHIN_S = 10.0  # an engine that accepts a socket and says nothing is not worth waiting for
GOODBYE_WITHIN_S = 1.0
PING_EVERY_S = 20.0  # also how soon a silently dead link is noticed; keeps a NAT's entry alive

_ENDED = frozenset({State.REFUSED, State.CLOSED})


def retry_delay_s(attempt: int, jitter: float) -> float:
    """How long to wait before try number `attempt` (0 for the first retry), with `jitter` in [0, 1).

    Doubles up to a limit, then between half of it and all of it, so that 500 phones do not return in one moment
    (equal jitter, AWS Architecture Blog, 2015).

    >>> [retry_delay_s(attempt, 0.0) for attempt in (0, 1, 2, 9)]
    [0.25, 0.5, 1.0, 4.0]
    """
    longest = min(LAST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(attempt, 16))
    return longest * (1 + jitter) / 2


async def run_phone(
    session: Session,
    url: str,
    on_event: Callable[[Event], None],
    now_ms: Callable[[], int],
    *,
    jitter: Callable[[], float],
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Keep `session` connected to `url` until it ends, calling `on_event` for everything that happens.

    Args:
        session: the phone; what its shopper does is sent as soon as it is done.
        url: the engine's websocket, such as ws://127.0.0.1:8600/ws/phone.
        on_event: called in this task's loop; must not block.
        now_ms: the store's event time in ms since the epoch.
        jitter: draws from [0, 1), to spread the retries of many phones.
        pause: waits for so many seconds between two tries.
    """
    attempt = 0
    try:
        while session.state not in _ENDED:
            cause, was_welcomed = await _connect_once(session, url, on_event, now_ms)
            session.disconnected()
            if session.state in _ENDED:
                return
            attempt = 0 if was_welcomed else attempt
            delay_s = retry_delay_s(attempt, jitter())
            attempt += 1
            on_event(LinkLost(cause, delay_s))
            await pause(delay_s)
    except asyncio.CancelledError:
        session.leave()  # between two connections there is nobody to say bye to
        raise


async def _connect_once(
    session: Session, url: str, on_event: Callable[[Event], None], now_ms: Callable[[], int]
) -> tuple[str, bool]:
    """One connection from its beginning to its end: why it ended, and whether the engine had welcomed the phone."""
    before = session.welcome
    try:
        async with connect(
            url,
            compression=None,
            proxy=None,  # a store's engine is on the store's own network
            max_size=MAX_PAYLOAD_BYTES,
            ping_interval=PING_EVERY_S,
            ping_timeout=PING_EVERY_S,
            close_timeout=GOODBYE_WITHIN_S,
        ) as link:
            cause = await _talk(session, link, on_event, now_ms)
    except (OSError, TimeoutError, InvalidHandshake) as error:
        cause = cause_of(error)
    return cause, session.welcome is not before


async def _talk(
    session: Session, link: ClientConnection, on_event: Callable[[Event], None], now_ms: Callable[[], int]
) -> str:
    try:
        async with asyncio.TaskGroup() as tasks:
            acted = asyncio.Event()
            session.wake = acted.set
            sending = tasks.create_task(_send(session, link, acted), name=f"{session.shopper}: send")
            cause = await _receive(session, link, on_event, now_ms)
            sending.cancel()
    except asyncio.CancelledError:
        await _say_goodbye(session, link)
        raise
    finally:
        session.wake = lambda: None
    return cause


async def _receive(
    session: Session, link: ClientConnection, on_event: Callable[[Event], None], now_ms: Callable[[], int]
) -> str:
    try:
        async with asyncio.timeout(WELCOME_WITHIN_S) as patience:
            async for frame in link:
                try:
                    message = parse_engine_message(frame)
                except MessageError as error:
                    on_event(NotUnderstood(error.detail))
                    continue
                for event in session.received(message, now_ms()):
                    on_event(event)
                if session.state is State.READY:
                    patience.reschedule(None)
                elif session.state is not State.GREETING:
                    break
    except TimeoutError:
        return f"no welcome within {WELCOME_WITHIN_S:.0f} s"
    except ConnectionClosed as error:
        return cause_of(error)
    return "the engine closed the connection"


async def _send(session: Session, link: ClientConnection, acted: asyncio.Event) -> None:
    try:
        for message in session.connected():
            await link.send(encode(message), text=True)
        while await acted.wait():
            acted.clear()
            await _deliver(session, link, session.outbox())
    except ConnectionClosed:
        pass  # the receiving side notices as well, and ends the conversation


async def _deliver(session: Session, link: ClientConnection, messages: Sequence[PhoneMessage]) -> None:
    sent = 0
    try:
        for message in messages:
            await link.send(encode(message), text=True)
            sent += 1
    finally:
        session.undelivered(messages[sent:])


async def _say_goodbye(session: Session, link: ClientConnection) -> None:
    try:
        async with asyncio.timeout(GOODBYE_WITHIN_S):
            for message in session.leave():
                await link.send(encode(message), text=True)
            await link.close()  # here, because leaving the block by cancellation would call it an internal error
    except (ConnectionClosed, TimeoutError):
        pass  # the engine is gone as well
