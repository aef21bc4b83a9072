"""Folder trees: walked, hashed, copied whole or not at all, removed.

Owns staging: a tree is copied aside as `NAME.part`, every file and folder fsynced, then renamed.
Refuses to follow symbolic links, to cross into devices or sockets, and to copy a link that leads
out of the tree.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.host import btrfs, files, spawn
from agent.host.failures import FileFailure

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Leaf:
    """One entry of a tree: its path below the top, and what lstat(2) says."""

    relative: str
    facts: os.stat_result

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.facts.st_mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.facts.st_mode)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.facts.st_mode)


def walk(top: Path) -> Iterator[Leaf]:
    """Every entry below `top`, folders before their content, in the order of names. OSError."""
    pending = [""]
    while pending:
        folder = pending.pop()
        before = f"{folder}/" if folder else ""
        # Text and no Path: thousands of files are walked whenever setup looks, also at first boot.
        with os.scandir(f"{top}/{folder}") as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        leaves = [Leaf(before + each.name, each.stat(follow_symlinks=False)) for each in found]
        yield from leaves
        pending += [leaf.relative for leaf in reversed(leaves) if leaf.is_folder]


def digest(top: Path) -> str:
    """SHA-256 over paths, execute bits, link targets and contents; times and owners don't count.

    Raises FileFailure.
    """
    total = hashlib.sha256()
    try:
        for leaf in walk(top):
            executable = bool(leaf.facts.st_mode & 0o111) and leaf.is_file
            total.update(f"{leaf.relative}\0{_kind(top, leaf)}\0{executable}\0".encode())
            if leaf.is_link:
                total.update(os.readlink(top / leaf.relative).encode())
            elif leaf.is_file:
                total.update(_file_digest(top / leaf.relative))
    except OSError as error:
        raise FileFailure(top, "read", error.strerror or str(error)) from error
    return total.hexdigest()


def stamp(top: Path) -> str:
    """A hash of names, sizes and times: equal means unchanged since, without reading content."""
    total = hashlib.sha256()
    try:
        for leaf in walk(top):
            facts = leaf.facts
            total.update(
                f"{leaf.relative}\0{facts.st_mode}\0{facts.st_size}\0{facts.st_mtime_ns}\0".encode()
                if not leaf.is_folder
                else f"{leaf.relative}\0".encode()
            )
    except OSError as error:
        raise FileFailure(top, "read", error.strerror or str(error)) from error
    return total.hexdigest()


def size(top: Path) -> int:
    """Bytes of all regular files. Raises FileFailure."""
    try:
        return sum(leaf.facts.st_size for leaf in walk(top) if leaf.is_file)
    except OSError as error:
        raise FileFailure(top, "read", error.strerror or str(error)) from error


def stage(source: Path, target: Path) -> None:
    """Copy a tree to `target`, durably and all at once; owners become ours.

    What an interrupted try left aside is removed first. Raises FileFailure.
    """
    aside = target.with_name(f"{target.name}.part")
    try:
        remove(aside)
        os.mkdir(aside, 0o755)
        for leaf in walk(source):
            _copy(source, aside, leaf)
        for folder, _, _ in os.walk(aside, topdown=False):
            files.sync_folder(Path(folder))
        os.rename(aside, target)
        files.sync_folder(target.parent)
    except OSError as error:
        raise FileFailure(target, "stage", error.strerror or str(error)) from error


def remove(top: Path) -> bool:
    """Remove a tree, never following a link out of it; True if it was there. FileFailure."""
    try:
        if top.is_symlink() or (top.exists() and not top.is_dir()):
            os.unlink(top)
        elif top.exists():
            _remove_tree(top)
        else:
            return False
    except OSError as error:
        raise FileFailure(top, "remove", error.strerror or str(error)) from error
    return True


def _remove_tree(top: Path) -> None:
    if _deleted_at_once(top):
        return
    try:
        shutil.rmtree(top)
    except RecursionError:  # Whoever may write there may nest as deep as the disk takes.
        done = spawn.run(["rm", "--recursive", "--force", "--", str(top)], timeout=3600)
        if not done.ok:
            raise FileFailure(top, "remove", done.reason) from None


def _deleted_at_once(top: Path) -> bool:
    """A generation on btrfs is a subvolume: no need to unlink each of its files."""
    home = os.open(top.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if not btrfs.delete(home, top.name):
            return False
        os.fsync(home)
    finally:
        os.close(home)
    return True


def _copy(source: Path, target: Path, leaf: Leaf) -> None:
    there, here = target / leaf.relative, source / leaf.relative
    if leaf.is_folder:
        os.mkdir(there, 0o755)
    elif leaf.is_link:
        _copy_link(here, there, leaf)
    elif leaf.is_file:
        mode = 0o755 if leaf.facts.st_mode & 0o111 else 0o644
        reading = os.open(here, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(reading, "rb") as old, os.fdopen(os.open(there, flags, mode), "wb") as new:
            shutil.copyfileobj(old, new, _CHUNK)
            new.flush()
            os.fchmod(new.fileno(), mode)
            os.fsync(new.fileno())
    else:
        raise FileFailure(here, "copy", "it is no file, folder or link")


def _copy_link(here: Path, there: Path, leaf: Leaf) -> None:
    wanted = os.readlink(here)
    depth = os.path.normpath(os.path.join(os.path.dirname(leaf.relative), wanted))
    if os.path.isabs(wanted) or depth.startswith(".."):
        raise FileFailure(here, "copy", f"the link leads out of the tree, to {wanted}")
    os.symlink(wanted, there)


def _kind(top: Path, leaf: Leaf) -> str:
    if leaf.is_folder:
        return "folder"
    if leaf.is_link:
        return "link"
    if leaf.is_file:
        return "file"
    raise FileFailure(top / leaf.relative, "read", "it is no file, folder or link")


def size_and_digest(path: Path) -> tuple[int, str]:
    """Bytes and SHA-256 of one regular file, read once. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return stream.tell(), digest


def _file_digest(path: Path) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
