"""A file's content, copied with its holes, and read back.

Owns which bytes there are to copy, and a checksum over them. Refuses links and names: it works on
open files.
"""

from __future__ import annotations

import errno
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Proof:
    """What was written: the size, a CRC-32 of all content, and where it stands (None: all of it).

    It finds what a disk or memory got wrong. Nobody can change the copy meanwhile, so it need not
    withstand a person.
    """

    size: int
    checksum: int
    parts: tuple[tuple[int, int], ...] | None = None


def copy(source: int, target: int, facts: os.stat_result) -> Proof:
    """Copy into an empty file, leaving holes where `source` has them. OSError.

    Where its owner cuts it short meanwhile, what is left of it is copied.
    """
    sparse = facts.st_blocks * 512 < facts.st_size
    parts: list[tuple[int, int]] = []
    checksum = 0
    for offset, length in _parts(source, facts.st_size) if sparse else ((0, facts.st_size),):
        done = offset
        for chunk in _read(source, offset, length):
            _write(target, chunk, done)
            checksum = zlib.crc32(chunk, checksum)
            done += len(chunk)
        parts.append((offset, done - offset))
    if not sparse:
        return Proof(parts[0][1], checksum)
    os.ftruncate(target, facts.st_size)
    return Proof(facts.st_size, checksum, tuple(parts))


def fetch_anew(file: int) -> None:
    """Have the disk asked for the file's content; the caller need not wait. OSError.

    What is in memory is dropped first: it says nothing about the disk.
    """
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_WILLNEED)


def is_as_written(file: int, proof: Proof) -> bool:
    """Whether the file is what was copied; see `fetch_anew`. OSError."""
    if os.fstat(file).st_size != proof.size:
        return False
    checksum = 0
    for offset, length in proof.parts if proof.parts is not None else ((0, proof.size),):
        for chunk in _read(file, offset, length):
            checksum = zlib.crc32(chunk, checksum)
    return checksum == proof.checksum


def _parts(file: int, size: int) -> Iterator[tuple[int, int]]:
    """(offset, length) of all that is no hole."""
    end = 0
    while end < size:
        try:
            start = os.lseek(file, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # A hole up to the end.
                return
            raise
        end = min(os.lseek(file, start, os.SEEK_HOLE), size)
        if end > start:
            yield start, end - start


def _read(file: int, offset: int, length: int) -> Iterator[bytes]:
    end = offset + length
    while offset < end and (chunk := os.pread(file, min(_CHUNK, end - offset), offset)):
        yield chunk
        offset += len(chunk)


def _write(file: int, content: bytes, offset: int) -> None:
    done = os.pwrite(file, content, offset)
    while done < len(content):
        done += os.pwrite(file, memoryview(content)[done:], offset + done)
