"""The agent asks for no remedy while a change stopped the services on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.daemon.under_way import UNIT, change_under_way
from agent.host import lock
from agent.layout import Layout
from tests.scripted_host import ScriptedHost, scripted_host, unit

PHASES = ("preparing", "gating", "committing", "returning")


@pytest.fixture
def host(tmp_path: Path) -> ScriptedHost:
    return scripted_host(tmp_path)


class _OfMachine(Layout):
    """As at `/`."""

    @property
    def embedded(self) -> bool:
        return False


def _layout(root: Path, *, phase: str, embedded: bool = False) -> Layout:
    layout = Layout(root) if embedded else _OfMachine(root)
    layout.state.mkdir(parents=True)
    if phase:
        layout.change.write_text(f'{{"phase": "{phase}", "number": 4}}')
    return layout


@pytest.mark.parametrize("phase", ["", "done"])
def test_nothing_under_way_asks_systemd_nothing(
    tmp_path: Path, host: ScriptedHost, phase: str
) -> None:
    assert not change_under_way(_layout(tmp_path, phase=phase), host)
    assert not host.asked


@pytest.mark.parametrize("phase", PHASES)
def test_in_every_phase_its_process_counts(tmp_path: Path, host: ScriptedHost, phase: str) -> None:
    layout = _layout(tmp_path, phase=phase)
    host.systemd.units[UNIT] = unit(UNIT, active="activating")
    assert change_under_way(layout, host)
    host.systemd.units[UNIT] = unit(UNIT, active="deactivating")  # It recovers.
    assert change_under_way(layout, host)


@pytest.mark.parametrize("active", ["inactive", "failed"])
def test_one_that_was_left_keeps_nobody_from_mending(
    tmp_path: Path, host: ScriptedHost, active: str
) -> None:
    layout = _layout(tmp_path, phase="gating")
    host.systemd.units[UNIT] = unit(UNIT, active=active)
    assert not change_under_way(layout, host)


def test_a_record_without_sense_counts_as_long_as_somebody_is_at_it(
    tmp_path: Path, host: ScriptedHost
) -> None:
    layout = _layout(tmp_path, phase="gating")
    layout.change.write_text("{")
    host.systemd.units[UNIT] = unit(UNIT, active="activating")
    assert change_under_way(layout, host)


def test_without_systemd_the_lock_says_it(tmp_path: Path, host: ScriptedHost) -> None:
    layout = _layout(tmp_path, phase="gating", embedded=True)
    assert not change_under_way(layout, host)
    layout.setup_lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.exclusive(layout.setup_lock, purpose="a change"):
        assert change_under_way(layout, host)
    assert not change_under_way(layout, host)
