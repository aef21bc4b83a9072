"""Ended processes that nobody else will ever wait for.

Owns reaping them where this process is the init of a container: every orphan below becomes its
child, and stays a zombie until it is waited for. Refuses to be quick: whoever started a child
waits for it at once, so only what is still a zombie at the second look is nobody's (and never
`waitpid(-1)`, which would take the exit status away from whoever waits).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from pathlib import Path

from agent.host.spawn import children_of


class Orphans:
    """The zombies of this process, from look to look."""

    def __init__(self, *, is_init: bool | None = None) -> None:
        self._is_init = os.getpid() == 1 if is_init is None else is_init
        self._seen: set[int] = set()

    def reap(self, ours: Collection[int]) -> list[int]:
        """Reap what was a zombie at the last look already, `ours` aside; their pids.

        Call it at most every few seconds.
        """
        if not self._is_init:
            return []
        zombies = {pid for pid in children_of(os.getpid()) if pid not in ours and _ended(pid)}
        reaped = sorted(zombies & self._seen)
        for pid in reaped:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        self._seen = zombies - set(reaped)
        return reaped


def _ended(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    return stat[stat.rindex(")") + 2 :].startswith("Z")
