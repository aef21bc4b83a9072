"""A hardened base in a container: the appliance is set up on it and is healthy.

The kernel is the host's, so what only a booted image shows (AppArmor, auditd, /tmp) is not here.
The base is a `root.tar` of `caretaker image base`: `CARETAKER_TEST_BASE` names it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.conftest import give_up
from tests.machine import appliance, wheelhouse
from tests.machine.container import missing_tools
from tests.machine.machine import Machine, boot

# The kernel gives no audit log to a container, whose root is an overlay without ext4's options.
NOT_IN_CONTAINERS = {"auditd.service", "systemd-remount-fs.service"}
# What they ask of the kernel's own settings, and of its command line, is the host's.
OF_THE_HOST = {"KRN-02", "SVC-10", "H-KRN-01", "H-KRN-02"}


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    base = os.environ.get("CARETAKER_TEST_BASE", "")
    if not base or missing_tools():
        give_up("CARETAKER_TEST_BASE names no root.tar, or systemd-nspawn is missing")
    folder = Path(tempfile.mkdtemp(prefix="caretaker-hardened-", dir="/var/tmp"))
    try:
        tree = unpacked(Path(base), folder / "root")
        image = appliance.make_image(folder / "image", quick=True)
        brought = appliance.binds(image, wheelhouse.locked_wheels())
        with boot(tree, binds_ro=brought, degraded=True) as machine:
            appliance.set_up(machine)
            yield machine
    finally:
        shutil.rmtree(folder)


def unpacked(archive: Path, tree: Path) -> Path:
    tree.mkdir()
    argv = ["tar", "-C", str(tree), "-xpf", str(archive), "--numeric-owner", "--xattrs"]
    subprocess.run([*argv, "--exclude=./dev/*"], check=True)
    harden = [sys.executable, "-m", "agent", "--root", str(tree), "harden"]
    subprocess.run(harden, check=True, stdout=subprocess.DEVNULL)
    said = subprocess.run(harden, check=True, capture_output=True, text=True).stdout
    assert "nothing was changed" in said
    return tree


def test_the_appliance_is_healthy(machine: Machine) -> None:
    machine.wait_for(
        lambda: appliance.healthz(machine).startswith("200"), timeout=60, what="healthy"
    )
    assert set(machine.failed_units()) <= NOT_IN_CONTAINERS


def test_the_firewall_followed_the_manifest(machine: Machine) -> None:
    def rules() -> str:
        return machine.run(["nft", "list", "ruleset"]).out

    machine.wait_for(lambda: str(appliance.SQL) in rules(), timeout=20, what="the SQL port")
    assert "policy drop" in rules()
    assert f"{appliance.AGENT_PORT}" in rules()


def test_the_controls_stand_after_setup(machine: Machine) -> None:
    said = machine.run(["caretaker", "harden", "--check"], check=False)
    assert said.out.splitlines()[-1].startswith("0 of "), said.out


def test_the_rules_of_certification_find_nothing_from_within_their_unit(machine: Machine) -> None:
    machine.run(["caretaker", "drift", "--record"], timeout=60)
    record = json.loads(machine.read("/etc/caretaker/image.json"))
    # As on a machine out of a golden image: the record is of the one that it was made on.
    machine.put("/etc/caretaker/image.json", json.dumps({**record, "machine": "another"}))
    machine.systemctl("start", "caretaker-task@certification.service")
    said = machine.journal("-t", "caretaker-task")
    named = re.search(r"not as it was certified: ([^:]*):", said)
    assert set(named[1].split(", ") if named else ()) <= OF_THE_HOST, said
    assert "certification" in machine.run(["caretaker", "housekeeping"]).out


def test_others_rules_stay_when_ours_are_made_anew(machine: Machine) -> None:
    machine.put("/etc/nftables.d/theirs.nft", "table ip theirs {\n}\n")
    machine.systemctl("restart", "nftables")
    machine.run(["nft", "add", "table", "ip", "containers"])
    machine.run(["systemctl", "start", "caretaker-firewall.service"])
    tables = machine.run(["nft", "list", "tables"]).out
    assert "table ip theirs" in tables
    assert "table ip containers" in tables
    assert tables.count("table inet filter") == 1


def test_a_mistake_in_others_rules_leaves_ours(machine: Machine) -> None:
    machine.put("/etc/nftables.d/wrong.nft", "no rule at all\n")
    machine.systemctl("restart", "nftables")
    assert "policy drop" in machine.run(["nft", "list", "ruleset"]).out
    machine.run(["rm", "/etc/nftables.d/wrong.nft"])


def test_the_servers_settings_are_read_as_written(machine: Machine) -> None:
    machine.sh("ssh-keygen -A >/dev/null; mkdir -p /run/sshd")
    said = machine.run(["/usr/sbin/sshd", "-T"]).out
    for line in ("permitrootlogin no", "passwordauthentication no", "disableforwarding yes",
                 "allowtcpforwarding no", "permittunnel no", "gatewayports no"):  # fmt: skip
        assert line in said
    assert machine.run(["visudo", "-c"]).ok
    assert machine.run(["apparmor_parser", "-Q", "-K", "/etc/apparmor.d/caretaker-daemon"]).ok
