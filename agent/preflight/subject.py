"""What preflight looks at: one machine, one appliance, and the place it shall stand.

Owns reading the machine's own files below `machine` (`/`; a test hands in a folder) and
remembering what several checks ask for. Refuses to judge, and to change anything: a plan runs
preflight too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from agent.host.machine import Host
from agent.host.mounts import Mount, mount_of, read_mounts
from agent.host.sockets import Listener, listeners
from agent.host.time_sync import TimeSync, time_sync
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.systems.os_release import read_os_release
from agent.systems.system import Match, match_system

TEXT_CAP = 8 << 20  # bytes; the longest read here is dpkg's status file, some 3 MiB


def random_is_ready() -> bool:
    """Whether the kernel's generator is seeded: GRND_NONBLOCK says EAGAIN until then."""
    try:
        os.getrandom(1, os.GRND_NONBLOCK)
    except BlockingIOError:
        return False
    return True


@dataclass(frozen=True)
class Subject:
    """Everything a preflight check of the machine may look at.

    `machine` is where the machine's own files are read, whatever root the appliance gets. `user`
    is the effective uid.
    """

    host: Host
    layout: Layout
    manifest: Manifest
    machine: Path = Path("/")
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    user: int = field(default_factory=os.geteuid)
    python: tuple[int, int, int] = sys.version_info[:3]
    architecture: str = field(default_factory=lambda: os.uname().machine)
    kernel: str = field(default_factory=lambda: os.uname().release)
    random_ready: Callable[[], bool] = random_is_ready
    time_sync: Callable[[], TimeSync] = time_sync

    @property
    def embedded(self) -> bool:
        return self.layout.embedded

    @property
    def proc(self) -> Path:
        return self.machine / "proc"

    def path(self, absolute: str) -> Path:
        """The place of one of the machine's own files."""
        return self.machine / absolute.lstrip("/")

    def text(self, absolute: str) -> str:
        """A file of the machine; empty where there is none or it may not be read."""
        try:
            with self.path(absolute).open("rb") as stream:
                return stream.read(TEXT_CAP).decode("utf-8", "replace")
        except OSError:
            return ""

    def word(self, absolute: str) -> str:
        """A file of the machine that holds one word or line."""
        return self.text(absolute).strip(" \t\n\0")

    def names(self, absolute: str) -> list[str]:
        """The entries of one of the machine's folders, sorted; none where it can't be read."""
        try:
            return sorted(os.listdir(self.path(absolute)))  # noqa: PTH208 (names, not paths)
        except OSError:
            return []

    @cached_property
    def match(self) -> Match:
        """The system this is, or is made from."""
        return match_system(read_os_release(self.machine))

    @cached_property
    def mounts(self) -> list[Mount]:
        return read_mounts(self.proc)

    @cached_property
    def listening(self) -> list[Listener]:
        return listeners(self.proc)

    def mount(self, path: Path) -> Mount | None:
        return mount_of(path, self.mounts)

    @cached_property
    def installed(self) -> bool:
        """Whether an appliance already stands here: its files need no second room."""
        return self.layout.active.is_symlink()

    @property
    def at_hand(self) -> bool:
        """Whether nothing has to be fetched, so that nobody waits for a network."""
        return self.installed

    def standing(self, path: Path) -> Path:
        """The nearest folder above `path`, or itself, that exists."""
        # os.path.exists says no where Path.exists raises: a folder that may not be searched.
        while not os.path.exists(path) and path != path.parent:  # noqa: PTH110
            path = path.parent
        return path
