"""Whether root may write into a folder that was handed over: a disk, a share.

Owns the look: nobody else may change what is in it or put another folder in its place, and in it
are only folders and files, no link that leads a writer somewhere else. Refuses to mend any.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from agent.host import descent
from agent.host.failures import FileFailure

_MOST = 500_000  # entries looked at


def complaint(top: Path) -> str:
    """Why not; empty where all is well, or where there is nothing yet."""
    try:
        if why := _above(top):
            return why
        folder = descent.open_folder(top)
    except FileNotFoundError:
        return ""
    except (FileFailure, OSError) as error:
        return str(error)
    try:
        if not descent.is_ours(os.fstat(folder)):
            return "others may write there"
        return _inside(folder)
    except OSError as error:
        return error.strerror or str(error)
    finally:
        os.close(folder)


def _above(top: Path) -> str:
    """Whoever may write above it can rename it away between our look and our writing."""
    for folder in dict.fromkeys([*top.parents, *Path(os.path.realpath(top)).parents]):
        try:
            facts = os.stat(folder)
        except (FileNotFoundError, NotADirectoryError):
            continue
        # In a folder like /tmp nobody renames what is another's (unlink(2), the sticky bit).
        sticky = facts.st_mode & stat.S_ISVTX and facts.st_uid in (0, os.geteuid())
        if not descent.is_ours(facts) and not sticky:
            return f"others may put another folder in its place, in {folder}"
    return ""


def _inside(top: int) -> str:
    seen = 0
    for folder, folders, names, fd in os.fwalk(".", follow_symlinks=False, dir_fd=top):
        for name in [*folders, *names]:
            facts = os.stat(name, dir_fd=fd, follow_symlinks=False)
            path = os.path.normpath(os.path.join(folder, name))
            if not (stat.S_ISREG(facts.st_mode) or stat.S_ISDIR(facts.st_mode)):
                return f"{path} in it is no plain file or folder"
            if stat.S_ISDIR(facts.st_mode) and not descent.is_ours(facts):
                return f"others may write into {path}"
            seen += 1
        if seen > _MOST:
            break
    return ""
