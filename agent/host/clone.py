"""A whole folder cloned under a name of its own, durably and all at once.

Owns choosing how (a snapshot where it is a btrfs subvolume, shared blocks where the file system
can, else a copy that is read back), and the order: filled as `NAME.part`, flushed, renamed. Refuses
a tree in which something is mounted: that part would not be in it.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Literal

from agent.host import btrfs, reflink, sync, trees
from agent.host.chain import FOLDER
from agent.host.failures import FileFailure
from agent.host.mounts import read_mounts
from agent.host.read_back import read_back
from agent.host.tree_copy import Copied, copy_tree

PART = ".part"
How = Literal["snapshot", "reflink", "copy"]
Tell = Callable[[Literal["write", "check"], int], None]  # what is being done, bytes so far


def method(source: Path, parent: Path) -> How:
    """How a clone of `source` in the folder `parent` is made. Writes nothing. OSError."""
    with _opened(source) as old, _opened(parent) as home:
        return _method(old, home)


def shared_cost(parent: Path) -> int:
    """Bytes of the disk for each inode of a clone that shares blocks. OSError."""
    with _opened(parent) as home:
        return reflink.cost(home)


def clone(
    source: Path, target: Path, tell: Tell, *, leave_out: Collection[str] = ()
) -> tuple[How, Copied]:
    """Clone a folder. With `leave_out` (paths below it) there is no snapshot.

    A target that is called `.part` itself gets its name at once: its maker renames it when all is
    done. What an interrupted try left aside is removed first. FileFailure, NoRoom.
    """
    aside = target if target.suffix == PART else target.with_name(f"{target.name}{PART}")
    if aside != target and os.path.lexists(target):
        raise FileFailure(target, "clone", "it is there already")
    refuse_mounts(source)
    trees.remove(aside)
    try:
        with _opened(source) as old, _opened(target.parent) as home:
            how = _method(old, home)
            if how == "snapshot" and leave_out:
                how = "reflink"
            copied = _fill(old, home, aside, how, tell, leave_out)
            os.rename(aside.name, target.name, src_dir_fd=home, dst_dir_fd=home)
            os.fsync(home)
    except OSError as error:
        with contextlib.suppress(FileFailure):  # The reason is what people need to know.
            trees.remove(aside)
        raise failure(source, "clone", error) from error
    return how, copied


def make_empty(target: Path, *, mode: int, owner: tuple[int, int] | None) -> None:
    """An empty folder that can be cloned by snapshot where the file system has them. FileFailure.

    One that is there already and empty will do: an interrupted run left it.
    """
    try:
        with _opened(target.parent) as home:
            with contextlib.suppress(FileExistsError):
                _make(home, target.name)
            folder = os.open(target.name, FOLDER, dir_fd=home)
            try:
                if os.listdir(folder):
                    raise FileExistsError(errno.EEXIST, "it holds data already")
                if owner is not None:
                    os.fchown(folder, *owner)
                os.fchmod(folder, mode)
                os.fsync(folder)
            finally:
                os.close(folder)
            os.fsync(home)
    except OSError as error:
        raise failure(target, "make the folder", error) from error


class NoRoom(FileFailure):
    """The disk is full, or a quota is."""


def failure(path: Path, act: str, error: OSError) -> FileFailure:
    """What went wrong below `path`, in words."""
    name = error.filename if isinstance(error.filename, str) else ""
    where = path / name if name and not name.startswith("/") else path
    kind = NoRoom if error.errno in (errno.ENOSPC, errno.EDQUOT) else FileFailure
    return kind(where, act, error.strerror or str(error))


def refuse_mounts(source: Path) -> None:
    """FileFailure."""
    real = source.resolve()
    for mount in read_mounts():
        if real in Path(mount.point).parents:
            why = f"{mount.point} is mounted in it, and can't go with it"
            raise FileFailure(source, "clone", why)


def _method(old: int, home: int) -> How:
    if not reflink.can_share(old, home):
        return "copy"
    mine = os.geteuid() in (0, os.fstat(old).st_uid)
    if mine and btrfs.is_subvolume(old) and not btrfs.has_subvolumes(old):
        return "snapshot"
    return "reflink"


def _fill(
    old: int, home: int, aside: Path, how: How, tell: Tell, leave_out: Collection[str]
) -> Copied:
    if how == "snapshot":
        btrfs.snapshot(old, home, aside.name)
        sync.file_system(aside)
        return Copied()
    _make(home, aside.name)
    new = os.open(aside.name, FOLDER, dir_fd=home)
    try:
        copied, proofs = copy_tree(
            old, new, share=how == "reflink", tell=lambda done: tell("write", done),
            leave_out=leave_out,
        )  # fmt: skip
        sync.file_system(aside)
        if proofs:
            read_back(new, proofs, lambda done: tell("check", done))
    finally:
        os.close(new)
    return copied


def _make(home: int, name: str) -> None:
    if not btrfs.make(home, name):
        os.mkdir(name, 0o700, dir_fd=home)


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    file = os.open(folder, FOLDER)
    try:
        yield file
    finally:
        os.close(file)
