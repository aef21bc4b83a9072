"""Owns the line that unit tests must not cross: processes, sockets, files outside the temp folder.

An audit hook sees what the interpreter itself is about to do, so neither a forgotten fake nor a
C extension walks round it. What it raises is no ``Exception``: product code that catches those
cannot swallow it. Tests marked ``real`` are let through.

Refuses to guard reading, and what a child process does.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

NEVER = frozenset(
    (
        *("os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system"),
        *("os.kill", "os.killpg", "pty.spawn", "subprocess.Popen"),
        *("socket.bind", "socket.connect", "socket.getaddrinfo", "socket.gethostbyname"),
        *("socket.gethostbyaddr", "socket.sendmsg", "socket.sendto", "socket.sethostname"),
    )
)

# Event → for each path among its arguments: where it stands, and where its dir_fd stands.
PATHS = {
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.link": ((1, 3),),
    "os.mkdir": ((0, 2),),
    "os.remove": ((0, 1),),
    "os.rename": ((0, 2), (1, 3)),
    "os.rmdir": ((0, 1),),
    "os.symlink": ((1, 2),),
    "os.truncate": ((0, None),),
    "os.utime": ((0, 3),),
    "os.setxattr": ((0, None),),
    "shutil.rmtree": ((0, 1),),
    "sqlite3.connect": ((0, None),),
}

# Never to be written to, not even where somebody cloned it into the temporary folder.
REPOSITORY = f"{Path(__file__).resolve().parents[1]}{os.sep}"

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

# The interpreter's and Hypothesis's own notes, and devices that keep nothing.
FREE_PARTS = frozenset(("__pycache__", ".hypothesis", ".pytest_cache"))
FREE_PATHS = frozenset(("/dev/null", "/dev/tty", ":memory:", ""))


class Forbidden(BaseException):
    """A unit test touched the machine."""


class Guard:
    """Armed while a guarded test runs. ``seen`` keeps what was refused, however it was caught."""

    def __init__(self) -> None:
        self.armed = False
        self.seen: list[str] = []
        self.allowed: tuple[str, ...] = ()

    def install(self, *more_folders: str) -> None:
        """For the life of the process: an audit hook cannot be taken away."""
        folders = {tempfile.gettempdir(), *more_folders}
        self.allowed = tuple(f"{Path(folder).resolve()}{os.sep}" for folder in folders)
        sys.addaudithook(self._hook)

    @contextmanager
    def guarding(self) -> Iterator[None]:
        self.seen.clear()
        self.armed = True
        try:
            yield
        finally:
            self.armed = False

    def _hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.armed:
            return
        if event in NEVER:
            self._refuse(f"{event}{arguments!r:.200}")
        elif event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & WRITING:
                self._check(event, path, None)
        elif event in PATHS:
            for place, dir_fd_place in PATHS[event]:
                dir_fd = None if dir_fd_place is None else arguments[dir_fd_place]
                self._check(event, arguments[place], dir_fd)

    def _check(self, event: str, path: object, dir_fd: object) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return  # a descriptor: whoever opened it was asked
        name = os.fsdecode(path)
        if event == "sqlite3.connect" and name.startswith("file:"):
            name = unquote(urlsplit(name).path)
        if name in FREE_PATHS or FREE_PARTS & set(Path(name).parts):
            return
        if isinstance(dir_fd, int) and dir_fd >= 0:
            name = os.path.join(os.readlink(f"/proc/self/fd/{dir_fd}"), name)
        elif event == "open" and os.sep not in name:
            # The event does not say whether a dir_fd goes with the name, and that is the safe
            # way to open files; a folder's descriptor was opened by a path that was checked.
            return
        real = f"{self._real(name)}{os.sep}"
        if real.startswith(REPOSITORY) or not real.startswith(self.allowed):
            self._refuse(f"{event}({name!r})")

    @staticmethod
    def _real(name: str) -> str:
        """Links above the last part are followed, the last is what the call acts on."""
        folder, last = os.path.split(os.path.abspath(name))
        return os.path.join(os.path.realpath(folder), last)

    def _refuse(self, what: str) -> None:
        self.seen.append(what)
        raise Forbidden(
            f"{what}: unit tests use a scripted host and a temporary root; "
            "mark the test `real` if it is about loopback or real processes"
        )
