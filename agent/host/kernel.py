"""What the kernel tells: the files of /proc and /sys, and how well the clock is kept.

Owns asking. Refuses to parse files: what a line means stands with the rule that needs it, so that
a test hands in lines recorded on another machine.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.host.time_sync import TimeSync, time_sync


class Kernel:
    """This machine's /proc and /sys; a test hands in recorded files."""

    def lines(self, path: str) -> Iterator[str]:
        """The lines of a file, made by the kernel as they are asked for. Raises OSError.

        Whoever stops early spares the kernel the rest: /proc/net/tcp has one line a connection.
        """
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            yield from stream

    def text(self, path: str) -> str:
        """The whole file. Raises OSError."""
        return "".join(self.lines(path))

    def time_sync(self) -> TimeSync:
        """Raises OSError where a sandbox forbids the question (`ProtectClock=`)."""
        return time_sync()
