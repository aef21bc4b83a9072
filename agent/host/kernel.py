"""What the kernel tells: the files of /proc and /sys, and how well the clock is kept.

Owns asking. Refuses to parse files: what a line means stands with the rule that needs it, so that
a test hands in lines recorded on another machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from agent.host.time_sync import TimeSync, time_sync

_CHUNK = 256  # bytes; the longest line of /proc/net/tcp6 has under 200


class Kernel:
    """This machine's /proc and /sys; a test hands in recorded files."""

    def lines(self, path: str) -> Iterator[str]:
        """The lines of a file, made by the kernel as they are asked for. Raises OSError.

        Whoever stops early spares the kernel the rest: to say that /proc/net/tcp6 is at its end
        it walks through every connection of the machine, which takes 15 ms where there are many.
        Hence the small buffer: the kernel fills what it is given before it answers (seq_file).
        """
        with open(path, "rb", buffering=_CHUNK) as stream:
            for line in stream:
                yield line.decode("utf-8", "surrogateescape")

    def text(self, path: str) -> str:
        """The whole file. Raises OSError."""
        return "".join(self.lines(path))

    def names(self, path: str) -> list[str]:
        """The names in a folder. Raises OSError."""
        return sorted(os.listdir(path))

    def link(self, path: str) -> str:
        """Where a link leads. Raises OSError."""
        return os.readlink(path)

    def time_sync(self) -> TimeSync:
        """Raises OSError where a sandbox forbids the question (`ProtectClock=`)."""
        return time_sync()
