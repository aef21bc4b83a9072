"""What every test shares: the markers, the guard of the unit tests, the temporary root."""

import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.guard import Forbidden, Guard

UNIT = Path(__file__).parent / "unit"

MARKERS = (
    "real: a unit test that may use loopback sockets and real processes",
    "machine: needs a container with real systemd (tests/machine)",
    "slow: takes longer than ten seconds",
)

GUARD = Guard()

# How long an example takes says more about the machine's other work than about the code.
settings.register_profile(
    "caretaker", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("caretaker")


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    basetemp = config.getoption("basetemp")
    GUARD.install(*([str(basetemp)] if basetemp else []))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    # With the last test of a run go the machines and disks that tests before it had.
    if UNIT not in item.path.parents or item.get_closest_marker("real") or nextitem is None:
        return (yield)
    with GUARD.guarding():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """A refusal counts even where the tested code, or a thread of it, caught it."""
    GUARD.seen.clear()
    # A command that a test calls here, and not in a process of its own, may set it and end.
    ending = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, ending)
    if GUARD.seen:
        raise Forbidden(f"swallowed: {GUARD.seen}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What `tests/run` did before, so that pytest's own count stays the last line."""
    if stages := os.environ.get("CARETAKER_TEST_STAGES"):
        terminalreporter.section("before the tests")
        terminalreporter.write_line(stages.rstrip())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty folder that stands for ``/``."""
    folder = tmp_path / "root"
    folder.mkdir()
    return folder
