"""A program of the machine that builds, run for what it makes.

Owns turning its failure into an error with the package to install. Refuses to go on without it.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.errors import MachineError
from agent.host.machine import Host


def must(host: Host, argv: Sequence[str], *, package: str, timeout: float) -> str:
    """Its output. Raises MachineError where it fails, or is not here."""
    done = host.run(argv, timeout=timeout)
    if done.missing:
        message = f"{argv[0]} is not installed; a virtual machine needs it"
        raise MachineError("command-missing", message, hint=f"apt-get install {package}")
    if done.timed_out:
        raise MachineError("command-timeout", f"{argv[0]} did not end within {timeout:g} s")
    if done.status != 0:
        raise MachineError("command-failed", f"{argv[0]} failed: {done.reason}")
    return done.stdout
