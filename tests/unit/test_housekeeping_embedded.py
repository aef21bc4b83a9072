"""Housekeeping where there is no systemd: a real daemon starts a real one-shot at its time."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from agent.housekeeping.states import TaskState, TaskStates, read_states, state_file
from agent.layout import Layout
from tests.unit.daemon_process import DaemonProcess

pytestmark = pytest.mark.real

DAY = 86400.0


def table(name: str, calendar: str, script: str) -> str:
    command = json.dumps(["sh", "-c", script])
    return f'[tasks.{name}]\ncalendar = "{calendar}"\ncommand = {command}\n'


def shop(root: Path) -> Layout:
    layout = Layout(root, "shop")
    layout.state.mkdir(parents=True)
    return layout


def outcome(layout: Layout, task: str) -> str:
    state = read_states(layout).tasks.get(task)
    return state.outcome if state is not None else ""


def test_a_task_runs_when_it_is_due_and_a_missed_one_once(root: Path) -> None:
    layout, marks = shop(root), root / "marks"
    marks.mkdir()
    before = TaskState(anchor=time.time() - 5 * DAY)
    state_file(layout).save(TaskStates({"missed": before, "skipped": before}))
    tasks = (
        table("soon", "*:*:0/2", f"echo x >> {marks}/soon")
        + table("missed", "daily", f"echo x >> {marks}/missed")
        + table("skipped", "daily", f"echo x >> {marks}/skipped")
        + "persistent = false\n"
        + table("fails", "*:*:1/2", "echo the broom broke >&2; exit 3")
    )
    with DaemonProcess(root, tasks).running() as daemon:
        daemon.until(lambda: (marks / "soon").exists() and (marks / "soon").stat().st_size >= 6)
        daemon.until(lambda: outcome(layout, "fails") == "failed")
        daemon.until(lambda: "fails failed: the broom broke" in str(daemon.report().get("notes")))
    assert (marks / "missed").read_text() == "x\n"
    assert not (marks / "skipped").exists()
    assert "soon: done" in (layout.logs / "housekeeping.log").read_text()


def test_a_daemon_that_ends_takes_its_one_shot_along(root: Path) -> None:
    layout, note = shop(root), root / "pid"
    slow = table("slow", "*:*:0/1", f"echo $$ > {note}.part; mv {note}.part {note}; sleep 60")
    with DaemonProcess(root, slow).running() as daemon:
        daemon.until(note.exists)
        pid = int(note.read_text())
        assert os.getpriority(os.PRIO_PROCESS, pid) == 19
        daemon.signal(signal.SIGTERM)
        assert daemon.ended() == 0
        daemon.until(lambda: not Path(f"/proc/{pid}").exists())
        assert outcome(layout, "slow") == "running"
        # The run counts, so the next daemon does not begin it again for what was missed.
        note.unlink()
    with DaemonProcess(root, table("slow", "daily", f"echo x > {note}")).running() as daemon:
        daemon.until(lambda: outcome(layout, "slow") == "broke off")
        told = "slow broke off: it was killed, or the machine went down"
        daemon.until(lambda: told in str(daemon.report().get("notes")))
    assert not note.exists()
