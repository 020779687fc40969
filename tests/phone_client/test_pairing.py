"""From an engine's address to a token, against a real HTTP server that answers as told."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from offer_engine.errors import SettingsError
from phone_client.pairing import Identity, NotYet, pair, websocket_url


@contextmanager
def answering(status: int, body: str) -> Iterator[tuple[str, list[str]]]:
    """An HTTP server that gives one answer to every pairing: its address, and what it was asked."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked.append(f"{self.path} {question}")
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the standard library's name
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            serving.join()


def test_a_named_shopper_is_asked_for_and_a_new_one_is_not() -> None:
    """The engine answers with who the phone is."""
    with answering(200, json.dumps({"shopper": "dave", "token": "t0ken"})) as (engine, asked):
        assert pair(engine, "dave") == pair(engine, None) == Identity("dave", "t0ken")
    assert asked == ['/api/phones {"shopper":"dave"}', "/api/phones {}"]


def test_a_403_is_explained_with_what_to_do() -> None:
    """In one line."""
    with answering(403, "") as (engine, _), pytest.raises(SettingsError, match="pass --token") as caught:
        pair(engine, "dave")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body"), [(404, "nothing here"), (200, "<html>"), (200, '{"shopper": "a b", "token": "t"}')]
)
def test_something_else_on_that_port_is_called_so(status: int, body: str) -> None:
    """A wrong address is the operator's to mend; asking again would not help."""
    with answering(status, body) as (engine, _), pytest.raises(SettingsError, match="is it the offer engine"):
        pair(engine, None)


def test_an_engine_that_is_not_up_yet_is_worth_another_try() -> None:
    """Nobody listens, or it is not ready."""
    with socket.create_server(("127.0.0.1", 0)) as placeholder:
        port = placeholder.getsockname()[1]
    assert pair(f"http://127.0.0.1:{port}", "dave") == NotYet("connection refused")
    with answering(503, "") as (engine, _):
        assert pair(engine, "dave") == NotYet("it answered 503")


@pytest.mark.parametrize(
    ("engine", "url"),
    [
        ("http://127.0.0.1:8600", "ws://127.0.0.1:8600/ws/phone"),
        ("http://[::1]:8600/", "ws://[::1]:8600/ws/phone"),
        ("https://store.example/aisle", "wss://store.example/aisle/ws/phone"),
    ],
)
def test_phones_connect_where_the_engine_is(engine: str, url: str) -> None:
    """The same host, port and folder."""
    assert websocket_url(engine) == url


@pytest.mark.parametrize("engine", ["127.0.0.1:8600", "ftp://store", "http://", "http://store:port", ""])
def test_an_address_that_is_none_is_refused(engine: str) -> None:
    """With an example of one that is."""
    with pytest.raises(SettingsError, match="must look like"):
        websocket_url(engine)
