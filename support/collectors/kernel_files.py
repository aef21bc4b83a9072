"""Files of /proc and /sys as collectors want them: text, numbers, tables by name.

Owns reading and taking them apart. What is not there, or closed to whoever asks, is empty.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from agent.host.kernel import Kernel
from support.collectors.document import plain

_CAP = 4 << 20  # characters of one file


def text(kernel: Kernel, path: str) -> str:
    """The whole file, at most some MiB; empty where it can't be read."""
    parts: list[str] = []
    left = _CAP
    with contextlib.suppress(OSError):
        for line in kernel.lines(path):
            parts.append(line)
            left -= len(line)
            if left < 0:
                break
    return plain("".join(parts))


def raw(kernel: Kernel, path: str) -> bytes:
    """The same in bytes. Raises OSError where it can't be read."""
    for _ in kernel.lines(path):
        return text(kernel, path).encode()
    return b""


def first(kernel: Kernel, path: str) -> str:
    """Its first line, without blanks around."""
    with contextlib.suppress(OSError):
        for line in kernel.lines(path):
            return plain(line.strip())
    return ""


def number(kernel: Kernel, path: str) -> int | None:
    """The number it holds; None where it holds none, or `max`."""
    return whole(first(kernel, path))


def whole(word: str) -> int | None:
    return (
        int(word) if word.removeprefix("-").isascii() and word.removeprefix("-").isdigit() else None
    )


def table(kernel: Kernel, path: str) -> dict[str, int]:
    """`name value` lines; what is no number is left out."""
    return dict(_pairs(text(kernel, path)))


def names(kernel: Kernel, path: str) -> list[str]:
    """What a folder holds; empty where there is none."""
    with contextlib.suppress(OSError):
        return kernel.names(path)
    return []


def _pairs(content: str) -> Iterator[tuple[str, int]]:
    for line in content.splitlines():
        name, _, rest = line.partition(" ")
        found = whole(rest.strip())
        if found is not None:
            yield name.rstrip(":"), found
