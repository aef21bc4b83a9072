"""Walks over the frames of a zstd stream without unpacking them.

Owns telling a stream that was cut, or padded with what a decompressor passes over in silence: an
unfinished last frame, skippable frames, bits without a meaning (RFC 8878, section 3.1.1). Refuses
to judge content: the frames' checksums and the bundle's signature do.
"""

from __future__ import annotations

import struct

_MAGIC = b"\x28\xb5\x2f\xfd"
_DICTIONARY = (0, 1, 2, 4)  # bytes of its id, by the flag
_CONTENT = (0, 2, 4, 8)  # bytes of the content's size, by the flag
_RESERVED = 0x18
_MOST = 128 << 10  # bytes of a block
_RLE, _BAD = 1, 3


class FrameWalk:
    """`feed` it all bytes in order, then `finish`. Both raise ValueError."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._skip = 0
        self._wanted = 5  # bytes of the header that are read next: magic and descriptor
        self._state = "begin"
        self._checksum = False

    def feed(self, content: bytes | memoryview) -> None:
        view = memoryview(content)
        while view:
            if self._skip:
                step = min(self._skip, len(view))
                self._skip -= step
                view = view[step:]
                continue
            step = min(self._wanted - len(self._head), len(view))
            self._head += view[:step]
            view = view[step:]
            if len(self._head) == self._wanted:
                head = bytes(self._head)
                self._head.clear()
                self._next(head)

    def finish(self) -> None:
        if self._state != "begin" or self._head or self._skip:
            raise ValueError("it was cut")

    def _next(self, head: bytes) -> None:
        if self._state == "begin":
            self._frame(head)
        else:
            self._block(head)

    def _frame(self, head: bytes) -> None:
        if head[:4] != _MAGIC:
            raise ValueError("there is something else in it")
        flags = head[4]
        if flags & _RESERVED:
            raise ValueError("a frame's header makes no sense")
        single, size = flags >> 5 & 1, _CONTENT[flags >> 6]
        self._checksum = bool(flags & 4)
        self._skip = (1 - single) + _DICTIONARY[flags & 3] + (size or single)
        self._state, self._wanted = "block", 3

    def _block(self, head: bytes) -> None:
        (word,) = struct.unpack("<I", head + b"\0")
        kind, size = word >> 1 & 3, word >> 3
        if kind == _BAD or size > _MOST:
            raise ValueError("a block's header makes no sense")
        self._skip = 1 if kind == _RLE else size
        if word & 1:
            self._skip += 4 * self._checksum
            self._state, self._wanted = "begin", 5
