"""A file cut to nothing: its name, owner and mode stay, also for whoever has it open.

Owns the one call. Refuses links and what is no regular file.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from agent.host.failures import FileFailure


def to_nothing(path: Path) -> bool:
    """True if there was something in it; False where there is no such file. FileFailure."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise FileFailure(path, "empty", error.strerror or str(error)) from error
    try:
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode):
            raise FileFailure(path, "empty", "it is no regular file")
        if facts.st_size:
            os.ftruncate(fd, 0)
        return bool(facts.st_size)
    except OSError as error:
        raise FileFailure(path, "empty", error.strerror or str(error)) from error
    finally:
        os.close(fd)
