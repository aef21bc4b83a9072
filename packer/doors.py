"""Files that a person named, read and written: what the machine says no to becomes an error with a
next command.

Owns those two errors and their hints. Refuses to read or write itself: agent/host/files.py does.
"""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.errors import MachineError
from agent.host.failures import FileFailure, HostFailure

_FULL = frozenset(os.strerror(each) for each in (errno.ENOSPC, errno.EDQUOT))


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """What the block says about reading the file. Raises MachineError `file-unreadable`."""
    try:
        yield
    except FileNotFoundError:
        raise _no("file-unreadable", f"there is no {path}", path.parent) from None
    except FileFailure as failure:
        raise _no("file-unreadable", str(failure), path) from failure


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """The same about writing it. Raises MachineError `file-unwritable`."""
    try:
        yield
    except HostFailure as failure:
        # Rights are not what a full disk lacks.
        look = "df -h" if isinstance(failure, FileFailure) and failure.why in _FULL else "ls -ld"
        raise _no("file-unwritable", str(failure), path.parent, look) from failure


def _no(code: str, message: str, place: Path, look: str = "ls -ld") -> MachineError:
    return MachineError(code, message, hint=f"{look} {shlex.quote(str(place))}")
