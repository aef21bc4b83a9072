"""The timers and drop-ins that the manifest's tasks become."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.change.derived import orphans
from agent.housekeeping.task import Done, Task
from agent.housekeeping.timers import task_units, timer_names
from agent.manifest.upkeep import Schedule
from setup.steps.units import enabled_units, things, wanted_files
from tests.unit.services_fixtures import layout_at, manifest_of, values_of
from tests.unit.setup_site import make_site

MANIFEST = """
[tasks.sweep]
calendar = "Mon..Fri *-*-* 03:30"
jitter = "1h"
command = ["sweep"]
timeout = "3h"
[tasks.count]
calendar = "hourly"
persistent = false
command = ["count"]
[purge.old]
path = "/srv/shop/old"
older_than = "7d"
[housekeeping.own.leftovers]
off = true
"""


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    def nothing(chores: object) -> Done:
        return Done(summary="")

    own = (
        Task(
            "leftovers",
            "Left over",
            Schedule(calendar="weekly"),
            nothing,
            rights=("PrivateDevices=no",),
        ),
        Task("logs", "Logs", Schedule(calendar="daily"), nothing),
        Task("here", "Here", Schedule(calendar="daily"), nothing, modes=("embedded",)),
    )
    monkeypatch.setattr("agent.housekeeping.roll.TASKS", own)
    monkeypatch.setattr("agent.housekeeping.tasks.TASKS", own)
    layout = layout_at()
    manifest = manifest_of(MANIFEST)
    names = timer_names(manifest)
    units = task_units(manifest, layout, values_of(layout))
    found = {str(each.path.relative_to(layout.units)): each.text for each in units}
    assert sorted(names) == sorted(name for name in found if name.endswith(".timer"))
    return found


def test_each_task_has_its_timer_but_for_those_turned_off(files: dict[str, str]) -> None:
    assert sorted(name for name in files if name.endswith(".timer")) == [
        "caretaker-task@count.timer", "caretaker-task@logs.timer", "caretaker-task@sweep.timer",
    ]  # fmt: skip


def test_a_timer_says_what_the_manifest_says(files: dict[str, str]) -> None:
    lines = files["caretaker-task@sweep.timer"].splitlines()
    for line in (
        *("OnCalendar=Mon..Fri *-*-* 03:30", "RandomizedDelaySec=3600000ms", "Persistent=yes"),
        *("FixedRandomDelay=yes", "WantedBy=caretaker.target", "PartOf=caretaker.target"),
    ):
        assert line in lines
    assert "Persistent=no" in files["caretaker-task@count.timer"]


def test_drop_ins_open_what_the_manifest_names_and_a_task_needs(files: dict[str, str]) -> None:
    paths = files["caretaker-task@.service.d/10-appliance.conf"]
    assert "-/srv/shop/old" in paths
    assert "-/var/lib/shop" in paths
    assert "PrivateDevices=no" in files["caretaker-task@leftovers.service.d/10-appliance.conf"]
    assert "caretaker-task@logs.service.d/10-appliance.conf" not in files
    sweep = files["caretaker-task@sweep.service.d/10-appliance.conf"].splitlines()
    assert "TimeoutStartSec=14550" in sweep
    assert "CapabilityBoundingSet=" in sweep
    # An instance's drop-in hides the template's of the same name.
    assert next(line for line in paths.splitlines() if "ReadWritePaths" in line) in sweep
    count = files["caretaker-task@count.service.d/10-appliance.conf"]
    assert "TimeoutStartSec" not in count


def test_a_timer_of_a_task_that_is_gone_is_an_orphan(tmp_path: Path, root: Path) -> None:
    site = make_site(tmp_path / "source", root)
    units = site.layout.units
    (units / "caretaker-task@gone.service.d").mkdir(parents=True)
    ours = "# Written by Caretaker from the manifest"
    gone = [units / "caretaker-task@gone.timer",
            units / "caretaker-task@gone.service.d/10-appliance.conf"]  # fmt: skip
    for path in (*gone, units / "caretaker-task@ledger.timer"):
        path.write_text(ours)
    (units / "caretaker-task@somebodys.timer").write_text("[Timer]\n")
    assert orphans(site.layout, wanted_files(site)) == gone
    assert {path.name for path in gone} & set(enabled_units(site)) == set()
    stamps = [thing.path for thing in things(site) if "stamp-" in str(thing.path)]
    assert f"{root}/var/lib/systemd/timers/stamp-caretaker-task@ledger.timer" in map(str, stamps)
