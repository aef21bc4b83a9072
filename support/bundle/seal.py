"""From the working file to what is sent: encrypted, in one file, in volumes or on a stream.

Owns that the disk never holds both: what was read is given back to it behind the reader. Refuses
to leave the working file, which is not encrypted, once this has begun: it succeeds, or nothing of
the bundle is left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec

from agent.errors import MachineError, UsageError
from agent.host import growing
from agent.host.failures import FileFailure
from agent.host.growing import Growing

VOLUMES = ".volumes.json"
MOST = 999  # volumes: three digits of a name
_CHUNK = 256 << 10  # bytes that stand on the disk twice


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    size: int
    sha256: str


class Volumes(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of NAME.volumes.json. `size` and `sha256` are of all of them one after another."""

    format: int = 1
    name: str
    size: int
    sha256: str
    volumes: tuple[Volume, ...]


@dataclass(frozen=True, slots=True)
class Sealed:
    """What can be sent. `paths` holds the volumes and then their index; none for a stream."""

    paths: tuple[Path, ...]
    size: int
    sha256: str


class Out(Protocol):
    """Where the sealed bytes go."""

    def write(self, content: bytes) -> int: ...

    def done(self, size: int, sha256: str) -> tuple[Path, ...]: ...

    def discard(self) -> None: ...


class OneFile:
    """A file that gets its name when all of it is on the disk."""

    def __init__(self, path: Path) -> None:
        self._target = path
        self._file = growing.begin(path.with_name(f".{path.name}.sealing"))

    def write(self, content: bytes) -> int:
        self._file.append(content)
        return len(content)

    def done(self, size: int, sha256: str) -> tuple[Path, ...]:
        path = self._file.name_it(self._target.name)
        self._file.close()
        return (path,)

    def discard(self) -> None:
        self._file.discard()


class Split:
    """NAME.001, NAME.002 and so on, each whole before the next; NAME.volumes.json at the end."""

    def __init__(self, path: Path, most: int) -> None:
        self._target, self._most = path, most
        self._made: list[Volume] = []
        self._paths: list[Path] = []
        self._file: Growing | None = None
        self._digest = hashlib.sha256()

    def write(self, content: bytes) -> int:
        view = memoryview(content)
        while view:
            file = self._file or self._next()
            piece = view[: self._most - file.end]
            file.append(piece)
            self._digest.update(piece)
            view = view[len(piece) :]
            if file.end == self._most:
                self._close()
        return len(content)

    def done(self, size: int, sha256: str) -> tuple[Path, ...]:
        self._close()
        index = Volumes(name=self._target.name, size=size, sha256=sha256, volumes=tuple(self._made))
        path = self._target.with_name(self._target.name + VOLUMES)
        with_index = growing.begin(path.with_name(f".{path.name}.sealing"))
        with_index.append(msgspec.json.format(msgspec.json.encode(index), indent=1) + b"\n")
        self._paths.append(with_index.name_it(path.name))
        with_index.close()
        return tuple(self._paths)

    def discard(self) -> None:
        if self._file is not None:
            self._file.discard()
        for path in self._paths:
            growing.forget(path)

    def _next(self) -> Growing:
        name = f"{self._target.name}.{len(self._made) + 1:03d}"
        if len(self._made) >= MOST:
            raise UsageError(
                "usage",
                f"it would take more than {MOST} volumes",
                hint="--volume with a larger size",
            )
        self._file = growing.begin(self._target.with_name(f".{name}.sealing"))
        self._digest = hashlib.sha256()
        return self._file

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        name = f"{self._target.name}.{len(self._made) + 1:03d}"
        self._made.append(Volume(name=name, size=file.end, sha256=self._digest.hexdigest()))
        self._paths.append(file.name_it(name))
        file.close()


class Stream:
    """Standard output, or whatever `give` writes to."""

    def __init__(self, give: Callable[[bytes], None]) -> None:
        self._give = give

    def write(self, content: bytes) -> int:
        self._give(content)
        return len(content)

    def done(self, size: int, sha256: str) -> tuple[Path, ...]:
        return ()

    def discard(self) -> None:
        pass


@dataclass
class _Passage:
    """What an encrypter reads from and writes to. Its own errors come out as what they are."""

    part: Growing
    out: Out
    told: Callable[[int], None]
    at: int = 0
    size: int = 0
    digest: object = field(default_factory=hashlib.sha256)
    failed: BaseException | None = None
    kept: bytes = b""

    def read(self, length: int = -1) -> bytes:
        try:
            if not self.kept:
                self.kept = self.part.read_at(self.at, _CHUNK)
                self.at += len(self.kept)
                # It is in memory; should the rest fail, nothing of the bundle stays anyhow.
                self.part.give_back(self.at)
                self.told(self.at)
            piece = self.kept if length < 0 else self.kept[:length]
            self.kept = self.kept[len(piece) :]
            return piece
        except BaseException as error:
            self.failed = self.failed or error
            raise

    def write(self, content: bytes) -> int:
        try:
            self.digest.update(content)  # type: ignore[attr-defined]  # hashlib names no type
            self.size += len(content)
            return self.out.write(content)
        except BaseException as error:
            self.failed = self.failed or error
            raise

    def flush(self) -> None:
        pass


def seal(
    part: Growing,
    out: Out,
    recipients: Sequence[object],
    told: Callable[[int], None] = lambda done: None,
) -> Sealed:
    """Pass the working file on, and take it away. MachineError, and then nothing is left."""
    passage = _Passage(part, out, told)
    try:
        if recipients:
            _encrypt(passage, recipients)
        else:
            while content := passage.read():
                passage.write(content)
        digest = passage.digest.hexdigest()  # type: ignore[attr-defined]  # as above
        paths = out.done(passage.size, digest)
    except BaseException as error:
        out.discard()
        part.discard()
        if isinstance(error, FileFailure):
            raise MachineError(
                "support-failed",
                f"the bundle was made and could not be finished, so nothing is left: {error}",
                hint="caretaker support-bundle --output FOLDER  # on a disk with room",
            ) from error
        raise
    part.discard()
    return Sealed(paths, passage.size, digest)


def _encrypt(passage: _Passage, recipients: Sequence[object]) -> None:
    import pyrage

    try:
        pyrage.encrypt_io(passage, passage, list(recipients))
    except pyrage.EncryptError as error:
        if passage.failed is not None:
            raise passage.failed from None
        raise MachineError(
            "support-failed", f"the bundle could not be encrypted: {error}", hint="--no-encrypt"
        ) from error


def name_it(part: Growing, name: str) -> Sealed:
    """Not encrypted, in its own folder, in one piece: it only needs its name."""
    digest, at = hashlib.sha256(), 0
    while content := part.read_at(at, _CHUNK):
        digest.update(content)
        at += len(content)
    return Sealed((part.name_it(name),), at, digest.hexdigest())
