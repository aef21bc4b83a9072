"""Rotated logs that were packed: unpacked while they are read, and never trusted to be small.

Owns the four forms that logrotate makes, and the bounds: what comes out at a time, in all, and for
each byte that goes in. Refuses archives of several files, and to write anything anywhere.
"""

from __future__ import annotations

import bz2
import contextlib
import lzma
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import zstandard

from agent.host.failures import HostFailure
from agent.host.found import Found
from agent.host.newest import BLOCK
from support.collectors.cuts import without_zeros

KINDS = ("gz", "xz", "zst", "bz2")
_READ = 128 << 10  # bytes
_MEMORY = 32 << 20  # bytes; xz -9 wants 65 MB, and no logrotate asks for that
_RATIO = 300  # text of one line over and over packs about so well
_SMALL = 16 << 20  # bytes; below that nobody asks how well it was packed
_SAMPLE = 64 << 10  # bytes
_PLENTY = 50  # times its size; better packed ones are guessed to be no better
_DAMAGED = (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, ValueError, EOFError)


def kind_of(name: str) -> str:
    """The ending without its dot; empty for what is not packed."""
    ending = name.rpartition(".")[2]
    return ending if ending in KINDS else ""


@dataclass
class Unpacking:
    """The content of one packed file, at most so much of it that it can't be a trap."""

    file: Found
    kind: str
    cap: int
    left_out: int = 0
    _read: int = 0

    def blocks(self) -> Iterator[bytes]:
        """HostFailure where it is damaged or a trap; what came before that stands."""
        fd = self.file.open()
        try:
            yield from self._bounded(_UNPACKERS[self.kind](self._reader(fd)))
        except _DAMAGED as error:
            raise HostFailure(f"it could not be unpacked to its end ({_word(error)})") from error
        finally:
            os.close(fd)

    def _reader(self, fd: int) -> Callable[[], bytes]:
        def read() -> bytes:
            # Never past the size it had: whoever writes there could go on for ever.
            data = os.pread(fd, min(_READ, self.file.size - self._read), self._read)
            self._read += len(data)
            return data

        return read

    def _bounded(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        out = 0
        for data in blocks:
            out += len(data)
            if out > _SMALL and out > _RATIO * self._read:
                raise HostFailure(f"it unpacks to more than {_RATIO} times its size, so it was cut")
            yield without_zeros(data) if b"\0" in data else data


def sampled(file: Found, kind: str) -> tuple[int, bytes]:
    """About how much comes out, and the first of it, from the file's first blocks. HostFailure."""
    part = replace(file, size=min(file.size, _SAMPLE))
    text = bytearray()
    with contextlib.suppress(HostFailure):  # It ends in the middle, of course.
        for block in Unpacking(part, kind, 0).blocks():
            text += block
            if len(text) > _SAMPLE * _PLENTY:
                break
    return len(text) * file.size // max(1, part.size), bytes(text[: 4 * _SAMPLE])


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    @property
    def needs_input(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """zlib's decoder with the manners of the other two."""

    def __init__(self) -> None:
        self._one = zlib.decompressobj(31)  # with gzip's header

    @property
    def eof(self) -> bool:
        return self._one.eof

    @property
    def unused_data(self) -> bytes:
        return self._one.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._one.unconsumed_tail

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._one.decompress(self._one.unconsumed_tail + data, max_length)


def _decoded(make: Callable[[], _Decoder], read: Callable[[], bytes]) -> Iterator[bytes]:
    """All parts of a file that was packed in several, one after the other."""
    data, ended = read(), False
    while data:
        decoder = make()
        while not decoder.eof:
            if decoder.needs_input and not data:
                data = read()
                ended = not data
            out = decoder.decompress(data, BLOCK)
            if out:
                yield out
            elif ended and not decoder.eof:
                raise EOFError
            data = b""
        data = decoder.unused_data.lstrip(b"\0") or read()


def _gzip(read: Callable[[], bytes]) -> Iterator[bytes]:
    return _decoded(_Gzip, read)


def _bzip2(read: Callable[[], bytes]) -> Iterator[bytes]:
    return _decoded(bz2.BZ2Decompressor, read)


def _xz(read: Callable[[], bytes]) -> Iterator[bytes]:
    return _decoded(lambda: lzma.LZMADecompressor(memlimit=_MEMORY), read)


@dataclass
class _Stream:
    """As much of a file object as zstandard needs."""

    pull: Callable[[], bytes]

    def read(self, size: int = -1) -> bytes:
        return self.pull()


def _zstd(read: Callable[[], bytes]) -> Iterator[bytes]:
    decoder = zstandard.ZstdDecompressor(max_window_size=_MEMORY)
    stream = decoder.stream_reader(_Stream(read), read_across_frames=True)  # type: ignore[arg-type] # it calls nothing but read
    while data := stream.read(BLOCK):
        yield data


_UNPACKERS: dict[str, Callable[[Callable[[], bytes]], Iterator[bytes]]] = {
    "gz": _gzip,
    "bz2": _bzip2,
    "xz": _xz,
    "zst": _zstd,
}


def _word(error: BaseException) -> str:
    if isinstance(error, EOFError):
        return "it ends too early"
    if isinstance(error, lzma.LZMAError) and "memory" in str(error).lower():
        return "it needs too much memory"
    return "it is damaged" if not isinstance(error, OSError) else error.strerror or "it is damaged"
