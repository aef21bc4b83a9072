"""A SQLite file of our own, made smaller and faster to read.

Owns when that pays: where a good part of it is free pages. Refuses files of others: who opens one
may have to make files beside it.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from agent.host.failures import FileFailure

_WAIT = 5.0  # seconds for a writer
_SHARE = 4  # a quarter of it free, or it is left as it is
_LEAST = 64 << 10  # bytes


def spare(path: Path) -> int:
    """Bytes that compaction would give back; 0 where it would not pay. FileFailure."""
    with _opened(path, "ro") as database:
        free, pages, size = (
            int(database.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("freelist_count", "page_count", "page_size")
        )
    return free * size if free * size >= _LEAST and free * _SHARE >= pages else 0


def compact(path: Path) -> int:
    """Do it; bytes given back. It survives a crash: SQLite copies aside first. FileFailure."""
    before = os.lstat(path).st_size
    worth = spare(path)
    with _opened(path, "rw") as database:
        database.execute("PRAGMA optimize")
        if worth:
            database.execute("VACUUM")
    return max(0, before - os.lstat(path).st_size)


@contextlib.contextmanager
def _opened(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    if path.is_symlink():
        raise FileFailure(path, "open", "it is a symbolic link")
    try:
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        # No transaction is begun for us: VACUUM must be outside of any.
        with contextlib.closing(
            sqlite3.connect(uri, uri=True, timeout=_WAIT, isolation_level=None)
        ) as database:
            yield database
    except sqlite3.Error as error:
        raise FileFailure(path, "compact", str(error)) from error
