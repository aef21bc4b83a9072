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
    """

    point: str
    kind: str
    source: str
    options: frozenset[str]
    device: tuple[int, int] = (0, 0)
    frozen: bool = False

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
    return Mount(_plain(left[4]), right[0], _plain(right[1]), options, device, frozen="ro" in below)


def _plain(text: str) -> str:
    """Blanks and backslashes stand as octal escapes in mountinfo."""
    for escape, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(escape, char)
    return text
