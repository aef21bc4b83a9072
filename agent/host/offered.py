"""Files that somebody else hands in: read only if nobody but their owner could have written them.

Owns the test, made on the open file and not on its name. Refuses links, devices, files of a third
user and files anybody may write: root acts on what stands in them.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from agent.host.failures import FileFailure


def read_offered(path: Path, *, cap: int) -> bytes:
    """The content of a file of root's or our own, of at most `cap` bytes.

    Raises FileNotFoundError where there is none and FileFailure where it may not be trusted.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        # O_NOFOLLOW says ELOOP, "too many levels", which tells a person nothing.
        why = "it is a symbolic link" if path.is_symlink() else error.strerror or str(error)
        raise FileFailure(path, "read", why) from error
    try:
        why = _distrust(os.fstat(fd), cap)
        if why:
            raise FileFailure(path, "read", why)
        content = b""
        while len(content) <= cap and (chunk := os.read(fd, cap + 1 - len(content))):
            content += chunk
    finally:
        os.close(fd)
    if len(content) > cap:
        raise FileFailure(path, "read", f"it has more than the {cap} bytes allowed")
    return content


def _distrust(facts: os.stat_result, cap: int) -> str:
    """Why the file is not taken; empty where it is."""
    if not stat.S_ISREG(facts.st_mode):
        return "it is not a regular file"
    if facts.st_uid not in (0, os.geteuid()):
        return f"it belongs to user {facts.st_uid}, neither root nor you"
    if facts.st_mode & stat.S_IWOTH:
        return "anybody may write it; chmod o-w"
    if facts.st_size > cap:
        return f"it has {facts.st_size} bytes; {cap} are allowed"
    return ""
