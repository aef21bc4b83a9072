"""Migrations that fresh data has already: those its release came with when it was set up.

Owns the note of it, made once by setup, since a release from an image has no record of its own.
Refuses to guess: without the note nothing counts as applied.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from agent.host import files, listing
from agent.host.failures import HostFailure
from agent.layout import Layout

_FOLDER = re.compile(r"(\d{4})-(.+)")


def note(layout: Layout, source: Path) -> None:
    """Before the first deployment; `source` holds the manifest and `migrations/`. FileFailure."""
    try:
        names = [entry.name for entry in listing.entries(source / "migrations")]
    except FileNotFoundError:
        return
    known = [name for name in names if _FOLDER.fullmatch(name)]
    files.ensure_folder(layout.etc)
    files.replace(_file(layout), msgspec.json.encode(known))


def noted(layout: Layout) -> tuple[tuple[int, str], ...]:
    """Number and name of each."""
    try:
        names = msgspec.json.decode(files.read_bytes(_file(layout)), type=list[str])
    except (FileNotFoundError, HostFailure, msgspec.DecodeError):
        return ()
    found = (_FOLDER.fullmatch(name) for name in names)
    return tuple((int(match[1]), match[2]) for match in found if match)


def _file(layout: Layout) -> Path:
    return layout.etc / "migrations.json"
