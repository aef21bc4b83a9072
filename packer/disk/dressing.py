"""The tree made fit for an image: one tar read, another written, in one pass.

Owns what changes on the way: files dropped, emptied and added, root locked, times and owners that
are the same each time. Refuses to unpack: names in the tar lead nowhere from here.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from agent.errors import MachineError
from packer.disk import archive
from packer.disk.archive import Index
from packer.disk.system import System

_KEPT = 64 << 20  # bytes of a loader's package; the largest has 3 MiB


@dataclass(frozen=True, slots=True)
class Added:
    """What the image gets besides the packages: content by path, links, folders by mode."""

    files: dict[str, tuple[bytes, int]]
    links: dict[str, str]
    folders: dict[str, int]


@dataclass(frozen=True, slots=True)
class Dressed:
    """What was seen on the way. `packages`: the loaders' packages by file name."""

    indexes: tuple[Index, ...]
    packages: dict[str, bytes]
    entries: int


def dress(system: System, raw: IO[bytes], out: IO[bytes], added: Added, epoch: int) -> Dressed:
    """Write the image's tar from mmdebstrap's. Raises MachineError where `raw` is no such tar."""
    indexes: list[Index] = []
    packages: dict[str, bytes] = {}
    try:
        with (
            tarfile.TarFile(fileobj=raw, mode="r", errorlevel=2) as source,
            tarfile.TarFile(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as target,
        ):
            entries, folders = 0, {"/"}
            for member, content in _chosen(system, source, indexes, packages, added):
                if member.isdir():
                    folders.add(_path(member))
                target.addfile(_same(member, epoch), content)
                entries += 1
            for member, content in _additions(added, folders):
                target.addfile(_same(member, epoch), content)
                entries += 1
    except tarfile.TarError as error:
        raise MachineError("build-failed", f"the tree that was made is no tar: {error}") from error
    return Dressed(tuple(sorted(indexes, key=lambda each: each.name)), packages, entries)


def _chosen(
    system: System, source: tarfile.TarFile, indexes: list[Index], packages: dict[str, bytes],
    added: Added,
) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:  # fmt: skip
    dropped = pattern_of(system.drop)
    emptied = frozenset(system.empty)
    ours = {*added.files, *added.links}
    for member in source:
        path = _path(member)

        def content(at: tarfile.TarInfo = member) -> bytes:
            return _content(source, at)

        if (index := archive.index_of(member, content)) is not None:
            indexes.append(index)
        if path.startswith(f"/{archive.BOOT_PACKAGES}/") and member.isreg():
            packages[path.rpartition("/")[2]] = content()
        if path in ours or dropped(path) or (member.isdev() and not member.isfifo()):
            continue
        if path == "/etc/shadow":
            locked = root_locked(content())
            member.size = len(locked)
            yield member, io.BytesIO(locked)
        elif path in emptied and member.isreg():
            member.size = 0
            yield member, io.BytesIO(b"")
        else:
            yield member, _stream(source, member)


def pattern_of(patterns: list[str]) -> Callable[[str], bool]:
    """Whether a path matches one: `*` is part of one name, `/*` at the end is all below."""
    parts = []
    for each in patterns:
        below = each.endswith("/*")
        words = (each[:-2] if below else each).split("*")
        parts.append("[^/]*".join(re.escape(word) for word in words) + ("/.+" if below else ""))
    whole = re.compile("|".join(parts) or r"(?!)")
    return lambda path: whole.fullmatch(path) is not None


def _content(source: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = _stream(source, member)
    if stream is None or member.size > _KEPT:
        raise MachineError("build-failed", f"{member.name} has {member.size} bytes, or is no file")
    return stream.read()


def _stream(source: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes] | None:
    return source.extractfile(member) if member.isreg() else None


def owners(tar: IO[bytes]) -> list[tuple[str, int, int]]:
    """(path, uid, gid) of every member, hard links aside: those have one owner with the first."""
    with tarfile.TarFile(fileobj=tar, mode="r") as source:
        return [(_path(each), each.uid, each.gid) for each in source if not each.islnk()]


def root_locked(shadow: bytes) -> bytes:
    """root's password is "*": nobody can type it, and checks that refuse "!*" know it."""
    lines = shadow.decode(errors="surrogateescape").split("\n")
    for number, line in enumerate(lines):
        fields = line.split(":")
        if fields[0] == "root" and len(fields) == 9:
            lines[number] = ":".join(["root", "*", *fields[2:]])
            return "\n".join(lines).encode(errors="surrogateescape")
    raise MachineError("build-failed", "the tree has no root in /etc/shadow")


def _path(member: tarfile.TarInfo) -> str:
    return "/" + member.name.removeprefix(".").strip("/")


def _additions(added: Added, there: set[str]) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    above = {str(each) for path in [*added.files, *added.links, *added.folders]
             for each in PurePosixPath(path).parents}  # fmt: skip
    # Whoever unpacks would else make them, with a mode and a time of its own.
    folders = dict.fromkeys(above, 0o755) | added.folders
    for path, mode in sorted(folders.items()):
        if path in there:
            continue
        member = _new(path, mode)
        member.type = tarfile.DIRTYPE
        yield member, None
    for path, (content, mode) in sorted(added.files.items()):
        member = _new(path, mode)
        member.size = len(content)
        yield member, io.BytesIO(content)
    for path, target in sorted(added.links.items()):
        member = _new(path, 0o777)
        member.type, member.linkname = tarfile.SYMTYPE, target
        yield member, None


def _new(path: str, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(f".{path}")
    member.mode = mode
    return member


def _same(member: tarfile.TarInfo, epoch: int) -> tarfile.TarInfo:
    """Times at most `epoch`, whole seconds; owners by number alone."""
    member.mtime = min(int(member.mtime), epoch) if member.mtime else epoch
    member.uname = member.gname = ""
    # Capabilities stay. The only access lists are the journal's, which systemd sets at each boot.
    headers = member.pax_headers.items()
    kept = {key: value for key, value in headers if key.startswith("SCHILY.xattr.security.")}
    member.pax_headers = kept
    return member
