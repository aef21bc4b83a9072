"""The embedded agent seen from setup: which process it is, and ending it.

Owns ending one that does not answer any more. Refuses to start it (`agent/background.py` does).
"""

from __future__ import annotations

from agent.asking import post as act
from agent.background import Background
from agent.errors import CaretakerError, MachineError
from agent.host import lock, spawn
from agent.host.clock import Clock
from agent.host.failures import FileFailure, HostFailure
from agent.layout import Layout


def pid(layout: Layout) -> int:
    """The running agent; 0 where there is none."""
    try:
        return lock.holder_pid(layout.daemon_lock)
    except FileFailure:
        return 0


def stop(layout: Layout, clock: Clock) -> bool:
    """Ask it to end with its services, else end it by force; True if it ran. HostFailure."""
    background = Background(layout, clock)
    running = pid(layout)
    if not running:
        return False
    try:
        act(layout, "/stop")
        background.wait_until_stopped()
    except CaretakerError:
        # Its services are its children, in process groups of their own.
        spawn.end_family(running)
        try:
            background.wait_until_stopped()
        except MachineError as error:
            raise HostFailure(error.message) from error
    return True
