"""Starting a process that outlives us.

Owns the detaching: a session of its own, no inherited descriptors, output into a log file, the
working folder `/`. Refuses to wait for it or to end it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from agent.host.failures import FileFailure, HostFailure
from agent.host.spawn import minimal_environment


class Detached:
    """A process on its own. `poll` tells whether it already ended, while we still live."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child

    @property
    def pid(self) -> int:
        return self._child.pid

    def poll(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._child.poll()

    def forget(self) -> None:
        """Leave it be: no warning that a child was never waited for."""
        self._child.returncode = 0


def start(argv: Sequence[str], log: Path) -> Detached:
    """Start a program whose output is added to `log` (0600). Raises HostFailure."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        out = os.open(log, flags, 0o600)
    except OSError as error:
        raise FileFailure(log, "write", error.strerror or str(error)) from error
    try:
        child = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=minimal_environment({"HOME": "/"}),
            cwd="/",
            start_new_session=True,
            close_fds=True,
        )
    except OSError as error:
        raise HostFailure(f"could not start {argv[0]}: {error.strerror}") from error
    finally:
        os.close(out)
    return Detached(child)
