"""Trees for the tests of data: what one holds, awkward ones, and file systems of each kind."""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

AWKWARD = "line\nbreak \udcff\x1b[31m"  # a name with a line break, a byte that is no text, a colour


def facts(top: Path, *, times: bool = True) -> dict[str, Any]:
    """All that a clone must keep, by path below `top`; hard links as groups."""
    found: dict[str, Any] = {}
    groups: dict[int, list[str]] = {}
    for path in [top, *sorted(top.rglob("*"))]:
        name = str(path.relative_to(top))
        one = path.lstat()
        found[name] = _one(path, one, times=times)
        if one.st_nlink > 1 and not stat.S_ISDIR(one.st_mode):
            groups.setdefault(one.st_ino, []).append(name)
    found["hard links"] = sorted(map(tuple, groups.values()))
    return found


def _one(path: Path, one: os.stat_result, *, times: bool) -> tuple[Any, ...]:
    content: bytes | str = b""
    if stat.S_ISREG(one.st_mode) and one.st_size < 1 << 24:
        content = path.read_bytes()
    elif stat.S_ISLNK(one.st_mode):
        content = os.readlink(path)
    size = one.st_size if stat.S_ISREG(one.st_mode) else 0
    told = {
        name: os.getxattr(path, name, follow_symlinks=False)
        for name in os.listxattr(path, follow_symlinks=False)
    }
    when = one.st_mtime_ns if times else 0
    return one.st_mode, one.st_uid, one.st_gid, size, when, content, tuple(sorted(told.items()))


def fill(top: Path) -> None:
    """One of each thing that data may hold."""
    top.mkdir(mode=0o750)
    (top / "rows").write_bytes(b"v1.0" * 5000)
    (top / "empty").touch()
    below = top / "below"
    below.mkdir(mode=0o2770)
    (below / AWKWARD).write_text("named oddly")
    (below / "tool").write_text("#!/bin/sh\n")
    os.chmod(below / "tool", 0o4755)
    os.link(top / "rows", below / "rows-again")
    (top / "out").symlink_to("/etc/passwd")
    (top / "dangling").symlink_to("nowhere")
    os.mkfifo(top / "pipe", 0o620)
    with (top / "holes").open("wb") as stream:
        stream.seek(300 << 20)
        stream.write(b"end")
        stream.truncate(1 << 40 if _takes_terabytes(top) else 400 << 20)
    os.setxattr(top / "rows", "user.note", b"kept")
    if os.geteuid() == 0:
        os.chown(below / AWKWARD, 1234, 4321)
        os.chown(top / "out", 1234, 1234, follow_symlinks=False)
        os.chown(top, 1234, 1234)
    os.utime(top / "rows", ns=(10**18, 10**18 + 7))
    os.utime(below, ns=(10**18, 10**18 + 9))


def _takes_terabytes(top: Path) -> bool:
    try:
        with (top / "try").open("wb") as stream:
            stream.truncate(1 << 40)
    except OSError:
        return False
    finally:
        (top / "try").unlink()
    return True


@contextmanager
def mounted(kind: str, image: Path, point: Path, size: str = "512M") -> Iterator[Path]:
    """A file system of that kind, in a file; gone afterwards, whatever happened."""
    make = {
        "btrfs": ["mkfs.btrfs", "-q"],
        "xfs": ["mkfs.xfs", "-q", "-m", "reflink=1"],
        "xfs-plain": ["mkfs.xfs", "-q", "-m", "reflink=0"],
        "ext4": ["mkfs.ext4", "-q"],
    }[kind]
    subprocess.run(["truncate", "-s", size, image], check=True)
    subprocess.run([*make, image], check=True, capture_output=True)
    point.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-o", "loop", image, point], check=True)
    try:
        yield point
    finally:
        subprocess.run(["umount", point], check=True)
        image.unlink()


def can_mount() -> bool:
    """Root, with loop devices and the programs that make file systems."""
    programs = all(shutil.which(each) for each in ("mkfs.btrfs", "mkfs.xfs", "mkfs.ext4"))
    return os.geteuid() == 0 and programs and Path("/dev/loop-control").exists()
