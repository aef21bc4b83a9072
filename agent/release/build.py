"""A release bundle made: packed, hashed and signed, the same bytes from the same input.

Owns the order of the work and the metadata. Everything that could differ from run to run is left
out or handed in: owners, times and the order of folders, and the time of the release. Refuses to
sign what a reader would refuse.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec
import zstandard
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

from agent.host import outgoing
from agent.host.opened import Opened, open_once
from agent.progress import Progress, Silent
from agent.release import container
from agent.release.container import MANIFEST, PAYLOAD, RELEASE
from agent.release.declaration import invalid
from agent.release.keys import Keys
from agent.release.payload import LEVEL
from agent.release.signatures import ROLES
from agent.release.source import Source

Signers = Mapping[str, Sequence[CryptoSigner]]

_Body = TypeVar("_Body", Targets, Snapshot, Timestamp)


@dataclass(frozen=True, slots=True)
class Built:
    """The finished file: its bytes and SHA-256; `packed` are those of the payload in it."""

    path: Path
    size: int
    sha256: str
    packed: int


def build(
    source: Source,
    keys: Keys,
    passphrases: Sequence[bytes],
    output: Path,
    now: float,
    progress: Progress | None = None,
) -> Built:
    """Write the bundle. Raises CaretakerError, FileFailure; then there is no new file."""
    _check_age(source, keys, now)
    signers = signers_of(keys, passphrases)  # before the long part, so that nobody waits in vain
    packed = output.with_name(f".{output.name}.payload")
    try:
        _pack(source, packed, progress or Silent())
        return seal(source, keys, signers, packed, output)
    finally:
        outgoing.discard(packed)


def signers_of(keys: Keys, passphrases: Sequence[bytes]) -> Signers:
    """The keys of every role that signs releases. Raises CaretakerError."""
    return {role: keys.signers(role, passphrases) for role in ROLES}


def seal(source: Source, keys: Keys, signers: Signers, packed: Path, output: Path) -> Built:
    """Sign what `source` says and the packed payload, and put all into one file. FileFailure."""
    with open_once(packed) as payload:
        return _assemble(output, _members(source, keys, signers, payload), payload)


def _check_age(source: Source, keys: Keys, now: float) -> None:
    ends = _ends(source)
    if ends.timestamp() <= now:
        raise invalid(
            f"its signatures would have ended on {ends:%Y-%m-%d}, {source.declared.valid_days} days"
            " after it was created",
            "raise valid_days in release.toml, or say --created now",
        )
    if keys.root.expires.timestamp() <= now:
        raise invalid(
            f"root {keys.root.version} ended on {keys.root.expires:%Y-%m-%d}",
            f"caretaker release keys rotate {keys.folder}",
        )


def _pack(source: Source, packed: Path, progress: Progress) -> None:
    """Compress by one thread and in fixed pieces: the frame depends on nothing but the content."""
    compressor = zstandard.ZstdCompressor(level=LEVEL, write_content_size=False).compressobj()
    done, total = 0, source.record.unpacked
    with outgoing.writing(packed) as write:
        for piece in _content(source):
            write(compressor.compress(piece))
            done += len(piece)
            progress.advance(done, total, "bytes")
        write(compressor.flush())


def _content(source: Source) -> Iterator[bytes]:
    """The files again; what changed since they were hashed is an error."""
    for entry in source.record.files:
        if entry.folder or entry.link:
            continue
        digest = hashlib.sha256()
        with open_once(source.payload / entry.path) as opened:
            for piece in opened.chunks(0, min(entry.size, opened.size)):
                digest.update(piece)
                yield piece
            if opened.size != entry.size or digest.hexdigest() != entry.sha256:
                raise invalid(f"{opened.path} changed while it was read", "build again")


def _members(source: Source, keys: Keys, signers: Signers, payload: Opened) -> dict[str, bytes]:
    release = msgspec.json.encode(source.record)
    version, ends = source.record.sequence, _ends(source)
    targets = Targets(version=version, expires=ends)
    digest = payload.sha256(0, payload.size)
    targets.targets = {
        RELEASE: TargetFile(len(release), _hashes(release), RELEASE),
        PAYLOAD: TargetFile(payload.size, {"sha256": digest}, PAYLOAD),
    }
    signed_targets = _signed(targets, signers["targets"])
    roots = {f"{number}.root.json": root for number, root in enumerate(keys.trusted.chain, 1)}
    meta = {name: _meta(number, root) for number, (name, root) in enumerate(roots.items(), 1)}
    snapshot = Snapshot(version=version, expires=ends)
    snapshot.meta = {**meta, "targets.json": _meta(version, signed_targets)}
    signed_snapshot = _signed(snapshot, signers["snapshot"])
    timestamp = Timestamp(version=version, expires=ends)
    timestamp.snapshot_meta = _meta(version, signed_snapshot)
    return {
        **{f"metadata/{name}": root for name, root in roots.items()},
        container.TIMESTAMP: _signed(timestamp, signers["timestamp"]),
        container.SNAPSHOT: signed_snapshot,
        container.TARGETS: signed_targets,
        RELEASE: release,
        MANIFEST: source.manifest,
        **source.scripts,
    }


def _assemble(output: Path, members: Mapping[str, bytes], payload: Opened) -> Built:
    digest, size = hashlib.sha256(), 0
    with outgoing.writing(output) as write:
        for piece in _stream(members, payload):
            write(piece)
            digest.update(piece)
            size += len(piece)
    return Built(output, size, digest.hexdigest(), payload.size)


def _stream(members: Mapping[str, bytes], payload: Opened) -> Iterator[bytes]:
    for name, content in members.items():
        _check_cap(name, len(content))
        yield container.header(name, len(content)) + content + container.padding(len(content))
    _check_cap(PAYLOAD, payload.size)
    yield container.header(PAYLOAD, payload.size)
    yield from payload.chunks(0, payload.size)
    yield container.padding(payload.size) + container.END


def _check_cap(name: str, size: int) -> None:
    cap = container.cap_of(name)
    if cap is None or size > cap:
        raise invalid(f"{name} has {size} bytes, and a bundle holds {cap or 'none such'}",
                      "put less into the release")  # fmt: skip


def _signed(body: _Body, signers: Sequence[CryptoSigner]) -> bytes:
    signed: Metadata[_Body] = Metadata(body)
    for signer in signers:
        signed.sign(signer, append=True)
    return bytes(signed.to_bytes(JSONSerializer(compact=True)))


def _meta(version: int, content: bytes) -> MetaFile:
    return MetaFile(version, len(content), _hashes(content))


def _hashes(content: bytes) -> dict[str, str]:
    return {"sha256": hashlib.sha256(content).hexdigest()}


def _ends(source: Source) -> datetime:
    created = datetime.fromtimestamp(source.record.created, UTC)
    return created + timedelta(days=source.declared.valid_days)
