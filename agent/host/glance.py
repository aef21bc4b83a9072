"""Small files and folders below a root, looked at without trust in whoever may write there.

Owns reading the beginning or the end of a regular file, and listing a folder. A link is followed
only where nobody but root and this user could have made it, and never out of the root: on the
mounted disk of another machine `/run/x` is that machine's. Refuses special files.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.host.descent import is_ours
from agent.host.failures import FileFailure

_LINKS = 40  # as many as the kernel follows (path_resolution(7))
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MOST = 20_000  # entries of one folder


@dataclass(frozen=True, slots=True)
class Seen:
    """One name in a folder. `mode` holds type and permissions (inode(7))."""

    name: str
    mode: int
    size: int
    modified: float
    uid: int
    gid: int
    links: int = 1

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.mode)

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def permissions(self) -> str:
        return f"{stat.S_IMODE(self.mode):04o}"


def look(root: Path, path: str) -> Seen | None:
    """What stands at a path below the root, links followed; None where nothing can be seen."""
    try:
        with _opened(root, path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC) as fd:
            return _seen(os.path.basename(path), os.fstat(fd))
    except (FileFailure, OSError):
        return None


def read(root: Path, path: str, *, cap: int, newest: bool = False) -> bytes:
    """At most `cap` bytes of a regular file: its first, or its `newest`, begun at a line.

    FileNotFoundError, FileFailure.
    """
    with _opened(root, path, _FILE) as fd:
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode):
            raise FileFailure(Path(path), "read", "it is not a regular file")
        begin = max(0, facts.st_size - cap) if newest else 0
        content = _all(fd, begin, cap)
    return content if not begin else content[content.find(b"\n") + 1 :]


def entries(root: Path, path: str) -> list[Seen]:
    """What a folder holds, in the order of names; empty where there is none to be seen."""
    try:
        with _opened(root, path, _FOLDER) as fd:
            names = sorted(os.listdir(fd))[:_MOST]
            return [seen for name in names if (seen := _below(fd, name))]
    except (FileFailure, OSError):
        return []


def link(root: Path, path: str) -> str:
    """Where a link leads, as it is written; empty for what is none."""
    try:
        with _opened(root, os.path.dirname(path) or "/", _FOLDER) as fd:
            return _link(fd, os.path.basename(path)) or ""
    except (FileFailure, OSError):
        return ""


def _below(folder: int, name: str) -> Seen | None:
    with contextlib.suppress(OSError):  # Gone since it was listed.
        return _seen(name, os.stat(name, dir_fd=folder, follow_symlinks=False))
    return None


def _seen(name: str, facts: os.stat_result) -> Seen:
    plain = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return Seen(
        plain, facts.st_mode, facts.st_size, facts.st_mtime, facts.st_uid, facts.st_gid,
        facts.st_nlink,
    )  # fmt: skip


def _all(fd: int, begin: int, cap: int) -> bytes:
    parts: list[bytes] = []
    while cap > 0:
        part = os.pread(fd, min(cap, 1 << 20), begin)
        if not part:
            break
        parts.append(part)
        begin, cap = begin + len(part), cap - len(part)
    return b"".join(parts)


@contextlib.contextmanager
def _opened(root: Path, path: str, flags: int) -> Iterator[int]:
    """A descriptor of what stands there. FileNotFoundError, FileFailure."""
    try:
        fd = open_at(root, path, flags)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(2, "No such file or directory", path) from None
    except OSError as error:
        raise FileFailure(Path(path), "open", error.strerror or str(error)) from error
    try:
        yield fd
    finally:
        os.close(fd)


def open_at(root: Path, path: str, flags: int) -> int:
    """A descriptor of what stands at a path below the root. FileFailure for a link that others may
    have made; OSError."""
    top = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    # The folders gone through, so that `..` goes up what was gone down, and not above the root.
    trail, links = [top], 0
    pending = [step for step in reversed(path.split("/")) if step not in ("", ".")]
    try:
        while pending:
            step = pending.pop()
            if step == "..":
                if len(trail) > 1:
                    os.close(trail.pop())
                continue
            target = _link(trail[-1], step)
            if target is not None:
                links += 1
                if links > _LINKS or not is_ours(os.fstat(trail[-1])):
                    raise FileFailure(Path(path), "open", f"{step} is a link others may have made")
                if target.startswith("/"):
                    while len(trail) > 1:
                        os.close(trail.pop())
                pending += [each for each in reversed(target.split("/")) if each not in ("", ".")]
            elif pending:
                trail.append(os.open(step, _FOLDER, dir_fd=trail[-1]))
            else:
                return os.open(step, flags, dir_fd=trail[-1])
        return os.open(".", flags & ~os.O_NOFOLLOW, dir_fd=trail[-1])
    finally:
        for fd in trail:
            os.close(fd)


def _link(folder: int, step: str) -> str | None:
    with contextlib.suppress(OSError):
        return os.readlink(step, dir_fd=folder)
    return None
