"""File systems that are full, or nearly so, in bytes or in inodes: at the end of the window."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement, Seen
from support.analysers.documents import cite, listed_in
from support.analysers.telling import failed, passed, unknown, warned
from support.analysers.window import amount

FILE = "disks/filesystems.json"
LARGEST = "disks/largest.json"
DELETED = "disks/deleted-open.json"
FULL, LOW = 95.0, 85.0  # per cent; LOW is what remediation.disk_warn is at first
# Images are full by their nature; the kernel's own hold nothing.
_NO_MATTER = frozenset(("squashfs", "iso9660", "erofs", "udf", "overlay", "efivarfs", "ramfs"))


class _System(msgspec.Struct):
    mount: str
    kind: str = ""
    size: float | None = None
    available: float | None = None
    used_percent: float | None = None
    inodes_used_percent: float | None = None
    read_only: bool | None = None
    error: str | None = None
    holds: list[str] | None = None


class _Large(msgspec.Struct):
    path: str
    bytes: float | None = None


class _Top(msgspec.Struct):
    largest: list[_Large] | None = None


class _Deleted(msgspec.Struct):
    path: str
    bytes: float = 0
    program: str | None = None


def judge(evidence: Evidence) -> Iterator[Judgement]:
    systems = listed_in(evidence, FILE, _System)
    if systems is None:
        yield unknown("The file systems were not collected", advice="df -h; df -i")
        return
    found = [told for each in systems for told in _of(evidence, each)]
    yield from found
    if not found:
        most = max(systems, key=lambda each: each.used_percent or 0.0, default=None)
        words = f"; the fullest is {most.mount} at {most.used_percent or 0:.0f} %" if most else ""
        yield passed(f"Every file system has room, in bytes and in inodes{words}")


def _of(evidence: Evidence, system: _System) -> Iterator[Judgement]:
    if system.error:
        seen = cite(evidence, FILE, f'"{system.mount}"', f"{system.mount}: {system.error}")
        advice = f"is its server or its disk still there? findmnt {system.mount}"
        yield failed(f"{system.mount} did not answer: {system.error}", [seen], advice)
    if system.kind in _NO_MATTER or system.read_only:
        return
    used, inodes = system.used_percent or 0.0, system.inodes_used_percent or 0.0
    if used >= LOW:
        left = f", {amount(system.available)} left" if system.available is not None else ""
        words = f"{system.mount} is {used:.0f} % full{left}"
        lines = [
            cite(evidence, FILE, f'"{system.mount}"', words),
            *_largest(evidence),
            *_deleted(evidence),
        ]
        tell = failed if used >= FULL else warned
        yield tell(words, lines, "sudo caretaker remedies run disk; then du -xh / | sort -h | tail")
    if inodes >= LOW:
        words = f"{system.mount} has used {inodes:.0f} % of its inodes"
        tell = failed if inodes >= FULL else warned
        advice = "sudo caretaker remedies run disk; then look for folders with very many files"
        yield tell(words, [cite(evidence, FILE, f'"{system.mount}"', words)], advice)


def _largest(evidence: Evidence) -> list[Seen]:
    tops = listed_in(evidence, LARGEST, _Top) or []
    each = [large for top in tops for large in top.largest or [] if large.bytes]
    each.sort(key=lambda large: -(large.bytes or 0))
    return [
        cite(evidence, LARGEST, f'"{large.path}"', f"{large.path}: {amount(large.bytes or 0)}")
        for large in each[:3]
    ]


def _deleted(evidence: Evidence) -> list[Seen]:
    """Deleted and still open: no `du` sees them."""
    gone = [each for each in listed_in(evidence, DELETED, _Deleted) or [] if each.bytes > 64 << 20]
    gone.sort(key=lambda each: -each.bytes)
    return [
        cite(
            evidence,
            DELETED,
            f'"{each.path}"',
            f"{each.path} is deleted, {each.program or 'a program'} still holds"
            f" {amount(each.bytes)} of it",
        )
        for each in gone[:2]
    ]


ANALYSER = Analyser(
    code="disk-space",
    title="Room on the disks",
    judge=judge,
    reads=(FILE, LARGEST, DELETED),
)
