"""Finding a free port."""

import socket

from demo.ports import LOOPBACK, any_free, is_free, next_free


def test_a_listener_takes_its_port() -> None:
    """A port is free until somebody listens on it."""
    port = any_free()
    assert is_free(port)
    with socket.create_server((LOOPBACK, port)):
        assert not is_free(port)


def test_next_free_steps_over_taken_ports() -> None:
    """The wanted port when it is free, else the first free one above it, else none within the tries."""
    port = any_free()
    assert next_free(port) == port
    with socket.create_server((LOOPBACK, port)):
        above = next_free(port)
        assert above is not None
        assert above > port
        assert next_free(port, tries=1) is None


def test_ports_end_at_65535() -> None:
    """The search does not run past the last port there is."""
    assert next_free(65536) is None
