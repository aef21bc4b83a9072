"""No task gets more rights than the bar of the house allows, whatever it asks for."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from agent.housekeeping.task import Task
from agent.housekeeping.tasks import TASKS

MOST = 2.5  # of systemd-analyze security
TEMPLATE = Path(__file__).resolve().parents[2] / "systemd/caretaker-task@.service"


@pytest.mark.real
@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_tasks_unit_is_tight(task: Task, tmp_path: Path) -> None:
    unit = tmp_path / f"caretaker-task@{task.name}.service"
    text = TEMPLATE.read_text().replace("/opt/caretaker/venv/bin/python3", "/bin/true")
    unit.write_text("\n".join([text, "[Service]", *task.rights, ""]))
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(unit)],
        capture_output=True, text=True, check=False,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    found = re.search(r"Overall exposure level for .*: ([0-9.]+)", done.stdout)
    assert found is not None, done.stderr
    assert float(found[1]) <= MOST
    assert all(line.startswith("#") or "=" in line for line in task.rights)
