"""What `[support]` and `[collect]` may not say, beyond the kinds of their values.

Owns the rules that can be told from the text alone, so that `caretaker manifest check` tells them
before a customer is in need. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from agent.manifest.kinds import Duration
from agent.manifest.model import Manifest
from agent.manifest.placeholders import holds_secret
from agent.manifest.services import program_complaint
from agent.manifest.suggest import suggestion
from agent.manifest.support import Collect

Complaint = tuple[tuple[str, ...], str]

# Caretaker's own (support/collectors, which is too much to load for a name).
COLLECTORS = (
    *("health", "ledger", "changes", "configuration", "systemd", "crashes", "memory"),
    *("processes", "disks", "network", "certificates", "samples", "limits", "time", "kernel"),
    *("database", "caretaker", "environment", "packages", "security", "cron", "cloud"),
    *("backups", "crash-dumps", "journal-caretaker", "journal-kernel", "journal-system"),
    *("logs-application", "logs-caretaker", "logs-system"),
)
_FAMILIES = ("journal", "logs")  # a word that several begin with means all of them
_UNIT = re.compile(
    r"[A-Za-z0-9:_.@\\-]+\.(service|socket|target|timer|path|mount|scope|slice|swap|automount)"
)
_USER = re.compile(r"[a-z_][a-z0-9_-]*")
_STATEMENT = re.compile(r"\s*(select|with|table|values)\b", re.IGNORECASE)
_PLACES = ("{data}", "{config}", "{release}", "{run}", "{setting:")
# Never collected, whoever asks: secrets themselves, and files of the kernel, some without end.
_CLOSED = ("/proc", "/sys", "/dev", "/var/lib/caretaker/support", "/etc/shadow", "/etc/gshadow")
_LONGEST = Duration(600)


def support_complaints(manifest: Manifest) -> Iterator[Complaint]:
    """Each broken rule as (path of the key, message)."""
    known = (
        *COLLECTORS,
        *_FAMILIES,
        *manifest.collect,
        *(f"journal.{name}" for name in manifest.services),
    )
    for name in manifest.support.skip:
        if name not in known:
            message = f'there is no collector "{name}"{suggestion(name, known)}'
            yield ("support", "skip"), message
    if manifest.support.max_time <= 0:
        yield ("support", "max_time"), "must be more than 0s"
    if manifest.support.since <= 0:
        yield ("support", "since"), "must be more than 0s"
    for name, table in manifest.collect.items():
        yield from _collect(manifest, ("collect", name), name, table)


def _collect(
    manifest: Manifest, path: tuple[str, ...], name: str, table: Collect
) -> Iterator[Complaint]:
    if name in COLLECTORS:
        yield path, "the name is taken by a collector of Caretaker's own"
    if not (table.files or table.command or table.units or table.sql):
        yield path, "collects nothing; give files, command, units or sql"
    for text in table.files:
        yield from _file((*path, "files"), text)
    yield from _program(path, table)
    for unit in table.units:
        if not _UNIT.fullmatch(unit):
            yield (*path, "units"), f"{unit!r} is no unit's full name; write it like x.service"
    yield from _sql(manifest, path, table)
    if table.cap <= 0:
        yield (*path, "cap"), "must be more than 0B"
    if not 0 < table.timeout <= _LONGEST:
        yield (*path, "timeout"), f"must be more than 0s and at most {_LONGEST}"


def _file(path: tuple[str, ...], text: str) -> Iterator[Complaint]:
    place = PurePosixPath(text)
    if not text.startswith(("/", *_PLACES)):
        yield path, f"{text!r} is no whole path; begin with / or a placeholder like {{data}}/"
    elif ".." in place.parts:
        yield path, f"{text!r} leads out by `..`; write where it leads"
    elif holds_secret(text):
        yield path, "holds a secret; paths are shown and logged"
    elif len(place.parts) < 2:
        yield path, f"{text} is too much; name files inside it"
    elif any(place == PurePosixPath(each) or place.is_relative_to(each) for each in _CLOSED):
        yield path, f"{text} is never collected"


def _program(path: tuple[str, ...], table: Collect) -> Iterator[Complaint]:
    if any(map(holds_secret, table.command)):
        yield (*path, "command"), "every user can read a program's arguments; it may read a file"
    if table.command and (complaint := program_complaint(table.command[0])):
        yield (*path, "command"), complaint
    if table.user and not _USER.fullmatch(table.user):
        yield (*path, "user"), "is no user's name"
    if table.user and not table.command:
        yield (*path, "user"), "says who runs command, and there is none"


def _sql(manifest: Manifest, path: tuple[str, ...], table: Collect) -> Iterator[Complaint]:
    if table.sql and not manifest.database.engine:
        yield (*path, "sql"), "asks the application's database; give database.engine"
    for statement in table.sql:
        if holds_secret(statement):
            yield (*path, "sql"), "holds a secret; queries are shown and logged"
        if not _STATEMENT.match(statement) or ";" in statement.rstrip().rstrip(";"):
            yield (*path, "sql"), "must be one query that begins with SELECT, WITH or VALUES"
