"""Files of the machine as files of a bundle: as they are, or unpacked where they were packed.

Owns what becomes of one: its newest part, what a crash or a cut left in it of zeros, its name.
Refuses to look for any (`agent.host.found`) and to judge which are wanted: collectors do. Some
folders are closed to all of them, whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from agent.host import found
from agent.host.found import Found
from agent.host.newest import Newest
from support.collectors import rotated
from support.collectors.collector import Source
from support.collectors.cuts import without_zeros
from support.collectors.document import below_root
from support.scene import Scene

_MOST = 2000  # files one pattern may mean
_KERNELS = ("/proc/", "/sys/", "/dev/")


def matching(scene: Scene, patterns: Iterable[str], *, most: int = _MOST) -> Iterator[Found]:
    """Files that absolute patterns mean, each once; none from where nothing may be taken."""
    seen: set[tuple[int, int]] = set()
    for pattern in patterns:
        for each in found.matching(scene.layout.root, below_root(scene, pattern)):
            if each.identity in seen or is_closed(scene, each.real):
                continue
            if len(seen) >= most:
                return
            seen.add(each.identity)
            yield each


def is_closed(scene: Scene, path: str) -> bool:
    """Whether a path without links is never collected: secrets themselves, and the kernel's."""
    if path.startswith(_KERNELS):
        return True
    layout = scene.layout
    closed = (
        layout.support_state,
        layout.secrets,
        layout.environments,
        layout.change_request.parent,
    )
    return any(path.startswith(f"{below_root(scene, folder)}/") for folder in closed)


def source(each: Found, name: str, *, cap: int) -> Source:
    """One file; of a packed one the content, under its name without the ending."""
    kind = rotated.kind_of(each.relative)
    if kind:
        unpacking = rotated.Unpacking(each, kind, cap)
        return Source(
            name.removesuffix(f".{kind}"),
            each.path,
            unpacking.blocks,
            cap=cap,
            modified=each.modified,
            left_out=lambda: unpacking.left_out,
        )
    reading = Reading(each)
    return Source(
        name,
        each.path,
        partial(reading.newest, cap),
        size=min(each.size, each.on_disk) if each.on_disk else each.size,
        cap=cap,
        modified=each.modified,
        left_out=lambda: reading.left_out,
        newest=reading.newest,
    )


@dataclass
class Reading:
    """One file, as it is read."""

    file: Found
    left_out: int = 0

    def newest(self, cap: int) -> Iterator[bytes]:
        """Its newest `cap` bytes (0: all). FileFailure, OSError."""
        newest = Newest(self.file.open(), cap)
        for data in newest.blocks():
            self.left_out = newest.left_out
            yield without_zeros(data) if b"\0" in data else data
        self.left_out = newest.left_out
        if newest.shrank:
            raise OSError(0, "it was cut while it was read")
