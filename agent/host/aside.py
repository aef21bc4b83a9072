"""Broken files put aside: out of the way, with their bytes kept for whoever looks into it.

Owns the names (`NAME.corrupt-20261121T080000Z`) and how many of one file are kept. Refuses to
judge what is broken.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from agent.host import files
from agent.host.failures import FileFailure

KEPT = 3  # of one file: a disk that breaks it each hour must not be filled by the proofs


def set_aside(path: Path, *, replacement: Path | None = None) -> Path:
    """Where it stands now. Raises FileFailure; then it still stands where it stood.

    The `replacement` takes its place in one rename: killed in between, either of the two is there.
    SQLite's journal goes with its database: left behind it would be played back into the next
    file of that name.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    target = path.with_name(f"{path.name}.corrupt-{stamp}")
    before = [each for each in set_aside_before(path) if each.name.startswith(target.name)]
    if before:
        target = target.with_name(f"{target.name}-{_number(before[-1]) + 1}")
    if replacement is None:
        files.rename(path, target)
        _move_journal(path, target)
    else:
        _link(path, target)
        _move_journal(path, target)
        files.rename(replacement, path)
    _forget(path)
    return target


def _link(path: Path, target: Path) -> None:
    try:
        os.link(path, target, follow_symlinks=False)
    except OSError:
        files.rename(path, target)  # No second names on this file system (FAT).


def _move_journal(path: Path, target: Path) -> None:
    journal = path.with_name(f"{path.name}-journal")
    with contextlib.suppress(FileFailure):
        if os.path.lexists(journal):
            files.rename(journal, target.with_name(f"{target.name}-journal"))


def set_aside_before(path: Path) -> list[Path]:
    """What was put aside of this file, the oldest first."""
    try:
        names = os.listdir(path.parent)
    except OSError:
        return []
    ours = [name for name in names if name.startswith(f"{path.name}.corrupt-")]
    found = [path.with_name(name) for name in ours if not name.endswith("-journal")]
    return sorted(found, key=lambda each: (each.name.rpartition("Z")[0], _number(each)))


def _number(aside: Path) -> int:
    """Which of several in one second."""
    number = aside.name.rpartition("Z-")[2]
    return int(number) if number.isdigit() else 1


def _forget(path: Path) -> None:
    for old in set_aside_before(path)[:-KEPT]:
        for one in (old, old.with_name(f"{old.name}-journal")):
            with contextlib.suppress(OSError):
                os.unlink(one)
