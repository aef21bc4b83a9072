"""A large file without a name, with holes, gone when it is closed.

Owns the place of what must be unpacked to be read at will. Refuses a name: nobody else can open
it, and no crash leaves it behind (O_TMPFILE, open(2)).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.host.failures import FileFailure
from agent.host.opened import Opened

_PLACE = Path("/var/tmp")  # noqa: S108 — on a disk, unlike /tmp; no name is made there
_LEFT = 256 << 20  # bytes for everybody else


@dataclass(frozen=True, slots=True)
class Nameless:
    fd: int

    def write_at(self, at: int, content: bytes) -> None:
        """Raises FileFailure, also where the disk would be left with hardly any room."""
        try:
            left = os.fstatvfs(self.fd)
            if left.f_bavail * left.f_frsize < _LEFT + len(content):
                raise FileFailure(_PLACE, "unpack to", f"only {_LEFT} bytes are left there")
            while content:
                done = os.pwrite(self.fd, content, at)
                at, content = at + done, content[done:]
        except OSError as error:
            raise FileFailure(_PLACE, "unpack to", error.strerror or str(error)) from error

    def opened(self, size: int) -> Opened:
        """For reading, with holes up to `size`. Raises FileFailure."""
        try:
            os.ftruncate(self.fd, size)
        except OSError as error:
            raise FileFailure(_PLACE, "unpack to", error.strerror or str(error)) from error
        return Opened(_PLACE, self.fd, size)


@contextmanager
def nameless() -> Iterator[Nameless]:
    """Raises FileFailure."""
    try:
        fd = os.open(_PLACE, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FileFailure(_PLACE, "unpack to", error.strerror or str(error)) from error
    try:
        yield Nameless(fd)
    finally:
        os.close(fd)
