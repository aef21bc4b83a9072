"""What a folder holds, as lstat(2) says it.

Owns one listing, in the order of names. Refuses to follow links and to go deeper.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from agent.host.failures import FileFailure

_MOST = 10_000  # entries; whoever may write there could make millions


@dataclass(frozen=True, slots=True)
class Entry:
    """`mode` holds type and permissions (inode(7))."""

    name: str
    mode: int
    size: int


def entries(path: Path) -> tuple[Entry, ...]:
    """FileNotFoundError where there is no such folder; FileFailure where it is none."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        fd = os.open(path, flags)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise FileFailure(path, "read", error.strerror or str(error)) from error
    try:
        names = sorted(os.listdir(fd))
        if len(names) > _MOST:
            raise FileFailure(path, "read", f"it has {len(names)} entries; {_MOST} are allowed")
        found = []
        for name in names:
            facts = os.lstat(name, dir_fd=fd)
            found.append(Entry(name, facts.st_mode, facts.st_size))
        return tuple(found)
    except OSError as error:
        raise FileFailure(path, "read", error.strerror or str(error)) from error
    finally:
        os.close(fd)
