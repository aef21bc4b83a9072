"""A bundle that a power cut or a kill left half made, and the note beside it.

Owns the note (written when a collector is over and on the disk) and finding both again. Refuses to
believe it: what is gone on with is read again, every file's digest with it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from agent.host import files, growing
from agent.host.failures import FileFailure
from agent.status import NO_SENSE
from support.bundle.record import Collected, Consent, Entry, Header

PART = ".support.part"
NOTE = ".support.json"
RESERVE = ".support.reserve"
_CAP = 64 << 20


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What was done. `length` bytes of the working file hold `files`."""

    format: int = 1
    header: Header
    consent: Consent
    engine: str
    selftest: dict[str, int]
    chosen: tuple[str, ...]
    collectors: tuple[Collected, ...]
    files: tuple[Entry, ...]
    length: int


def write(part: Path, note: Note) -> bool:
    """Durable when this returns True; a disk without room for it is no reason to stop."""
    try:
        files.replace(_beside(part), msgspec.json.encode(note), mode=0o600)
    except FileFailure:
        return False
    return True


def read(part: Path) -> Note | None:
    """None where there is none that makes sense."""
    try:
        # By descriptor, and ours alone: in /tmp a stranger may have put one beside our file.
        note = growing.go_on(_beside(part))
        try:
            content = note.read_at(0, _CAP) if note.end <= _CAP else b""
        finally:
            note.close()
        return msgspec.json.decode(content, type=Note)
    except (FileFailure, *NO_SENSE):
        return None


def found(folder: Path) -> list[Path]:
    """Working files, the newest last. Nobody writes them: whoever asks holds the lock."""
    with contextlib.suppress(OSError):
        return sorted(path for path in folder.iterdir() if path.name.endswith(PART))
    return []


def remove(folder: Path) -> int:
    """Take away all that was left half made there; how many bundles."""
    parts = found(folder)
    for path in _left(folder):
        growing.forget(path)
    return len(parts)


def remove_note(part: Path) -> None:
    with contextlib.suppress(FileFailure):
        files.remove(_beside(part))


def _left(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        for path in list(folder.iterdir()):
            sealing = ".support.tar.zst" in path.name and path.name.endswith(".sealing")
            if path.name.endswith((PART, NOTE, RESERVE)) or sealing:
                yield path


def _beside(part: Path) -> Path:
    return part.with_name(part.name.removesuffix(PART) + NOTE)
