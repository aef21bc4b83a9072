"""Blocks that end where a line ends, so that nothing which is cut off later cuts a line.

Owns why that matters: half a token is not known by its shape, and half a secret is not its value,
so of a collector that is ended in the middle only whole lines may go on. Refuses to hold more than
one block: who writes longer lines is cut anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator


def whole_lines(blocks: Iterator[bytes], most: int) -> Iterator[bytes]:
    """The same bytes in blocks of at most `most`, each but the last to the end of a line."""
    held = bytearray()
    for data in blocks:
        end = data.rfind(b"\n") + 1
        if end:
            whole = data if end == len(data) else data[:end]
            yield from _parts(b"".join((held, whole)) if held else whole, most)
            held.clear()
        held += memoryview(data)[end:]
        while len(held) > most:
            yield bytes(held[:most])
            del held[:most]
    if held:
        yield bytes(held)


def _parts(whole: bytes, most: int) -> Iterator[bytes]:
    start = 0
    while len(whole) - start > most:
        end = whole.rfind(b"\n", start, start + most) + 1 or start + most
        yield whole[start:end]
        start = end
    if start < len(whole):
        yield whole[start:] if start else whole


def fitting(data: bytes, most: int, longest: int) -> bytes:
    """As many whole lines of it as `most` bytes hold. Of a line longer than `longest`, a part."""
    if len(data) <= most:
        return data
    end = data.rfind(b"\n", 0, most) + 1
    return data[: end if end or most <= longest else most]
