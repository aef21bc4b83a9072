"""Who has a number: the process, or the thread, behind a pid.

Owns reading what tells one process from another. Refuses to judge.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_ARGUMENTS = 3  # of the command line; an interpreter's script stands among the first


@dataclass(frozen=True, slots=True)
class Passport:
    """Who has a pid. `started` is seconds since boot.

    `lives`: some thread of it runs, which a zombie main thread does not rule out. `process` is the
    pid itself, or that of the process whose thread has the number. `executable` is empty where it
    may not be read; `called` the beginning of its arguments. `numbers` is its pid in its own pid
    namespace and each above it.
    """

    pid: int
    process: int
    lives: bool
    started: float
    executable: str
    called: tuple[str, ...]
    users: frozenset[int]
    numbers: frozenset[int] = frozenset()

    @property
    def is_thread(self) -> bool:
        return self.process != self.pid


def of(pid: int, proc: Path = Path("/proc")) -> Passport | None:
    """None where nobody has the number."""
    try:
        status = _status(proc / str(pid))
        process = int(status.get("Tgid", [str(pid)])[0])
        home = proc / str(process)
        started = int(_stat(home)[19]) / _TICKS
    except (OSError, ValueError, IndexError):
        return None
    return Passport(
        pid=pid,
        process=process,
        lives=_lives(home),
        started=started,
        executable=_executable(home),
        called=_called(home),
        users=frozenset(map(int, status.get("Uid", []))),
        numbers=frozenset(map(int, status.get("NSpid", []))),
    )


def _status(home: Path) -> dict[str, list[str]]:
    lines = (home / "status").read_text(errors="replace").splitlines()
    return {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}


def _stat(home: Path) -> list[str]:
    """From the state on: the name stands in parentheses and may hold any of them itself."""
    text = (home / "stat").read_text(errors="replace")
    return text[text.rindex(")") + 2 :].split()


def _lives(home: Path) -> bool:
    """A main thread may end before the others (pthread_exit(3)); it is a zombie until they do."""
    with contextlib.suppress(OSError):
        for task in os.listdir(home / "task"):
            with contextlib.suppress(OSError, ValueError, IndexError):
                if _stat(home / "task" / task)[0] not in "ZX":
                    return True
    return False


def _executable(home: Path) -> str:
    try:
        return os.readlink(home / "exe")
    except OSError:
        return ""  # A zombie's, or another user's.


def _called(home: Path) -> tuple[str, ...]:
    try:
        with open(home / "cmdline", "rb") as stream:
            words = stream.read(4096).split(b"\0")[:_ARGUMENTS]
    except OSError:
        return ()
    return tuple(os.fsdecode(word) for word in words if word)
