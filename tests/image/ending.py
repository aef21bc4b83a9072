"""The end of a process that a test started. Owns asking, waiting and insisting."""

from __future__ import annotations

import signal
import time

from agent.host import children
from agent.host.children import Child

GRACE = 5.0  # seconds


def ended(child: Child) -> None:
    """Back once it is gone."""
    children.send(child.identity, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    while child.ended() is None:
        if time.monotonic() > deadline:
            children.send(child.identity, signal.SIGKILL)
        time.sleep(0.05)
    child.reap()
