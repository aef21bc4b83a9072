"""This process's own memory, tidied up once what it works with is made.

Owns giving back what making it took, and sparing the garbage collector what stays for good. Refuses
to be called often: it walks over everything.
"""

from __future__ import annotations

import ctypes
import gc

_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's alone (malloc_trim(3))


def settle() -> None:
    """What is there now stays; what was freed goes back to the machine."""
    gc.collect()
    gc.freeze()
    if _trim is not None:
        _trim(0)
