"""What package managers say, read: recorded answers, and hostile ones."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.patching import apt_said, dnf_said
from agent.patching.dpkg_files import read_dpkg
from agent.patching.record import Update

# Recorded on Debian 12. apt 2.4.5 (Ubuntu 22.04), 2.6.2, 2.7.14 (Ubuntu 24.04) and 3.0.4 (Debian
# 13) answer to the byte alike for one archive; they differ in where packages come from.
SIMULATED = """\
Reading package lists...
Building dependency tree...
Reading state information...
Calculating upgrade...
The following packages were automatically installed and are no longer required:
  libfuse2
Use 'apt autoremove' to remove them.
The following packages have been kept back:
  cp-plain cp-held:i386
The following packages will be upgraded:
  bash libgcrypt20 libgcrypt20-dev
3 upgraded, 1 newly installed, 1 to remove and 2 not upgraded.
Remv old-thing [1.2-3]
Inst bash [5.2.15-2+b8] (5.2.15-2+b13 Debian:12.15/oldstable [amd64])
Conf bash (5.2.15-2+b13 Debian:12.15/oldstable [amd64])
Inst libgcrypt20-dev [1.10.1-3] (1.10.1-3+deb12u1 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64]) []
Inst libgcrypt20 [1.10.1-3] (1.10.1-3+deb12u1 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64])
Conf libgcrypt20 (1.10.1-3+deb12u1 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64])
Remv swapped [1.0]
Inst swapped [1.0] (2.0 Debian:12.15/oldstable [all]) [other:amd64 ]
Inst libssl3t64:i386 [3.0.13-0ubuntu3] (3.0.13-0ubuntu3.4 Ubuntu:24.04/noble-updates, Ubuntu:24.04/noble-security [i386])
Inst esm [1] (1+esm1 UbuntuESM:22.04/jammy-infra-security [amd64])
Inst linux-image-6.1.0-30-amd64 (6.1.124-1 Debian:12.9/stable [amd64])
Inst local [1.0] (1.1 [all])
"""  # noqa: E501  (as recorded)
SIZED = """\
Need to get 168 MB/211 MB of archives.
After this operation, 3207 kB of additional disk space will be used.
'http://deb.debian.org/debian/pool/a.deb' a_1_amd64.deb 1000 SHA256:ab
'http://deb.debian.org/debian/pool/b.deb' b_1_amd64.deb 234
"""
POLICY = """\
unzip:
  Installed: 6.0-28
  Candidate: 6.0-28+deb12u1
  Version table:
     6.0-28+deb12u1 500
        500 http://deb.debian.org/debian-security bookworm-security/main amd64 Packages
 *** 6.0-28 500
        500 http://deb.debian.org/debian bookworm/main amd64 Packages
        100 /var/lib/dpkg/status
overtaken:
  Installed: 1.0
  Candidate: 1.3
  Version table:
     1.3 500 (phased 20%)
        500 http://archive.ubuntu.com/ubuntu noble-updates/main amd64 Packages
     1.2 500
        500 http://security.ubuntu.com/ubuntu noble-security/main amd64 Packages
 *** 1.0 100
        100 /var/lib/dpkg/status
mended-long-ago:
  Installed: 2.0
  Candidate: 2.1
  Version table:
     2.1 500
        500 http://deb.debian.org/debian bookworm/main amd64 Packages
 *** 2.0 500
        500 http://deb.debian.org/debian-security bookworm-security/main amd64 Packages
"""


def test_a_simulation_is_read_to_the_last_line() -> None:
    found = apt_said.simulated(SIMULATED)
    assert [(each.name, each.security) for each in found.updates] == [
        ("bash", False), ("libgcrypt20-dev", True), ("libgcrypt20", True), ("swapped", False),
        ("libssl3t64:i386", True), ("esm", True), ("local", False),
    ]  # fmt: skip
    assert found.updates[1] == Update(
        name="libgcrypt20-dev",
        before="1.10.1-3",
        after="1.10.1-3+deb12u1",
        origin="Debian-Security:12/oldstable-security",
        fix="1.10.1-3+deb12u1",
    )
    assert [each.name for each in found.new] == ["linux-image-6.1.0-30-amd64"]
    assert [each.name for each in found.removed] == ["old-thing"]
    assert found.kept == ("cp-plain", "cp-held:i386")


@pytest.mark.parametrize(
    ("text", "disk"),
    [
        (SIZED, 3_207_000),
        (SIZED.replace("additional disk space will be used", "disk space will be freed"), None),
        ("Summary:\n  Download size: 168 MB / 211 MB\n  Space needed: 3207 kB / 10 GB available\n",
         3_207_000),
        ("Download size: 168 MB / 211 MB\nFreed space: 12.5 MB\n", -12_500_000),
    ],
)  # fmt: skip
def test_sizes_are_read_in_both_manners_of_apt(text: str, disk: int | None) -> None:
    found = apt_said.sizes(text)
    assert (found.download, found.archives) == (168_000_000, 211_000_000)
    if disk is not None:
        assert found.disk == disk


def test_freed_room_is_less_than_nothing() -> None:
    text = "After this operation, 1,024 kB disk space will be freed.\n"
    assert apt_said.sizes(text).disk == -1_024_000


def test_a_fix_that_a_newer_version_overtook_is_still_one() -> None:
    assert apt_said.fixes(POLICY) == {"unzip": "6.0-28+deb12u1", "overtaken": "1.2"}


@pytest.mark.parametrize(
    "line",
    [
        "Inst --allow-downgrades [1] (2 Debian:12/stable [all])",
        "Inst ../../etc/passwd [1] (2 Debian:12/stable [all])",
        "Inst a;reboot [1] (2 Debian:12/stable [all])",
        "Inst good [1] (2;reboot Debian:12/stable [all])",
        "Inst good [1] (-o=x Debian:12/stable [all])",
        "Inst Good [1] (2 Debian:12/stable [all])",
        "Inst good",
        "Inst  good [1] (2 D [all])",
        "Remv $(reboot) [1]",
        "\x1b[31mInst good [1] (2 Debian:12/stable [all])",
    ],
)
def test_what_is_no_name_or_version_never_becomes_an_argument(line: str) -> None:
    found = apt_said.simulated(line)
    assert (found.updates, found.new, found.removed) == ((), (), ())


@given(st.text(max_size=400))
def test_no_text_breaks_the_reading(text: str) -> None:
    for each in ("Inst ", "Remv ", "Need to get ", "After this operation, ", ""):
        found = apt_said.simulated(each + text)
        assert all(apt_said.safe_name(one.name) for one in (*found.updates, *found.new))
        apt_said.sizes(each + text)
        apt_said.fixes(each + text)
        dnf_said.simulated("Upgrading:\n " + text, {})
        dnf_said.advisories(text)
        dnf_said.installed(text)


@pytest.mark.parametrize(
    ("origin", "security"),
    [
        ("Debian-Security:12/stable-security", True),
        ("Ubuntu:24.04/noble-security", True),
        ("UbuntuESMApps:22.04/jammy-apps-security", True),
        ("bookworm-security", True),
        ("Debian:12.15/oldstable", False),
        ("Ubuntu:24.04/noble-updates", False),
        ("Security Tools Ltd:1/stable", False),
        ("", False),
    ],
)
def test_what_counts_as_security(origin: str, security: bool) -> None:
    assert apt_said.is_security(origin) is security


# Written from dnf's manual; no machine with dnf was at hand.
DNF = """\
Last metadata expiration check: 0:12:01 ago on Sat 21 Nov 2026 08:00:00 AM UTC.
Dependencies resolved.
================================================================================
 Package                          Arch     Version               Repo      Size
================================================================================
Upgrading:
 openssl-libs                     x86_64   1:3.0.7-25.el9_3      baseos   2.1 M
     replacing  openssl-old.x86_64 1:3.0.1-1.el9
 a-package-with-a-name-that-is-far-too-long-for-its-column
                                  noarch   2.0-1.el9             appstream 10 k
Installing dependencies:
 kernel-core                      x86_64   5.14.0-427.el9        baseos    18 M
 brand-new                        x86_64   1.0-1.el9             baseos    18 k
Removing:
 old                              x86_64   0.9-1.el9             @baseos   5 k

Transaction Summary
================================================================================
Install  2 Packages
Upgrade  2 Packages

Total download size: 2.9 M
Operation aborted.
"""
RPM = (
    "openssl-libs.x86_64 1:3.0.7-24.el9\nkernel-core.x86_64 (none):5.14.0-362.el9\n"
    "a-package-with-a-name-that-is-far-too-long-for-its-column.noarch 0:1.9-1.el9\nbad line\n"
)
ADVISORIES = """\
RHSA-2026:1234 Important/Sec. openssl-libs-1:3.0.7-25.el9_3.x86_64
RHBA-2026:1    bugfix         openssl-libs-1:3.0.7-25.el9_3.x86_64
nonsense
"""


def test_a_table_of_dnf_is_read() -> None:
    found = dnf_said.simulated(DNF, dnf_said.installed(RPM))
    assert [(each.name, each.before, each.after) for each in found.updates] == [
        ("openssl-libs.x86_64", "1:3.0.7-24.el9", "1:3.0.7-25.el9_3"),
        (
            "a-package-with-a-name-that-is-far-too-long-for-its-column.noarch",
            "1.9-1.el9",
            "2.0-1.el9",
        ),
        ("kernel-core.x86_64", "5.14.0-362.el9", "5.14.0-427.el9"),
    ]
    assert [each.name for each in found.new] == ["brand-new.x86_64"]
    assert [each.name for each in found.removed] == ["old.x86_64"]
    assert found.sizes.download == round(2.9 * 1024**2)


def test_advisories_are_found_by_full_name() -> None:
    advised = dnf_said.advisories(ADVISORIES)
    update = Update(name="openssl-libs.x86_64", after="1:3.0.7-25.el9_3")
    told = advised[dnf_said.full_name(update)]
    assert [(each.id, each.severity, each.security) for each in told] == [
        ("RHSA-2026:1234", "important", True),
        ("RHBA-2026:1", "", False),
    ]


STATUS = """\
Package: dpkg
Status: install ok installed
Architecture: amd64
Version: 1.21.22

Package: half
Status: install reinstreq half-installed
Architecture: amd64
Version: 1.0

Package: cut
Status: install ok half-configured
Architecture: all
Version: 2.0
Description: x
 Status: install ok installed

Package: waits
Status: hold ok installed
Architecture: i386
Version: 1:3.0~rc1

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0

Package: no-status
Version: 1.0
"""


def test_dpkgs_own_files_tell_what_was_cut_short(tmp_path: Path) -> None:
    (tmp_path / "status").write_text(STATUS)
    found = read_dpkg(tmp_path)
    assert found.versions == {
        "dpkg": "1.21.22",
        "half": "1.0",
        "cut": "2.0",
        "waits:i386": "1:3.0~rc1",
    }
    assert (found.half, found.unfinished) == (("half",), ("cut",))
    assert (found.held, found.updates) == (("waits:i386",), False)
    (tmp_path / "updates").mkdir()
    (tmp_path / "updates/0001").touch()
    assert read_dpkg(tmp_path).updates
