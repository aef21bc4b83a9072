"""Twenty thousand requests no client should send; `python -m bench.health fuzz` sends a million."""

import os

import pytest

from bench.health.fuzz import assault
from tests.unit.probe_client import get, running, snapshot, until

pytestmark = pytest.mark.real


def resident(pid: int) -> int:
    with open(f"/proc/{pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_malformed_requests_neither_crash_nor_leak() -> None:
    with running() as handle:
        handle.publish(snapshot(), valid_for=600)
        assault(handle.port, 5000, seed=1)  # memory reaches its level
        assert until(lambda: handle.echo() and handle.stats().connections == 0, seconds=10)
        before = resident(handle.pid), len(os.listdir(f"/proc/{handle.pid}/fd"))
        outcome = assault(handle.port, 15_000, seed=2)
        assert handle.echo(timeout=5)
        assert until(lambda: handle.echo() and handle.stats().connections == 0, seconds=10)
        assert len(os.listdir(f"/proc/{handle.pid}/fd")) == before[1]
        assert resident(handle.pid) - before[0] < 1 << 20
        assert get(handle.port, "/healthz").status == 200
        assert outcome.refused > 1000
        assert outcome.answered > 100
