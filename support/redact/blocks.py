"""A stream cut anew: windows of whole lines, about 256 KiB each, wherever it was cut before.

Owns where a window begins and ends, which depends on the bytes alone, so that what is redacted
does not depend on how they came. Refuses to hold more than a window and its surroundings: a line
longer than a window comes in pieces, each with what stands around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

SIZE = 256 << 10  # what is found in a window takes twenty times its room
AROUND = 64 << 10
"""Bytes on either side of a window that can be looked at. A secret that long is found whole."""


class Window(NamedTuple):
    """`core` is to be written. `whole`: it consists of whole lines, and needs no surroundings."""

    core: bytes
    left: bytes
    right: bytes
    whole: bool


def recut(blocks: Iterable[bytes], size: int = SIZE, around: int = AROUND) -> Iterator[Window]:
    """Windows whose cores, put together, are the stream."""
    source = iter(blocks)
    held = b""
    left = b""
    inside = False  # of a line longer than a window
    while True:
        held, ended = _filled(held, source, size + around)
        if not held:
            return
        cut, goes_on = _place(held, size, inside=inside, ended=ended)
        core = held[:cut]
        right = held[cut : cut + around]
        yield Window(core, left, right, whole=not (inside or goes_on))
        left = (left + core)[-around:] if cut < around else core[-around:]
        held = held[cut:]
        inside = goes_on


def _filled(held: bytes, source: Iterator[bytes], wanted: int) -> tuple[bytes, bool]:
    parts, have = [held], len(held)
    while have < wanted:
        block = next(source, None)
        if block is None:
            return b"".join(parts), True
        parts.append(block)
        have += len(block)
    return b"".join(parts), False


def _place(held: bytes, size: int, *, inside: bool, ended: bool) -> tuple[int, bool]:
    """Where to cut, and whether the line goes on after that."""
    if inside:
        # The rest of a long line alone, else how it is cut would depend on what follows it.
        end = held.find(b"\n", 0, size)
        if end >= 0:
            return end + 1, False
        return (len(held), False) if ended and len(held) <= size else (size, True)
    if ended and len(held) <= size:
        return len(held), False
    end = held.rfind(b"\n", 0, size)
    return (end + 1, False) if end >= 0 else (size, True)
