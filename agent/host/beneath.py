"""A whole tree of files below one open folder, read only, whatever its links say.

Owns reading by descriptor: each step goes down one name from an open folder and follows no link,
so nothing outside is ever reached, also while somebody moves things about. Refuses special files
and trees deeper than any system has.
"""

from __future__ import annotations

import os
import stat
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

from agent.host.failures import FileFailure

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_CHUNK = 1 << 20
_KEPT = 64  # open folders
_DEEPEST = 200


class Beneath:
    """Paths are absolute below `top`, normal, and name no link before their last part.

    Safe to use from several threads. Every call raises FileFailure where the machine says no.
    """

    def __init__(self, top: Path) -> None:
        self._top = top
        self._lock = Lock()
        self._open: OrderedDict[str, int] = OrderedDict()
        try:
            # The top itself may be a link: who names it decides.
            self._fd = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise FileFailure(top, "open", error.strerror or str(error)) from error

    def close(self) -> None:
        for fd in self._open.values():
            os.close(fd)
        self._open.clear()
        os.close(self._fd)

    def lstat(self, path: str) -> os.stat_result | None:
        """None where nothing stands there."""
        above, name = os.path.split(path)
        try:
            with self._lock:
                if not name:
                    return os.fstat(self._fd)
                return os.stat(name, dir_fd=self._folder(above), follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._failure(path, error) from error

    def link(self, path: str) -> str:
        """Where the link at `path` points, as it is written; empty if it is gone."""
        above, name = os.path.split(path)
        try:
            with self._lock:
                return os.readlink(name, dir_fd=self._folder(above))
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except OSError as error:
            raise self._failure(path, error) from error

    def listing(self, path: str) -> list[tuple[str, os.stat_result]]:
        """Each name with its lstat(2), sorted; empty where no folder stands."""
        found = []
        try:
            with self._lock, os.scandir(self._folder(path)) as names:
                for each in names:
                    try:
                        found.append((each.name, each.stat(follow_symlinks=False)))
                    except FileNotFoundError:  # gone meanwhile, as happens on a live machine
                        continue
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise self._failure(path, error) from error
        return sorted(found)

    def chunks(self, path: str, limit: int) -> Iterator[bytes]:
        """The first `limit` bytes of a regular file in pieces; nothing where none stands."""
        above, name = os.path.split(path)
        try:
            with self._lock:
                fd = os.open(name, _FILE, dir_fd=self._folder(above))
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise self._failure(path, error) from error
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                return
            while limit > 0 and (part := os.read(fd, min(limit, _CHUNK))):
                yield part
                limit -= len(part)
        except OSError as error:
            raise self._failure(path, error) from error
        finally:
            os.close(fd)

    def _folder(self, path: str) -> int:
        """OSError. The descriptor stays ours; the lock is held."""
        here, at = self._fd, ""
        steps = [step for step in path.split("/") if step]
        if len(steps) > _DEEPEST:
            raise FileFailure(self._top / path.lstrip("/"), "open", "it is too deep")
        for step in steps:
            at += "/" + step
            kept = self._open.get(at)
            if kept is None:
                kept = os.open(step, _FOLDER, dir_fd=here)
                self._open[at] = kept
            else:
                self._open.move_to_end(at)
            here = kept
        # Only after the way down: what was opened on the way is needed until then.
        while len(self._open) > max(_KEPT, len(steps)):
            os.close(self._open.popitem(last=False)[1])
        return here

    def _failure(self, path: str, error: OSError) -> FileFailure:
        return FileFailure(self._top / path.lstrip("/"), "read", error.strerror or str(error))
