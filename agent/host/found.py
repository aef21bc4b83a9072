"""Regular files that a pattern or a folder means, found and opened by descriptor.

Owns the walk and opening what was found. A link is followed only on the way to the first folder
that a pattern names, and there as `glance` does; below it none is, and nothing but regular files is
opened. Refuses more than so many entries, and a second name of somebody else's file: whoever may
write in a folder may link any file there, and root would read it for them.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path

from agent.host import glance
from agent.host.failures import FileFailure

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DEEPEST = 16  # folders below a pattern's first
_MOST = 50_000  # entries looked at; whoever may write there could make millions
_ANY_DEPTH = "**"


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file. `top` is the folder below the root where the search began; `relative` is
    below that. `size` and `modified` (since 1970) are as they were when it was found. `real` is
    where it stands without any link on the way."""

    root: Path
    top: str
    relative: str
    size: int
    modified: float
    identity: tuple[int, int]
    on_disk: int
    real: str
    linked: bool = False

    @property
    def path(self) -> str:
        """As the machine calls it: absolute, without the root."""
        return f"{self.top.rstrip('/')}/{self.relative}"

    def open(self) -> int:
        """A descriptor of it, or of the file that has its name now. FileFailure."""
        try:
            if self.linked:
                fd, owner = glance.open_at(self.root, self.path, _FILE), -1
            else:
                fd, owner = self._go_down()
        except OSError as error:
            raise FileFailure(Path(self.path), "read", error.strerror or str(error)) from error
        facts = os.fstat(fd)
        why = ""
        if not stat.S_ISREG(facts.st_mode):
            why = "it is not a regular file"
        elif facts.st_nlink > 1 and facts.st_uid not in (owner, os.geteuid() or owner):
            why = "it is another name of a file that belongs to somebody else"
        if why:
            os.close(fd)
            raise FileFailure(Path(self.path), "read", why)
        return fd

    def _go_down(self) -> tuple[int, int]:
        """Its descriptor, and who owns its folder."""
        *folders, name = self.relative.split("/")
        here = glance.open_at(self.root, self.top, _FOLDER)
        try:
            for step in folders:
                below = os.open(step, _FOLDER, dir_fd=here)
                os.close(here)
                here = below
            return os.open(name, _FILE, dir_fd=here), os.fstat(here).st_uid
        finally:
            os.close(here)


def matching(root: Path, pattern: str) -> Iterator[Found]:
    """Files at an absolute path, in which `*`, `?`, `[…]` and, for any depth, `**` are wildcards.

    In the order of names; nothing where nothing is found or can be seen.
    """
    steps = [step for step in pattern.split("/") if step not in ("", ".")]
    if ".." in steps or not steps:
        return
    fixed = 0
    while fixed < len(steps) - 1 and not _is_wild(steps[fixed]):
        fixed += 1
    top = "/" + "/".join(steps[:fixed])
    if fixed == len(steps) - 1 and not _is_wild(steps[-1]):
        yield from _exactly(root, top, steps[-1])
    else:
        yield from _search(root, top, steps[fixed:])


def below(root: Path, top: str) -> Iterator[Found]:
    """Every regular file below a folder."""
    yield from _search(root, top, [_ANY_DEPTH, "*"])


def listed(folder: Path, relative: str, facts: os.stat_result) -> Found:
    """A regular file that somebody's own walk of a folder came by."""
    return _found(folder, "/", relative, facts, f"/{relative}")


def _exactly(root: Path, top: str, name: str) -> Iterator[Found]:
    """The one file, also behind a link that only root can have made."""
    try:
        fd = glance.open_at(root, f"{top.rstrip('/')}/{name}", os.O_PATH | os.O_NOFOLLOW)
        facts, real = os.fstat(fd), _real(root, fd, f"{top}/{name}")
        os.close(fd)
    except (FileFailure, OSError):
        return
    if stat.S_ISREG(facts.st_mode):
        linked = bool(glance.link(root, f"{top.rstrip('/')}/{name}"))
        yield _found(root, top, name, facts, real, linked=linked)


def _search(root: Path, top: str, steps: list[str]) -> Iterator[Found]:
    try:
        fd = glance.open_at(root, top, _FOLDER)
    except (FileFailure, OSError):
        return
    yield from _Search(root, top, _real(root, fd, top)).walk(fd, "", steps)


def _real(root: Path, fd: int, asked: str) -> str:
    """Where an open file or folder stands, as the machine calls it."""
    try:
        path = os.readlink(f"/proc/self/fd/{fd}")
    except FileNotFoundError:  # No /proc, as in a chroot that somebody made in haste.
        return os.path.realpath(f"{root}/{asked}")[len(os.path.realpath(root).rstrip("/")) :] or "/"
    above = os.path.realpath(root).rstrip("/")
    return path[len(above) :] or "/" if above and path.startswith(above) else path


@dataclass
class _Search:
    root: Path
    top: str
    real: str
    left: int = field(default_factory=lambda: _MOST)

    def walk(self, fd: int, inside: str, steps: list[str]) -> Iterator[Found]:
        """What matches below an open folder, which is closed at the end."""
        step, rest = steps[0], steps[1:]
        deep = step == _ANY_DEPTH
        if deep and not rest:
            rest = ["*"]
        try:
            for name in self._names(fd):
                facts = _facts(fd, name)
                if facts is None:
                    continue
                if stat.S_ISDIR(facts.st_mode):
                    wanted = self._wanted(name, step, steps, rest, deep=deep)
                    for each in wanted if inside.count("/") < _DEEPEST else []:
                        yield from self._enter(fd, name, inside, each)
                elif stat.S_ISREG(facts.st_mode):
                    last = rest[0] if deep and len(rest) == 1 else step if not rest else ""
                    if last and fnmatchcase(name, last):
                        path = f"{inside}{name}"
                        real = f"{self.real.rstrip('/')}/{path}"
                        yield _found(self.root, self.top, path, facts, real)
        except OSError:
            return
        finally:
            os.close(fd)

    def _names(self, fd: int) -> list[str]:
        """In their order, and no more than may still be looked at: a list of all may not fit."""
        with os.scandir(fd) as listing:
            names = sorted(entry.name for entry in islice(listing, self.left))
        self.left -= len(names)
        return names

    def _wanted(
        self, name: str, step: str, steps: list[str], rest: list[str], *, deep: bool
    ) -> list[list[str]]:
        """With which steps to go on in a folder."""
        if not deep:
            return [rest] if rest and fnmatchcase(name, step) else []
        # `**` means this folder too: what comes after it may match here.
        past = rest[1:] if len(rest) > 1 and fnmatchcase(name, rest[0]) else []
        return [steps, past] if past else [steps]

    def _enter(self, fd: int, name: str, inside: str, steps: list[str]) -> Iterator[Found]:
        try:
            down = os.open(name, _FOLDER, dir_fd=fd)
        except OSError:
            return
        yield from self.walk(down, f"{inside}{name}/", steps)


def _found(
    root: Path, top: str, relative: str, facts: os.stat_result, real: str, *, linked: bool = False
) -> Found:
    return Found(
        root,
        top,
        relative,
        size=facts.st_size,
        modified=facts.st_mtime,
        identity=(facts.st_dev, facts.st_ino),
        on_disk=facts.st_blocks * 512,
        real=real,
        linked=linked,
    )


def _facts(fd: int, name: str) -> os.stat_result | None:
    with contextlib.suppress(OSError):
        return os.stat(name, dir_fd=fd, follow_symlinks=False)
    return None


def _is_wild(step: str) -> bool:
    return any(letter in step for letter in "*?[")
