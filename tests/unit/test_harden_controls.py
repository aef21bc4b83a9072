"""Every control on a small tree: applied it stands, again it changes nothing, broken it is seen."""

import contextlib
import os
from collections import Counter
from pathlib import Path

import pytest

from agent.errors import MachineError
from packer.harden import CONTROLS, REFUSALS, applying
from packer.harden.control import Control, Site
from packer.harden.controls import packages
from packer.harden.refusals import reason
from packer.harden.want import subject_of
from tests.unit.harden_faults import FAULTS
from tests.unit.harden_site import FILES, make_site

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners of files: only root can set them")

PLANTED = [(control, fault) for control in CONTROLS for fault in control.faults]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A hardened tree; who breaks it mends it."""
    site = make_site(tmp_path_factory.mktemp("hardened"))
    applying.apply(site)
    return site


def findings(site: Site, control: Control) -> list[str]:
    with subject_of(site) as subject:
        return [f"{one.path}: {one.words}" for one in control.check(subject)]


def snapshot(root: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        str(path.relative_to(root)): (
            path.lstat().st_mode,
            path.lstat().st_mtime_ns,
            path.read_bytes() if path.is_file() and not path.is_symlink() else b"",
        )
        for path in sorted(root.rglob("*"))
    }


def test_the_plain_tree_is_not_hard(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    before = snapshot(tmp_path)
    judged = applying.judge(site)
    assert sum(1 for one in judged if one.findings) >= 35
    assert snapshot(tmp_path) == before, "a look wrote something"


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    first = applying.apply(site)
    assert sum(1 for done in first if done.paths) >= 30
    before = snapshot(tmp_path)
    again = applying.apply(site)
    assert [done.paths for done in again if done.paths] == []
    assert snapshot(tmp_path) == before
    assert [one.findings for one in applying.judge(site) if one.findings] == []


@pytest.mark.parametrize(("control", "fault"), PLANTED, ids=lambda one: getattr(one, "id", one))
def test_a_planted_fault_is_seen_and_mended(site: Site, control: Control, fault: str) -> None:
    status = site.host.path(packages.STATUS).read_text()
    assert findings(site, control) == []
    FAULTS[fault](site.host.root)
    assert findings(site, control) != []
    if control.id.startswith("H-PKG"):
        with pytest.raises(MachineError, match="it is not this machine"):
            control.apply(site)
        site.host.path(packages.STATUS).write_text(status)
    else:
        assert control.apply(site)
    assert findings(site, control) == []


def test_every_control_names_its_faults_and_none_is_left_over() -> None:
    named = [fault for _, fault in PLANTED]
    assert all(control.faults for control in CONTROLS)
    assert set(named) == set(FAULTS)
    assert [fault for fault, count in Counter(named).items() if count > 1] == []
    assert len({control.id for control in CONTROLS}) == len(CONTROLS)


def test_what_others_wrote_is_kept(tmp_path: Path) -> None:
    applying.apply(make_site(tmp_path))

    def text(path: str) -> str:
        return (tmp_path / path.lstrip("/")).read_text()

    sshd = text("/etc/ssh/sshd_config")
    assert "Port 2222" in sshd
    assert "Subsystem sftp" in sshd
    assert text("/etc/ssh/sshd_config.d/50-cloud-init.conf") == "Port 22\n"
    assert "staff:x:50:ann" in text("/etc/group")
    assert "USERGROUPS_ENAB yes" in text("/etc/login.defs")
    assert "vm.swappiness=5" in text("/etc/sysctl.conf")
    assert "UUID=1 / ext4" in text("/etc/fstab")
    assert "console=ttyS0" in text("/etc/default/grub")
    assert "root=/dev/vda3 ro" in text("/boot/grub/grub.cfg")
    assert "RateLimitBurst=1" in text("/etc/systemd/journald.conf.d/vendor.conf")
    assert text("/home/ann/notes") == FILES["/home/ann/notes"][0]


def test_a_tighter_mode_stays(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    (tmp_path / "etc/shadow").chmod(0o600)
    applying.apply(site)
    assert (tmp_path / "etc/shadow").stat().st_mode & 0o777 == 0o600


def test_refusals_give_a_reason_once() -> None:
    rules = [rule for each in REFUSALS for rule in each.rules]
    assert len(rules) == len(set(rules))
    assert all(len(each.why.split()) >= 6 for each in REFUSALS)
    assert reason("package_ufw_installed")
    assert reason("no_such_rule") == ""


@pytest.mark.parametrize("path", ["/etc/passwd", "/etc/shadow", "/etc/group"])
def test_short_lines_and_other_breaks_stay_as_they_are(tmp_path: Path, path: str) -> None:
    """A form feed in a name that became a newline would make an account of what follows."""
    site = make_site(tmp_path)
    file = tmp_path / path.lstrip("/")
    more = "root\nshadow\nann:x:1000:1000:a\x0cevil::0:0::/root:/bin/sh\n"
    file.write_text(file.read_text() + more)
    for control in (each for each in CONTROLS if each.id.startswith("H-ACC-")):
        with contextlib.suppress(MachineError):  # of what it can't read it says that it stays
            applying.apply(site, controls=[control])
    assert file.read_text().endswith(more)
