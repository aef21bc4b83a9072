"""What stands in a lock file: the number of a process, a postmaster's record, or nothing.

Owns reading the bytes. Refuses to know whether that process lives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# include/linux/threads.h, PID_MAX_LIMIT: no process of any machine has this number.
_PIDS = 4 << 20
_KEY_LINE = 6  # of postmaster.pid, counted from 0: LOCK_FILE_LINE_SHMEM_KEY is 7 (pidfile.h)
_STARTED_LINE = 2


@dataclass(frozen=True, slots=True)
class Named:
    """What a lock file says of its holder. `started` is seconds since 1970, 0.0: not said.

    `memory` is the id of the shared memory segment that a postmaster made, None: not said.
    """

    pid: int
    started: float = 0.0
    memory: int | None = None


def is_blank(content: bytes) -> bool:
    """Nothing was written, or the power went first: then a file has its length and only zeros."""
    return not content.strip(b"\0 \t\r\n")


def read_pid(content: bytes) -> int | None:
    """The number on the first line; None where there is none that a process can have."""
    first = (content.strip().splitlines() or [b""])[0].split()
    word = first[0] if first else b""
    return _number(word)


def read_postmaster(content: bytes) -> Named | None:
    """A postmaster.pid as PostgreSQL reads it; None where it would call it bogus.

    A server run by hand (`postgres --single`) writes its number with a minus
    (src/backend/utils/init/miscinit.c, CreateLockFile).
    """
    lines = content.split(b"\n")
    pid = _number(lines[0].strip().removeprefix(b"-"))
    if pid is None:
        return None
    started = lines[_STARTED_LINE].strip() if len(lines) > _STARTED_LINE else b""
    # sscanf(ptr, "%lu %lu", &id1, &id2): the key, then the id.
    keys = re.match(rb"\s*\d+\s+(\d{1,18})", lines[_KEY_LINE]) if len(lines) > _KEY_LINE else None
    return Named(
        pid=pid,
        started=float(started) if started.isdigit() and len(started) < 12 else 0.0,
        memory=int(keys[1]) if keys else None,
    )


def _number(word: bytes) -> int | None:
    if not (word.isdigit() and len(word) < 10):
        return None
    return int(word) if 0 < int(word) <= _PIDS else None
