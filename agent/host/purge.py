"""Emptying a folder of what is old, as root, while others write there.

Owns the walk and the rule by which one file goes. Every step is taken by descriptor: no link is
followed, no mount crossed. A file goes only if it is older than its age by content and by inode,
the kernel grants a write lease on it (nobody has it open, in no namespace), and what was moved out
of its name is that very file, still unchanged, its lease unbroken; else it is moved back. Refuses
to know schedules and manifests. docs/explanation/purge.md says why each step is there.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fnmatch import translate

from agent.host import subfolder, swap
from agent.host.in_use import InUse

_HOLD = ".caretaker-purge-"
_LOOK = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_DEEPEST = 100  # levels; each costs two descriptors
_TURN = 32  # files between two looks whether the folder is still where it was
_TOLD = 20  # names told
_LINKED = 10_000  # files with several names that are remembered
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO)
# EACCES: another user's file, and no CAP_LEASE. EINVAL, ENOLCK: the file system has no leases.
_NO_LEASE = (errno.EACCES, errno.EPERM, errno.EINVAL, errno.ENOLCK, errno.EOPNOTSUPP)


@dataclass(frozen=True, slots=True)
class Terms:
    """What may go. Times are since 1970, `age` in seconds: nothing younger than that at `now`.

    `floor`: a change before this was dated by a clock that was wrong, so its age is not known and
    it stays. `names`: patterns, none is all.
    """

    now: float
    age: float
    floor: float = 0.0
    names: tuple[str, ...] = ()
    folders: bool = True
    dry: bool = False


@dataclass(slots=True)
class Purged:
    """What went (or would), and what stayed though it is old. `freed` is bytes on the disk."""

    files: int = 0
    folders: int = 0
    freed: int = 0
    opened: int = 0  # stayed: somebody has it open
    undated: int = 0  # stayed: dated by a clock that was wrong
    returned: int = 0  # stayed: something else had its name by then
    mounts: int = 0  # folders not entered: something is mounted there
    locked: int = 0  # folders not entered: somebody holds a lock on them
    told: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Here:
    """One open folder of the walk."""

    fd: int
    path: str
    above: _Here | None = None
    facts: os.stat_result = field(init=False)
    taken: int = 0
    held: bool = False

    def __post_init__(self) -> None:
        self.facts = os.fstat(self.fd)

    @property
    def depth(self) -> int:
        return 0 if self.above is None else self.above.depth + 1

    def is_in_place(self) -> bool:
        """Whether it still hangs where it was entered, and so do all above it."""
        here = self
        while here.above is not None:
            if not os.path.samestat(os.stat("..", dir_fd=here.fd), here.above.facts):
                return False
            here = here.above
        return True


class _MovedAway(Exception):
    """Somebody moved the folder that was being emptied."""


def purge(top: int, terms: Terms, *, path: str) -> Purged:
    """Empty the folder open as `top`; `path` is its name for people. The folder itself stays.

    Call it from the main thread. OSError only where the folder itself can't be read.
    """
    work = _Work(terms)
    here = _Here(top, path)
    with _deaf_to_leases(), suppress(_MovedAway):
        work.empty(here)
    return work.done


@contextmanager
def _deaf_to_leases() -> Iterator[None]:
    """Whoever opens a file that we have a lease on makes the kernel send SIGIO, which kills."""
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGIO, before if before is not None else signal.SIG_DFL)


class _Work:
    """One run over one tree."""

    def __init__(self, terms: Terms) -> None:
        self.done = Purged()
        self._terms = terms
        self._before = terms.now - terms.age
        self._hold = _hold_name()
        patterns = "|".join(translate(each) for each in terms.names)
        self._fits = re.compile(patterns).match if patterns else None
        self._in_use = InUse()
        self._linked: dict[int, int] = {}  # files with other names: inode -> st_ctime we made
        self._peek = True  # look at a file's age before opening it: pays while most are young

    def empty(self, here: _Here) -> None:
        fits = self._fits
        try:
            with os.scandir(here.fd) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        self._descend(here, entry.name)
                    elif fits is None or fits(entry.name) or entry.name.startswith(_HOLD):
                        self._consider(here, entry)
        finally:
            if here.held:
                with suppress(FileNotFoundError):
                    os.unlink(self._hold, dir_fd=here.fd)

    def _consider(self, here: _Here, entry: os.DirEntry[str]) -> None:
        name = entry.name
        try:
            if name.startswith(_HOLD):
                self._left_over(here, name)
            elif entry.is_file(follow_symlinks=False):
                self._file(here, name)
            elif entry.is_symlink():  # Itself, never what it names. Sockets and pipes stay.
                facts = os.stat(name, dir_fd=here.fd, follow_symlinks=False)
                if self._may_go(facts):
                    self._take(here, name, facts)
        except OSError as error:
            if error.errno not in _GONE:
                self._complain(f"{here.path}/{name}", error.strerror or str(error))

    def _file(self, here: _Here, name: str) -> None:
        if self._peek:
            facts = os.stat(name, dir_fd=here.fd, follow_symlinks=False)
            if not self._may_go(facts):
                return
            if self._terms.dry:
                self._would_go(here, name, facts)
                return
        try:
            file = os.open(name, _LOOK, dir_fd=here.fd)
        except BlockingIOError:  # Somebody has a lease on it (open(2), EWOULDBLOCK).
            self.done.opened += 1
            return
        try:
            leased = self._lease(file)
            if leased is not None:
                # After the lease: nobody can write any more, so these times are the last word.
                facts = os.fstat(file)
                self._peek = not self._may_go(facts)
                if not self._peek and stat.S_ISREG(facts.st_mode):
                    self._take(here, name, facts, file, leased=leased)
        finally:
            os.close(file)

    def _lease(self, file: int) -> bool | None:
        """Whether it is ours by lease; False: by all that /proc shows; None: somebody's."""
        try:
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except OSError as error:
            if error.errno in _NO_LEASE and not self._in_use.holds(os.fstat(file)):
                return False
            self.done.opened += 1
            return None
        return True

    def _take(
        self,
        here: _Here,
        name: str,
        facts: os.stat_result,
        file: int = -1,
        *,
        leased: bool = False,
    ) -> None:
        """Move it under a name of our own, where the one before goes by being replaced."""
        if self._terms.dry:
            self._would_go(here, name, facts)
            return
        if here.taken % _TURN == 0 and not here.is_in_place():
            self._complain(here.path, "it was moved while it was being emptied")
            raise _MovedAway
        here.taken += 1
        os.rename(name, self._hold, src_dir_fd=here.fd, dst_dir_fd=here.fd)
        here.held = False  # What lay there is replaced; what lies there is not proved yet.
        try:
            moved = os.stat(self._hold, dir_fd=here.fd, follow_symlinks=False)
            proved = (
                moved.st_ino == facts.st_ino
                and moved.st_mtime_ns == facts.st_mtime_ns
                and (not leased or fcntl.fcntl(file, fcntl.F_GETLEASE) == fcntl.F_WRLCK)
            )
        except OSError:
            proved = False
        if not proved:
            self._give_back(here, name)
            return
        here.held = True
        if facts.st_nlink > 1:
            # rename(2) does nothing between two names of one file, so it must not lie there.
            os.unlink(self._hold, dir_fd=here.fd)
            here.held = False
            if file >= 0 and len(self._linked) < _LINKED:
                self._linked[facts.st_ino] = os.fstat(file).st_ctime_ns
        self._count(here, name, facts)

    def _give_back(self, here: _Here, name: str) -> None:
        self.done.returned += 1
        try:
            _move_back(here.fd, self._hold, name)
        except FileNotFoundError:
            return
        except OSError as error:
            # Mostly: yet another one has the name. Both are kept, and a person is told.
            self._complain(
                f"{here.path}/{name}",
                f"what stood there was new; it is kept as {self._hold} ({error.strerror})",
            )
            self._hold = _hold_name()

    def _left_over(self, here: _Here, name: str) -> None:
        """A run was killed between moving a file and letting it go."""
        facts = os.stat(name, dir_fd=here.fd, follow_symlinks=False)
        if here.held and name == self._hold:
            return
        if self._may_go(facts) and not self._terms.dry:
            # Its move set st_ctime. Had its content been young then, it is somebody's.
            if facts.st_ctime - facts.st_mtime < self._terms.age:
                self._complain(f"{here.path}/{name}", "left by a run that was killed; look at it")
            else:
                self._file(here, name)

    def _descend(self, above: _Here, name: str) -> None:
        try:
            fd = subfolder.enter(above.fd, name)
        except OSError as error:
            if error.errno == errno.EXDEV:
                self.done.mounts += 1
            elif error.errno not in _GONE:
                self._complain(f"{above.path}/{name}", error.strerror or str(error))
            return
        try:
            here = _Here(fd, f"{above.path}/{name}", above)
            if here.facts.st_dev != above.facts.st_dev:
                self.done.mounts += 1
            elif here.depth > _DEEPEST:
                self._complain(here.path, f"more than {_DEEPEST} folders deep; left alone")
            elif _is_locked(fd):
                self.done.locked += 1
            else:
                self.empty(here)
                self._remove(here, name)
        except OSError as error:
            self._complain(f"{above.path}/{name}", error.strerror or str(error))
        finally:
            os.close(fd)

    def _remove(self, here: _Here, name: str) -> None:
        """Only an empty folder can go (rmdir(2)), so a writer who is quicker loses nothing."""
        if not self._terms.folders or here.above is None or not self._may_go(here.facts):
            return
        with os.scandir(here.fd) as entries:
            if next(entries, None) is not None:
                return
        if self._in_use.holds(here.facts):
            self.done.opened += 1
            return
        now = os.stat(name, dir_fd=here.above.fd, follow_symlinks=False)
        if not os.path.samestat(now, here.facts):
            return
        if not self._terms.dry:
            try:
                os.rmdir(name, dir_fd=here.above.fd)
            except OSError as error:
                if error.errno in (*_GONE, errno.ENOTEMPTY, errno.EEXIST):
                    return
                raise
        self.done.folders += 1

    def _may_go(self, facts: os.stat_result) -> bool:
        """By the later of both times, and so never one from the future."""
        if facts.st_mtime >= self._before:
            return False
        if facts.st_ctime >= self._before:
            # The first of several names that went made the others look changed.
            return self._linked.get(facts.st_ino) == facts.st_ctime_ns
        if facts.st_ctime < self._terms.floor:
            self.done.undated += 1
            return False
        return True

    def _would_go(self, here: _Here, name: str, facts: os.stat_result) -> None:
        if stat.S_ISREG(facts.st_mode) and self._in_use.holds(facts):
            self.done.opened += 1
        else:
            self._count(here, name, facts)

    def _count(self, here: _Here, name: str, facts: os.stat_result) -> None:
        self.done.files += 1
        if facts.st_nlink <= 1:
            self.done.freed += facts.st_blocks * 512  # the unit of stat(2), whatever the disk's
        if len(self.done.told) < _TOLD:
            self.done.told.append(shown(f"{here.path}/{name}"))

    def _complain(self, path: str, why: str) -> None:
        if len(self.done.problems) < _TOLD:
            self.done.problems.append(f"{shown(path)}: {why}")


def shown(path: str) -> str:
    """A name for people: whatever it holds, it stays one line and moves no cursor."""
    text = path.encode("utf-8", "backslashreplace").decode()
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def _hold_name() -> str:
    return f"{_HOLD}{os.urandom(8).hex()}"


def _move_back(folder: int, held: str, name: str) -> None:
    """Never over another file: FileExistsError."""
    try:
        swap.move((folder, held), (folder, name))
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        os.link(held, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        os.unlink(held, dir_fd=folder)


def _is_locked(fd: int) -> bool:
    """The sign of systemd-tmpfiles: whoever holds a flock on a folder keeps it from being cleaned.

    Given back at once, so that who takes it a moment later gets it.
    """
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    fcntl.flock(fd, fcntl.LOCK_UN)
    return False
