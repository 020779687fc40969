"""A wish for a TCP port becomes one that is free on the loopback interface."""

import socket

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of the loopback interface now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free for a server
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def any_free() -> int:
    """A free port, chosen by the kernel."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def next_free(port: int, tries: int = 50) -> int | None:
    """`port`, or the first free one above it; None when the next `tries` are all taken."""
    return next((candidate for candidate in range(port, min(port + tries, 65536)) if is_free(candidate)), None)
