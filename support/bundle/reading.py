"""Reading a bundle that anybody may have made, and holding it to what it says of itself.

Owns the limits, the digests reckoned while files stream past, and the judgement at the end: signed,
whole, nothing added. Refuses to let anybody rely on a file before `finish` said that all is well.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec

from agent.host import archive_read
from agent.host.failures import FileFailure
from agent.status import NO_SENSE
from support.bundle import received, record, sign
from support.bundle.record import BundleManifest

LIMIT = 4 << 30  # bytes of all files together
MEMBERS = 100_000
_TEXT = 64 << 20  # bytes of the manifest
_CHUNK = 1 << 20
_TOLD = 20
_HEADERS = {"path", "size"}
_NAME = 4096  # bytes
OURS = (record.MANIFEST, record.SIGNATURE)


@dataclass(frozen=True, slots=True)
class Checked:
    """A bundle that is what was signed. `size` is that of its files."""

    manifest: BundleManifest
    fingerprint: str
    files: int
    size: int


@dataclass(frozen=True, slots=True)
class File:
    """One file, while it streams past. `blocks` must be read before the next file is asked for."""

    entry: tarfile.TarInfo
    blocks: Iterator[bytes]

    @property
    def name(self) -> str:
        return self.entry.name


class Reading:
    """One bundle, read once from beginning to end."""

    def __init__(
        self, path: Path, entries: Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]
    ) -> None:
        self._path, self._entries = path, entries
        self._seen: dict[str, tuple[int, str]] = {}
        self._kept: dict[str, bytes] = {}
        self._times: set[float] = set()
        self._size = 0
        self._wrong: list[str] = []

    def files(self) -> Iterator[File]:
        """Every file in order, manifest and signature too. RefusedError, FileFailure."""
        for entry, content in self._entries:
            if content is None:
                raise received.invalid(self._path, f"{entry.name[:80]!r} is no file")
            if entry.name in self._seen or len(self._seen) >= MEMBERS:
                raise received.invalid(self._path, f"{entry.name[:80]!r} is one too many")
            if not entry.name.isprintable():  # it could write lines of its own into what is said
                raise received.invalid(self._path, f"{entry.name[:80]!r} is no name")
            # Ours have a longer name or size in such headers; anything else there costs memory.
            if not entry.pax_headers.keys() <= _HEADERS or len(entry.name) > _NAME:
                raise received.invalid(self._path, f"{entry.name[:80]!r} has headers of its own")
            self._size += entry.size
            if self._size > LIMIT:
                raise received.invalid(self._path, f"it holds more than {LIMIT >> 30} GiB")
            if (entry.uid, entry.gid, entry.mode) != (0, 0, 0o600):
                self._wrong.append(f"{entry.name} has rights or an owner of its own")
            self._times.add(entry.mtime)
            blocks = self._blocks(entry, content)
            yield File(entry, blocks)
            for _ in blocks:  # Whoever did not want all of it: it counts all the same.
                pass

    def _blocks(self, entry: tarfile.TarInfo, content: IO[bytes]) -> Iterator[bytes]:
        digest, kept = hashlib.sha256(), bytearray()
        if entry.name in OURS and entry.size > _TEXT:
            raise received.invalid(self._path, f"{entry.name} is too long")
        while block := content.read(_CHUNK):
            digest.update(block)
            if entry.name in OURS:
                kept += block
            yield block
        self._seen[entry.name] = (entry.size, digest.hexdigest())
        if entry.name in OURS:
            self._kept[entry.name] = bytes(kept)

    def finish(self, *, key: str = "") -> Checked:
        """Read what is left and judge. `key` is the fingerprint it must have. RefusedError."""
        for _ in self.files():
            pass
        manifest, fingerprint = self._signed(key)
        self._hold(manifest)
        if self._wrong:
            more = len(self._wrong) - _TOLD
            lines = [*self._wrong[:_TOLD], *([f"and {more} more"] if more > 0 else [])]
            raise received.invalid(self._path, "it is not what was signed:\n" + "\n".join(lines))
        return Checked(manifest, fingerprint, len(self._seen) - len(OURS), self._size)

    def _signed(self, key: str) -> tuple[BundleManifest, str]:
        missing = [name for name in OURS if name not in self._kept]
        if missing:
            raise received.invalid(self._path, f"it has no {missing[0]}: it was cut, or never done")
        content = self._kept[record.MANIFEST]
        try:
            fingerprint = sign.checked(content, self._kept[record.SIGNATURE])
            manifest = msgspec.json.decode(content, type=BundleManifest)
        except (ValueError, *NO_SENSE) as error:
            raise received.invalid(self._path, str(error)) from error
        if manifest.format > record.FORMAT:
            raise received.invalid(self._path, "it was made by a newer Caretaker than this one")
        if manifest.key != fingerprint:
            self._wrong.append(f"it names the key {manifest.key}, and {fingerprint} signed it")
        if key and not _same(key, fingerprint):
            raise received.invalid(self._path, f"it was signed with {fingerprint}, not with {key}")
        return manifest, fingerprint

    def _hold(self, manifest: BundleManifest) -> None:
        wanted = {each.name: each for each in manifest.files if not each.withheld}
        if len(wanted) != sum(not each.withheld for each in manifest.files):
            self._wrong.append("the manifest names a file twice")
        for name, (size, digest) in self._seen.items():
            if name in OURS:
                continue
            entry = wanted.pop(name, None)
            if entry is None:
                self._wrong.append(f"{name} was added")
            elif (entry.size, entry.sha256) != (size, digest):
                self._wrong.append(f"{name} was changed")
        self._wrong += [f"{name} is missing" for name in wanted]
        if self._times != {int(manifest.header.made)}:
            self._wrong.append("times in it are not that of the bundle")


@contextmanager
def reading(path: Path, identities: Sequence[object] = ()) -> Iterator[Reading]:
    """A bundle, or its first volume or index. UsageError, RefusedError."""
    try:
        with (
            received.plain(path, identities) as stream,
            archive_read.inside(path, stream) as entries,
        ):
            yield Reading(path, entries)
    except FileFailure as error:
        raise received.invalid(path, str(error)) from error


def verify(path: Path, identities: Sequence[object] = (), *, key: str = "") -> Checked:
    """RefusedError with all that is wrong with it."""
    with reading(path, identities) as bundle:
        return bundle.finish(key=key)


def _same(wanted: str, fingerprint: str) -> bool:
    """As people write it: with or without the algorithm, in any case, its beginning of 16 at least.

    A fingerprint's beginning of 64 bits is what somebody reads out on the telephone.
    """
    short = wanted.lower().removeprefix("sha256:").replace(":", "").replace(" ", "")
    return len(short) >= 16 and fingerprint.lower().removeprefix("sha256:").startswith(short)
