"""This machine, or a folder that holds one, as a tree.

Owns where a walk stops: at the kernel's own file systems, and where another disk is mounted that
is no part of the system; on a running machine also at what is the customer's. Refuses to leave the
folder, see agent/host/beneath.py.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from agent.host.beneath import Beneath
from packer.certify.tree import Entry

# A system may have these on disks of their own (CIS asks for some); any other mount holds data.
_SYSTEM = frozenset(
    (
        *("/boot", "/boot/efi", "/efi", "/etc", "/home", "/opt", "/root", "/srv", "/tmp"),  # noqa: S108 — names to look below, not places to write
        *("/usr", "/usr/local", "/var", "/var/log", "/var/log/audit", "/var/tmp"),  # noqa: S108 — the same
    )
)
_KERNEL = ("/dev", "/proc", "/run", "/sys")
# On a machine in use these are the customer's: large, private, and no marketplace looks there.
_CUSTOMERS = ("/home", "/lost+found", "/media", "/mnt", "/srv", "/tmp", "/var/tmp")  # noqa: S108 — names to pass by


class FolderStore:
    """A `Store` (packer/certify/view.py). Close it by `close`."""

    def __init__(self, top: Path, *, live: bool) -> None:
        self._beneath = Beneath(top)
        self._left = {*_KERNEL, *_CUSTOMERS} if live else set[str]()
        self._devices: dict[str, int] = {}

    def leave_out(self, folder: str) -> None:
        """A walk does not go down there; what is asked for by its name is still found."""
        self._left.add(folder)

    def close(self) -> None:
        self._beneath.close()

    def lstat(self, path: str) -> Entry | None:
        facts = self._beneath.lstat(path)
        return self._entry(path, facts) if facts is not None else None

    def children(self, path: str) -> tuple[Entry, ...]:
        before = path.rstrip("/")
        return tuple(
            self._entry(f"{before}/{name}", facts) for name, facts in self._beneath.listing(path)
        )

    def is_walked(self, entry: Entry, above: Entry) -> bool:
        if entry.path in self._left:
            return False
        if entry.path in _SYSTEM:
            return True
        return self._devices.get(entry.path) == self._device(above.path)

    def chunks(self, path: str, limit: int) -> Iterator[bytes]:
        return self._beneath.chunks(path, limit)

    def _device(self, path: str) -> int:
        if path not in self._devices:
            facts = self._beneath.lstat(path)
            self._devices[path] = facts.st_dev if facts is not None else -1
        return self._devices[path]

    def _entry(self, path: str, facts: os.stat_result) -> Entry:
        if stat.S_ISDIR(facts.st_mode):
            self._devices[path] = facts.st_dev
        return Entry(
            path,
            facts.st_mode,
            facts.st_uid,
            facts.st_gid,
            facts.st_size,
            facts.st_mtime,
            self._beneath.link(path) if stat.S_ISLNK(facts.st_mode) else "",
        )
