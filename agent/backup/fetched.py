"""A backup that was fetched, as a folder: `data/`, `system/`, `database.dump`, `backup.json`.

Owns its shape, holding it to its record, and giving files their owners of this machine. Refuses to
put any of it in use.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from agent.backup.record import DATA, DUMP, RECORD, SYSTEM, BackupRecord
from agent.errors import RefusedError
from agent.host import files, reown, steady, trees, users
from agent.host.accounts import is_root
from agent.host.failures import FileFailure

_CAP = 64 << 20  # bytes of a record


def made_plain(into: Path, record: BackupRecord, more: Path) -> None:
    """Out of a tree with the repository's paths. Raises FileFailure, RefusedError."""
    data = into / record.home
    inside = Path(record.home)
    if inside.is_absolute() or ".." in inside.parts:
        raise _spoilt(record.id, f"its data stands at {record.home}")
    for path in record.aside:
        if (more / "over" / path).is_file():
            steady.put_back(data, path, more / "over" / path)
    files.rename(data, into / DATA)
    for name in (SYSTEM, DUMP, RECORD):
        if (more / name).exists():
            files.rename(more / name, into / name)
    for top in {inside.parts[0], more.relative_to(into).parts[0]}:
        trees.remove(into / top)


def read_record(content: bytes) -> BackupRecord:
    """Raises RefusedError for what is no record of ours."""
    try:
        return msgspec.json.decode(content, type=BackupRecord)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _spoilt("there", f"{RECORD}: {error}") from error


def hold_to(folder: Path, record: BackupRecord) -> None:
    """Every file that the record has a sum of is what it was. RefusedError, FileFailure."""
    for name in (DATA, SYSTEM, f"{SYSTEM}/secrets", DUMP):
        if (folder / name).is_symlink():  # Whatever follows would be done where it leads.
            raise _spoilt(record.id, f"{name} is a link")
    found = read_record(files.read_bytes(folder / RECORD, cap=_CAP))
    if found.id != record.id or found.app != record.app:
        raise _spoilt(record.id, f"its {RECORD} is another backup's")
    for path, wanted in record.sums.items():
        try:
            content = files.read_bytes(folder / path)
        except (FileNotFoundError, FileFailure) as failure:
            raise _spoilt(record.id, f"{path}: {failure}") from failure
        if hashlib.sha256(content).hexdigest() != wanted:
            raise _spoilt(record.id, f"{path} is not what it was")
    survey = steady.survey(folder / DATA)
    missing = record.files + len(record.aside) - len(survey.stamps)
    if missing > 0 and not record.unsteady and record.how != "live":
        raise _spoilt(record.id, f"{missing} files are missing")


def give_owners(folder: Path, record: BackupRecord, app: str) -> int:
    """Names decide, not numbers; who is nobody here is the application. FileFailure."""
    if not is_root():
        return 0
    own = users.find(app)
    spare = own.owner if own else (0, 0)
    uids = {int(uid): known.uid for uid, name in record.owners.items() if uid.isdecimal()
            and (known := users.find(name)) is not None}  # fmt: skip
    gids = {int(gid): there for gid, name in record.groups.items() if gid.isdecimal()
            and (there := users.gid_of(name)) is not None}  # fmt: skip
    return reown.reown(folder / DATA, uids, gids, spare)


def _spoilt(backup: str, why: str) -> RefusedError:
    return RefusedError(
        "backup-failed",
        f"backup {backup} is not whole: {why}",
        hint="caretaker backup verify --full",
    )
