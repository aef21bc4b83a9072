"""A folder tree copied as it is: owners, modes, times, attributes, holes, hard links.

Owns the walk, by descriptor in both trees, so that nobody who writes to the old one meanwhile
makes it read or write outside. The new one is closed to everybody else until it is whole. Sockets
are left out, since only whoever listens can make one; a device is refused: no application's data.
What vanishes meanwhile is left out. Refuses to choose between blocks shared and copied.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from agent.host import file_content, file_facts, reflink
from agent.host.chain import Chain
from agent.host.file_content import Proof

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO)
_TURN = 200  # entries between two calls of `tell`


@dataclass(slots=True)
class Copied:
    """What was copied. `size` is bytes of content, `written` those of them that share no blocks;
    `gone` vanished meanwhile."""

    files: int = 0
    folders: int = 0
    size: int = 0
    written: int = 0
    gone: int = 0
    sockets: int = 0


class CopyFailure(OSError):
    """An entry could not be copied; `filename` is its path below the top, fit for people."""


Entry = tuple[int, str, int]  # inode, name, what the folder says it is (0: it does not say)


@dataclass(slots=True)
class _Work:
    source: Chain
    target: Chain
    share: bool
    leave_out: Collection[str]
    tell: Callable[[int], None]
    done: Copied = field(default_factory=Copied)
    pending: list[list[Entry]] = field(default_factory=list)
    linked: dict[tuple[int, int], str] = field(default_factory=dict)
    proofs: dict[int, Proof] = field(default_factory=dict)  # by inode of the copy
    turn: int = 0


def copy_tree(
    source: int,
    target: int,
    *,
    share: bool,
    tell: Callable[[int], None],
    leave_out: Collection[str] = (),
) -> tuple[Copied, dict[int, Proof]]:
    """Fill the empty folder open as `target`; with the proofs of all content that was copied.

    `share`: by reflink where a file can. `tell` gets the bytes done now and then. `leave_out` are
    paths below the top. Nothing is flushed. CopyFailure.
    """
    work = _Work(Chain(source), Chain(target), share, leave_out, tell)
    os.fchmod(target, 0o700)
    try:
        work.pending.append(entries(source))
        _walk(work)
        file_facts.give(source, target, os.fstat(source))
    except CopyFailure:
        raise
    except OSError as error:
        raise _failure(error, work.source.path()) from error
    finally:
        work.source.close()
        work.target.close()
    tell(work.done.size)
    return work.done, work.proofs


def _walk(work: _Work) -> None:
    while True:
        if not work.pending[-1]:
            work.pending.pop()
            if not work.pending:
                return
            file_facts.give(work.source.here, work.target.here, os.fstat(work.source.here))
            work.source.leave()
            work.target.leave()
            continue
        _, name, kind = work.pending[-1].pop()
        if work.leave_out and work.source.path(name) in work.leave_out:
            continue
        try:
            _copy(work, name, kind)
        except CopyFailure:
            raise
        except OSError as error:
            raise _failure(error, work.source.path(name)) from error
        work.turn += 1
        if work.turn >= _TURN:
            work.turn = 0
            work.tell(work.done.size)


def _copy(work: _Work, name: str, kind: int) -> None:
    """By what the folder said it is; where something else stands there by now, look again."""
    for _ in range(5):
        try:
            if _ACTS[kind or stat.S_IFMT(_look(work, name).st_mode)](work, name):
                return
        except OSError as error:
            if isinstance(error, CopyFailure) or error.errno not in _GONE:
                raise
            if not _is_there(work, name):
                work.done.gone += 1
                return
        kind = 0
    raise CopyFailure(errno.EBUSY, "it keeps changing", shown(work.source.path(name)))


def _look(work: _Work, name: str) -> os.stat_result:
    return os.stat(name, dir_fd=work.source.here, follow_symlinks=False)


def _is_there(work: _Work, name: str) -> bool:
    try:
        _look(work, name)
    except FileNotFoundError:
        return False
    return True


def _folder(work: _Work, name: str) -> bool:
    work.source.enter(name)
    try:
        os.mkdir(name, 0o700, dir_fd=work.target.here)
        work.target.enter(name)
    except BaseException:
        work.source.leave()
        raise
    work.pending.append(entries(work.source.here))
    work.done.folders += 1
    return True


def _file(work: _Work, name: str) -> bool:
    file = os.open(name, _READ, dir_fd=work.source.here)
    try:
        facts = os.fstat(file)
        if not stat.S_ISREG(facts.st_mode):
            return False
        if facts.st_nlink > 1 and _link_again(work, name, facts):
            return True
        new = os.open(name, _NEW, 0o600, dir_fd=work.target.here)
        try:
            _fill(work, file, new, facts)
            file_facts.give(file, new, facts)
        finally:
            os.close(new)
    finally:
        os.close(file)
    work.done.files += 1
    work.done.size += facts.st_size
    if facts.st_nlink > 1:
        work.linked[facts.st_dev, facts.st_ino] = work.target.path(name)
    return True


def _fill(work: _Work, file: int, new: int, facts: os.stat_result) -> None:
    if not facts.st_size:
        return
    if work.share and reflink.share(file, new):
        return
    proof = file_content.copy(file, new, facts)
    work.proofs[os.fstat(new).st_ino] = proof
    work.done.written += proof.size


def _link_again(work: _Work, name: str, facts: os.stat_result) -> bool:
    """Another name of a file that was copied before."""
    first = work.linked.get((facts.st_dev, facts.st_ino))
    if first is None:
        return False
    try:
        os.link(first, name, src_dir_fd=work.target.top, dst_dir_fd=work.target.here,
                follow_symlinks=False)  # fmt: skip
    except OSError as error:
        # A path longer than the kernel takes, or more names than the file system: a copy then.
        if error.errno not in (errno.ENAMETOOLONG, errno.EMLINK):
            raise
        return False
    work.done.files += 1
    return True


def _symlink(work: _Work, name: str) -> bool:
    facts = _look(work, name)
    try:
        leads = os.readlink(name, dir_fd=work.source.here)
    except OSError as error:
        if error.errno == errno.EINVAL:  # It is no link any more.
            return False
        raise
    os.symlink(leads, name, dir_fd=work.target.here)
    file_facts.give_name(name, work.target.here, facts)
    work.done.files += 1
    return True


def _pipe(work: _Work, name: str) -> bool:
    facts = _look(work, name)
    if not stat.S_ISFIFO(facts.st_mode):
        return False
    os.mkfifo(name, 0o600, dir_fd=work.target.here)
    file_facts.give_name(name, work.target.here, facts)
    work.done.files += 1
    return True


def _socket(work: _Work, name: str) -> bool:
    work.done.sockets += 1
    return True


def _device(work: _Work, name: str) -> bool:
    raise CopyFailure(errno.EINVAL, "it is a device", shown(work.source.path(name)))


_ACTS: dict[int, Callable[[_Work, str], bool]] = {
    stat.S_IFDIR: _folder,
    stat.S_IFREG: _file,
    stat.S_IFLNK: _symlink,
    stat.S_IFIFO: _pipe,
    stat.S_IFSOCK: _socket,
    stat.S_IFCHR: _device,
    stat.S_IFBLK: _device,
}


def entries(folder: int) -> list[Entry]:
    """In the order of inodes from the end, which is how a disk has them: the list is popped."""
    with os.scandir(folder) as found:
        return sorted(((each.inode(), each.name, _kind(each)) for each in found), reverse=True)


def _kind(entry: os.DirEntry[str]) -> int:
    if entry.is_file(follow_symlinks=False):
        return stat.S_IFREG
    if entry.is_dir(follow_symlinks=False):
        return stat.S_IFDIR
    return 0


def _failure(error: OSError, path: str) -> CopyFailure:
    return CopyFailure(error.errno or errno.EIO, error.strerror or str(error), shown(path))


def shown(path: str) -> str:
    """Names are any bytes; words for people and JSON are not."""
    text = os.fsencode(path).decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
