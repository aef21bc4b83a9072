"""The pinned file of known flaws: opened, told apart by content, read within limits.

Owns which forms are taken: OSV records in a zip, in lines, in an array or alone; the Debian
tracker's JSON. Refuses a file other than the pinned one, and one that would not end.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

import msgspec

from agent.errors import MachineError, RefusedError
from agent.host.failures import FileFailure
from agent.host.opened import open_once
from packer.doors import readable
from packer.vulnerabilities import debian_tracker, osv
from packer.vulnerabilities.advisory import Advisory, Wanted

T = TypeVar("T")
_CAP = 1 << 30  # bytes of a file in JSON; the tracker's has some 70 million
_RECORD = 16 << 20  # bytes of one record
_MOST = 2_000_000  # records
_ALL = 8 << 30  # bytes of all records of a zip


@dataclass(frozen=True, slots=True)
class DataFile:
    """A `Source` in a file."""

    path: Path
    sha256: str

    @property
    def name(self) -> str:
        return self.path.name

    def advisories(self, wanted: Wanted) -> Iterator[Advisory]:
        with self._read() as stream:
            if zipfile.is_zipfile(stream):
                for record in self._zipped(stream):
                    yield from osv.advisories(record, wanted)
                return
            stream.seek(0)
            content = stream.read(_CAP + 1)
        if len(content) > _CAP:
            raise invalid(f"{self.name} has more than {_CAP} bytes")
        content = content.strip()
        if content[:1] == b"[":
            records = _decoded(content, tuple[osv.Record, ...], self.name)
            self._tells(len(records))
            for record in records:
                yield from osv.advisories(record, wanted)
        elif _is_record(content):
            for line in content.split(b"\n") if b"\n{" in content else [content]:
                if line.strip():
                    yield from osv.advisories(self._record(line, "a line"), wanted)
        else:
            tracker = _decoded(content, debian_tracker.Tracker, self.name)
            self._tells(len(tracker))
            yield from debian_tracker.advisories(tracker, wanted)

    def _tells(self, known: int) -> None:
        """Another archive, or a download that failed: by such a file no image is clean."""
        if not known:
            raise invalid(f"{self.name} tells of no flaw at all")

    @contextmanager
    def _read(self) -> Iterator[IO[bytes]]:
        """The very file whose digest is told, wherever its name leads by now."""
        try:
            with open_once(self.path) as opened:
                if opened.sha256(0, opened.size) != self.sha256:
                    raise invalid(f"{self.name} is another file than a moment ago")
                with os.fdopen(os.dup(opened.fd), "rb") as stream:
                    yield stream
        except (FileNotFoundError, FileFailure) as error:
            raise invalid(f"{self.path} can't be read: {error}") from error

    def _zipped(self, stream: IO[bytes]) -> Iterator[osv.Record]:
        try:
            with zipfile.ZipFile(stream) as archive:
                infos = [each for each in archive.infolist() if each.filename.endswith(".json")]
                if len(infos) > _MOST or sum(each.file_size for each in infos) > _ALL:
                    raise invalid(f"{self.name} holds more than any list of flaws has")
                self._tells(len(infos))
                for info in infos:
                    if info.file_size > _RECORD:
                        raise invalid(f"{self.name}: {info.filename} is too large for one flaw")
                    with archive.open(info) as member:
                        yield self._record(member.read(_RECORD + 1), info.filename)
        except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
            raise invalid(f"{self.name} can't be unpacked: {error}") from error

    def _record(self, content: bytes, where: str) -> osv.Record:
        return _decoded(content, osv.Record, f"{self.name}, {where}")


def open_data(path: Path, pinned: str = "") -> DataFile:
    """The file, if its SHA-256 is the pinned one. Raises RefusedError, MachineError."""
    with readable(path), open_once(path) as opened:
        sha256 = opened.sha256(0, opened.size)
    if pinned and pinned.lower() != sha256:
        raise RefusedError(
            "image-refused",
            f"{path} is not the pinned list of flaws: its SHA-256 is {sha256}",
            hint=f"get the pinned one again, or pin this one: --sha256 {sha256}",
        )
    return DataFile(path, sha256)


def invalid(message: str) -> MachineError:
    hint = "docs/how-to/sbom-and-scan.md says which files are taken"
    return MachineError("sbom-invalid", message, hint=hint)


def _is_record(content: bytes) -> bool:
    """OSV demands `id` and `modified` of each record; the tracker's keys are package names."""
    head = content.partition(b"\n{")[0]
    try:
        told = msgspec.json.decode(head, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return "id" in told and "modified" in told


def _decoded(content: bytes, kind: type[T], name: str) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(f"{name} is no list of flaws that we know: {error}") from error
