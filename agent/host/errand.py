"""A program of ours run to its end, on the leash of the thread that waits for it.

Owns the wait. Refuses a time limit: what runs on an errand has its own. Unlike `spawn.run` it ends
(SIGTERM) when this process dies in whatever way, and its output goes to a log.
"""

from __future__ import annotations

import select

from agent.host import children


def run_errand(program: children.Program) -> int:
    """Start it and wait. Its exit status, or minus the signal. Raises HostFailure."""
    child = children.start(program)
    poll = select.poll()
    poll.register(child.pidfd, select.POLLIN)
    while (status := child.ended()) is None:
        poll.poll()
    child.reap()
    return status
