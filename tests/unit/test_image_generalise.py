"""Traces of the build, taken away from a tree that has every one of them."""

import os
from pathlib import Path

import pytest

from packer.golden.inside.generalise import generalise, mark_hostname
from packer.golden.inside.trace import Trace
from packer.golden.inside.traces import STOPPED, TRACES

GONE = (
    "etc/ssh/ssh_host_ed25519_key",
    "root/.ssh/authorized_keys",
    "root/.bash_history",
    "home/builder/.profile",
    "etc/sudoers.d/90-cloud-init-users",
    "etc/ssh/sshd_config.d/50-cloud-init.conf",
    "etc/shadow-",
    "var/backups/dpkg.status.0",
    "var/lib/dbus/machine-id",
    "var/lib/systemd/random-seed",
    "var/lib/systemd/credential.secret",
    "var/lib/systemd/timers/stamp-fstrim.timer",
    "var/lib/systemd/linger/builder",
    "var/lib/dhcp/dhclient.leases",
    "etc/netplan/50-cloud-init.yaml",
    "var/lib/cloud/instances/build/user-data.txt",
    "var/lib/caretaker/ledger.db",
    "var/lib/caretaker/support/pseudonym.key",
    "var/lib/caretaker/acme/account.pem",
    "etc/caretaker/settings.toml",
    "etc/caretaker/answers.toml",
    "var/lib/apt/lists/mirror_InRelease",
    "var/cache/apt/pkgcache.bin",
    "tmp/upload/appliance.tar.zst",
    "var/tmp/x",
    "var/log/journal/0123/system.journal",
    "var/log/apt/history.log.1.gz",
    "var/log/cloud-init.log-20261121",
    "var/log/wtmp",
    "var/log/lastlog",
    "root/.cache/pip/x",
)
EMPTY = ("etc/machine-id", "var/log/dpkg.log", "var/log/audit/audit.log")
KEPT = (
    "etc/ssh/sshd_config",
    "etc/passwd",
    "etc/caretaker/appliance.toml",
    "etc/caretaker/keys/root.json",
    "opt/caretaker/venv/caretaker.json",
    "opt/shop/releases/1.0-abc/web",
    "var/lib/dpkg/status",
    "root/.profile",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    top = tmp_path / "image"
    for name in (*GONE, *EMPTY, *KEPT):
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("something\n")
    (top / "etc/machine-id").chmod(0o444)
    return top


def test_every_trace_goes_and_nothing_else(tree: Path) -> None:
    changed = generalise(tree)
    assert [name for name in GONE if (tree / name).exists()] == []
    assert [name for name in EMPTY if (tree / name).read_text()] == []
    assert [name for name in KEPT if (tree / name).read_text() != "something\n"] == []
    assert "/etc/machine-id" in changed
    assert (tree / "etc/machine-id").stat().st_mode & 0o777 == 0o444


def test_a_second_run_changes_nothing(tree: Path) -> None:
    generalise(tree)
    assert generalise(tree) == []


def test_no_link_leads_out_of_the_tree(tree: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("something\n")
    for name in ("var/tmp/link", "var/log/link.log", "home/link"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        os.symlink(outside / "kept", tree / name)
    (tree / "tmp/upload/appliance.tar.zst").unlink()
    (tree / "tmp/upload").rmdir()
    (tree / "tmp").rmdir()
    os.symlink(outside, tree / "tmp")
    os.symlink(outside, tree / "var/lib/sudo")
    generalise(tree)
    assert (outside / "kept").read_text() == "something\n"


def test_a_file_that_is_not_empty_is_named_once(tree: Path) -> None:
    only = (Trace("var/log", "empty", "x"),)
    changed = generalise(tree, only)
    assert len(changed) == len(set(changed)) > 0
    assert "/var/log/dpkg.log" in changed


def test_every_trace_has_a_reason_and_stays_below_the_root() -> None:
    assert [each for each in TRACES if not each.why or each.pattern.startswith(("/", ".."))] == []
    assert [unit for unit in STOPPED if not unit.endswith((".service", ".timer"))] == []


def test_the_host_name_is_nobody_s(tree: Path) -> None:
    mark_hostname(tree, "appliance")
    assert (tree / "etc/hostname").read_text() == "appliance\n"
