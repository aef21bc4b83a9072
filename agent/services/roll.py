"""The roll of children: which process is which service, for the daemon after this one.

Owns the file. A daemon that is killed ends its children with it (agent/host/leash.py); what does
not heed that is found by this file at the next start, and by the mark in its environment. Refuses
to believe a roll of another boot.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from agent.host import files
from agent.host.children import Identity
from agent.host.failures import FileFailure
from agent.state import StateFile


class _Written(msgspec.Struct, frozen=True):
    boot: str
    children: dict[str, tuple[int, int]]


class Roll:
    """The roll at one path; read once, then written at each change."""

    def __init__(self, path: Path, boot: str) -> None:
        self._file = StateFile(path, _Written, mode=0o600)
        self._boot = boot
        self._before: dict[str, Identity] = {}
        with contextlib.suppress(FileFailure):
            written = self._file.load()
            if written is not None and written.boot == boot:
                self._before = {name: Identity(*each) for name, each in written.children.items()}
        # Kept until each service has a new child: we too may be killed before that.
        self._now = dict(self._before)

    def before(self, name: str) -> Identity | None:
        """The main process of a service as the last daemon knew it."""
        return self._before.get(name)

    def note(self, name: str, identity: Identity | None) -> None:
        """A child was started, or (None) is gone. A full disk is not worth stopping for."""
        if identity is None:
            self._now.pop(name, None)
        else:
            self._now[name] = identity
        children = {key: (each.pid, each.started) for key, each in self._now.items()}
        with contextlib.suppress(FileFailure):
            files.ensure_folder(self._file.path.parent)
            self._file.save(_Written(self._boot, children))
