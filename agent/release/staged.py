"""A release that lies unpacked below releases/: what it says of itself, and whether that holds.

Owns reading `.release/` and comparing the files with it. A release that setup staged from an image
has none, and says nothing. Refuses to put anything right.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from agent.errors import MachineError
from agent.host import files, trees
from agent.host.failures import FileFailure, HostFailure
from agent.release.record import FOLDER, RECORD, FileRecord, ReleaseRecord

MANIFEST = "appliance.toml"
MIGRATIONS = "migrations"
RECORD_CAP = 64 << 20  # bytes; some 300,000 files
MANIFEST_CAP = 1 << 20


def record_of(release: Path) -> ReleaseRecord | None:
    """What a staged release says of itself; None where it came without. Raises MachineError."""
    content = record_bytes(release)
    if content is None:
        return None
    try:
        return msgspec.json.decode(content, type=ReleaseRecord)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _spoilt(release, f"{FOLDER}/{RECORD}: {error}") from error


def record_bytes(release: Path) -> bytes | None:
    """The bytes of release.json; None where there is none. Raises MachineError."""
    return _read(release, RECORD, RECORD_CAP)


def manifest_of(release: Path) -> bytes | None:
    """The appliance.toml that goes with a staged release; None as above. Raises MachineError."""
    return _read(release, MANIFEST, MANIFEST_CAP)


def migrations_folder(release: Path) -> Path:
    """Where its migrations lie; there need be no such folder."""
    return release / FOLDER / MIGRATIONS


def verify_staged(release: Path) -> ReleaseRecord:
    """Read every byte and compare. Raises MachineError `state-corrupt` at the first difference."""
    record = record_of(release)
    if record is None:
        raise _spoilt(release, f"it has no {FOLDER}/{RECORD}")
    try:
        _verify_payload(release, record)
        _verify_beside(release, record)
    except (HostFailure, OSError) as failure:
        raise _spoilt(release, str(failure)) from failure
    return record


def _verify_payload(release: Path, record: ReleaseRecord) -> None:
    wanted = iter(record.files)
    for leaf in trees.walk(release):
        if leaf.relative == FOLDER or leaf.relative.startswith(f"{FOLDER}/"):
            continue
        expected = next(wanted, None)
        if expected is None or expected.path != leaf.relative:
            name = expected.path if expected and expected.path < leaf.relative else leaf.relative
            raise _spoilt(release, f"{name} is missing, or should not be there")
        if found_as(release / leaf.relative, leaf) != expected:
            raise _spoilt(release, f"{leaf.relative} is not what was released")
    missing = next(wanted, None)
    if missing is not None:
        raise _spoilt(release, f"{missing.path} is missing")


def found_as(path: Path, leaf: trees.Leaf) -> FileRecord:
    """The record of what stands there. FileFailure for a device, OSError."""
    if leaf.is_folder:
        return FileRecord(leaf.relative, folder=True)
    if leaf.is_link:
        return FileRecord(leaf.relative, link=files.link_target(path))
    if not leaf.is_file:
        raise FileFailure(path, "read", "it is no file, folder or link")
    size, digest = trees.size_and_digest(path)
    executable = bool(leaf.facts.st_mode & 0o111)
    return FileRecord(leaf.relative, size=size, sha256=digest, executable=executable)


def _verify_beside(release: Path, record: ReleaseRecord) -> None:
    manifest = manifest_of(release)
    if manifest is None or hashlib.sha256(manifest).hexdigest() != record.manifest_sha256:
        raise _spoilt(release, f"{FOLDER}/{MANIFEST} is not what was released")
    wanted = {
        f"{each.folder}/{name}": digest
        for each in record.migrations
        for name, digest in each.checksums.items()
    }
    folder = migrations_folder(release)
    found = {
        leaf.relative: trees.size_and_digest(folder / leaf.relative)[1]
        for leaf in (trees.walk(folder) if folder.is_dir() else ())
        if not leaf.is_folder
    }
    for name in wanted | found:
        if wanted.get(name) != found.get(name):
            raise _spoilt(release, f"{FOLDER}/{MIGRATIONS}/{name} is not what was released")


def _read(release: Path, name: str, cap: int) -> bytes | None:
    try:
        return files.read_bytes(release / FOLDER / name, cap=cap)
    except FileNotFoundError:
        return None
    except FileFailure as failure:
        raise _spoilt(release, str(failure)) from failure


def _spoilt(release: Path, what: str) -> MachineError:
    return MachineError(
        "state-corrupt",
        f"the release in {release} is damaged: {what}",
        hint="caretaker upgrade FILE  # with the bundle it came from; it is unpacked anew",
    )
