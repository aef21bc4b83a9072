"""The folder `migrations/` as the vendor writes it: `NNNN-name/{up,verify,down?}`.

Owns which names and files it may hold, and the records that go into the signed release.json.
Refuses to run any of it, and a migration that nobody could check: `verify` is mandatory.
"""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from agent.errors import ManifestError
from agent.host import files, listing
from agent.host.failures import HostFailure
from agent.manifest.kinds import Duration
from agent.migrations.stores import FILES
from agent.release.digests import is_program
from agent.release.record import MigrationRecord, StoreKind

STEPS = ("up", "verify", "down")
_NAME = re.compile(r"(\d{4})-([a-z0-9][a-z0-9-]{0,40})")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,80}")
_LARGEST = 16 << 20  # bytes of one file; what is larger belongs into the payload


class Declared(Struct, frozen=True, forbid_unknown_fields=True):
    """What release.toml says of one migration, below [migrations.NNNN-name]; all of it optional.

    `stores` are those it changes. Left out: the one database where `up` is SQL, else the files.
    `requires` are numbers that must have been applied; `timeout` is for each of its programs.
    """

    stores: tuple[str, ...] = ()
    requires: tuple[int, ...] = ()
    timeout: Duration = Duration(0)


def read_folder(
    path: Path,
    kinds: Mapping[str, StoreKind],
    declared: Mapping[str, Declared] | None = None,
) -> list[MigrationRecord]:
    """The migrations in order; none where there is no such folder.

    `kinds` are the appliance's stores (`stores.kinds_of`), `declared` is by the folder's name.
    Raises ManifestError `release-invalid`.
    """
    told = dict(declared or {})
    try:
        entries = listing.entries(path)
    except FileNotFoundError:
        entries = ()
    except HostFailure as failure:
        raise _invalid(str(failure), f"ls -l {path}") from failure
    found: list[MigrationRecord] = []
    for entry in entries:
        if entry.name == "README.md":
            continue
        match = _NAME.fullmatch(entry.name)
        if match is None or not stat.S_ISDIR(entry.mode):
            raise _invalid(
                f"migrations/{entry.name}: a migration is a folder NNNN-name, with four digits and"
                " a name of lower-case letters, digits and hyphens",
                f"mv {path / entry.name} {path}/0001-first",
            )
        number, said = int(match[1]), told.pop(entry.name, Declared())
        found.append(_migration(path / entry.name, number, match[2], said, kinds))
    _refuse_unknown(told)
    _check_numbers(found)
    return found


def _refuse_unknown(told: Mapping[str, Declared]) -> None:
    for name in told:
        raise _invalid(
            f"release.toml declares [migrations.{name}], and there is no folder migrations/{name}",
            "make the folder, or take the lines out of release.toml",
        )


def _check_numbers(found: list[MigrationRecord]) -> None:
    before: dict[int, MigrationRecord] = {}
    for record in found:
        if record.number == 0:
            raise _invalid(f"migrations/{record.folder}: numbers begin with 0001", "rename it")
        if record.number in before:
            raise _invalid(
                f"migrations/{record.folder} and migrations/{before[record.number].folder} have"
                " the same number",
                "give the later one the next free number",
            )
        missing = [each for each in record.requires if each not in before]
        if missing:
            raise _invalid(
                f"migrations/{record.folder} requires {missing[0]:04d}, which does not come"
                " before it",
                "correct requires in release.toml, or the numbers",
            )
        before[record.number] = record


def _migration(
    folder: Path, number: int, name: str, said: Declared, kinds: Mapping[str, StoreKind]
) -> MigrationRecord:
    where = f"migrations/{folder.name}"
    checksums = _read_scripts(folder, where)
    for step in ("up", "verify"):
        if script_of(checksums, step) is None:
            raise _invalid(
                f"{where} has no {step}: without it nobody could tell whether it worked"
                if step == "verify"
                else f"{where} has no {step}",
                f"write {folder}/{step}.py, {step}.sql or an executable {step}",
            )
    stores = said.stores or _stores_meant(where, checksums, kinds)
    for store in stores:
        if store not in kinds:
            raise _invalid(
                f"{where}: there is no store {store}; there are {', '.join(kinds)}",
                "declare it in appliance.toml below [stores], or correct release.toml",
            )
    if _is_sql(checksums) and len(_databases(stores, kinds)) != 1:
        raise _invalid(
            f"{where}: SQL is run in one database, and its stores are {', '.join(stores)}",
            f'[migrations."{folder.name}"] stores = ["…"] in release.toml names just one',
        )
    return MigrationRecord(
        number=number,
        name=name,
        stores=tuple(stores),
        checksums=checksums,
        requires=tuple(sorted(set(said.requires))),
        timeout=float(said.timeout),
    )


def script_of(checksums: Mapping[str, str], step: str) -> str | None:
    """The file that does a step: `up.py`, `up.sql`, `up` or `up.sh`."""
    return next((name for name in checksums if name.split(".", 1)[0] == step), None)


def _stores_meant(
    where: str, checksums: Mapping[str, str], kinds: Mapping[str, StoreKind]
) -> tuple[str, ...]:
    if not _is_sql(checksums):
        return (FILES,)
    databases = _databases(kinds, kinds)
    if len(databases) != 1:
        said = f"there are {', '.join(databases)}" if databases else "there is none"
        raise _invalid(
            f"{where} is SQL, and does not say for which store; {said}",
            f'write [migrations."{where.split("/")[1]}"] stores = ["…"] into release.toml',
        )
    return tuple(databases)


def _databases(stores: Mapping[str, StoreKind] | tuple[str, ...],
               kinds: Mapping[str, StoreKind]) -> list[str]:  # fmt: skip
    return [store for store in stores if kinds[store] != "files"]


def _is_sql(checksums: Mapping[str, str]) -> bool:
    return any(f"{step}.sql" in checksums for step in STEPS)


def _read_scripts(folder: Path, where: str) -> dict[str, str]:
    """SHA-256 by file name, of every file: what a script reads beside it counts as well."""
    found: dict[str, str] = {}
    try:
        for entry in listing.entries(folder):
            if entry.name == "__pycache__":
                continue  # Of a try on the vendor's machine.
            if not stat.S_ISREG(entry.mode) or not _FILE.fullmatch(entry.name):
                raise _invalid(
                    f"{where}/{entry.name}: only plain files may stand here",
                    "put folders and large files into the payload",
                )
            content = files.read_bytes(folder / entry.name, cap=_LARGEST)
            _check_script(entry.name, content, where, found)
            found[entry.name] = hashlib.sha256(content).hexdigest()
    except HostFailure as failure:
        raise _invalid(str(failure), f"ls -l {folder}") from failure
    return found


def _check_script(name: str, content: bytes, where: str, before: Mapping[str, str]) -> None:
    step = name.split(".", 1)[0]
    if step not in STEPS:
        return
    other = script_of(before, step)
    if other is not None:
        raise _invalid(f"{where} has both {other} and {name}", "keep one of them")
    if name not in (f"{step}.py", f"{step}.sql") and not is_program(content):
        raise _invalid(
            f"{where}/{name} is neither .py nor .sql, and no program: it begins with no #!",
            f"write its interpreter into the first line: sed -i '1i #!/bin/sh' {where}/{name}",
        )


def _invalid(message: str, hint: str) -> ManifestError:
    return ManifestError("release-invalid", message, hint=hint)
