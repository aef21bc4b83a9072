"""The tree's tar on its way from mmdebstrap to the image."""

import io
import tarfile

import pytest

from agent.errors import MachineError
from packer.disk import dressing
from tests.unit.disk_stage import EPOCH, INDEX, dressed, member, tar_of, usual


def read(tar: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.TarFile(fileobj=io.BytesIO(tar)) as source:
        return {entry.name: entry for entry in source}


def content(tar: bytes, name: str) -> bytes:
    with tarfile.TarFile(fileobj=io.BytesIO(tar)) as source:
        stream = source.extractfile(name)
        assert stream
        return stream.read()


def test_what_installing_left_is_gone() -> None:
    tar, seen = dressed(tar_of(usual()))
    names = read(tar)
    for gone in ("etc/passwd-", "etc/ssh/ssh_host_ed25519_key", "dev/null", "vmlinuz.old",
                 "boot-packages"):  # fmt: skip
        assert f"./{gone}" not in names, gone
    assert not [name for name in names if "InRelease" in name]
    assert {"./dev", "./vmlinuz", "./boot/vmlinuz-6.1"} <= names.keys()
    assert seen.packages == {"shim-signed_1_amd64.deb": b"package"}


def test_the_state_of_the_archive_is_taken_down() -> None:
    import hashlib

    _, seen = dressed(tar_of(usual()))
    [index] = seen.indexes
    assert index.name == "debian_dists_bookworm_InRelease"
    assert index.date == "Sat, 06 Jun 2026 10:00:00 UTC"
    assert index.sha256 == hashlib.sha256(INDEX).hexdigest()


def test_root_is_locked_and_the_machine_has_no_id() -> None:
    tar, _ = dressed(tar_of(usual()))
    assert content(tar, "./etc/shadow").endswith(b"root:*:19000:0:99999:7:::\n")
    assert content(tar, "./etc/machine-id") == b""


def test_what_is_added_brings_its_folders() -> None:
    tar, seen = dressed(tar_of(usual()))
    names = read(tar)
    assert names["./usr/lib/caretaker"].isdir()
    assert names["./usr/lib/caretaker/grow-data"].mode == 0o755
    assert names["./boot/grub/grub.cfg"].mode == 0o600
    assert names["./etc/resolv.conf"].linkname == "../run/systemd/resolve/stub-resolv.conf"
    assert list(names).count("./etc") == 1
    assert seen.entries == len(names)


def test_times_and_owners_say_nothing_of_the_build() -> None:
    raw = [*usual(), member("./etc/old", b"x", mtime=5), member("./etc/never", b"x", mtime=0)]
    tar, _ = dressed(tar_of(raw))
    names = read(tar)
    assert max(entry.mtime for entry in names.values()) == EPOCH
    assert names["./etc/old"].mtime == 5
    assert {(entry.uname, entry.gname) for entry in names.values()} == {("", "")}
    assert tar == dressed(tar_of(raw))[0]


def test_a_folder_that_is_there_stays_as_it_is() -> None:
    srv = member("./srv", mode=0o711, kind=tarfile.DIRTYPE)
    tar, _ = dressed(tar_of([*usual(), srv]))
    with tarfile.TarFile(fileobj=io.BytesIO(tar)) as source:
        assert [entry.mode for entry in source if entry.name == "./srv"] == [0o711]


def test_capabilities_stay_and_access_lists_go() -> None:
    entry, data = member("./etc/ping", b"x")
    entry.pax_headers = {"SCHILY.xattr.security.capability": "\x01\udcff", "mtime": "1.5",
                         "SCHILY.xattr.system.posix_acl_access": "\x02"}  # fmt: skip
    out = io.BytesIO()
    with tarfile.TarFile(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as target:
        for each, body in [*usual(), (entry, data)]:
            target.addfile(each, io.BytesIO(body) if each.isreg() else None)
    tar, _ = dressed(out.getvalue())
    kept = read(tar)["./etc/ping"].pax_headers
    assert kept["SCHILY.xattr.security.capability"] == "\x01\udcff"
    assert [key for key in kept if "acl" in key or key == "mtime"] == []


@pytest.mark.parametrize("shadow", [b"", b"root:x\n", b"toor::19000:0:99999:7:::\n"])
def test_a_tree_without_root_is_refused(shadow: bytes) -> None:
    with pytest.raises(MachineError, match="no root"):
        dressing.root_locked(shadow)


def test_what_is_no_tar_is_refused() -> None:
    with pytest.raises(MachineError, match="no tar"):
        dressed(b"x" * 2048)


@pytest.mark.parametrize(
    ("path", "matches"),
    [
        ("/etc/passwd-", True),
        ("/etc/deep/passwd-", False),
        ("/etc", False),
        ("/dev", False),
        ("/dev/null", True),
        ("/dev/pts/0", True),
        ("/exact", True),
        ("/exactly", False),
    ],
)
def test_patterns(path: str, matches: bool) -> None:
    assert dressing.pattern_of(["/etc/*-", "/dev/*", "/exact"])(path) is matches


def test_no_pattern_matches_nothing() -> None:
    assert not dressing.pattern_of([])("")
