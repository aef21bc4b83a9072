"""A change that was interrupted, where there is no systemd to look for one at boot.

Owns asking for its end before manifest and services are read. Refuses to do it in this process: it
would load what the agent has no other use for.
"""

from __future__ import annotations

import sys
from pathlib import Path

from agent.daemon.under_way import is_done
from agent.host import files, lock
from agent.host.failures import FileFailure
from agent.host.machine import Host
from agent.layout import Layout

_LONGEST = 900.0  # seconds; deleting what was copied half takes what it takes


def end_interrupted(root: Path, host: Host) -> None:
    """Have it brought to an end. Whatever comes of it, the agent starts."""
    layout = Layout(root)
    try:
        content = files.read_bytes(layout.change)
        # Held: the change itself starts us.
        if is_done(content) or lock.held(layout.setup_lock):
            return
    except (FileNotFoundError, FileFailure):
        return
    argv = [sys.executable, "-I", "-m", "agent.change", "--root", str(root), "boot"]
    host.run(argv, timeout=_LONGEST)
