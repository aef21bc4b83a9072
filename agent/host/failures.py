"""How the machine says no, before anyone has given it a code.

Owns the few exceptions that cross out of `host`. `host` imports nothing of ours, so callers turn
these into errors of `agent.errors` where they know what was being done.
"""

from __future__ import annotations

from pathlib import Path


class HostFailure(Exception):
    """The machine refused; the text is fit for a person."""


class FileFailure(HostFailure):
    """A file could not be read or written."""

    def __init__(self, path: Path, act: str, why: str) -> None:
        super().__init__(f"could not {act} {path}: {why}")
        self.path = path
        self.why = why


class LockHeld(HostFailure):
    """Another process holds the lock; `holder` is what it wrote there, as a courtesy."""

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(f"{path} is held by {holder or 'another process'}")
        self.path = path
        self.holder = holder
