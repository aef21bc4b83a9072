"""A whole build in a folder: its record, and everything the record names, verified.

Owns what must hold together: the record's signature, each file's signature and digest, and the
provenance that speaks of them. Refuses a record that names a file outside its folder, and builds
that are not for customers. Of a file that the record does not know it can say only that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterator
from pathlib import Path

from agent.errors import MachineError, RefusedError
from agent.host import files, trees
from packer.doors import readable
from packer.golden.record import CAP, NAME, Artefact, BuildRecord, parse
from packer.signing import provenance
from packer.signing.blob import refused, signature_path, verify_file
from packer.signing.public_key import PublicKey


def verify_folder(folder: Path, key: PublicKey) -> Iterator[tuple[Path, str]]:
    """Each file and its SHA-256, once it is found good.

    Raises RefusedError `signature-invalid` at the first that is not, `image-refused` for a draft
    and a build that failed, MachineError where one can't be read.
    """
    path = folder / NAME
    if not path.is_file():
        raise MachineError("file-unreadable", f"{folder} is no build: there is no {NAME} in it",
                           hint="name its files, or the folder of a build")  # fmt: skip
    record, digest = _record(path, key)
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


def _record(path: Path, key: PublicKey) -> tuple[BuildRecord, str]:
    """The record and its SHA-256: of the very bytes that were verified."""
    digest = verify_file(path, key)
    with readable(path):
        content = files.read_bytes(path, cap=CAP)
    if hashlib.sha256(content).hexdigest() != digest:
        raise refused(f"{path} changed while it was verified")
    try:
        record = parse(content)
    except ValueError as error:
        raise refused(f"{path}: {error}") from error
    if record.result != "done" or record.draft:
        # Its signature is good all the same: a build signs its record whatever the end.
        what = "draft, which was refused as an image" if record.draft else "build that failed"
        raise RefusedError("image-refused", f"{path} is of a {what}", hint="build it again")
    return record, digest


def _place(folder: Path, artefact: Artefact) -> Path:
    try:
        return artefact.place(folder)
    except ValueError as error:
        raise refused(str(error)) from error


def not_vouched_for(folder: Path, good: Container[Path]) -> list[str]:
    """Names in the folder that stand beside the build and are none of it, whoever put them there.

    Raises MachineError.
    """
    try:
        found = [folder / leaf.relative for leaf in trees.walk(folder) if not leaf.is_folder]
    except OSError as error:
        message = f"{folder} can't be read: {error.strerror or error}"
        raise MachineError("file-unreadable", message, hint=f"ls -lR {folder}") from error
    signatures = {signature_path(path) for path in found if path in good}
    return [str(path.relative_to(folder)) for path in found
            if path not in good and path not in signatures]  # fmt: skip


def _compare(statement: provenance.Statement, record: BuildRecord) -> None:
    """The provenance may speak of fewer files (it is made before the last), of no others."""
    known = {each.name: each.sha256 for each in record.artefacts}
    for subject in statement.subject:
        if known.get(subject.name) != subject.digest.get("sha256"):
            raise refused(f"the provenance speaks of another {subject.name[:80]!r} than the record")
