"""Chosen files copied into a new folder, all at once or not at all.

Owns the copy: aside as `NAME.part`, flushed to disk once, then renamed. Refuses to choose; whole
trees with their links are the work of `trees`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from agent.host import files, spawn
from agent.host.failures import FileFailure


def stage_files(
    chosen: Mapping[str, Path], target: Path, *, before_rename: Callable[[Path], None] | None = None
) -> None:
    """Copy each file of `chosen` (path below the target -> source) and name the folder `target`.

    `before_rename` gets the folder aside, to complete it. What an interrupted try left aside is
    removed first. Raises FileFailure.
    """
    aside = target.with_name(f"{target.name}.part")
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o755, parents=True)
        for name, source in chosen.items():
            _copy(source, aside / name)
        if before_rename is not None:
            before_rename(aside)
        _flush(aside)
        os.rename(aside, target)
        files.sync_folder(target.parent)
    except OSError as error:
        raise FileFailure(target, "stage", error.strerror or str(error)) from error


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    content = files.read_bytes(source)
    mode = 0o755 if os.stat(source).st_mode & 0o100 else 0o644
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(target, flags, mode), "wb") as stream:
        stream.write(content)
        os.fchmod(stream.fileno(), mode)


def _flush(folder: Path) -> None:
    # One syncfs(2) instead of two fsyncs a file: a few hundred of those take seconds.
    done = spawn.run(["sync", "--file-system", str(folder)], timeout=300)
    if not done.ok:
        raise FileFailure(folder, "flush", done.reason)
