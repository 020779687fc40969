"""The embedded broker: how it starts, what it says when it cannot, and that it is gone afterwards."""

import json
import socket
import sys
from pathlib import Path

import pytest

from demo.broker import BrokerError, accepts_mqtt, embedded_broker, nats_server, start_broker
from demo.ports import LOOPBACK, any_free


def port_of(url: str) -> int:
    """The port in a broker's URL."""
    return int(url.rpartition(":")[2])


def test_broker_runs_for_as_long_as_the_block(tmp_path: Path) -> None:
    """Inside the block clients are let in, on the loopback interface; after it nobody answers."""
    with embedded_broker(tmp_path) as url:
        assert url.startswith(f"mqtt://{LOOPBACK}:")
        assert accepts_mqtt(port_of(url))
    assert not accepts_mqtt(port_of(url))


def test_broker_takes_the_port_it_is_given(tmp_path: Path) -> None:
    """A given port is used; the folder's name may be as odd as it likes."""
    port = any_free()
    with embedded_broker(tmp_path / 'a "quoted" name # and more', port) as url:
        assert port_of(url) == port


def test_taken_port_is_an_error_in_one_line(tmp_path: Path) -> None:
    """On a taken port the broker says in one line that it could not start and what its program said."""
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BrokerError, match=rf"^the broker did not start on port {port}.*in use[^\n]*$"):
            start_broker(tmp_path, port)


def test_missing_program_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without nats-server beside Python or on the PATH, one line names both ways out."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BrokerError, match=r"`make setup`.*--broker mqtt://"):
        nats_server()


def test_program_on_the_path_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A nats-server of the machine's own is used when the wheel's is not there."""
    installed = tmp_path / "nats-server"
    installed.touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "elsewhere" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert nats_server() == installed


def test_something_else_on_the_port_is_no_broker() -> None:
    """A server that does not answer as a broker does is not taken for one."""
    with socket.create_server((LOOPBACK, 0)) as silent:
        assert not accepts_mqtt(silent.getsockname()[1])


def test_config_quotes_its_paths(tmp_path: Path) -> None:
    """The store's path is written so that the broker's own parser reads the same path."""
    folder = tmp_path / "with 'quotes'"
    with embedded_broker(folder):
        config = (folder / "nats-server.conf").read_text()
    assert json.dumps(str(folder / "jetstream")) in config
