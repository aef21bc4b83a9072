"""First boot of an image: cloud-init brings the answers, then setup runs, once."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.machine import first_boot
from tests.machine.checkout import SOURCE
from tests.machine.conftest import Boot
from tests.machine.first_boot import UNIT
from tests.machine.machine import Machine

CLOUD_CONFIG = """#cloud-config
write_files:
  - path: /etc/caretaker/answers.toml
    permissions: "0600"
    content: |
      [settings]
      colour = "green"
runcmd:
  - [sh, -c, "systemctl is-active caretaker-setup.service >/run/seen-by-runcmd || true"]
"""

# Stands for setup.sh: writes down how it was called, and what it saw.
RECORDER = """#!/bin/sh
set -eu
echo "$@" >>/run/recorder.args
ls /etc/caretaker >/run/recorder.etc
hostname >/run/recorder.name
systemctl is-active cloud-init cloud-init-network cloud-final >/run/recorder.cloud || true
exit "$(cat /run/recorder.exit 2>/dev/null || echo 0)"
"""


@pytest.fixture
def image(tmp_path: Path) -> dict[str, Path]:
    """A tool whose setup only records, and a manifest."""
    (tmp_path / "tool/setup").mkdir(parents=True)
    (tmp_path / "tool/setup/setup.sh").write_text(RECORDER)
    (tmp_path / "tool/setup/setup.sh").chmod(0o755)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/appliance.toml").write_text('[appliance]\nname = "x"\nversion = "1"\n')
    return {"/opt/caretaker/tool": tmp_path / "tool", "/etc/caretaker": tmp_path / "etc"}


@pytest.fixture
def first_boot_of(
    machines: Boot, roots: Callable[[str], Path], image: dict[str, Path], tmp_path: Path
) -> Callable[[str], Machine]:
    def boot(root: str) -> Machine:
        binds = image | first_boot.units(tmp_path / "units", roots(root))
        seed = first_boot.seed(tmp_path / "seed", CLOUD_CONFIG)
        return machines(root, binds=binds, binds_ro=seed)

    return boot


@pytest.fixture
def booted(first_boot_of: Callable[[str], Machine]) -> Machine:
    return first_boot_of("bookworm")


# cloud-init 22.4, four services that wait for each other, and 25.1, one process for all stages.
@pytest.mark.parametrize("root", ["bookworm", pytest.param("trixie", marks=pytest.mark.slow)])
def test_setup_runs_after_the_answers_and_nothing_waits_in_a_circle(
    first_boot_of: Callable[[str], Machine], root: str
) -> None:
    booted = first_boot_of(root)
    assert booted.is_active(UNIT)
    assert booted.read("/run/recorder.args").split() == ["--first-boot", "--yes"]
    assert "answers.toml" in booted.read("/run/recorder.etc").split()
    assert booted.read("/run/recorder.name").strip() == "first-boot"
    *stage, last = booted.read("/run/recorder.cloud").split()
    assert sorted(stage) == ["active", "inactive"]  # one of the two names is this version's
    assert last == "inactive"
    # The user's own commands come last, and see the appliance set up.
    assert booted.read("/run/seen-by-runcmd").strip() == "active"
    assert "ordering cycle" not in booted.journal(lines=2000)
    assert booted.failed_units() == []


def test_it_does_not_run_again_on_this_machine_but_on_a_clone(booted: Machine) -> None:
    machine_id = booted.read("/etc/machine-id").strip()
    assert booted.exists(f"/var/lib/caretaker/first-boot-{machine_id}")
    booted.systemctl("stop", UNIT)
    booted.systemctl("start", UNIT)
    assert len(booted.read("/run/recorder.args").splitlines()) == 1
    mark = f"/var/lib/caretaker/first-boot-{machine_id}"
    booted.run(["mv", mark, mark.replace(machine_id, "0" * 32)])
    booted.systemctl("start", UNIT)
    assert len(booted.read("/run/recorder.args").splitlines()) == 2


@pytest.mark.parametrize(("status", "again"), [(75, True), (20, True), (10, False), (30, False)])
def test_what_may_pass_is_tried_again_and_no_mark_is_set(
    booted: Machine, status: int, again: bool
) -> None:
    booted.run(["sh", "-c", "rm /var/lib/caretaker/first-boot-*"])
    booted.systemctl("stop", UNIT)
    booted.put("/run/recorder.exit", str(status))
    booted.run(["systemctl", "start", "--no-block", UNIT])
    booted.wait_for(
        lambda: booted.show(UNIT, "ExecMainStatus")["ExecMainStatus"] == str(status),
        what="the failure",
    )
    state = booted.show(UNIT, "SubState")["SubState"]
    assert state == ("auto-restart" if again else "failed")
    assert not booted.run(["sh", "-c", "ls /var/lib/caretaker/first-boot-*"], check=False).ok
    booted.systemctl("stop", UNIT)


@pytest.fixture
def golden(
    machines: Boot, roots: Callable[[str], Path], wheelhouse: Path, tmp_path: Path
) -> dict[str, Path]:
    """What an image of the appliance holds: tool and release in /opt, the manifest, the units.

    A whole setup makes them on another machine, of which nothing else is taken along.
    """
    opt, etc = tmp_path / "opt", tmp_path / "etc"
    opt.mkdir()
    etc.mkdir()
    source = first_boot.appliance(tmp_path / "appliance")
    builder = machines(binds={"/opt": opt}, binds_ro={"/wheels": wheelhouse, "/shop": source})
    setup = [f"{SOURCE}/setup/setup.sh", "/shop", "--offline", "--wheelhouse", "/wheels"]
    builder.run([*setup, "--yes", "--set", "colour=red"], timeout=120)
    assert builder.run(["curl", "-fsS", "http://127.0.0.1:8443/"]).out == "red"
    builder.poweroff()
    shutil.copy(source / "appliance.toml", etc)
    units = first_boot.units(tmp_path / "units", roots("bookworm"))
    return {"/opt": opt, "/etc/caretaker": etc} | units


@pytest.mark.parametrize(
    "user_data",
    [
        pytest.param(CLOUD_CONFIG, id="write_files"),
        pytest.param('#caretaker-answers\n[settings]\ncolour = "green"\n', id="part"),
    ],
)
@pytest.mark.slow
def test_an_image_becomes_a_healthy_appliance_once_it_has_answers(
    machines: Boot, golden: dict[str, Path], tmp_path: Path, user_data: str
) -> None:
    seed = first_boot.seed(tmp_path / "silent", "#cloud-config\n")
    without = machines(binds=golden, binds_ro=seed, degraded=True)
    assert without.show(UNIT, "ExecMainStatus")["ExecMainStatus"] == "3"
    assert "colour: Colour of the shop" in without.journal("-u", UNIT, lines=100)
    without.poweroff()

    seed = first_boot.seed(tmp_path / "seed", user_data)
    machine = machines(binds=golden, binds_ro=seed)
    assert machine.is_active(UNIT)
    assert machine.run(["curl", "-fsS", "http://127.0.0.1:8086/healthz"]).out.startswith("pass")
    assert machine.run(["curl", "-fsS", "http://127.0.0.1:8443/"]).out == "green"
    report = json.loads(machine.read("/run/caretaker-setup/setup.json"))
    assert (report["verdict"], report["exit"]) == ("healthy", 0)
    assert "ordering cycle" not in machine.journal(lines=2000)
    assert machine.failed_units() == []
