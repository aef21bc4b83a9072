"""A whole file as one buffer, for who must read it more than once and not keep it.

Owns the map: its pages are the page cache's, so the kernel takes them back when memory is short,
and a disk of many gigabytes costs address space only. Refuses to write through it.
"""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Iterator
from pathlib import Path

from agent.host.failures import FileFailure
from agent.host.opened import open_once


@contextlib.contextmanager
def whole(path: Path) -> Iterator[memoryview]:
    """The content, to be read while the block runs. Raises FileNotFoundError, FileFailure.

    A file that another process cuts short meanwhile ends this one by SIGBUS (mmap(2)).
    """
    with open_once(path) as opened:
        if not opened.size:  # an empty map is an error
            yield memoryview(b"")
            return
        try:
            held = mmap.mmap(opened.fd, opened.size, prot=mmap.PROT_READ)
        except OSError as error:
            raise FileFailure(path, "read", error.strerror or str(error)) from error
        with held, memoryview(held) as view:
            yield view
