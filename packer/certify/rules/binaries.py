"""Programs that no package vouches for: whether they are stripped, and for which processor.

Owns the look at ELF headers (System V ABI, gABI 4.1). Refuses to run a program, and to judge what
the distribution delivered.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from packer.certify.facts.unverified import unverified
from packer.certify.finding import Finding
from packer.certify.rule import Rule, Subject
from packer.certify.rules.documents import aws, ours
from packer.certify.tree import Tree

_HEAD = struct.Struct("<16sHHIQQQIHHHHHH")
_DEBUG = (b".debug_info", b".zdebug_info")
_MOST = 4096  # sections
_CAP = 512 << 20


def _unstripped(subject: Subject) -> Iterator[Finding]:
    for entry in unverified(subject.tree):
        if entry.size < 4096 or "/lib/modules/" in entry.path:
            continue
        head = subject.tree.read(entry.path, limit=_HEAD.size) or b""
        if head[:5] == b"\x7fELF\x02" and _has_debug(subject.tree, entry.path, entry.size, head):
            yield Finding(entry.path, "still has its debugging symbols")


def _has_debug(tree: Tree, path: str, size: int, head: bytes) -> bool:
    """By the names of sections, which stand in one of them."""
    if len(head) < _HEAD.size:
        return False
    *_, start, _, _, _, _, width, count, names = _HEAD.unpack(head)
    if width != 64 or not 0 < count <= _MOST or names >= count or start + count * 64 > size:
        return False
    if size > _CAP:
        return False
    content = tree.read(path, limit=size) or b""
    where, length = struct.unpack_from("<QQ", content, start + names * 64 + 24)
    table = content[where : where + length]
    return any(name + b"\0" in table for name in _DEBUG)


def _other_processor(subject: Subject) -> Iterator[Finding]:
    shell = subject.tree.read("/bin/sh", limit=20) or b""
    machine = shell[18:20]
    if shell[:4] != b"\x7fELF":
        return
    for entry in unverified(subject.tree):
        if entry.size < 64 or not entry.mode & 0o111:
            continue
        head = subject.tree.read(entry.path, limit=20) or b""
        if head[:4] == b"\x7fELF" and head[18:20] != machine:
            yield Finding(entry.path, "is for another processor than the system")


BINARIES = (
    Rule("BIN-01", "Programs brought along are stripped of debugging symbols",
         (ours("small images, fewer internals shown"),), frozenset(("caretaker",)), "low",
         _unstripped, "strip --strip-debug FILE, before the release is built", warn=True,
         faults=("unstripped-program",)),
    Rule("ARCH-02", "Programs brought along are for this processor",
         (aws("Architecture policies"),), frozenset(("aws", "caretaker")), "high", _other_processor,
         "bring the program that was built for this processor", faults=("foreign-program",)),
)  # fmt: skip
