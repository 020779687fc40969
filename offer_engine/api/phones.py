"""A phone's websocket: parses what it says and hands it to the service, sends what its queue holds; and pairing."""

import logging
from asyncio import TaskGroup, timeout
from dataclasses import dataclass
from hmac import compare_digest
from secrets import token_hex
from time import perf_counter_ns

import msgspec
from fastapi import APIRouter, HTTPException, Request, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, Field

from offer_engine import questions
from offer_engine.core.decision import Decision
from offer_engine.core.explain import because
from offer_engine.core.intrusion import spared_lines
from offer_engine.errors import MessageError
from offer_engine.messages import (
    Basket,
    Bye,
    Cart,
    ConsentChange,
    EngineMessage,
    Explanation,
    Hello,
    Moved,
    Mute,
    PhoneMessage,
    Position,
    Receipt,
    Refused,
    Unmute,
    Welcome,
    Why,
    encode,
    parse_phone_message,
    phone_token,
)
from offer_engine.push import Phone
from offer_engine.service import Service

_log = logging.getLogger(__name__)
HELLO_WITHIN_S = 10.0  # a connection that says nothing is not kept open for ever
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Pairing:
    """Who may speak for whom: the secret behind the tokens, and who may claim an existing shopper."""

    key: bytes
    is_open: bool  # anyone may claim an existing shopper; otherwise only callers on this machine


class PairRequest(BaseModel):
    """Ask for a token: for a new shopper, or for an existing one."""

    shopper: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,64}$")


class PairAnswer(BaseModel):
    """A shopper's pseudonymous id, and the token that lets a phone speak for it."""

    shopper: str
    token: str


def is_local(request: Request) -> bool:
    """Whether the caller is a program on this machine."""
    return request.client is not None and request.client.host in _LOOPBACK


def phone_routes(service: Service, pairing: Pairing) -> APIRouter:
    """The routes of `/ws/phone` and `/api/phones`."""
    router = APIRouter()

    @router.post("/api/phones", summary="Pair a phone")
    def pair(request: Request, wanted: PairRequest) -> PairAnswer:
        if wanted.shopper is not None and not pairing.is_open and not is_local(request):
            raise HTTPException(403, "only a program on the engine's own machine may claim an existing shopper")
        shopper = wanted.shopper or f"p-{token_hex(6)}"
        return PairAnswer(shopper=shopper, token=phone_token(pairing.key, shopper))

    @router.websocket("/ws/phone")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        try:
            hello = await _greet(socket, pairing)
            if hello is not None:
                await _serve(socket, hello, service)
        except WebSocketDisconnect:
            pass

    return router


async def _greet(socket: WebSocket, pairing: Pairing) -> Hello | None:
    """The first message must be a hello with the right token; otherwise say why and close."""
    try:
        async with timeout(HELLO_WITHIN_S):
            hello = parse_phone_message(await _receive(socket))
    except TimeoutError:
        await _refuse(socket, Refused("message", f"no hello within {HELLO_WITHIN_S:g} s"))
        return None
    except MessageError as error:
        await _refuse(socket, Refused("message", str(error)))
        return None
    if not isinstance(hello, Hello):
        await _refuse(socket, Refused("message", "the first message must be a hello"))
        return None
    if not compare_digest(hello.token.encode(), phone_token(pairing.key, hello.shopper).encode()):
        await _refuse(socket, Refused("token", "this token does not belong to this shopper; pair the phone again"))
        return None
    return hello


async def _refuse(socket: WebSocket, refused: Refused) -> None:
    await socket.send_text(encode(refused).decode())
    await socket.close(1008)


async def _receive(socket: WebSocket) -> str | bytes:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    return message.get("text") or message.get("bytes") or ""


async def _serve(socket: WebSocket, hello: Hello, service: Service) -> None:
    phone = service.phones.connect(hello.shopper)
    for message in greeting(service, hello):
        put(phone, message)
    try:
        async with TaskGroup() as tasks:
            sender = tasks.create_task(_send(socket, phone), name=f"send to {hello.shopper}")
            is_bye = await _listen(socket, phone, service)
            sender.cancel()
    finally:
        service.phones.disconnect(phone)
    if is_bye:
        await socket.close()


async def _send(socket: WebSocket, phone: Phone) -> None:
    try:
        while True:
            await socket.send_text(await phone.next())
    except (WebSocketDisconnect, RuntimeError):
        return  # closed while sending: the listener sees it too


async def _listen(socket: WebSocket, phone: Phone, service: Service) -> bool:
    """Hear a phone out; whether it said bye, and did not just go."""
    while True:
        try:
            message = parse_phone_message(await _receive(socket))
            answer = handle(phone.shopper, message, service)
        except MessageError as error:
            service.counts.refused[error.refusal] += 1
            put(phone, Refused("message", str(error)))
            continue
        except WebSocketDisconnect:
            return False
        if isinstance(answer, Bye):
            return True
        if answer is not None:
            put(phone, answer)


def greeting(service: Service, hello: Hello) -> list[EngineMessage]:
    """What a phone is told first: the shopper's choices, and the offers it has missed that can still be shown."""
    service.joined(hello.shopper, hello)
    return [welcome(service, hello.shopper), *service.offers_after(hello.shopper, hello.last_offer)]


def handle(  # noqa: PLR0911  one arm a message
    shopper: str, message: PhoneMessage, service: Service
) -> EngineMessage | None:
    """Do what a phone says and return the answer, if it needs one.

    Raises:
        MessageError: a receipt for an unknown offer, or a position that cannot be used.
    """
    match message:
        case Receipt():
            service.phone(shopper, message)
            return None
        case Mute() | Unmute() | ConsentChange():
            service.phone(shopper, message)
            return welcome(service, shopper)
        case Why(offer):
            return _explain(shopper, offer, service)
        case Moved(ts, x, y):
            service.report(shopper, Position(ts, x, y, accuracy=0.3), perf_counter_ns())
            return None
        case Cart(ts, rev, items):
            service.report(shopper, Basket(ts, rev, items), perf_counter_ns())
            return None
        case Hello():
            return welcome(service, shopper)
        case Bye():
            return message


def _explain(shopper: str, offer: str, service: Service) -> Explanation | Refused:
    record = questions.decision_behind(service, shopper, offer)
    if record is None:
        return Refused("unknown_offer", f"no offer {offer} was sent to this shopper")
    decision = msgspec.json.decode(record, type=Decision)
    sentence = decision.offer.reason if decision.offer is not None else ""
    return Explanation(
        offer, sentence, [*because(decision, service.world), *spared_lines(questions.intrusion(service, decision))]
    )


def welcome(service: Service, shopper: str) -> Welcome:
    """What the engine holds about a shopper's choices."""
    person = service.shopper(shopper).state.person
    now = service.now_ms()
    return Welcome(
        shopper=shopper,
        store=service.world.store.store,
        store_label=service.world.store.label,
        ts=now,
        location=person.consents.location,
        basket=person.consents.basket,
        history=person.consents.history,
        muted_until=person.muted_until if person.muted_until > now else None,
        muted_categories=list(person.muted_categories),
    )


def put(phone: Phone, message: EngineMessage) -> None:
    """Queue a message for one phone."""
    phone.put(encode(message).decode())
