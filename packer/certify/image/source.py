"""Bytes by position: a disk as the machine would see it, or a part of one.

Owns the borders: nothing is read outside them, however large a number an image holds. Refuses to
know what the bytes mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from agent.errors import MachineError

UNREADABLE = "the image can't be read: "  # who opened it puts its name there


class Source(Protocol):
    """`size` in bytes. Safe to read from several threads."""

    @property
    def size(self) -> int: ...

    def read_at(self, offset: int, length: int) -> bytes:
        """Just so many bytes. Raises CaretakerError `image-invalid`, or FileFailure."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of another source."""

    whole: Source
    start: int
    size: int

    def read_at(self, offset: int, length: int) -> bytes:
        if offset < 0 or length < 0 or offset + length > self.size:
            raise invalid(f"{length} bytes at {offset} lie beyond its end at {self.size}")
        return self.whole.read_at(self.start + offset, length)


def part(whole: Source, start: int, size: int, what: str) -> Part:
    """Raises `image-invalid` where it does not lie inside."""
    if start < 0 or size < 0 or start + size > whole.size:
        raise invalid(f"{what} ({size} bytes at {start}) reaches beyond the disk's {whole.size}")
    return Part(whole, start, size)


def invalid(why: str) -> MachineError:
    hint = "check that the image arrived whole (sha256sum), or make it again"
    return MachineError("image-invalid", f"{UNREADABLE}{why}", hint=hint)
