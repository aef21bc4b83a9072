"""Whose turn it is: a process of ours that takes only what others leave.

Owns nice value and I/O class of this process; its children inherit both. Refuses to go back up,
which only root could.
"""

from __future__ import annotations

import contextlib
import os
import platform

_LOWEST = 19
_CALL = {"x86_64": 251, "aarch64": 30}  # ioprio_set(2), which glibc does not wrap
_IDLE = 3 << 13  # IOPRIO_CLASS_IDLE
_PROCESS = 1  # IOPRIO_WHO_PROCESS


def give_way() -> None:
    """Last in the line for processor and disk; quiet where a sandbox refuses."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _LOWEST)
    number = _CALL.get(platform.machine())
    if number is None:
        return
    with contextlib.suppress(ImportError, OSError):
        import ctypes

        ctypes.CDLL(None).syscall(number, _PROCESS, 0, _IDLE)
