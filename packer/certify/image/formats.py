"""The formats in which a disk travels: raw, qcow2, fixed VHD, Google's tar.gz.

Owns telling them apart by content and the bytes behind each. Refuses formats that point to other
files, and archives that unpack to more than a disk.
"""

from __future__ import annotations

import struct
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from gzip import GzipFile
from pathlib import Path

from agent.host import sparse
from agent.host.opened import Opened, open_once
from agent.host.sparse import Nameless
from packer.certify.image import qcow2
from packer.certify.image.metered import HEADERS, Metered
from packer.certify.image.source import Part, Source, invalid

_FOOTER = 512
_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 20
_MOST = 512 << 30  # bytes of a disk in an archive: its holes take time too
_RATIO = 1100  # DEFLATE packs no better (1032:1), so what claims more is cut


@dataclass(frozen=True, slots=True)
class Disk:
    """`errors`: what is wrong with the format, though it could be read."""

    format: str
    source: Source
    errors: tuple[str, ...] = ()


@contextmanager
def open_disk(path: Path) -> Iterator[Disk | None]:
    """None where the file is no disk (a tar). Raises `image-invalid`, FileFailure."""
    with open_once(path) as file:
        if file.size < _FOOTER:
            raise invalid(f"a file of {file.size} bytes holds no system")
        head = file.read_at(0, _FOOTER)
        if head.startswith(_GZIP):
            with _from_google(file) as disk:
                yield disk
            return
        yield _plain(file, head)


def _plain(file: Opened, head: bytes) -> Disk | None:
    if head.startswith(qcow2.MAGIC):
        return _qcow2(file)
    footer = file.read_at(file.size - _FOOTER, _FOOTER)
    if footer.startswith(b"conectix"):
        return _vhd(file, footer)
    if head[257:262] == b"ustar" or head.startswith(b"\x28\xb5\x2f\xfd"):
        return None
    return Disk("raw", file)


def _qcow2(file: Opened) -> Disk:
    disk = qcow2.Qcow2(file)
    if not disk.snapshots:
        return Disk("qcow2", disk)
    # What was deleted since stands in them, and every customer can go back to it.
    return Disk("qcow2", disk, (f"it holds {disk.snapshots} snapshots, which nobody looked at",))


def _vhd(file: Opened, footer: bytes) -> Disk:
    """Fixed ones are the disk and a footer (Virtual Hard Disk Image Format Specification 1.0)."""
    size, kind = struct.unpack_from(">Q 4x I", footer, 48)
    if kind != 2:
        raise invalid("it is a VHD that grows; marketplaces take fixed ones")
    if size > file.size - _FOOTER:
        raise invalid(f"the VHD claims {size} bytes and has {file.size - _FOOTER}")
    errors = []
    if size != file.size - _FOOTER:
        errors.append(f"the VHD's footer says {size} bytes, the file holds {file.size - _FOOTER}")
    told = struct.unpack_from(">I", footer, 64)[0]
    if told != ~sum(footer[:64] + footer[68:]) & 0xFFFFFFFF:
        errors.append("the checksum of the VHD's footer is wrong")
    if size % (1 << 20):
        errors.append(f"its {size} bytes are no whole MiB")
    return Disk("vhd", Part(file, 0, size), tuple(errors))


@contextmanager
def _from_google(file: Opened) -> Iterator[Disk | None]:
    """Unpacked into a file without a name, with holes: a compressed disk can't be read at will."""
    with sparse.nameless() as whole:
        try:
            found = _unpacked(file, whole)
        except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
            raise invalid(f"its gzip or tar is damaged: {error}") from error
        if found is None:
            yield None
            return
        size, errors = found
        if size % (1 << 30):
            errors.append(f"disk.raw has {size} bytes, which are no whole GiB")
        yield Disk("gce", whole.opened(size), tuple(errors))


def _unpacked(file: Opened, whole: Nameless) -> tuple[int, list[str]] | None:
    """Its size and what is wrong; None where the archive begins with something else."""
    with open(f"/proc/self/fd/{file.fd}", "rb") as packed:
        packed.seek(0)
        stream = Metered(GzipFile(fileobj=packed))  # type: ignore[arg-type]  # it reads as a file does
        with tarfile.open(fileobj=stream, mode="r|", bufsize=_CHUNK) as archive:
            member = archive.next()
            size = _disk_of(member, file.size)
            content = archive.extractfile(member) if member is not None else None
            if size is None or content is None:
                return None
            stream.allow(size + HEADERS)
            at = 0
            while chunk := content.read(_CHUNK):
                if chunk.count(0) != len(chunk):
                    whole.write_at(at, chunk)
                at += len(chunk)
            more = archive.next() is not None
            return size, ["the archive holds more than disk.raw"] if more else []


def _disk_of(member: tarfile.TarInfo | None, packed: int) -> int | None:
    """Its size; None where the archive holds something else. Raises `image-invalid`."""
    if member is None or member.name != "disk.raw" or not member.isreg():
        return None
    if not 0 <= member.size <= min(_MOST, packed * _RATIO + (member.size if member.sparse else 0)):
        raise invalid(f"it claims to unpack to {member.size} bytes")
    return member.size
