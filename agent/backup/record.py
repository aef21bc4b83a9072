"""What a backup says of itself: `backup.json`, inside each.

Owns the records and the names of backups. Refuses to make or read any.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct

from agent.errors import UsageError

RECORD = "backup.json"
DATA, SYSTEM, DUMP = "data", "system", "database.dump"
_NAME = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")

How = Literal["snapshot", "reflink", "live"]


class BackupRecord(Struct, frozen=True, kw_only=True):
    """The whole of backup.json. Times are seconds since 1970, sums SHA-256 in hex by path.

    `held`: the application was made to hold still, and still was when the last byte that needs it
    had been read. `stores` are databases read by their own way, by path below the data. `unsteady`
    are files that changed under every try to read them. `owners` and `groups` name the numbers that
    files have, since another machine has others. `dump` says whose dump there is. `home` is where
    the data stands in a repository that keeps paths.
    """

    format: Literal[1] = 1
    id: str
    app: str
    version: str
    digest: str
    release: str
    epoch: int
    sequence: int
    deployment: int
    created: float
    machine: str
    host: str
    how: How
    held: bool = False
    home: str = DATA
    aside: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    unsteady: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    owners: dict[str, str] = {}
    groups: dict[str, str] = {}
    migrations: tuple[int, ...] = ()
    dump: Literal["", "bundled", "external"] = ""
    secrets: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    files: int = 0
    size: int = 0
    sums: dict[str, str] = {}


class Kept(Struct, frozen=True, kw_only=True):
    """One backup in a list. `place` is how its repository finds it, `stored` bytes it takes."""

    id: str
    created: float
    version: str
    epoch: int
    host: str
    place: str
    size: int = 0
    stored: int = 0
    sound: bool = True
    why: str = ""


def new_id(now: float, chance: bytes) -> str:
    return f"{datetime.fromtimestamp(now, UTC):%Y%m%d-%H%M%S}-{chance[:3].hex()}"


def checked_id(text: str) -> str:
    """A name as people type it: it becomes part of a path. Raises UsageError."""
    if not _NAME.fullmatch(text):
        raise UsageError("usage", f"{text!r} is no name of a backup", hint="caretaker backup list")
    return text


def is_id(text: str) -> bool:
    return bool(_NAME.fullmatch(text))
