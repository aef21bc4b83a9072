"""A program's output in large blocks, while it runs.

Owns starting it and reading what it prints; what it says of errors is kept in memory, its last
words only. Refuses a time limit: it runs below a process that has one, and ends with that.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Sequence

from agent.host.spawn import minimal_environment

_BLOCK = 256 << 10
_LAST = 2000  # bytes


class Pouring:
    """One program. `status` is None until it ended; `complaint` is what it said of errors."""

    def __init__(self, argv: Sequence[str]) -> None:
        self.argv = tuple(argv)
        self.status: int | None = None
        self.complaint = ""

    def blocks(self) -> Iterator[bytes]:
        """What it prints; it is ended where nobody wants more. OSError: it can't be started."""
        errors = os.memfd_create("errors", os.MFD_CLOEXEC)
        try:
            child = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=minimal_environment(),
                bufsize=0,
            )
            assert child.stdout is not None
            try:
                while data := os.read(child.stdout.fileno(), _BLOCK):
                    yield data
                self.status = child.wait()
            finally:
                child.stdout.close()
                if child.poll() is None:
                    with contextlib.suppress(OSError):
                        child.kill()
                    child.wait()
            size = os.fstat(errors).st_size
            self.complaint = os.pread(errors, _LAST, max(0, size - _LAST)).decode(errors="replace")
        finally:
            os.close(errors)
