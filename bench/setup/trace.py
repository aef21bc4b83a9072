"""System calls of a run, by strace: which change state, and being killed at one of them.

Owns which calls count as changing something. Refuses to guess: what is not known to be harmless
is reported.
"""

import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

CHANGING = (
    *("mkdir", "mkdirat", "rmdir", "rename", "renameat", "renameat2", "unlink", "unlinkat"),
    *("symlink", "symlinkat", "link", "linkat", "chmod", "fchmod", "fchmodat", "chown", "fchown"),
    *("fchownat", "lchown", "truncate", "ftruncate", "fallocate", "mknod", "mknodat"),
    *("utimensat", "setxattr", "fsetxattr", "lsetxattr", "removexattr", "mount", "umount2"),
)
WRITING = ("write", "pwrite64", "writev", "sendfile", "copy_file_range")
MOMENTS = (*CHANGING, *WRITING, "fsync", "fdatasync", "syncfs", "flock", "vfork", "execve")
OPENING = ("open", "openat", "creat")

_CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)")
_PATH = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Point:
    """The `nth` time that a process makes this call (strace counts each call by itself)."""

    call: str
    nth: int

    def __str__(self) -> str:
        return f"{self.call} #{self.nth}"

    def under(self) -> list[str]:
        """The prefix of a command that is to be killed right before it."""
        inject = f"inject={self.call}:signal=KILL:when={self.nth}"
        return ["strace", "-qq", "-o", "/dev/null", "-e", f"trace={self.call}", "-e", inject]


def record(argv: Sequence[str], log: Path) -> list[Point]:
    """Every moment of an undisturbed run's own process, in order."""
    trace = ["strace", "-qq", "-e", "signal=none", "-o", str(log), "-e"]
    subprocess.run([*trace, f"trace={','.join(MOMENTS)}", *argv], stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, check=True, timeout=300)  # fmt: skip
    return points_of(log.read_text(errors="replace").splitlines())


def points_of(lines: Sequence[str]) -> list[Point]:
    """The calls of one process's trace, each with its number among those of its name."""
    seen: Counter[str] = Counter()
    points = []
    for line in lines:
        call = _CALL.match(line)
        if call:
            seen[call[1]] += 1
            points.append(Point(call[1], seen[call[1]]))
    return points


def spread(points: Sequence[Point], count: int) -> list[Point]:
    """So many of them, evenly over the run, the first and the last among them."""
    if count >= len(points):
        return list(points)
    step = (len(points) - 1) / max(1, count - 1)
    return [points[round(each * step)] for each in range(count)]


def writes(argv: Sequence[str], log: Path) -> list[str]:
    """Every call of a command and its children that creates, changes or writes anything.

    Writing to the standard streams, pipes, sockets and /dev/null is how a program speaks.
    """
    calls = ",".join((*CHANGING, *WRITING, *OPENING))
    trace = ["strace", "-f", "-qq", "-y", "-e", "signal=none", "-o", str(log), "-e"]
    subprocess.run([*trace, f"trace={calls}", *argv], stdin=subprocess.DEVNULL,
                   stdout=subprocess.PIPE, check=True, timeout=300)  # fmt: skip
    return offences(log.read_text(errors="replace").splitlines())


def offences(lines: Sequence[str]) -> list[str]:
    """The lines of a trace (`strace -f -y`) that tell of a change."""
    return list(_offences(lines))


def _offences(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        call = _CALL.match(line)
        if call is None or "resumed>" in line or line.rstrip().endswith(")        = ?"):
            continue
        name, rest = call[1], call[2]
        if name in OPENING:
            path = _PATH.search(rest)
            if _opens_for_writing(rest) and (
                path is None or path[1] not in ("/dev/null", "/dev/tty")
            ):
                yield line
        elif name in WRITING:
            # -y shows what a descriptor is: 1</path>, 4<pipe:[1]>, 5<socket:[2]>, 1</dev/pts/0>.
            target = rest.partition("<")[2].partition(">")[0]
            if not target.startswith(("pipe:", "socket:", "/dev/", "anon_inode:", "UNIX", "TCP")):
                yield line
        elif "ENOENT" not in rest or name not in ("unlink", "rmdir"):
            yield line


def _opens_for_writing(rest: str) -> bool:
    return any(flag in rest for flag in ("O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"))
