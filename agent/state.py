"""State files: typed records on disk that survive power cuts and bad bytes.

Owns reading and writing them. A file that can't be read is set aside, never fatal and never
deleted. Refuses to be a database: what grows belongs into the ledger or the history.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from agent.host import aside as asides
from agent.host import files
from agent.host.failures import FileFailure

Record = TypeVar("Record", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class StateFile(Generic[Record]):
    """One declared state file: where, what, and who may read it."""

    path: Path
    record: type[Record]
    mode: int = 0o644

    def load(self, *, aside: bool = True) -> Record | None:
        """The record; None where there is none, or where it is corrupt.

        A corrupt one is set aside then, unless not `aside`: a dry run changes nothing.
        """
        try:
            content = files.read_bytes(self.path)
        except FileNotFoundError:
            return None
        try:
            return msgspec.json.decode(content, type=self.record)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            if aside:
                self.set_aside()
            return None

    def broken(self) -> bool:
        """Whether it is there and holds no sense. Raises FileFailure."""
        return self.load(aside=False) is None and os.path.lexists(self.path)

    def save(self, record: Record) -> None:
        """Raises FileFailure; then the old record still stands."""
        text = msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"
        files.replace(self.path, text, mode=self.mode)

    def set_aside(self) -> Path:
        """Move the file out of the way, keeping its bytes for whoever looks into it."""
        try:
            return asides.set_aside(self.path)
        except FileFailure:
            return self.path  # A read-only disk: the caller goes on with defaults.
