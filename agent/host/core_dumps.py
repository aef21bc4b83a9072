"""Core dumps of this process and its children: none.

Owns the one limit, and the mark by which the kernel dumps nothing of a process. A dump would hold
secrets (core(5)). Refuses every other limit.
"""

from __future__ import annotations

import resource

_PR_SET_DUMPABLE = 4


def switch_off() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def hide() -> None:
    """No dump, and no look into our memory for other users (prctl(2), PR_SET_DUMPABLE). OSError.

    The limit alone does not hold where core_pattern is a pipe (core(5)). A child has the mark too,
    until it becomes another program.
    """
    import ctypes

    switch_off()
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
