"""Of one file, what is given: no more than its cap, and nothing binary.

Owns where a file is cut: of one whose size is known, the newest is kept; of a stream, its head and
its tail. Refuses to read: blocks come in, blocks go out, none is copied that need not be.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from support.collectors.frames import BLOCK_MOST
from support.collectors.whole_lines import fitting, whole_lines

_TAIL = 1 << 20  # bytes kept in memory while a stream runs on
_FLOOD = 8  # times its cap, then nobody waits for the end of a stream
# A file that lost power, or was cut while its writer kept its place, holds runs of them; a file
# that is binary holds single ones too.
_ZEROS = re.compile(rb"\0{8,}")
_LINE = 64 << 10  # bytes; who has longer lines is cut anywhere


@dataclass
class Cut:
    """How one file is cut to `cap` bytes, and afterwards what came of it.

    `size`: what it should have; None: nobody knows.
    """

    cap: int
    size: int | None = None
    given: int = 0
    left_out: int = 0
    withheld: bool = False
    why: str = ""

    def pieces(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """What is kept, each piece at most a frame long and, where lines are not, whole lines."""
        kept = whole_lines(self._text(blocks), BLOCK_MOST)
        if self.size is None:
            kept = self._both_ends(kept)
        else:
            kept = self._newest(kept, max(0, self.size - self.cap))
        for data in kept:
            self.given += len(data)
            if data:
                yield data

    def _text(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Blocks until one holds a NUL: nothing where that is the first, else what is before."""
        begun = False
        for data in blocks:
            place = data.find(b"\0")
            if place < 0:
                begun = begun or bool(data)
                yield data
                continue
            if begun:
                self.why = "binary from here on, so it was cut"
                yield data[: data.rfind(b"\n", 0, place) + 1]
            else:
                self.withheld, self.why = True, "it is binary"
            return

    def _newest(self, blocks: Iterator[bytes], over: int) -> Iterator[bytes]:
        """All but the first `over` bytes and the rest of their line; no more than the cap."""
        left = self.cap
        for data in blocks:
            if over:
                if len(data) <= over:
                    over -= len(data)
                    self.left_out += len(data)
                    continue
                end = data.find(b"\n", over - 1, over + _LINE) + 1 or over
                self.left_out += end
                data, over = data[end:], 0
            kept = fitting(data, left, _LINE)
            yield kept
            left -= len(data)
            if left <= 0:  # Else what grows while it is read would never end.
                return

    def _both_ends(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        size = min(self.cap // 2, _TAIL)
        head, seen = self.cap - size, 0
        tail = _Tail(size)
        for data in blocks:
            seen += len(data)
            if head:
                kept = fitting(data, head, _LINE)
                yield kept
                data, head = data[len(kept) :], max(0, head - len(data))
            if data:
                tail.add(data)
            if seen > _FLOOD * self.cap:
                self.why = "it did not end, so it was cut"
                break
        last = tail.bytes()
        self.left_out = tail.dropped
        if self.left_out:
            end = last.find(b"\n", 0, _LINE) + 1
            self.left_out += end
            yield b"\n[%d bytes are left out here]\n" % self.left_out
            last = last[end:]
        if last:
            yield last


class _Tail:
    """The last bytes of what was added."""

    def __init__(self, size: int) -> None:
        self._size, self._held, self.dropped = size, 0, 0
        self._parts: deque[bytes] = deque()

    def add(self, data: bytes) -> None:
        self._parts.append(data)
        self._held += len(data)
        while self._held - len(self._parts[0]) >= self._size:
            gone = len(self._parts.popleft())
            self._held -= gone
            self.dropped += gone

    def bytes(self) -> bytes:
        whole = b"".join(self._parts)
        over = max(0, len(whole) - self._size)
        self.dropped += over
        return whole[over:]


def without_zeros(data: bytes) -> bytes:
    """Runs of NUL taken out; single ones stay, by which a binary file is known."""
    return _ZEROS.sub(b"", data.strip(b"\0"))
