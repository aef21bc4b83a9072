"""Files that a library mapped into this process: letting go of pages that were read.

Owns that advice. A library that reads a large file through maps keeps in memory, counted as ours,
all it ever looked at; libsystemd keeps up to 64 windows of 8 MiB (mmap-cache.c). Refuses to unmap:
the pages come back from the page cache when they are looked at again.
"""

from __future__ import annotations

import contextlib
import ctypes
from pathlib import Path

_MADV_DONTNEED = 4
_madvise = ctypes.CDLL(None, use_errno=True).madvise
_madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


def let_go(suffix: str) -> None:
    """Of files whose names end so, that are mapped for reading alone. Never fails."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/maps").read_text(errors="replace").splitlines():
            where, mode, *_ = line.split(maxsplit=2)
            if line.removesuffix(" (deleted)").endswith(suffix) and mode == "r--s":
                begin, end = (int(each, 16) for each in where.split("-"))
                _madvise(begin, end - begin, _MADV_DONTNEED)
