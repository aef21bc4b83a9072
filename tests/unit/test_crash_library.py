"""The preloaded library counts what changes something, in children too, and strikes where told."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.crash import library, log
from bench.crash.shared import Kind, Shared

pytestmark = pytest.mark.real


class Place:
    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.root.mkdir()
        self.log = folder / "log"
        self._file = folder / "shared"
        Shared.make(self._file)
        self.shared = Shared(self._file)
        self.shared.watch(self.root, self.log)

    def run(self, argv: list[str], kind: Kind = "none", strike: int = 0, **more: bool) -> int:
        self.shared.arm(kind, strike, **more)
        done = subprocess.run(
            argv, env=library.environment(self._file), cwd=self.root, check=False, timeout=30,
            capture_output=True, start_new_session=True,
        )  # fmt: skip
        self.shared.disarm()
        return done.returncode

    def python(self, code: str, kind: Kind = "none", strike: int = 0, **more: bool) -> int:
        return self.run([sys.executable, "-I", "-c", code], kind, strike, **more)

    def names(self) -> list[str]:
        return [call.name for call in self.shared.calls()]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


EVERYTHING = """
import os
fd = os.open("a", os.O_WRONLY | os.O_CREAT, 0o600)
os.write(fd, b"12345678")
os.pwrite(fd, b"x", 2)
os.writev(fd, [b"1", b"2"])
os.ftruncate(fd, 4)
os.posix_fallocate(fd, 0, 64)
os.fchmod(fd, 0o640)
os.fsync(fd)
os.fdatasync(fd)
os.close(fd)
os.mkdir("b")
os.symlink("a", "c")
os.link("a", "d")
os.rename("d", "e")
os.utime("e")
os.chmod("e", 0o600)
os.chown("e", -1, -1)
os.unlink("e")
os.rmdir("b")
"""


def test_every_call_that_changes_something_counts(place: Place) -> None:
    assert place.python(EVERYTHING) == 0
    assert place.names() == [
        *("open", "write", "pwrite", "writev", "writev", "ftruncate", "fallocate", "fchmod"),
        *("fsync", "fdatasync", "mkdir", "symlink", "linkat", "rename", "utimensat", "fchmodat"),
        *("fchownat", "unlink", "rmdir"),
    ]


def test_what_lies_elsewhere_and_what_only_reads_does_not_count(place: Place) -> None:
    elsewhere = place.root.parent / "elsewhere"
    code = f"import os; open({str(elsewhere)!r}, 'w').write('x'); os.listdir('.'); os.stat('.')"
    assert place.python(code) == 0
    assert place.names() == []


def test_children_count_even_with_an_environment_of_their_own(place: Place) -> None:
    (place.root / "a").write_text("x")
    code = "import subprocess; subprocess.run(['cp', 'a', 'b'], env={'PATH': '/bin'}, check=True)"
    assert place.python(code) == 0
    assert place.names()[0].startswith("open")
    assert place.names()[1] in ("ioctl", "copy_file_range")


def test_folders_named_by_descriptor_are_seen(place: Place) -> None:
    code = """
import os
folder = os.open(".", os.O_RDONLY)
os.mkdir("deep", dir_fd=folder)
os.rename("deep", "deeper", src_dir_fd=folder, dst_dir_fd=folder)
open(f"/proc/self/fd/{folder}/file", "w").close()
"""
    assert place.python(code) == 0
    assert place.names() == ["mkdirat", "renameat", "open"]


def test_sqlite_counts(place: Place) -> None:
    code = "import sqlite3; db = sqlite3.connect('x.db'); db.execute('CREATE TABLE t (a)')"
    assert place.python(code) == 0
    assert {"open", "pwrite", "fdatasync", "unlink"} <= set(place.names())


def test_a_kill_strikes_before_the_call(place: Place) -> None:
    assert place.python("import os; os.mkdir('a'); os.mkdir('b')", "kill", 2) == -9
    assert place.shared.struck
    assert [path.name for path in place.root.iterdir()] == ["a"]


def test_a_kill_in_a_child_ends_the_parent_too(place: Place) -> None:
    code = """
import os, subprocess
subprocess.run(["mkdir", "a"], start_new_session=True)
os.mkdir("b")
"""
    assert place.python(code, "kill", 1) == -9
    assert list(place.root.iterdir()) == []


def test_a_torn_write_leaves_half(place: Place) -> None:
    code = "import os; fd = os.open('a', os.O_WRONLY | os.O_CREAT); os.write(fd, b'12345678')"
    assert place.python(code, "torn", 2) == -9
    assert (place.root / "a").read_bytes() == b"1234"


def test_a_short_write_says_how_much(place: Place) -> None:
    code = """
import os
fd = os.open("a", os.O_WRONLY | os.O_CREAT)
assert os.write(fd, b"12345678") == 4
assert os.write(fd, b"5678") == 4
"""
    assert place.python(code, "short", 2) == 0


def test_a_full_disk_stays_full_for_what_grows(place: Place) -> None:
    code = """
import errno, os
for name in "ab":
    try:
        os.mkdir(name)
    except OSError as error:
        assert error.errno == errno.ENOSPC
    else:
        raise SystemExit(1)
os.rmdir("old")
"""
    (place.root / "old").mkdir()
    assert place.python(code, "disk-full", 1) == 0
    assert list(place.root.iterdir()) == []


def test_an_error_that_comes_once(place: Place) -> None:
    code = """
import os
fd = os.open("a", os.O_WRONLY | os.O_CREAT)
try:
    os.fsync(fd)
except OSError:
    os.fsync(fd)
"""
    assert place.python(code, "io-error", 2) == 0
    assert place.names() == ["open", "fsync", "fsync"]


def test_renameat2_by_number_and_by_name(place: Place) -> None:
    for name in ("a", "b", "c"):
        (place.root / name).touch()
    code = """
import ctypes
libc = ctypes.CDLL(None)
assert libc.renameat2(-100, b"a", -100, b"b", 2) == 0
assert libc.syscall(316, -100, b"b", -100, b"c", 2) == 0
"""
    assert place.python(code) == 0
    assert place.names() == ["renameat2", "renameat2"]


def test_a_recording_tells_names_content_and_syncs(place: Place) -> None:
    code = """
import os
fd = os.open("a", os.O_WRONLY | os.O_CREAT, 0o600)
os.write(fd, b"1234")
os.fsync(fd)
os.rename("a", "b")
os.unlink("b")
"""
    assert place.python(code, recording=True) == 0
    made, wrote, synced, moved, gone = log.read(place.log)
    (inode,) = made.facts
    top = place.root.stat().st_ino
    assert made.names == {(top, b"a"): inode}
    assert made.facts[inode].mode == 0o600
    assert [(piece.at, piece.content) for piece in wrote.pieces] == [(0, b"1234")]
    assert synced.synced == [inode]
    assert moved.names == {(top, b"a"): 0, (top, b"b"): inode}
    assert gone.names == {(top, b"b"): 0}
    assert place.shared.lost == 0
