"""Files: read and written so that neither a crash nor a stranger's link can hurt.

Owns reading with a cap, atomic replacement (write aside, fsync, rename, fsync of the folder) and
folders with the right owner and mode. Refuses to follow a symbolic link in the last component,
and to read anything but a regular file.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from agent.host.failures import FileFailure

READ_CAP = 16 << 20  # bytes; configuration and state files are far smaller


def read_bytes(path: Path, *, cap: int = READ_CAP) -> bytes:
    """The content of a regular file of at most `cap` bytes.

    Raises FileNotFoundError where there is none and FileFailure where it is a link, a device,
    too large or unreadable.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        # O_NOFOLLOW says ELOOP, "too many levels", which tells a person nothing.
        why = "it is a symbolic link" if path.is_symlink() else error.strerror or str(error)
        raise FileFailure(path, "read", why) from error
    try:
        _accept_regular(path, os.fstat(fd), cap)
    except FileFailure:
        os.close(fd)
        raise
    with os.fdopen(fd, "rb") as stream:
        try:
            # Files of /proc say size 0, so the cap is held while reading too.
            content = stream.read(cap + 1)
        except OSError as error:
            raise FileFailure(path, "read", error.strerror or str(error)) from error
    if len(content) > cap:
        raise FileFailure(path, "read", f"it has more than the {cap} bytes allowed")
    return content


def _accept_regular(path: Path, facts: os.stat_result, cap: int) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise FileFailure(path, "read", "it is not a regular file")
    if facts.st_size > cap:
        raise FileFailure(path, "read", f"it has {facts.st_size} bytes; {cap} are allowed")


def replace(
    path: Path,
    content: bytes,
    *,
    mode: int = 0o644,
    owner: tuple[int, int] | None = None,
    durable: bool = True,
) -> None:
    """Put `content` at `path`, whole or not at all, also through a power cut.

    `owner` is (uid, gid). Raises FileFailure; then the old file still stands. Not `durable`: a
    power cut may leave the file empty; for what is written anew all the time and read while we
    live, since waking a disk every few seconds is no small thing.
    """
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise FileFailure(path, "write", error.strerror or str(error)) from error
    aside = _aside(path)
    try:
        _write_aside(folder, aside, content, mode, owner, durable=durable)
        os.rename(aside, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        if durable:
            os.fsync(folder)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(aside, dir_fd=folder)
        raise FileFailure(path, "write", error.strerror or str(error)) from error
    finally:
        os.close(folder)


def _aside(path: Path) -> str:
    # The pid tells `leftovers` whether its writer still lives.
    return f".{path.name}.{os.getpid()}-{os.urandom(6).hex()}.part"


def _write_aside(
    folder: int,
    name: str,
    content: bytes,
    mode: int,
    owner: tuple[int, int] | None,
    *,
    durable: bool,
) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    # 0600 until owner and mode are right: a secret is never readable for an instant.
    fd = os.open(name, flags, 0o600, dir_fd=folder)
    with os.fdopen(fd, "wb") as stream:
        stream.write(content)
        stream.flush()
        if owner is not None:
            os.fchown(stream.fileno(), *owner)
        os.fchmod(stream.fileno(), mode)
        if durable:
            os.fsync(stream.fileno())


def ensure_folder(path: Path, *, mode: int = 0o755, owner: tuple[int, int] | None = None) -> bool:
    """Make sure of a folder with this mode and owner; True if anything changed.

    Missing parents are made with 0755. Raises FileFailure where something else stands there.
    """
    changed = False
    try:
        if not path.parent.is_dir():
            changed = ensure_folder(path.parent)
        try:
            os.mkdir(path, mode)
            # Else a power cut may keep the link or file that names it, and lose the folder.
            sync_folder(path.parent)
            changed = True
        except FileExistsError:
            pass
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(path, flags)
        try:
            changed = _set_facts(fd, mode, owner) or changed
        finally:
            os.close(fd)
    except OSError as error:
        raise FileFailure(path, "make the folder", error.strerror or str(error)) from error
    return changed


def _set_facts(fd: int, mode: int, owner: tuple[int, int] | None) -> bool:
    facts = os.fstat(fd)
    changed = False
    if owner is not None and (facts.st_uid, facts.st_gid) != owner:
        os.fchown(fd, *owner)
        changed = True
    if stat.S_IMODE(facts.st_mode) != mode:
        os.fchmod(fd, mode)
        changed = True
    return changed


def link_target(path: Path) -> str:
    """What a symbolic link names; empty where there is no link."""
    try:
        return os.readlink(path)
    except OSError:
        return ""


def replace_link(path: Path, target: str) -> None:
    """Point the symbolic link at `path` to `target` in one rename. Raises FileFailure."""
    aside = path.with_name(_aside(path))
    try:
        os.symlink(target, aside)
        os.rename(aside, path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(aside)
        raise FileFailure(path, "link", error.strerror or str(error)) from error


def remove(path: Path) -> bool:
    """Unlink a file or link; True if it was there. Raises FileFailure."""
    return _gone(path, os.unlink)


def remove_folder(path: Path) -> bool:
    """Remove an empty folder; True if it was there. Raises FileFailure, also if it has content."""
    return _gone(path, os.rmdir)


def _gone(path: Path, take_away: Callable[[Path], None]) -> bool:
    try:
        take_away(path)
        sync_folder(path.parent)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise FileFailure(path, "remove", error.strerror or str(error)) from error
    return True


def rename(path: Path, target: Path) -> None:
    """Move within one file system, durably. Raises FileFailure."""
    try:
        os.rename(path, target)
        sync_folder(target.parent)
        if path.parent != target.parent:
            sync_folder(path.parent)
    except OSError as error:
        raise FileFailure(path, "rename", error.strerror or str(error)) from error


def sync_folder(path: Path) -> None:
    """fsync a folder: a rename is durable only after this (fsync(2), notes)."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
