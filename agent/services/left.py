"""Services that were left stopped on a VM, since they kept failing: which, since when, and why.

Owns the record. It stands below /run, so a reboot forgets it, and everybody may read it: why a
service is down is no secret, and its log lines are in the ledger. It is about one run of a unit
only, so whoever starts the unit by hand makes it void. Refuses to stop anything.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from agent.host import files
from agent.host.failures import FileFailure
from agent.host.systemd import UnitState
from agent.state import StateFile


class LeftStopped(msgspec.Struct, frozen=True):
    """`invocation` is the run after which it was left; `at` seconds since 1970, for people."""

    invocation: str
    at: float
    why: str

    def about(self, unit: UnitState) -> bool:
        """Whether this is why the unit is down now."""
        return bool(self.invocation) and self.invocation == unit.invocation and not unit.is_active


class _Book(msgspec.Struct, frozen=True):
    services: dict[str, LeftStopped] = {}


def left_stopped(path: Path) -> dict[str, LeftStopped]:
    """By service. Nothing where it can't be read: then the unit's own state is all there is."""
    try:
        return msgspec.json.decode(files.read_bytes(path), type=_Book).services
    except (FileNotFoundError, FileFailure, msgspec.DecodeError):
        return {}


def note(path: Path, name: str, record: LeftStopped) -> None:
    """Raises FileFailure."""
    files.ensure_folder(path.parent)
    _file(path).save(_Book({**left_stopped(path), name: record}))


def forget(path: Path, name: str) -> None:
    """It runs again. A record that can't be taken away is void all the same."""
    kept = left_stopped(path)
    if kept.pop(name, None) is not None:
        with contextlib.suppress(FileFailure):
            _file(path).save(_Book(kept))


def _file(path: Path) -> StateFile[_Book]:
    return StateFile(path, _Book, mode=0o644)
