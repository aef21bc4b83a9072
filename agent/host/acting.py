"""Root, for a while with no more rights than somebody else.

Owns the change and the way back. What is done in another user's folder is done as that user: then
no link or name they put there reaches further than they could themselves. Refuses threads: the
change is the whole process's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def acting_as(uid: int, gid: int) -> Iterator[None]:
    """Files are looked up, made and changed as that user. Nothing changes for who is not root.

    PermissionError where a sandbox took CAP_SETUID or CAP_SETGID.
    """
    if os.geteuid() != 0 or uid == 0:
        yield
        return
    before = os.getegid(), os.getgroups()
    os.setgroups([gid])
    try:
        os.setegid(gid)
        os.seteuid(uid)
        yield
    finally:
        # In this order: only root may take a group that is not its own.
        os.seteuid(0)
        os.setegid(before[0])
        os.setgroups(before[1])
