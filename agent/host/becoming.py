"""Acting as another user for a moment, where who asks is told by the kernel.

Owns the effective user of this process while a block lasts: a server that goes by SO_PEERCRED
(unix(7)) sees that one. Refuses to be used with threads about: all of them would be that user.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from agent.host.spawn import identity_of


@contextmanager
def becoming(user: str) -> Iterator[None]:
    """As `user` (`NAME` or `NAME:GROUP`), where we are root; else nothing changes. KeyError."""
    uid, gid, _ = identity_of(user)
    if uid is None or gid is None:
        yield
        return
    os.setegid(gid)
    try:
        os.seteuid(uid)
        try:
            yield
        finally:
            os.seteuid(0)
    finally:
        os.setegid(0)
