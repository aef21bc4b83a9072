"""A whole folder taken away, so that a crash in the middle leaves no half of it under its name.

Owns the order: rename aside, make that durable, then remove. Refuses a folder in which something
is mounted: what is on another file system is not ours to take.
"""

from __future__ import annotations

import os
from pathlib import Path

from agent.host import files, trees
from agent.host.failures import FileFailure
from agent.host.mounts import read_mounts

_GONE = ".gone-"


def discard(path: Path) -> int:
    """Take the folder away; the bytes its files had. FileFailure; 0 where there is none.

    0 also where they can't be counted: whose folder it was may have nested it deeper than a path
    is long, and must not so keep it for ever.
    """
    if not os.path.lexists(path):
        return 0
    _refuse_mounts(path)
    size = _size(path)
    aside = path.with_name(f"{_GONE}{path.name}")
    trees.remove(aside)
    files.rename(path, aside)
    trees.remove(aside)
    return size


def finish(folder: Path) -> int:
    """Remove what a run that was killed had only put aside; how many. FileFailure."""
    found = left_over(folder)
    for path in found:
        _refuse_mounts(path)
        trees.remove(path)
    return len(found)


def left_over(folder: Path) -> list[Path]:
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FileFailure(folder, "read", error.strerror or str(error)) from error
    return [folder / name for name in sorted(names) if name.startswith(_GONE)]


def _size(path: Path) -> int:
    try:
        return trees.size(path)
    except FileFailure:
        return 0


def _refuse_mounts(path: Path) -> None:
    real = path.resolve()
    for mount in read_mounts():
        if real == Path(mount.point) or real in Path(mount.point).parents:
            raise FileFailure(path, "remove", f"{mount.point} is mounted there")
