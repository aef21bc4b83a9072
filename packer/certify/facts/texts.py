"""The content of odd files as rules search it: unpacked where it is packed, never beyond a cap.

Owns the caps, the unpacking of gzip, bzip2, xz, zip and UTF-16, and base64 around a PEM block.
Refuses to follow an archive within an archive: one level, and 4 MiB of it.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache

from packer.certify.facts.unverified import unverified
from packer.certify.tree import Entry, Tree

LIMIT = 4 << 20
_MEMBERS = 200
_KEPT = 64 << 20  # bytes in memory; beyond it files are read again for each rule
# Zstandard, which Python's library does not open before 3.14: the initramfs and journals' cores.
_CLOSED = b"\x28\xb5\x2f\xfd"
# base64 of "-----BEGIN", as Kubernetes and cloud-init write keys.
_PEM = b"LS0tLS1CRUdJTi"
_PACKED_PEM = re.compile(rb"LS0tLS1CRUdJTi[A-Za-z0-9+/\s]{40,16000}={0,2}")


def odd_files(tree: Tree) -> Iterable[tuple[Entry, bytes]]:
    """Every file that no package vouches for, with what can be read in it."""
    whole = sum(min(entry.size, LIMIT) for entry in unverified(tree))
    return _kept(tree) if whole <= _KEPT else _read(tree)


@lru_cache(maxsize=1)
def _kept(tree: Tree) -> tuple[tuple[Entry, bytes], ...]:
    """Several rules look into each of them: they are unpacked once."""
    return tuple(_read(tree))


def _read(tree: Tree) -> Iterator[tuple[Entry, bytes]]:
    for entry in unverified(tree):
        if entry.size:
            data = tree.read(entry.path, limit=LIMIT)
            if data and not data.startswith(_CLOSED):
                yield entry, opened(data)


def opened(data: bytes) -> bytes:
    """The plain content; what is packed is added to what stands there."""
    head = data[:6]
    if head.startswith(b"\x1f\x8b"):
        return _inflated(data)
    if head.startswith((b"BZh", b"\xfd7zXZ\x00")):
        return _decompressed(data)
    if head.startswith(b"PK\x03\x04"):
        return _members(data)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace").encode()
    if _PEM not in data:
        return data
    return data + b"".join(_decoded(each[0]) for each in _PACKED_PEM.finditer(data))


def _inflated(data: bytes) -> bytes:
    """Every member of it: gzip(1) writes one behind the other."""
    found, left = b"", data
    try:
        while left.startswith(b"\x1f\x8b") and len(found) < LIMIT:
            one = zlib.decompressobj(wbits=31)
            found += one.decompress(left, LIMIT - len(found))
            left = one.unused_data
    except zlib.error:
        return found or data
    return found or data


def _decompressed(data: bytes) -> bytes:
    one = bz2.BZ2Decompressor() if data.startswith(b"BZh") else lzma.LZMADecompressor()
    try:
        return one.decompress(data, LIMIT) or data
    except (OSError, EOFError, lzma.LZMAError):
        return data


def _members(data: bytes) -> bytes:
    found, left = [], LIMIT
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for each in archive.infolist()[:_MEMBERS]:
                with archive.open(each) as stream:
                    found.append(stream.read(left))
                left -= len(found[-1])
                if left <= 0:
                    break
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, zlib.error):
        found.append(data)
    return b"\n".join(found)


def _decoded(text: bytes) -> bytes:
    plain = b"".join(text.split())
    try:
        return b"\n" + base64.b64decode(plain[: len(plain) // 4 * 4])
    except binascii.Error:
        return b""
