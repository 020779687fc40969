"""What every test may ask for: a broker of either kind, and Hypothesis at two depths.

`AISLEWISE_REQUIRE_MOSQUITTO=1` turns a missing mosquitto from a skip into a failure; `AISLEWISE_NO_SKIPS=1` fails the
whole run when anything was skipped, for machines on which everything is installed.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, settings

from tests.brokers import Broker, Kind, find_mosquitto

settings.register_profile("fast", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", parent=settings.get_profile("fast"), max_examples=2000)
settings.load_profile("fast")  # --hypothesis-profile=deep overrides it


def _is_set(variable: str) -> bool:
    return os.environ.get(variable, "") not in {"", "0"}


@pytest.fixture(params=get_args(Kind))
def broker_kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind of broker in turn; mosquitto is skipped where it is not installed, unless it is required."""
    kind: Kind = request.param
    if kind == "mosquitto" and find_mosquitto() is None:
        if _is_set("AISLEWISE_REQUIRE_MOSQUITTO"):
            pytest.fail("AISLEWISE_REQUIRE_MOSQUITTO is set, but mosquitto is not installed")
        pytest.skip("mosquitto is not installed (apt install mosquitto)")
    return kind


@pytest.fixture
def broker(broker_kind: Kind, tmp_path: Path) -> Iterator[Broker]:
    """A running broker with a folder of its own; the test runs once on each kind."""
    # mosquitto gives up root's rights and must still reach its folder; pytest closes its own to everyone else
    for folder in (tmp_path, *list(tmp_path.parents)[:2]):
        folder.chmod(0o755)
    running = Broker(broker_kind, tmp_path / "broker")
    running.start()
    try:
        yield running
    finally:
        running.stop()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run that skipped anything, where nothing may be skipped."""
    if not _is_set("AISLEWISE_NO_SKIPS") or exitstatus != pytest.ExitCode.OK:
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
