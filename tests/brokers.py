"""A kind of broker becomes one that a test can start, stop and start again on the same port with the same data.

The project's promises must hold on the embedded broker and on Debian's mosquitto alike, so both have one shape here.
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from demo.broker import await_mqtt, start_broker
from demo.child import Child, start, stop
from demo.ports import LOOPBACK, any_free

Kind = Literal["nats", "mosquitto"]
STOP_WITHIN_S = 5.0

# Stock mosquitto keeps 1,000 messages for a slow or absent subscriber and drops the rest, at QoS 1 too: 0 is no limit.
MOSQUITTO_CONFIG = """\
listener {port} {host}
allow_anonymous true
persistence true
persistence_location {data}/
max_queued_messages 0
log_dest stderr
"""


def find_mosquitto() -> str | None:
    """Debian's mosquitto, which lives where only root's PATH looks."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


@dataclass(slots=True)
class Broker:
    """A broker under a test's control; not running before `start`."""

    kind: Kind
    folder: Path
    port: int = field(default_factory=any_free)
    child: Child | None = None

    @property
    def host(self) -> str:
        """Where it listens."""
        return LOOPBACK

    @property
    def url(self) -> str:
        """What to pass as `--broker`."""
        return f"mqtt://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Start it, and return once it lets clients in."""
        if self.kind == "nats":
            self.child, _ = start_broker(self.folder, self.port)
            return
        program = find_mosquitto()
        assert program is not None, "mosquitto is not installed: apt install mosquitto"
        config = self.folder / "mosquitto.conf"
        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        data.chmod(0o777)  # started by root, mosquitto becomes a user of its own
        config.write_text(MOSQUITTO_CONFIG.format(port=self.port, host=LOOPBACK, data=data))
        self.child = start("mosquitto", [program, "-c", str(config)], self.folder / "mosquitto.log")
        await_mqtt(self.child, self.port)

    def stop(self) -> None:
        """Stop it in good order, so that it saves what it must keep."""
        if self.child is not None:
            stop(self.child, STOP_WITHIN_S)
            self.child = None

    def restart(self) -> None:
        """Stop it and start it again: same port, same data."""
        self.stop()
        self.start()
