"""Whether root may write into a folder that was handed over: a disk, a share.

Owns the look: nobody else may change what is in it, and in it are only folders and files, no link
that leads a writer somewhere else. Refuses to mend any.
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
