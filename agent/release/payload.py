"""The payload in a bundle: the content of its files, one after the other, in one zstd frame.

Owns packing and unpacking the bytes. Names, kinds and sizes stand in release.json alone, so there
is no second list that could say otherwise. Refuses to give a byte more than was signed.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, cast

import zstandard

from agent.host.opened import Opened
from agent.release.container import Member, damaged

LEVEL = 10
# As `zstd -d` has it by default; a frame may ask a reader for any amount of memory.
_WINDOW = 1 << 27


@dataclass(frozen=True, slots=True)
class PayloadReader:
    """The payload of an open bundle; `sha256` is of the compressed bytes."""

    opened: Opened
    member: Member
    sha256: str

    @contextlib.contextmanager
    def reading(self) -> Iterator[Callable[[int], bytes]]:
        """A function that gives just so many bytes. Raises RefusedError, also at the end of the
        block: then the file had changed since it was verified, or holds more than it says.
        """
        source = _Hashed(self.opened.chunks(self.member.offset, self.member.size))
        stream = zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(
            cast(IO[bytes], source)
        )

        def read(length: int) -> bytes:
            try:
                found = bytes(stream.read(length))
                while 0 < len(found) < length and (more := stream.read(length - len(found))):
                    found += more
            except zstandard.ZstdError as error:
                raise damaged(f"its payload can't be unpacked: {error}") from error
            if len(found) != length:
                raise damaged("its payload holds less than it says")
            return found

        yield read
        self._finish(stream, source)

    def _finish(self, stream: zstandard.ZstdDecompressionReader, source: _Hashed) -> None:
        try:
            more = stream.read(1)
        except zstandard.ZstdError as error:
            raise damaged(f"its payload can't be unpacked: {error}") from error
        while source.read(1 << 20):
            pass
        if more or source.digest() != self.sha256:
            raise damaged("its payload has changed since it was verified")


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
