"""Trees to be emptied: many small files in folders of a thousand, on a file system of their own.

Owns making them, the throw-away ext4 they stand on, and running a program over one while its
processor time and memory are counted.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

A_FOLDER = 1000
CONTENT = b"x" * 1024

OURS = """
import os, sys, time
from agent.host.purge import Terms, purge
fd = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECTORY)
done = purge(fd, Terms(now=time.time(), age=float(sys.argv[2])), path=sys.argv[1])
print(done.files, done.folders, done.returned, done.opened, len(done.problems))
"""


@dataclass(frozen=True)
class Run:
    """Seconds, and bytes of resident memory at its highest."""

    wall: float
    cpu: float
    resident: int
    said: str


@contextlib.contextmanager
def ext4(files: int) -> Iterator[Path]:
    """A fresh ext4 in a sparse file. Only for root.

    In memory where there is room: two programs that wait for one disk measure the disk, and what
    else is written to it.
    """
    size = files * 8192 + (512 << 20)
    memory = os.statvfs("/dev/shm")
    home_of_it = "/dev/shm" if memory.f_bavail * memory.f_frsize > size else None
    with tempfile.TemporaryDirectory(prefix="caretaker-bench-purge-", dir=home_of_it) as home:
        image, point = Path(home, "disk"), Path(home, "mnt")
        point.mkdir()
        with image.open("wb") as stream:
            stream.truncate(size)
        inodes = str(files + files // 500 + 10_000)
        _quiet("mkfs.ext4", "-q", "-F", "-N", inodes, str(image))
        _quiet("mount", "-o", "loop,noatime", str(image), str(point))
        try:
            yield point
        finally:
            _quiet("umount", str(point))


@contextlib.contextmanager
def tmpfs(files: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="caretaker-bench-purge-") as home:
        options = f"size={files * 8192 + (64 << 20)},nr_inodes={files * 2 + 10_000}"
        _quiet("mount", "-t", "tmpfs", "-o", options, "caretaker-bench", home)
        try:
            yield Path(home)
        finally:
            _quiet("umount", home)


def grow(top: Path, files: int) -> None:
    top.mkdir()
    for number in range(0, files, A_FOLDER):
        folder = top / f"d{number // A_FOLDER:04d}"
        folder.mkdir()
        fd = os.open(folder, os.O_RDONLY)
        for each in range(min(A_FOLDER, files - number)):
            flags = os.O_CREAT | os.O_WRONLY
            file = os.open(f"file-{each:05d}.tmp", flags, 0o644, dir_fd=fd)
            os.write(file, CONTENT)
            os.close(file)
        os.close(fd)
    subprocess.run(["sync", "--file-system", str(top)], check=True)


def find(top: Path) -> Run:
    return measured("find", str(top), "-mindepth", "1", "-delete")


def ours(top: Path, age: float = 0.0) -> Run:
    return measured(sys.executable, "-c", OURS, str(top), str(age))


def measured(*argv: str) -> Run:
    begun = time.perf_counter()
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    said = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - begun
    if child.returncode:
        raise SystemExit(f"{argv[0]} ended with {child.returncode}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, said.strip())


def _quiet(*argv: str) -> None:
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
