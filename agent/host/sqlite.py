"""SQLite files: opened so that a full disk, a bad file or a second process does no harm.

Owns the pragmas. Refuses schemas; the ledger and the history bring theirs.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.host.failures import FileFailure

_PATIENCE = 5.0  # seconds for all that is read over one connection
_STEPS = 10_000  # of SQLite's machine between two looks at the clock
_LONGEST = 1 << 20  # bytes of one value


@contextmanager
def writing(path: Path, schema: str, *, wait: float = 2.0) -> Iterator[sqlite3.Connection]:
    """A connection whose work is committed at the end, or rolled back; made 0640.

    `wait` is the longest wait for another writer in seconds. Raises FileFailure for whatever
    SQLite refuses; a file that is no database is set aside as `.corrupt` and begun anew.
    """
    try:
        connection = _open(path, schema, wait)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise FileFailure(path, "open", str(error)) from error
        with contextlib.suppress(OSError):
            os.rename(path, path.with_name(f"{path.name}.corrupt"))
        try:
            connection = _open(path, schema, wait)
        except sqlite3.Error as again:
            raise FileFailure(path, "open", str(again)) from again
    try:
        with connection:
            yield connection
    except sqlite3.Error as error:
        raise FileFailure(path, "write", str(error)) from error
    finally:
        connection.close()


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
def reading(path: Path) -> Iterator[sqlite3.Connection | None]:
    """A read-only connection; None where there is no file yet. Raises FileFailure.

    The file may be another user's, who may be anybody by now: root reads the daemon's. So it may
    neither hold the reader up (a pipe, a view that never ends) nor make it write (a WAL).
    """
    try:
        _accept(path)
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        raise FileFailure(path, "open", error.strerror or str(error)) from error
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=2.0)
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


def _accept(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise FileFailure(path, "open", "it is not a regular file")
        # SQLite's file format, 1.3: 2 here is a WAL, which even a reader makes files for.
        if os.pread(fd, 2, 18) == b"\2\2":
            raise FileFailure(path, "open", "it has a write-ahead log, which is none of our making")
    finally:
        os.close(fd)


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace")
