"""What every test shares: the markers and the temporary root."""

from pathlib import Path

import pytest

MARKERS = (
    "real: a unit test that may use loopback sockets and real processes",
    "machine: needs a container with real systemd (tests/machine)",
    "slow: takes longer than ten seconds",
)


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty folder that stands for ``/``."""
    folder = tmp_path / "root"
    folder.mkdir()
    return folder
