"""What a clone of a generation will take: how it is made, bytes and inodes of the disk.

Owns the forecast that a plan shows and preflight holds against the free room. Writes nothing.
Refuses to know what a migration adds afterwards; nobody does before it ran.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from agent.errors import MachineError
from agent.host import clone, tally
from agent.host.clone import How

_SNAPSHOT = 1 << 16  # a few blocks of btrfs's trees


class Forecast(Struct, frozen=True, kw_only=True):
    """`size` is bytes of content; `disk` and `inodes` are what the clone takes of the disk.

    `unread` folders could not be looked into, so all of it may be more.
    """

    how: How
    files: int
    size: int
    disk: int
    inodes: int
    unread: int = 0


def forecast(source: Path, target_parent: Path) -> Forecast:
    """Look at a generation that may be in use. Raises MachineError `file-unreadable`."""
    try:
        how = clone.method(source, target_parent)
        found = tally.tally(source)
        shared = clone.shared_cost(target_parent) if how == "reflink" else 0
    except OSError as error:
        raise MachineError(
            "file-unreadable", f"{source}: {error.strerror or error}", hint="run it as root"
        ) from error
    disk = {
        "snapshot": _SNAPSHOT,
        "reflink": found.inodes * shared,
        "copy": found.room,
    }[how]
    return Forecast(
        how=how,
        files=found.files,
        size=found.size,
        disk=disk,
        inodes=0 if how == "snapshot" else found.inodes,
        unread=found.unread,
    )
