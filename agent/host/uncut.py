"""Running a program that must not be cut short: an installation of packages.

Owns the start and the wait. Its output goes to a file and never into a pipe, so that our death is
none of its business; its input is empty, so a question is answered by its default. Refuses to end
it: who waits too long goes away, and it goes on.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.host.failures import FileFailure
from agent.host.spawn import minimal_environment

_TAIL = 65536  # bytes


@dataclass(frozen=True, slots=True)
class Ran:
    """How it ended; `status` is None while it still runs, and minus the signal that ended it."""

    status: int | None
    output: str
    seconds: float
    pid: int = 0

    @property
    def ok(self) -> bool:
        return self.status == 0

    @property
    def reason(self) -> str:
        """One line on why it did not work: its first complaint, or what it said last."""
        if self.status is None:
            return f"no end after {self.seconds:.0f} s"
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith(("dpkg: error", "E: ", "Error: "))]
        if lines:
            return (errors or lines[-1:])[0][:300]
        return f"exit status {self.status}"


def run(
    argv: Sequence[str], *, log: Path, longest: float, env: Mapping[str, str] | None = None
) -> Ran:
    """Run it to its end, or until `longest` seconds have passed.

    What it says is added to `log` (0640). Raises FileFailure where that can't be written.
    """
    begun = time.monotonic()
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        out = os.open(log, flags, 0o640)
    except OSError as error:
        raise FileFailure(log, "write", error.strerror or str(error)) from error
    try:
        mark = os.fstat(out).st_size
        try:
            child = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=minimal_environment(env),
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            return Ran(127, f"{argv[0]}: {error.strerror}", 0.0)
        status: int | None
        try:
            status = child.wait(longest)
        except subprocess.TimeoutExpired:
            status = None
            child.returncode = 0  # It is left alone: no warning that nobody waited for it.
        size = os.fstat(out).st_size
        output = os.pread(out, _TAIL, max(mark, size - _TAIL)).decode(errors="replace")
    finally:
        os.close(out)
    return Ran(status, output, time.monotonic() - begun, child.pid)
