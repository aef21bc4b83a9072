"""The vendor's folder: manifest, payload, migrations and release.toml, read into one record.

Owns what a release is made of. Refuses whatever could not be unpacked the same elsewhere: devices,
links that lead out, names that are no text. Signs nothing (`build`).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from agent.host import files, trees
from agent.host.failures import FileFailure
from agent.manifest.model import Manifest
from agent.manifest.reader import as_error, examine
from agent.migrations.folder import read_folder
from agent.migrations.stores import kinds_of
from agent.release import declaration
from agent.release.container import MANIFEST, MIGRATIONS
from agent.release.declaration import Declaration, invalid
from agent.release.digests import digest_of
from agent.release.paths import check_files
from agent.release.record import FileRecord, ReleaseRecord
from agent.release.staged import found_as

_TABLE = re.compile(r"(?m)^[ \t]*\[")
_VERSION = re.compile(r'(?m)^([ \t]*version[ \t]*=[ \t]*)"[^"\n]*"')


@dataclass(frozen=True, slots=True)
class Source:
    """Everything that goes into a bundle, but the content of the payload.

    `scripts` are the files of migrations by the name of their member. `said` are lines worth
    telling the vendor.
    """

    record: ReleaseRecord
    declared: Declaration
    manifest: bytes
    payload: Path
    scripts: dict[str, bytes]
    said: tuple[str, ...]


def read(folder: Path, version: str, created: int) -> Source:
    """Raises ManifestError: `release-invalid`, or what is wrong with appliance.toml."""
    declared = declaration.read(folder, version)
    manifest, text, said = _manifest(folder / MANIFEST, declared.version)
    payload = folder / manifest.release.payload
    entries = _entries(payload)
    migrations = tuple(read_folder(folder / "migrations", kinds_of(manifest), declared.migrations))
    record = ReleaseRecord(
        app=manifest.appliance.name,
        version=declared.version,
        sequence=declaration.sequence(declared),
        digest=digest_of(entries),
        created=created,
        epoch=declared.epoch,
        minimum_from=declared.minimum_from,
        supported_until=declared.supported_until,
        notes=declared.notes,
        advisories=declared.advisories,
        migrations=migrations,
        manifest_sha256=hashlib.sha256(text).hexdigest(),
        files=entries,
    )
    return Source(record, declared, text, payload, _scripts(folder, record), said)


def _manifest(path: Path, version: str) -> tuple[Manifest, bytes, tuple[str, ...]]:
    """The manifest as it goes into the bundle: of this version, whatever it says in the folder."""
    try:
        text = files.read_bytes(path).decode()
    except FileNotFoundError:
        raise invalid(f"there is no {path}", "caretaker init") from None
    except (FileFailure, UnicodeDecodeError) as failure:
        raise invalid(f"{path}: {failure}", f"ls -l {path}") from failure
    manifest = _examined(text, path)
    stated = manifest.appliance.version
    if stated == version:
        return manifest, text.encode(), ()
    text = _with_version(text, version)
    manifest = _examined(text, path)
    if manifest.appliance.version != version:
        raise invalid(
            f"{path} says version {stated}, and the release is {version}",
            f'write version = "{version}" below [appliance]',
        )
    return (
        manifest,
        text.encode(),
        (f"{MANIFEST} said version {stated}; in the bundle it says {version}",),
    )


def _with_version(text: str, version: str) -> str:
    """The same text with another version below [appliance], where it stands as plainly as usual."""
    start = text.find("[appliance]")
    if start < 0:
        return text
    after = _TABLE.search(text, start + 1)
    end = after.start() if after else len(text)
    table = _VERSION.sub(lambda found: f'{found[1]}"{version}"', text[start:end], count=1)
    return text[:start] + table + text[end:]


def _examined(text: str, path: Path) -> Manifest:
    manifest, mistakes = examine(text)
    if manifest is None or mistakes:
        raise as_error(text, mistakes, str(path))
    return manifest


def _entries(payload: Path) -> tuple[FileRecord, ...]:
    try:
        found = tuple(found_as(payload / leaf.relative, leaf) for leaf in trees.walk(payload))
    except FileFailure as failure:
        raise invalid(str(failure), f"ls -l {failure.path}") from failure
    except OSError as error:
        raise invalid(f"the payload can't be read: {error}", f"ls -l {payload}") from error
    wrong = check_files(found)
    if wrong is not None:
        raise invalid(wrong.message.partition(": ")[2], f"ls -lR {payload}")
    if not found:
        raise invalid(f"{payload} is empty", f"fill {payload}")
    return found


def _scripts(folder: Path, record: ReleaseRecord) -> dict[str, bytes]:
    """The files that were hashed; a file that changed since is an error."""
    found: dict[str, bytes] = {}
    for each in record.migrations:
        for name, digest in sorted(each.checksums.items()):
            path = folder / "migrations" / each.folder / name
            content = files.read_bytes(path)
            if hashlib.sha256(content).hexdigest() != digest:
                raise invalid(f"{path} changed while it was read", "build again")
            found[f"{MIGRATIONS}{each.folder}/{name}"] = content
    return dict(sorted(found.items()))
