"""Whether a change of what runs here is under way, so that nobody mends what it stopped.

Owns a look that is cheap enough for every turn, and never in the way of mending for good: where the
change's process is gone, the record it left counts for nothing. Refuses to load what changes are
made of, which the agent has no other use for.
"""

from __future__ import annotations

import msgspec

from agent.host import files, lock
from agent.host.failures import FileFailure
from agent.host.machine import Host
from agent.layout import Layout

UNIT = "caretaker-change.service"


class _Change(msgspec.Struct):
    phase: str = ""


def is_done(content: bytes) -> bool:
    """Whether this is the record of a change that has ended; one without sense is not."""
    try:
        return msgspec.json.decode(content, type=_Change).phase == "done"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def change_under_way(layout: Layout, host: Host) -> bool:
    """True from before its first stop until its end. Whoever can't be asked is not at work."""
    try:
        if is_done(files.read_bytes(layout.change)):
            return False
        if layout.embedded:
            return lock.held(layout.setup_lock)
        # On systemd the lock is root's, and this process may not even look at it.
        return host.systemd.show(UNIT).active in ("activating", "active", "deactivating")
    except (OSError, FileFailure):
        return False
