"""A helper's life, tied to the process that started it: when that one dies, the helper tidies up.

Owns the kernel's signal for that (prctl(2), PR_SET_PDEATHSIG) and what SIGTERM does: it unwinds,
so that whatever a `with` block promised to take back is taken back, once. For programs of our own
that run beside a parent; `leash` ties others. Refuses threads: signals come to the main one.
"""

from __future__ import annotations

import signal
import sys

_PR_SET_PDEATHSIG = 1
_ENDED = 128 + signal.SIGTERM  # as a shell tells it


def tie() -> None:
    """From here on SIGTERM, and the end of the parent's main thread, end us in order. OSError."""
    import ctypes

    unwind()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def unwind() -> None:
    """From here on SIGTERM ends us in order. Our parent may go: a long build outlives its shell."""
    signal.signal(signal.SIGTERM, _end)


def _end(number: int, frame: object) -> None:
    # A second one would interrupt the tidying.
    signal.signal(number, signal.SIG_IGN)
    sys.exit(_ENDED)
