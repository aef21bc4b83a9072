"""A file taken out of everybody's way, and kept.

Owns moving one file into a folder of ours so that at no moment its name is missing: a placeholder
of ours and the file change places in one step, what came out is looked at, and only if it is the
very file that was meant does the placeholder go. Otherwise they change back. So a program that
makes its lock with O_EXCL never gets in between, whatever is started or ended meanwhile. Refuses
to unlink anything but its own placeholder, and to replace a file.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent.host import swap
from agent.host.descent import Place, is_ours, open_folder
from agent.host.failures import FileFailure

BESIDE = "caretaker-quarantine"  # a folder beside the file, where no other is on its file system
_MARK = b"Caretaker is looking at the lock that stood here: "
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,200}")
_SMALL = 4096  # bytes
_TURNS = 1000  # more owners than can come and go in a row

Outcome = Literal["moved", "gone", "returned"]


@dataclass(frozen=True, slots=True)
class Kept:
    """How it ended. `moved`: the file stands at `where`. `gone`: it was taken away by whoever
    owned it. `returned`: it was not the file that was meant, or came to life; it stands in its
    place again."""

    outcome: Outcome
    where: Path


def put_away(
    place: Place, name: str, folders: Sequence[Path], *, still: Callable[[bool], bool]
) -> Kept:
    """Move what was opened at `place` into the first of `folders` on its mount.

    It is called `name` there, and something random after it.

    `still` is asked once the file is out of reach by its name: whether it is what was judged. It
    is told whether the kernel says for certain that nobody has it open; where somebody has, it is
    not asked. Raises FileFailure where none of the folders will do.
    """
    name = f"{name}-{os.urandom(3).hex()}"
    reasons = []
    for folder in (*folders, place.path.parent / BESIDE):
        try:
            aside = _open(folder, place)
        except FileFailure as failure:
            reasons.append(f"{folder}: {failure.why}")
            continue
        try:
            return _into(aside, folder, place, name, still)
        except OSError as error:
            if error.errno == errno.EXDEV:
                reasons.append(f"{folder}: it is on another mount")
                continue
            why = error.strerror or str(error)
            if error.errno == errno.EINVAL:
                why = "its file system can't let two names change places in one step"
            raise FileFailure(place.path, "put aside", why) from error
        finally:
            os.close(aside)
    raise FileFailure(place.path, "put aside", f"no folder will do ({'; '.join(reasons)})")


def placeholder(place: Place) -> str:
    """The name under which the file was being put away; empty: it is no placeholder of ours.

    One that stands there when nobody puts away is left from a run that was killed.
    """
    facts = place.facts
    if not stat.S_ISREG(facts.st_mode) or facts.st_size > _SMALL or facts.st_nlink != 1:
        return ""
    if facts.st_uid not in (0, os.geteuid()):
        return ""
    content = place.read(_SMALL) or b""
    _, _, rest = content.partition(b"\n")
    found = rest.removeprefix(_MARK).strip().decode(errors="replace")
    return found if rest.startswith(_MARK) and _NAME.fullmatch(found) else ""


def bring_back(place: Place, folders: Sequence[Path]) -> bool:
    """Undo a run that was killed between its two steps: the file stands where it stood.

    True if there was such a run. OSError, FileFailure.
    """
    name = placeholder(place)
    if not name:
        return False
    for folder in (*folders, place.path.parent / BESIDE):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            aside = open_folder(folder)
            try:
                if not _is(aside, name, None):
                    continue
                swap.exchange((place.folder, place.name), (aside, name))
                if _is(aside, name, place.facts):
                    os.unlink(name, dir_fd=aside)
                _sync(place.folder, aside)
                return True
            finally:
                os.close(aside)
    # It was moved already, or is kept elsewhere: only the placeholder is left to go.
    _take_out(place.folder, place.name, place.folder, f".{name}", place.facts)
    return True


def _open(folder: Path, place: Place) -> int:
    """The folder, made where it is missing. FileFailure where it is not ours alone."""
    try:
        parent = place.folder if folder.parent == place.path.parent else open_folder(folder.parent)
        try:
            if os.fstat(parent).st_dev != os.fstat(place.folder).st_dev:
                raise FileFailure(folder, "use", "it is on another file system")
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder.name, 0o700, dir_fd=parent)
                os.fsync(parent)
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            fd = os.open(folder.name, flags, dir_fd=parent)
        finally:
            if parent != place.folder:
                os.close(parent)
    except OSError as error:
        raise FileFailure(folder, "open", error.strerror or str(error)) from error
    if not is_ours(os.fstat(fd)):
        os.close(fd)
        raise FileFailure(folder, "use", "others may write there")
    return fd


def _into(aside: int, folder: Path, place: Place, name: str, still: Callable[[bool], bool]) -> Kept:
    where = folder / name
    # Held open to the end: a number that is given to another file would mistake that for ours.
    ours = _make(aside, name)
    try:
        try:
            swap.exchange((aside, name), (place.folder, place.name))
        except OSError as error:
            os.unlink(name, dir_fd=aside)
            if isinstance(error, FileNotFoundError):
                return Kept("gone", where)
            raise
        _sync(aside, place.folder)
        if _is(aside, name, place.facts) and _is_idle(place, still):
            _take_out(place.folder, place.name, aside, f".{name}", os.fstat(ours))
            outcome: Outcome = "moved"
        else:
            _give_back((aside, name), (place.folder, place.name), ours)
            outcome = "returned"
        _sync(aside, place.folder)
        return Kept(outcome, where)
    finally:
        os.close(ours)


def _is_idle(place: Place, still: Callable[[bool], bool]) -> bool:
    """Nobody can open it any more; whoever has it open would be seen now, and may yet write."""
    opened = swap.is_open(place.file)
    return not opened and place.facts.st_nlink == 1 and still(opened is False)


def _make(aside: int, name: str) -> int:
    """The placeholder. Who reads the lock meanwhile finds a process that lives: us."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(name, flags, 0o600, dir_fd=aside)
    os.write(fd, b"%d\n%s%s\n" % (os.getpid(), _MARK, name.encode()))
    os.fchmod(fd, 0o644)
    os.fsync(fd)
    return fd


def _give_back(aside: tuple[int, str], place: tuple[int, str], ours: int) -> None:
    """Change places back, until what comes out is what was put in last.

    Meanwhile the owner of the file may have let go (and unlinked our placeholder) and another
    taken the lock: then that one's file comes out, and goes back in the next turn. The name is
    there throughout if, and only if, somebody owns the lock.
    """
    flags = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
    expected = os.dup(ours)
    try:
        for _ in range(_TURNS):
            put = os.open(aside[1], flags, dir_fd=aside[0])
            try:
                swap.exchange(aside, place)
            except FileNotFoundError:
                os.close(put)
                return  # Its owner let go; what is aside belongs to nobody.
            if _is(*aside, os.fstat(expected)):
                if os.path.samestat(os.fstat(expected), os.fstat(ours)):
                    os.unlink(aside[1], dir_fd=aside[0])
                os.close(put)
                return
            os.close(expected)
            expected = put
    finally:
        os.close(expected)


def _take_out(folder: int, name: str, aside: int, aside_name: str, ours: os.stat_result) -> None:
    """Take our placeholder away; if another stands there by now, it stays or comes back."""
    if not _is(folder, name, ours):
        return
    try:
        swap.move((folder, name), (aside, aside_name))
    except FileNotFoundError:
        return
    if _is(aside, aside_name, ours):
        os.unlink(aside_name, dir_fd=aside)
        return
    with contextlib.suppress(FileExistsError):  # A new one is there: both are kept.
        swap.move((aside, aside_name), (folder, name))


def _is(folder: int, name: str, wanted: os.stat_result | None) -> bool:
    """Whether that very file, or with None any, has the name."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return wanted is None or os.path.samestat(found, wanted)


def _sync(*folders: int) -> None:
    for folder in folders:
        os.fsync(folder)
