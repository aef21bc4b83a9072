"""A bundle as somebody receives it: one file or volumes, encrypted or not, made by anybody.

Owns getting at the archive's bytes, and naming the volume that is missing or damaged. Refuses to
believe anything of what it reads: that is `reading`.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import msgspec

from agent.errors import RefusedError, UsageError
from agent.host import files, opened, piped
from agent.host.failures import FileFailure
from agent.host.opened import Opened
from agent.status import NO_SENSE
from support.bundle.frame_walk import FrameWalk
from support.bundle.seal import MOST, VOLUMES, Volume, Volumes

_AGE = b"age-encryption.org/v1"
_ZSTD = b"\x28\xb5\x2f\xfd"
_INDEX = 1 << 20  # bytes
_HEADER, _STANZAS = 64 << 10, 100  # bytes of age's header, and who may open it
_CHUNK = 1 << 20


@contextmanager
def plain(path: Path, identities: Sequence[object]) -> Iterator[IO[bytes]]:
    """The compressed archive, decrypted where it must be. RefusedError, UsageError."""
    with ExitStack() as stack:
        parts = [stack.enter_context(_open(each)) for each in _parts(path)]
        stream: IO[bytes] = io.BufferedReader(_Joined(parts), _CHUNK)
        beginning = parts[0].read_at(0, min(len(_AGE), parts[0].size))
        if beginning == _AGE:
            _look_at_header(path, parts)
            stream = stack.enter_context(_decrypted(path, stream, identities))
        elif not beginning.startswith(_ZSTD):
            raise invalid(path, "it is no support bundle")
        yield io.BufferedReader(_Whole(path, stream), _CHUNK)


def invalid(path: Path, why: str) -> RefusedError:
    return RefusedError(
        "support-invalid", f"{path.name}: {why}", hint="have it sent again; believe nothing of it"
    )


@contextmanager
def _decrypted(path: Path, stream: IO[bytes], keys: Sequence[object]) -> Iterator[IO[bytes]]:
    if not keys:
        raise UsageError(
            "key-invalid",
            f"{path.name} is encrypted",
            hint="--identity FILE  # with the private age key",
        )
    import pyrage

    def send(pipe: int) -> None:
        with os.fdopen(os.dup(pipe), "wb") as out:
            try:
                pyrage.decrypt_io(stream, out, list(keys))
            except OSError as error:
                if error.errno is not None:
                    raise
                # age's own word, without a number: a block that is cut or was changed.
                raise invalid(path, "it can't be decrypted: it was cut or changed") from error

    try:
        with piped.reading(send) as content:
            yield content
    except pyrage.DecryptError as error:
        why = str(error)
        if "matching" in why.lower():
            raise UsageError(
                "key-invalid",
                f"{path.name} is encrypted to another key",
                hint="--identity FILE  # with the one that belongs to it",
            ) from error
        raise invalid(path, f"it can't be decrypted: {why}") from error


def _look_at_header(path: Path, parts: Sequence[Opened]) -> None:
    """Each stanza is tried with each key, which takes a while: ours have one for each recipient."""
    head = io.BufferedReader(_Joined(parts), _HEADER).read(_HEADER)
    end = head.find(b"\n---")
    if end < 0 or head.count(b"\n->", 0, end) > _STANZAS:
        raise invalid(path, "it can't be decrypted: its header is no usual one")


@contextmanager
def _open(path: Path) -> Iterator[Opened]:
    try:
        if path.is_dir():
            hint = "caretaker support-bundle report FOLDER  # analyse takes one, too"
            raise UsageError("usage", f"{path} is a folder, and no bundle", hint=hint)
        with opened.open_once(path) as one:
            yield one
    except FileNotFoundError as error:
        raise UsageError("usage", f"there is no {path}", hint=f"ls {path.parent}") from error


def _parts(path: Path) -> list[Path]:
    """The file itself, or the volumes in order, each held to the index where there is one."""
    if path.name.endswith(VOLUMES):
        return _indexed(path)
    if not path.name.endswith(".001"):
        return [path]
    index = path.with_name(path.name[: -len(".001")] + VOLUMES)
    if index.exists():
        return _indexed(index)
    found: list[Path] = []
    while (each := path.with_name(f"{path.name[:-3]}{len(found) + 1:03d}")).exists():
        found.append(each)
    if not found:
        raise UsageError("usage", f"there is no {path}", hint=f"ls {path.parent}")
    return found


def _indexed(index: Path) -> list[Path]:
    try:
        said = msgspec.json.decode(files.read_bytes(index, cap=_INDEX), type=Volumes)
    except FileNotFoundError as error:
        raise UsageError("usage", f"there is no {index}", hint=f"ls {index.parent}") from error
    except (FileFailure, *NO_SENSE) as error:
        raise invalid(index, f"it is no index of volumes: {error}") from error
    if not said.volumes:
        raise invalid(index, "it names no volumes")
    if len(said.volumes) > MOST or len({each.name for each in said.volumes}) < len(said.volumes):
        raise invalid(index, "it names too many volumes, or one of them twice")
    wrong = [why for each in said.volumes if (why := _complaint(index.parent, each))]
    if wrong:
        raise invalid(index, "; ".join(wrong))
    return [index.with_name(each.name) for each in said.volumes]


def _complaint(folder: Path, volume: Volume) -> str:
    name = volume.name
    if "/" in name or name in ("", ".", ".."):
        return f"a volume is called {name[:80]!r}"
    try:
        with opened.open_once(folder / name) as one:
            if one.size != volume.size:
                return f"{name} has {one.size} bytes and should have {volume.size}"
            if one.sha256(0, one.size) != volume.sha256:
                return f"{name} is damaged"
    except FileNotFoundError:
        return f"{name} is missing"
    except FileFailure as error:
        return str(error)
    return ""


class _Joined(io.RawIOBase):
    """Several files as one stream."""

    def __init__(self, parts: Sequence[Opened]) -> None:
        self._parts, self._index, self._at = parts, 0, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what it is given
        while self._index < len(self._parts):
            part = self._parts[self._index]
            wanted = min(len(buffer), part.size - self._at)
            if wanted:
                buffer[:wanted] = part.read_at(self._at, wanted)
                self._at += wanted
                return wanted
            self._index, self._at = self._index + 1, 0
        return 0


class _Whole(io.RawIOBase):
    """A stream of zstd frames that tells when it was cut, as a decompressor does not."""

    def __init__(self, path: Path, stream: IO[bytes]) -> None:
        self._path, self._stream, self._walk = path, stream, FrameWalk()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what it is given
        content = self._stream.read(len(buffer))
        try:
            if content:
                self._walk.feed(content)
            else:
                self._walk.finish()
        except ValueError as error:
            raise FileFailure(self._path, "read", str(error)) from error
        buffer[: len(content)] = content
        return len(content)
