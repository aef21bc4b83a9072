"""SQLite files: opened so that a full disk, a bad file or a second process does no harm.

Owns the pragmas, and putting a damaged file aside for one with the rows that could be saved.
Refuses schemas; the ledger and the history bring theirs.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.host import sqlite_copy
from agent.host.aside import set_aside
from agent.host.failures import FileFailure
from agent.host.salvage import copy_rows

_PATIENCE = 5.0  # seconds for all that is read over one connection
_STEPS = 10_000  # of SQLite's machine between two looks at the clock
_LONGEST = 1 << 20  # bytes of one value


_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A damaged file stands at `aside`; in its place is one with the rows that could be read."""

    aside: Path
    rows: int


@contextmanager
def writing(path: Path, schema: str, *, wait: float = 2.0) -> Iterator[sqlite3.Connection]:
    """A connection whose work is committed at the end, or rolled back; made 0640.

    `wait` is the longest wait for another writer in seconds. Raises FileFailure for whatever
    SQLite refuses. A file that is damaged is rebuilt; where that showed only while writing, this
    work is lost and the next goes well.
    """
    try:
        connection = _open(path, schema, wait)
    except sqlite3.DatabaseError as error:
        if not _is_damage(error):
            raise FileFailure(path, "open", str(error)) from error
        rebuild(path, schema)
        try:
            connection = _open(path, schema, wait)
        except sqlite3.Error as again:
            raise FileFailure(path, "open", str(again)) from again
    try:
        with connection:
            yield connection
    except sqlite3.Error as error:
        connection.close()
        if _is_damage(error):
            with contextlib.suppress(FileFailure):
                rebuild(path, schema)
        raise FileFailure(path, "write", str(error)) from error
    finally:
        connection.close()


def _is_damage(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED


def damage(path: Path) -> str:
    """What is wrong inside a database, in SQLite's words; empty where nothing is known to be.

    Reads all of it, for some seconds at most: a file that is locked, closed to us or too large to
    be read in that time is not called damaged.
    """
    try:
        with reading(path) as db:
            if db is None:
                return ""
            found = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    except FileFailure as failure:
        if isinstance(failure.__cause__, sqlite3.Error) and _is_damage(failure.__cause__):
            return failure.why
        return ""
    return "" if found == "ok" else found.strip().splitlines()[-1][:200]


def rebuild(path: Path, schema: str) -> Rebuilt:
    """Put the file aside and a new one, with the rows that can be read, in its place.

    Raises FileFailure; then the old one still stands. Who still writes to the old one loses that.
    """
    # Named as `files` names what it writes aside, so that `leftovers` finds it after a kill.
    fresh = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(6).hex()}.part")
    try:
        before = os.lstat(path)
        rows = _salvage(path, fresh, schema)
        if os.lstat(path).st_ino != before.st_ino:
            raise FileFailure(path, "rebuild", "somebody else just did")
        aside = set_aside(path, replacement=fresh)
    except (OSError, sqlite3.Error) as error:
        raise FileFailure(path, "rebuild", str(error)) from error
    finally:
        for left in (fresh, fresh.with_name(f"{fresh.name}-journal")):
            with contextlib.suppress(OSError):
                os.unlink(left)
    return Rebuilt(aside, rows)


def _salvage(path: Path, fresh: Path, schema: str) -> int:
    new = _open(fresh, schema, 0.0)
    try:
        with new, reading(path) as old:
            return copy_rows(old, new) if old is not None else 0
    except FileFailure:
        return 0  # No database at all: there is nothing to save.
    finally:
        new.close()


def _open(path: Path, schema: str, wait: float) -> sqlite3.Connection:
    if path.is_symlink():
        raise FileFailure(path, "open", "it is a symbolic link")
    fresh = not path.exists()
    if fresh:
        with contextlib.suppress(OSError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o640))
    connection = sqlite3.connect(path, timeout=wait)
    try:
        # A rollback journal, not WAL: readers of another user need no shared-memory file.
        connection.execute("PRAGMA journal_mode = TRUNCATE")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(schema)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def reading(path: Path, *, wait: float = 2.0) -> Iterator[sqlite3.Connection | None]:
    """A read-only connection; None where there is no file yet. Raises FileFailure.

    `wait` is the longest wait for a writer in seconds. The file may be another user's, who may be
    anybody by now: root reads the daemon's. So it may neither hold the reader up (a pipe, a view
    that never ends) nor make it write (a WAL), and it is read as a copy.
    """
    try:
        connection = _open_to_read(path, wait)
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        raise FileFailure(path, "open", error.strerror or str(error)) from error
    except sqlite3.Error as error:
        raise FileFailure(path, "open", str(error)) from error
    deadline = time.monotonic() + _PATIENCE
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    connection.text_factory = _text
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        yield connection
    except sqlite3.Error as error:
        raise FileFailure(path, "read", str(error)) from error
    finally:
        connection.close()


def _open_to_read(path: Path, wait: float) -> sqlite3.Connection:
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode):
            raise FileFailure(path, "open", "it is not a regular file")
        if not facts.st_size:
            raise FileNotFoundError  # Made on a disk too full for its first page.
        # SQLite's file format, 1.3: 2 here is a WAL, which even a reader makes files for.
        if os.pread(fd, 2, 18) == b"\2\2":
            raise FileFailure(path, "open", "it has a write-ahead log, which is none of our making")
        if facts.st_uid != os.geteuid() and sqlite_copy.can_copy():
            return sqlite_copy.opened_copy(fd, wait=wait)
    finally:
        os.close(fd)
    return _own(path, wait)


def _own(path: Path, wait: float) -> sqlite3.Connection:
    """Read-only; what a killed writer left half done is taken back first, as SQLite would."""
    place = path.absolute().as_uri()
    connection = sqlite3.connect(f"{place}?mode=ro", uri=True, timeout=wait)
    try:
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.Error as error:
        # Anything else meets whoever asks the first question.
        if error.sqlite_errorcode == sqlite3.SQLITE_READONLY_ROLLBACK:
            connection.close()
            connection = sqlite3.connect(f"{place}?mode=rw", uri=True, timeout=wait)
            connection.execute("PRAGMA schema_version").fetchone()
    return connection


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace")
