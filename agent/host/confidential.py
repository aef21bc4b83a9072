"""Files that hold a secret: read only while nobody else can.

Owns the test, made on the open file and not on its name. Refuses what group or others may read or
write, links, devices, and files of a third user.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from agent.host.failures import FileFailure
from agent.host.opened import open_once

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read(path: Path, *, cap: int) -> bytes:
    """The content, of at most `cap` bytes. Raises FileNotFoundError, FileFailure."""
    with open_once(path) as opened:
        facts = os.fstat(opened.fd)
        if facts.st_uid not in (0, os.geteuid()):
            raise FileFailure(path, "read", f"it belongs to user {facts.st_uid}, not to you")
        if facts.st_mode & _OTHERS:
            mode = stat.S_IMODE(facts.st_mode)
            raise FileFailure(path, "read", f"others may read it (mode {mode:04o}); chmod 600")
        if opened.size > cap:
            raise FileFailure(path, "read", f"it has {opened.size} bytes; {cap} are allowed")
        return opened.read_at(0, opened.size)
