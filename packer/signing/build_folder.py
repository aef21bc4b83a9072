"""A whole build in a folder: its record, and everything the record names, verified.

Owns what must hold together: the record's signature, each file's signature and digest, and the
provenance that speaks of them. Refuses a record that names a file outside its folder, and a file
that the record does not know is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import msgspec

from agent.host import files
from packer.golden.record import Artefact, BuildRecord
from packer.signing import provenance
from packer.signing.blob import readable, refused, verify_file
from packer.signing.public_key import PublicKey

RECORD = "build.json"
_CAP = 16 << 20  # bytes of a record


def verify_folder(folder: Path, key: PublicKey) -> Iterator[tuple[Path, str]]:
    """Each file and its SHA-256, once it is found good.

    Raises RefusedError `signature-invalid` at the first that is not, MachineError where one can't
    be read.
    """
    path = folder / RECORD
    digest = verify_file(path, key)
    record = _record(path)
    yield path, digest
    found: dict[str, str] = {}
    for artefact in record.artefacts:
        file = _place(folder, artefact)
        found[artefact.name] = verify_file(file, key)
        if found[artefact.name] != artefact.sha256:
            raise refused(f"{file} is signed, but is not the one that this build made")
        yield file, found[artefact.name]
    for artefact in record.artefacts:
        if artefact.kind == "provenance":
            _compare(provenance.read(_place(folder, artefact), key), record)


def _record(path: Path) -> BuildRecord:
    with readable(path):
        content = files.read_bytes(path, cap=_CAP)
    try:
        return msgspec.json.decode(content, type=BuildRecord)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise refused(f"{path} is no build record: {error}") from error


def _place(folder: Path, artefact: Artefact) -> Path:
    name = PurePosixPath(artefact.name)
    if name.is_absolute() or ".." in name.parts or not name.parts:
        raise refused(f"the record names {artefact.name[:80]!r}, outside its folder")
    return folder / name


def _compare(statement: provenance.Statement, record: BuildRecord) -> None:
    """The provenance may speak of fewer files (it is made before the last), of no others."""
    known = {each.name: each.sha256 for each in record.artefacts}
    for subject in statement.subject:
        if known.get(subject.name) != subject.digest.get("sha256"):
            raise refused(f"the provenance speaks of another {subject.name[:80]!r} than the record")
