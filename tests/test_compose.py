"""docker-compose.yml against what it names: our command lines, our settings, files that exist."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import msgspec
import pytest

from offer_engine.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]


class Health(msgspec.Struct):
    """A health check."""

    test: list[str]


class Service(msgspec.Struct):
    """What we look at of one service."""

    image: str | None = None
    build: dict[str, str] = {}
    command: list[str] = []
    environment: dict[str, str] = {}
    ports: list[str] = []
    volumes: list[str] = []
    healthcheck: Health | None = None


class Compose(msgspec.Struct):
    """The whole file."""

    services: dict[str, Service]
    volumes: dict[str, None]


@pytest.fixture(scope="module")
def compose() -> Compose:
    """The file, parsed and of the expected shape."""
    return msgspec.yaml.decode((ROOT / "docker-compose.yml").read_bytes(), type=Compose)


def test_three_services(compose: Compose) -> None:
    """The store is a broker, the engine and the simulator."""
    assert set(compose.services) == {"mosquitto", "engine", "simulator"}


@pytest.mark.parametrize("name", ["engine", "simulator"])
def test_commands_are_command_lines_of_ours(compose: Compose, name: str) -> None:
    """The command runs one of our packages, and its help knows every flag that is used."""
    python, dash_m, package, subcommand, *flags = compose.services[name].command
    assert (python, dash_m) == ("python", "-m")
    asked = subprocess.run(
        [sys.executable, "-m", package, subcommand, "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        env={"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1", "PATH": ""},
    )
    assert asked.returncode == 0, asked.stderr
    unknown = [flag for flag in flags if flag.startswith("--") and flag not in asked.stdout]
    assert not unknown, f"{package} {subcommand} does not know {unknown}"


def test_environment_names_are_settings(compose: Compose) -> None:
    """Every variable is a setting of the engine, which both programs share."""
    known = {PREFIX + field.name.upper() for field in fields(Settings)}
    for name, service in compose.services.items():
        assert set(service.environment) <= known, f"{name} sets a variable that is no setting"


def test_published_port_is_the_one_the_engine_listens_on(compose: Compose) -> None:
    """The page's port is published on the loopback interface, and is the one that the engine is told and asked on."""
    engine = compose.services["engine"]
    port = engine.command[engine.command.index("--port") + 1]
    assert engine.ports == [f"127.0.0.1:{port}:{port}"]
    assert engine.healthcheck is not None
    assert f":{port}/healthz" in engine.healthcheck.test[-1]
    simulator = compose.services["simulator"].command
    assert simulator[simulator.index("--engine") + 1] == f"http://engine:{port}"


def test_files_and_volumes_exist(compose: Compose) -> None:
    """Every file that is mounted or built from is in the repository, every named volume is declared."""
    for service in compose.services.values():
        for mount in service.volumes:
            source = mount.split(":")[0]
            assert (ROOT / source).exists() if source.startswith(".") else source in compose.volumes, mount
        if service.build:
            assert (ROOT / service.build["dockerfile"]).exists()
            stores = [value for value in service.command if value.startswith("maps/")]
            assert all((ROOT / store).is_dir() for store in stores), stores


def test_image_copies_what_exists() -> None:
    """Every path that the Dockerfile copies is in the repository, and what runs there is copied."""
    lines = (ROOT / "docker" / "Dockerfile").read_text().splitlines()
    copied = [path for line in lines if line.startswith("COPY") for path in line.split()[1:-1]]
    assert [path for path in copied if not (ROOT / path).exists()] == []
    assert {"offer_engine", "beacon_sim", "phone_client", "maps"} <= set(copied)


def test_brokers_of_docker_and_tests_keep_every_message() -> None:
    """Mosquitto's stock limit, which loses baskets, is lifted here as it is in the tests' broker."""
    assert "\nmax_queued_messages 0\n" in (ROOT / "docker" / "mosquitto.conf").read_text()
