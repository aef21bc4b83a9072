"""Owners of a whole tree, given anew: numbers of one machine mean others on the next.

Owns the walk, by descriptor. Refuses to run where others can get in: the tree stands below a
folder that only we may enter.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from agent.host.failures import FileFailure


def reown(
    top: Path, uids: Mapping[int, int], gids: Mapping[int, int], spare: tuple[int, int]
) -> int:
    """Give everything its owner of here; how many were changed. `spare` for unknown ones.

    Set-uid bits go: nobody vouches for a program out of a backup. FileFailure.
    """
    changed = 0
    try:
        for _, folders, names, fd in os.fwalk(top, follow_symlinks=False):
            changed += _one(fd, ".", uids, gids, spare)
            for name in [*names, *folders]:
                facts = os.stat(name, dir_fd=fd, follow_symlinks=False)
                if not stat.S_ISDIR(facts.st_mode):
                    changed += _one(fd, name, uids, gids, spare)
    except OSError as error:
        raise FileFailure(top, "give owners to", error.strerror or str(error)) from error
    return changed


def _one(
    folder: int, name: str, uids: Mapping[int, int], gids: Mapping[int, int], spare: tuple[int, int]
) -> int:
    facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
    wanted = uids.get(facts.st_uid, spare[0]), gids.get(facts.st_gid, spare[1])
    changed = 0
    if wanted != (facts.st_uid, facts.st_gid):
        os.chown(name, *wanted, dir_fd=folder, follow_symlinks=False)
        changed = 1
    if stat.S_ISREG(facts.st_mode):
        # chown(2) may leave the bits where root calls it; and they may be there without it.
        mode = stat.S_IMODE(facts.st_mode)
        if mode & 0o6000:
            os.chmod(name, mode & 0o1777, dir_fd=folder)
    return changed
