"""Which pseudonym stands for whom, kept on the machine; and the way back.

Owns the file of words. Addresses need none: whoever has the key can turn them back. Refuses to let
it grow without end, and to leave the machine: no collector reads its folder.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from sqlite3 import Connection

from agent.errors import MachineError, UsageError
from agent.host import permissions, sqlite
from agent.host.failures import FileFailure, HostFailure
from agent.layout import Layout
from support.redact.identities.identities import Identities
from support.redact.identities.key import key_at

_SCHEMA = """
CREATE TABLE IF NOT EXISTS pseudonyms (
    pseudonym TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
"""
_MOST = 200_000  # rows
_MAC = re.compile(r"[0-9A-Fa-f]{2}([:-])[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2}){4}\Z")


def keep(layout: Layout, given: Mapping[bytes, bytes], *, beside: Path | None = None) -> None:
    """Add what was given in one run; to the map `beside` another key than the machine's.

    Raises CaretakerError.
    """
    path = layout.pseudonyms if beside is None else beside.with_name(layout.pseudonyms.name)
    rows = [(name.decode(), value.decode(errors="replace")) for name, value in given.items()]
    if not rows:
        return
    try:
        with sqlite.writing(path, _SCHEMA) as db:
            permissions.set_mode(path, 0o600)
            _look_at_schema(path, db)
            (have,) = db.execute("SELECT count(*) FROM pseudonyms").fetchone()
            room = max(_MOST - have, 0)
            db.executemany("INSERT OR IGNORE INTO pseudonyms VALUES (?, ?)", rows[:room])
    except HostFailure as error:
        raise MachineError(
            "file-unwritable",
            f"the map of pseudonyms could not be kept: {error}",
            hint=f"make room on the disk of {path.parent}, then do it again",
        ) from error


def _look_at_schema(path: Path, db: Connection) -> None:
    """On another machine's disk somebody may have put triggers there, which run when we write.

    Raises FileFailure.
    """
    found = db.execute("SELECT sql FROM sqlite_master").fetchall()
    ours = _SCHEMA.replace(" IF NOT EXISTS", "").strip().rstrip(";")
    if [str(sql).split() for (sql,) in found] != [ours.split()]:
        raise FileFailure(path, "write", "it is not made as ours is")


def reveal(layout: Layout, pseudonym: str) -> str:
    """What it stands for. Raises UsageError `pseudonym-unknown`, or where the key can't be read."""
    word = pseudonym.strip()
    if not layout.pseudonym_key.exists():
        raise _unknown(word)
    identities = Identities(key_at(layout.pseudonym_key))
    if _MAC.match(word):
        word = word.lower().replace("-", ":")
    value = _address(identities, word) or _words(layout, word)
    if not value or value == word:
        raise _unknown(word)
    return value


def _address(identities: Identities, word: str) -> str:
    try:
        address = ipaddress.ip_address(word)
    except ValueError:
        return ""
    kind = identities.ipv4 if address.version == 4 else identities.ipv6
    return str(ipaddress.ip_address(kind.unmapped(address.packed)))


def _words(layout: Layout, word: str) -> str:
    """Label by label; an e-mail address half by half. Empty where a part of ours is unknown."""
    parts = re.split(r"([.@])", word.lower())
    try:
        with sqlite.reading(layout.pseudonyms) as db:
            if db is None:
                return ""
            query = "SELECT value FROM pseudonyms WHERE pseudonym = ?"
            found = [db.execute(query, (part,)).fetchone() for part in parts]
    except HostFailure as error:
        raise MachineError(
            "file-unreadable",
            f"the map of pseudonyms can't be read: {error}",
            hint="run it as root, on the machine that made the bundle",
        ) from error
    return "".join(row[0] if row else part for row, part in zip(found, parts, strict=True))


def _unknown(word: str) -> UsageError:
    return UsageError(
        "pseudonym-unknown",
        f"this machine gave no pseudonym {word}",
        hint="run it on the machine that made the bundle, with the pseudonym as the bundle has it",
    )
