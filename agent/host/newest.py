"""The newest bytes of an open file: its end, begun at a line, holes passed over.

Owns reading by position, so that whoever writes or cuts the file meanwhile disturbs nothing.
Refuses to read past the size that the file had when it was opened: a log that grows as fast as it
is read would never end.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator

BLOCK = 256 << 10  # bytes; what fits a processor's own cache goes through the pipe fastest
_LINE = 64 << 10  # bytes; who has longer lines is begun anywhere
_EXTENTS = 4096


class Newest:
    """At most `cap` bytes of the file's end; 0: all of it. Closes the descriptor."""

    def __init__(self, fd: int, cap: int) -> None:
        self._fd = fd
        facts = os.fstat(fd)
        self.size = facts.st_size
        self.left_out = 0
        self.shrank = False
        extents = [(0, self.size)]
        if facts.st_blocks * 512 < self.size:
            # A log cut in place while its writer kept its position begins with a hole of gigabytes.
            extents = _data(fd, self.size)
        self._extents = self._last(extents, cap)

    def blocks(self) -> Iterator[bytes]:
        """OSError."""
        try:
            begun = self.left_out == 0
            for start, end in self._extents:
                while start < end:
                    data = os.pread(self._fd, min(BLOCK, end - start), start)
                    if not data:
                        self.shrank = True
                        return
                    start += len(data)
                    if not begun:
                        first = data.find(b"\n", 0, _LINE) + 1
                        self.left_out += first
                        data, begun = data[first:], True
                    yield data
        finally:
            with contextlib.suppress(OSError):
                os.close(self._fd)

    def _last(self, extents: list[tuple[int, int]], cap: int) -> list[tuple[int, int]]:
        over = sum(end - start for start, end in extents) - cap if cap else 0
        if over <= 0:
            return extents
        # One byte more, so that a line which begins just there is kept.
        self.left_out = over = over - 1
        kept = []
        for start, end in extents:
            gone = min(over, end - start)
            over -= gone
            if start + gone < end:
                kept.append((start + gone, end))
        return kept


def _data(fd: int, size: int) -> list[tuple[int, int]]:
    """Where a sparse file holds something (lseek(2), SEEK_DATA); the last so many pieces."""
    found: list[tuple[int, int]] = []
    place = 0
    try:
        while place < size:
            start = os.lseek(fd, place, os.SEEK_DATA)
            place = os.lseek(fd, start, os.SEEK_HOLE)
            found.append((start, min(place, size)))
            del found[:-_EXTENTS]
    except OSError as error:
        if error.errno != errno.ENXIO:  # ENXIO: nothing but a hole comes after this.
            return [(0, size)]
    return found
