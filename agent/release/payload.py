"""The payload in a bundle: the content of its files, one after the other, in one zstd frame.

Owns packing and unpacking the bytes. Names, kinds and sizes stand in release.json alone, so there
is no second list that could say otherwise. Refuses to give a byte more than was signed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import IO, cast

import zstandard

from agent.host.opened import Opened
from agent.release.container import Member, damaged

LEVEL = 10
# As `zstd -d` has it by default; a frame may ask a reader for any amount of memory.
_WINDOW = 1 << 27


class PayloadReader:
    """The payload of an open bundle; `sha256` is of the compressed bytes."""

    def __init__(self, opened: Opened, member: Member, sha256: str) -> None:
        self._sha256 = sha256
        self._source = _Hashed(opened.chunks(member.offset, member.size))
        decompressor = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
        self._stream = decompressor.stream_reader(cast(IO[bytes], self._source))

    def read(self, length: int) -> bytes:
        """Just so many bytes. Raises RefusedError."""
        found = self._some(length)
        while 0 < len(found) < length and (more := self._some(length - len(found))):
            found += more
        if len(found) != length:
            raise damaged("its payload holds less than it says")
        return found

    def finish(self) -> None:
        """Make sure that this was all of it, and what was verified. Raises RefusedError."""
        more = self._some(1)
        while self._source.read(1 << 20):
            pass
        if more:
            raise damaged("its payload holds more than it says")
        if self._source.digest() != self._sha256:
            raise damaged("its payload has changed since it was verified")

    def _some(self, length: int) -> bytes:
        try:
            return bytes(self._stream.read(length))
        except zstandard.ZstdError as error:
            raise damaged(f"its payload can't be unpacked: {error}") from error


class _Hashed:
    """The compressed bytes as a stream that knows their SHA-256."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest, self._total = chunks, b"", hashlib.sha256()

    def read(self, length: int = -1) -> bytes:
        if not self._rest:
            self._rest = next(self._chunks, b"")
            self._total.update(self._rest)
        given, self._rest = (
            (self._rest, b"") if length < 0 else (self._rest[:length], self._rest[length:])
        )
        return given

    def digest(self) -> str:
        return self._total.hexdigest()
