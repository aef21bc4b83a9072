"""What has come over a wire and was not read yet.

Owns buffering, so that a protocol asks for a line or a number of bytes and not for system calls.
Refuses to know any protocol; how much is too much is said by the caller each time.
"""

from __future__ import annotations

from agent.host.network import Wire


class Inbox:
    """Reads from one wire. `taken` counts the bytes handed out. Raises OSError like the wire."""

    __slots__ = ("_held", "_wire", "taken")

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._held = bytearray()
        self.taken = 0

    def ended(self) -> bool:
        """Whether the stream has ended and nothing is left; waits for a byte to tell."""
        return not self._held and not self._more()

    def line(self, cap: int) -> bytes:
        """One line without its end, CR LF or a bare LF; empty for an empty line.

        Raises ValueError for one longer than `cap` and ConnectionError where the stream ends first.
        """
        begin = 0
        while (end := self._held.find(b"\n", begin)) < 0:
            begin = len(self._held)
            if begin > cap:
                raise ValueError("a line is too long")
            self._need()
        if end > cap:
            raise ValueError("a line is too long")
        return self._take(end + 1)[:-1].removesuffix(b"\r")

    def exactly(self, count: int) -> bytes:
        """That many bytes. Raises ConnectionError where the stream ends first."""
        while len(self._held) < count:
            self._need()
        return self._take(count)

    def up_to(self, count: int) -> bytes:
        """What there is, at most that many bytes; empty at the end of the stream."""
        if not self._held:
            self._more()
        return self._take(min(count, len(self._held)))

    def _take(self, count: int) -> bytes:
        taken = bytes(self._held[:count])
        del self._held[:count]
        self.taken += count
        return taken

    def _need(self) -> None:
        if not self._more():
            raise ConnectionError("the stream ended in the middle of the answer")

    def _more(self) -> bool:
        chunk = self._wire.receive()
        self._held += chunk
        return bool(chunk)
