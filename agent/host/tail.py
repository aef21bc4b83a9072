"""The end of a log file, and what is added to it.

Owns reading from the back, and following over rotation. Refuses to load a whole log.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

_BLOCK = 65536
_STEP = 0.25


def last_lines(path: Path, count: int) -> list[str]:
    """The last lines of a file, oldest first. OSError."""
    with path.open("rb") as stream:
        position = stream.seek(0, os.SEEK_END)
        tail = b""
        while position and tail.count(b"\n") <= count:
            begin = max(0, position - _BLOCK)
            stream.seek(begin)
            tail = stream.read(position - begin) + tail
            position = begin
    return [line.decode(errors="replace") for line in tail.splitlines()[-count:]]


def follow(path: Path) -> Iterator[str]:
    """Lines as they are added, for ever; a rotated file is left for the new one. OSError."""
    stream = path.open("rb")
    stream.seek(0, os.SEEK_END)
    rest = b""
    while True:
        chunk = stream.read(_BLOCK)
        if chunk:
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (line.decode(errors="replace") for line in lines)
            continue
        time.sleep(_STEP)
        try:
            now = path.stat()
        except FileNotFoundError:
            continue  # Between the two renames of a rotation.
        if now.st_size < stream.tell():
            stream.seek(0)  # Cut in place, as our own rotation does.
            rest = b""
        elif now.st_ino != os.fstat(stream.fileno()).st_ino:
            stream.close()
            stream = path.open("rb")
