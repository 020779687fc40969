"""From the engine's address to who this phone is: a shopper, a token, and where to connect.

An engine gives a named shopper's token only to callers on its own machine; everybody else is a new shopper, or has
been given a token. Talks plain HTTP without a proxy: a store's engine is on the store's own network.
"""

import http.client
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

import msgspec
from msgspec import Meta

from offer_engine.errors import SettingsError
from offer_engine.messages import Id
from phone_client.words import cause

ANSWER_WITHIN_S = 3.0
_SCHEMES = {"http": "ws", "https": "wss"}


class Identity(msgspec.Struct, frozen=True):
    """Who this phone speaks for, and the token that lets it."""

    shopper: Id
    token: Annotated[str, Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class NotYet:
    """The engine could not be asked: it is not up, or not ready. Worth another try."""

    cause: str  # one line


def _parts(engine: str) -> SplitResult:
    try:
        parts = urlsplit(engine)
        if parts.scheme in _SCHEMES and parts.hostname and parts.port != 0:
            return parts
    except ValueError:  # a port that is no number
        pass
    raise SettingsError(f"--engine must look like http://127.0.0.1:8600, not {engine!r}")


def websocket_url(engine: str) -> str:
    """Where phones connect.

    Raises:
        SettingsError: not the http or https address of an engine.

    >>> websocket_url("https://store.example/aisle/")
    'wss://store.example/aisle/ws/phone'
    """
    parts = _parts(engine)
    return f"{_SCHEMES[parts.scheme]}://{parts.netloc}{parts.path.rstrip('/')}/ws/phone"


def pair(engine: str, shopper: str | None) -> Identity | NotYet:
    """Ask the engine for a token: of `shopper`, or of a new shopper when there is none. Blocks for up to 3 s.

    Raises:
        SettingsError: the engine will not, and asking again would not help.
    """
    try:
        status, body = _post(_parts(engine), msgspec.json.encode({"shopper": shopper} if shopper else {}))
    except (OSError, http.client.HTTPException) as error:
        return NotYet(cause(error))
    if status == HTTPStatus.FORBIDDEN:
        raise SettingsError(
            f"the engine at {engine} pairs {shopper} only with phones on its own machine; "
            "pass --token (or AISLEWISE_TOKEN), or leave out --shopper to join as a new shopper"
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return NotYet(f"it answered {status}")
    try:
        return msgspec.json.decode(body, type=Identity)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise SettingsError(
            f"what listens at {engine} does not pair phones (it answered {status}): is it the offer engine?"
        ) from None


def _post(parts: SplitResult, body: bytes) -> tuple[int, bytes]:
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=ANSWER_WITHIN_S)
    try:
        connection.request("POST", f"{parts.path.rstrip('/')}/api/phones", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read(64 * 1024)
    finally:
        connection.close()
