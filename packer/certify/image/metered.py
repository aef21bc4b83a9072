"""A stream that gives so many bytes and no more, for readers that believe what a header claims.

Python's tarfile reads a long name or a pax header whole, of whatever size the archive says: eight
gigabytes of zeros pack into a few megabytes. Owns the meter. Refuses to seek where the stream
below can't.
"""

from __future__ import annotations

import io
from typing import IO

from packer.certify.image.source import invalid

HEADERS = 16 << 20  # bytes of one member's headers: names, pax records, maps of holes


class Metered(io.RawIOBase):
    """Reading more than was allowed raises CaretakerError `image-invalid`."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = HEADERS

    def allow(self, count: int = HEADERS) -> None:
        """From here on so many bytes."""
        self._left = count

    def read(self, size: int = -1) -> bytes:
        self._left -= size
        if size < 0 or self._left < 0:
            raise invalid("a header in its tar is larger than any")
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()
