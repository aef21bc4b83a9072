"""Lines added to a log file, or shown on a console.

Owns opening for append without following a link, and never blocking on a console nobody reads.
Refuses to rotate: logrotate and journald do.
"""

from __future__ import annotations

import os
from pathlib import Path

from agent.host.failures import FileFailure


def append(path: Path, text: str, *, mode: int = 0o640) -> None:
    """Add text at the end of a file, made with `mode` where there is none. FileFailure."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        fd = os.open(path, flags, mode)
    except OSError as error:
        raise FileFailure(path, "write", error.strerror or str(error)) from error
    try:
        os.write(fd, text.encode())
    except OSError as error:
        raise FileFailure(path, "write", error.strerror or str(error)) from error
    finally:
        os.close(fd)


def show(device: Path, text: str) -> bool:
    """Write to a terminal device such as /dev/console; False where that did not work.

    O_NONBLOCK: a serial port with flow control and nobody at the other end would stop us.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        fd = os.open(device, flags)
    except OSError:
        return False
    try:
        os.write(fd, text.encode())
    except OSError:
        return False
    finally:
        os.close(fd)
    return True
