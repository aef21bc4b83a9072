"""What rules read out of a tree: sshd's settings, apt's, and which files nobody vouches for."""

from __future__ import annotations

import bz2
import hashlib
import importlib.util
import lzma
from pathlib import Path

import pytest

from bench.certify import made_up
from bench.certify.planting import Folder, Link, Write, planted
from packer.certify.facts import apt, sshd
from packer.certify.facts.accounts import accounts, homes
from packer.certify.facts.starts import lines, starts
from packer.certify.facts.texts import opened
from packer.certify.facts.unverified import unverified
from packer.certify.finding import NotApplicableError
from packer.certify.tree import Tree


def ssh(main: str, **dropped: str) -> Tree:
    parts = [Write(f"/etc/ssh/sshd_config.d/{name}.conf", text) for name, text in dropped.items()]
    return planted(None, Write("/etc/ssh/sshd_config", main), *parts)


INCLUDE = "Include /etc/ssh/sshd_config.d/*.conf\n"


def test_the_first_value_counts_and_includes_stand_where_they_are_named() -> None:
    assert sshd.effective(ssh("X11Forwarding no\n" + INCLUDE, a="X11Forwarding yes"),
                          "x11forwarding").value == "no"  # fmt: skip
    tree = ssh(INCLUDE + "PermitRootLogin no\n", b="PermitRootLogin yes", a="Port 22")
    found = sshd.effective(tree, "permitrootlogin")
    assert (found.value, found.path, found.line) == ("yes", "/etc/ssh/sshd_config.d/b.conf", 1)


def test_a_match_of_an_included_file_ends_with_it() -> None:
    tree = ssh(INCLUDE + "PermitRootLogin no\n", a="Match User x\nPermitRootLogin yes")
    assert sshd.effective(tree, "permitrootlogin").value == "no"
    assert [each.match for each in sshd.in_blocks(tree, "permitrootlogin")] == ["User x"]


def test_silence_means_what_openssh_does() -> None:
    assert sshd.effective(ssh(""), "passwordauthentication").value == "yes"
    with pytest.raises(NotApplicableError):
        sshd.effective(planted(None), "passwordauthentication")


def test_an_include_that_names_itself_ends() -> None:
    assert sshd.effective(ssh("Include /etc/ssh/sshd_config\nPort 1\n"), "port").value == "1"


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ('APT::A::B "1";', "apt::a::b", "1"),
        ('APT { A { B "x y"; }; };', "apt::a::b", "x y"),
        ("Acquire::AllowInsecureRepositories true;", "acquire::allowinsecurerepositories", "true"),
        ('// APT::A::B "1";\nAPT::A::B "2";', "apt::a::b", "2"),
        ('/* APT::A::B "1"; */', "apt::a::b", ""),
    ],
)
def test_aptconf_is_read_in_each_of_its_forms(text: str, name: str, value: str) -> None:
    assert apt.value(planted(None, Write("/etc/apt/apt.conf", text)), name) == value


def test_the_later_file_of_apt_wins() -> None:
    tree = planted(
        None,
        Write("/etc/apt/apt.conf.d/10x", 'A::B "1";'),
        Write("/etc/apt/apt.conf.d/20x", 'A::B "0";'),
        Write("/etc/apt/apt.conf.d/30x.bak", 'A::B "7";'),
    )
    assert apt.value(tree, "A::B") == "0"


def test_what_a_package_vouches_for_is_left_out_until_it_is_changed() -> None:
    md5 = hashlib.md5(b"x = 1\n", usedforsecurity=False).hexdigest()
    sums = Write("/var/lib/dpkg/info/p.md5sums", f"{md5}  lib/a.py\n{md5}  usr/b.py\n")
    conffile = Write("/var/lib/dpkg/status", f"Package: p\nConffiles:\n /etc/c {md5}\n")
    tree = planted(
        None,
        *(sums, conffile, Folder("/usr/lib"), Link("/lib", "usr/lib")),
        *(Write("/usr/lib/a.py", "x = 1\n"), Write("/etc/c", "x = 1\n")),
        Write("/usr/b.py", "x = 2\n"),
    )
    assert [e.path for e in unverified(tree)] == ["/usr/b.py", "/var/lib/dpkg/status"]


@pytest.mark.parametrize("by_hash", [False, True])
def test_bytecode_is_left_out_when_it_is_of_the_source_beside_it(*, by_hash: bool) -> None:
    source = b"x = 1\n"
    tail = (
        importlib.util.source_hash(source)
        if by_hash
        else b"\0" * 4 + len(source).to_bytes(4, "little")
    )
    head = importlib.util.MAGIC_NUMBER + (b"\1\0\0\0" if by_hash else b"\0" * 4) + tail
    mine = Write("/opt/a/__pycache__/m.cpython-311.pyc", head + b"code")
    kept = planted(None, Write("/opt/a/m.py", source), mine)
    assert [e.path for e in unverified(kept)] == ["/opt/a/m.py"]
    other = planted(None, Write("/opt/a/m.py", b"x = 12\n"), mine)
    assert len(unverified(other)) == 2


@pytest.mark.parametrize(
    "packed",
    [
        made_up.gzipped("needle"),
        bz2.compress(b"needle"),
        lzma.compress(b"needle"),
        made_up.zipped("a", "needle"),
        "needle".encode("utf-16"),
    ],
)
def test_packed_text_is_opened(packed: bytes) -> None:
    assert b"needle" in opened(packed)
    assert opened(packed[:20])  # cut short: what stands there is kept, nothing is raised


def test_every_member_of_a_gzip_file_is_opened() -> None:
    assert opened(made_up.gzipped("hay") + made_up.gzipped("needle")) == b"hayneedle"


def test_a_packed_bomb_is_cut_at_the_cap() -> None:
    assert len(opened(made_up.gzipped("\0" * (64 << 20)))) <= 4 << 20


def test_homes_are_of_people_and_services_alike() -> None:
    tree = planted(
        None,
        Write("/etc/passwd", "root:x:0:0::/root:/bin/sh\ndb:x:9:9::/var/lib/db:/bin/false\nbad\n"),
        *(Folder("/root"), Folder("/var/lib/db"), Folder("/home/gone")),
    )
    assert homes(tree) == ("/home/gone", "/root", "/var/lib/db")
    assert [account.name for account in accounts(tree)] == ["root", "db"]


@pytest.mark.parametrize(
    "line",
    [
        "evil::0:0",  # the rest is empty, and an empty shell is /bin/sh
        "evil:$1$x:0:0:a\x0cb:/root:/bin/sh",  # no line ends there
        "evil:x:+0:0::/root:/bin/sh",
        "  evil:x:-0:00::/root:/bin/sh:more",
        "evil:x:0000000000000000000000000:0::/root:/bin/sh",
    ],
)
def test_an_account_that_the_c_library_sees_is_seen(line: str) -> None:
    """Each was tried with fgetpwent(3) of glibc 2.36."""
    tree = planted(None, Write("/etc/passwd", f"#evil2:x:0:0::/:\n{line}\nx:y:z:0::/:\n"))
    assert [(one.name, one.uid, one.gid) for one in accounts(tree)] == [("evil", 0, 0)]


def test_a_script_that_a_unit_names_is_looked_at_too() -> None:
    tree = planted(
        None,
        Write("/etc/systemd/system/a.service", "[Service]\nExecStart=/opt/a/run --x\n"),
        Write("/opt/a/run", "#!/bin/sh\n"),
        Write("/opt/a/other", "#!/bin/sh\n"),
    )
    assert [path for path, _ in starts(tree)] == ["/etc/systemd/system/a.service", "/opt/a/run"]


def test_lines_that_end_in_a_backslash_are_one() -> None:
    assert list(lines("a \\\n  b\n# c\n\nd")) == [(1, "a    b"), (5, "d")]


def test_the_tool_itself_is_no_secret_unless_it_is_another() -> None:
    below = "packer/certify/rules/tokens.py"
    text = (Path(__file__).resolve().parents[2] / below).read_bytes()
    assert unverified(planted(None, Write(f"/opt/caretaker/tools/0/{below}", text))) == ()
    assert unverified(planted(None, Write(f"/opt/caretaker/tools/0/{below}", text + b" ")))
    assert unverified(planted(None, Write(f"/opt/other/{below}", text)))
