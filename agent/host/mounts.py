"""Mounts: on which file system a path stands, of which kind, with which options.

Owns reading mountinfo. Refuses to judge which kinds are good for what.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of mountinfo. `options` are the mount's own and the file system's together.

    `device` is (major, minor) of the file system, as /proc/locks has it; `frozen` that the file
    system itself is read-only, which the kernel does to a damaged one (errors=remount-ro).
    `number` is the mount's, as /proc/self/fdinfo has it; `root` what of the file system is seen.
    """

    point: str
    kind: str
    source: str
    options: frozenset[str]
    device: tuple[int, int] = (0, 0)
    frozen: bool = False
    number: int = 0
    root: str = "/"

    @property
    def read_only(self) -> bool:
        return "ro" in self.options

    @property
    def noexec(self) -> bool:
        return "noexec" in self.options


def read_mounts(proc: Path = Path("/proc")) -> list[Mount]:
    """The mounts this process sees, in mount order; empty where there is no /proc."""
    try:
        text = (proc / "self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return []
    return parse_mounts(text.splitlines())


def mount_under(fd: int, mounts: Sequence[Mount]) -> Mount | None:
    """The mount that an open file stands on, whatever its path leads to by now."""
    try:
        with open(f"/proc/self/fdinfo/{fd}") as stream:
            number = next(int(line.split()[1]) for line in stream if line.startswith("mnt_id:"))
    except (OSError, StopIteration):
        return None
    return next((mount for mount in mounts if mount.number == number), None)


def parse_mounts(lines: Iterable[str]) -> list[Mount]:
    """The mounts of a mountinfo; lines that are none are left out."""
    return [mount for line in lines if (mount := _parse(line.rstrip("\n")))]


def mount_of(path: Path, mounts: Sequence[Mount]) -> Mount | None:
    """The mount that an absolute path stands on, itself existing or not.

    Of several at one place the last counts: it covers the others.
    """
    above = {str(path), *map(str, PurePosixPath(path).parents)}
    found: Mount | None = None
    for mount in mounts:
        if mount.point in above and (found is None or len(mount.point) >= len(found.point)):
            found = mount
    return found


def _parse(line: str) -> Mount | None:
    """Fields of proc_pid_mountinfo(5); a variable number of tags stands before the hyphen."""
    before, hyphen, after = line.partition(" - ")
    left, right = before.split(" "), after.split(" ")
    if not hyphen or len(left) < 6 or len(right) < 3:
        return None
    # "ro" of the file system itself counts too, but its "rw" must not hide the mount's "ro".
    below = set(right[2].split(",")) - {"rw"}
    options = frozenset(set(left[5].split(",")) | below)
    major, _, minor = left[2].partition(":")
    device = (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)
    return Mount(
        point=_plain(left[4]),
        kind=right[0],
        source=_plain(right[1]),
        options=options,
        device=device,
        frozen="ro" in below,
        number=int(left[0]) if left[0].isdigit() else 0,
        root=_plain(left[3]),
    )


def _plain(text: str) -> str:
    """Blanks and backslashes stand as octal escapes in mountinfo."""
    for escape, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(escape, char)
    return text
