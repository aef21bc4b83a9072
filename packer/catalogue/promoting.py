"""Promotion: dev, then qa, then prod, each by a signed statement that names what spoke for it.

Owns the rules. Refuses a build that failed or is a draft, a stage left out, a certification or a
scan that is missing, did not pass, or is of another disk, and a signature that does not fit.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from agent.errors import RefusedError
from agent.host import files
from agent.host.clock import rfc3339
from agent.host.failures import FileFailure
from packer.catalogue import at_hand
from packer.catalogue.entry import STAGES, Entry, Promotion, Signed, Stage
from packer.certify.report.record import Report
from packer.golden.record import NAME, Artefact
from packer.signing import public_key
from packer.signing.blob import verify_file
from packer.signing.public_key import PublicKey
from packer.signing.signer import Signer, signature_of

_CERTIFY = "certify.json"
_CAP = 64 << 20  # bytes of a report


def promote(
    entry: Entry, stage: Stage, signer: Signer, *, now: float, who: str, why: str
) -> Signed:
    """The signed statement, where nothing speaks against it. Raises CaretakerError."""
    _in_order(entry, stage, signer.public)
    _record(entry, signer.public)
    certify = _certified(entry)
    scan = _scanned(entry)
    _whole(entry)
    promotion = Promotion(
        build=entry.record.id,
        record=hashlib.sha256(entry.content).hexdigest(),
        disk=disk_of(entry).sha256,
        certify=certify.sha256,
        scan=scan.sha256,
        stage=stage,
        at=rfc3339(now),
        who=who,
        why=why,
    )
    content = msgspec.json.encode(promotion)
    return Signed(promotion, content, signature_of(signer, content), public_key.name(signer.public))


def accepted(signed: Signed, key: PublicKey) -> bool:
    """Whether the key signed this statement."""
    content: bytes = signed.content
    if not public_key.signs_content(key):
        content = hashlib.sha256(content).digest()
    return public_key.accepts(key, content, signed.signature)


def fits(entry: Entry, signed: Signed) -> bool:
    """Whether the statement is about this build as the catalogue has it."""
    return (
        signed.promotion.build == entry.record.id
        and signed.promotion.record == hashlib.sha256(entry.content).hexdigest()
        and signed.promotion.disk == disk_of(entry).sha256
    )


def disk_of(entry: Entry) -> Artefact:
    """The compressed disk. Raises RefusedError."""
    for each in entry.record.artefacts:
        if each.kind == "disk" and each.name.endswith(".qcow2"):
            return each
    raise _refused(entry, "its record names no disk")


def _in_order(entry: Entry, stage: Stage, key: PublicKey) -> None:
    if entry.record.result != "done":
        raise _refused(entry, "it failed")
    if entry.record.draft:
        raise _refused(entry, "it is a draft")
    reached = entry.stage
    if reached == stage:
        raise _refused(entry, f"it is at {stage} already")
    after = STAGES.index(stage)
    if after == 0 or reached != STAGES[after - 1]:
        raise _refused(entry, f"it is at {reached}, and {stage} comes after {STAGES[after - 1]}"
                       if after else "every build begins at dev")  # fmt: skip
    for signed in entry.promotions:
        if not fits(entry, signed) or not accepted(signed, key):
            raise RefusedError(
                "signature-invalid",
                f"the promotion of {entry.record.id} to {signed.promotion.stage} is not signed by "
                f"the key {public_key.name(key)[:12]}",
                hint=f"caretaker image show {entry.record.id}",
            )


def _record(entry: Entry, key: PublicKey) -> None:
    """build.json in the folder is the catalogue's, and signed by the same key."""
    path = Path(entry.folder) / NAME
    if verify_file(path, key) != hashlib.sha256(entry.content).hexdigest():
        raise _refused(entry, f"{path} is another record than the catalogue's")


def _certified(entry: Entry) -> Artefact:
    artefact = _named(entry, _CERTIFY, "it was never certified")
    try:
        report = msgspec.json.decode(_content(entry, artefact), type=Report)
    except (ValueError, RecursionError) as error:
        raise _refused(entry, f"{artefact.name} is no certification: {error}") from error
    if disk_of(entry).sha256 not in report.digests.values():
        raise _refused(entry, f"{artefact.name} is about another disk")
    if not report.good:
        raise _refused(entry, f"{artefact.name}: {report.counts.get('fail', 0)} rules fail")
    return artefact


def _scanned(entry: Entry) -> Artefact:
    for each in entry.record.artefacts:
        if each.kind == "scan":
            _content(entry, each)
            return each
    raise _refused(
        entry,
        "it was never scanned for known vulnerabilities",
        hint="build it again, with --flaws FILE",
    )


def _named(entry: Entry, name: str, else_: str) -> Artefact:
    for each in entry.record.artefacts:
        if each.name == name:
            return each
    raise _refused(entry, else_)


def _content(entry: Entry, artefact: Artefact) -> bytes:
    path = at_hand.place_of(Path(entry.folder), artefact)
    try:
        content = files.read_bytes(path, cap=_CAP)
    except (FileNotFoundError, FileFailure) as error:
        raise _refused(entry, f"{path} can't be read: {error}") from error
    if hashlib.sha256(content).hexdigest() != artefact.sha256:
        raise _refused(entry, f"{path} is not what the build made")
    return content


def _whole(entry: Entry) -> None:
    bad = [each for each in at_hand.look(entry) if each.found != "good"]
    if bad:
        first = bad[0]
        raise _refused(entry, f"{first.artefact.name} is {first.found}")


def _refused(entry: Entry, why: str, *, hint: str = "") -> RefusedError:
    message = f"build {entry.record.id} can't be promoted: {why}"
    hint = hint or f"caretaker image show {entry.record.id}"
    return RefusedError("image-refused", message, hint=hint)
