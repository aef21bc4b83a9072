"""A database that belongs to another user, read as a copy of its bytes.

SQLite opens by name, and whoever owns the folder can put a pipe or a device there in the moment
between our look and its opening; it would wait for ever, past every signal (it retries on EINTR).
So the bytes come through the descriptor that was looked at. Refuses to write, and rows.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time

CAP = 64 << 20  # bytes; the ledger holds some 5 MB
# Readers hold these bytes, who commits holds all of them alone (SQLite's os.h, SHARED_FIRST).
_SHARED_FIRST, _SHARED_SIZE = 0x40000002, 510
_STEP = 0.02


def can_copy() -> bool:
    """Whether this SQLite takes bytes for a database: it may be built without (before 3.36)."""
    return hasattr(sqlite3.Connection, "deserialize")


def opened_copy(file: int, *, wait: float) -> sqlite3.Connection:
    """A connection to a copy in memory of the open file.

    Raises OSError where it is too large, or where its writer does not let go within `wait` seconds,
    and sqlite3.Error.
    """
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(_content(file, wait))
    except BaseException:
        connection.close()
        raise
    return connection


def _content(file: int, wait: float) -> bytes:
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB, _SHARED_SIZE, _SHARED_FIRST)
            break
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_STEP)
    try:
        found = bytearray()
        while len(found) <= CAP and (chunk := os.pread(file, 1 << 20, len(found))):
            found += chunk
    finally:
        fcntl.lockf(file, fcntl.LOCK_UN, _SHARED_SIZE, _SHARED_FIRST)
    if len(found) > CAP:
        raise OSError(27, os.strerror(27))  # EFBIG
    return bytes(found)
