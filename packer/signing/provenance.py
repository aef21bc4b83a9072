"""Provenance: who built an image out of what, in the words of SLSA v1.

Owns the statement (in-toto Statement v1, predicate https://slsa.dev/provenance/v1) made from a
build record, and the comparison of a file with one. Refuses to claim what the record does not say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from agent.host import files
from agent.version import version
from packer.doors import readable
from packer.golden.record import BuildRecord
from packer.signing import dsse
from packer.signing.blob import refused
from packer.signing.public_key import PublicKey
from packer.signing.signer import Signer

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
# Names and not addresses: nothing has to answer there for years.
BUILD_TYPE = "urn:caretaker:image-build:v1"
BUILDER = "urn:caretaker:builder:"

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Dependency:
    """One thing that went in. `uri` is a package URL where there is one; SHA-256 where known."""

    name: str
    uri: str = ""
    sha256: str = ""


class Subject(msgspec.Struct, frozen=True):
    """One file that the build made."""

    name: str
    digest: dict[str, str]


class Statement(msgspec.Struct, frozen=True):
    """The document inside the envelope; names as in-toto spells them."""

    kind: str = msgspec.field(name="_type")
    subject: tuple[Subject, ...]
    predicateType: str  # as the specification spells it
    predicate: dict[str, Any]


def statement(
    record: BuildRecord, signer: Signer, dependencies: Iterable[Dependency] = ()
) -> bytes:
    """The provenance of the build, signed: a DSSE envelope as one line of JSON.

    `dependencies` stand beside the record's own inputs: packages and wheels. Same record, same
    payload. Raises CaretakerError.
    """
    return dsse.seal(payload(record, dependencies), dsse.IN_TOTO, signer)


def payload(record: BuildRecord, dependencies: Iterable[Dependency] = ()) -> bytes:
    """The statement alone, not signed."""
    told = Statement(
        kind=STATEMENT,
        subject=tuple(
            Subject(each.name, {"sha256": each.sha256})
            for each in record.artefacts
            if each.kind != "provenance"  # which can't hold its own digest
        ),
        predicateType=PREDICATE,
        predicate={
            "buildDefinition": _definition(record, dependencies),
            "runDetails": _run(record),
        },
    )
    return msgspec.json.encode(told)


def verified(envelope: bytes, key: PublicKey) -> Statement:
    """What a signed envelope states. Raises RefusedError `signature-invalid`."""
    content = dsse.unseal(envelope, dsse.IN_TOTO, key)
    try:
        told = msgspec.json.decode(content, type=Statement)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise refused(f"the envelope holds no in-toto statement: {error}") from error
    if told.kind != STATEMENT or told.predicateType != PREDICATE:
        raise refused(f"it states {told.predicateType[:80]!r}, not how something was built")
    return told


def read(path: Path, key: PublicKey) -> Statement:
    """What the envelope in a file states. Raises RefusedError, MachineError."""
    with readable(path):
        content = files.read_bytes(path, cap=dsse.CAP)
    return verified(content, key)


def demand(told: Statement, name: str, sha256: str) -> None:
    """The file of that digest is one the build made. Raises RefusedError `signature-invalid`.

    The digest decides; a file may have been renamed, and the message then says as what it is known.
    """
    if not any(each.digest.get("sha256") == sha256 for each in told.subject):
        known = any(each.name == name for each in told.subject)
        why = "the build made it with other content" if known else "the build made no such file"
        raise refused(f"{name} is not what the provenance is about: {why}")


def builder(told: Statement) -> str:
    """Whom the statement names as its builder; "" where it names none."""
    run = told.predicate.get("runDetails")
    named = run.get("builder") if isinstance(run, dict) else None
    found = named.get("id") if isinstance(named, dict) else None
    return found if isinstance(found, str) else ""


def _definition(record: BuildRecord, dependencies: Iterable[Dependency]) -> dict[str, Any]:
    inputs = [
        Dependency(name, sha256=sha256)
        for name, sha256 in sorted(record.inputs.items())
        if _SHA256.fullmatch(sha256)  # an input known by another mark would be a false digest
    ]
    return {
        "buildType": BUILD_TYPE,
        "externalParameters": {
            "application": record.application,
            "version": record.version,
            "architecture": record.architecture,
            "base": record.base,
            "commit": record.commit,
        },
        "internalParameters": {},
        "resolvedDependencies": [_descriptor(each) for each in (*inputs, *dependencies)],
    }


def _descriptor(dependency: Dependency) -> dict[str, Any]:
    """A ResourceDescriptor of in-toto: it must have a URI or a digest."""
    told: dict[str, Any] = {"name": dependency.name}
    if dependency.uri:
        told["uri"] = dependency.uri
    if dependency.sha256:
        told["digest"] = {"sha256": dependency.sha256}
    return told


def _run(record: BuildRecord) -> dict[str, Any]:
    return {
        "builder": {
            "id": BUILDER + quote(record.who),
            "version": {"caretaker": version()},
        },
        "metadata": {
            "invocationId": record.id,
            "startedOn": record.begun,
            "finishedOn": record.ended,
        },
    }
