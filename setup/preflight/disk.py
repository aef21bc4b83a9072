"""Is there room on the disks?

Owns the checks of free bytes and inodes. What stands on one file system is added up; what is
already in place needs no second room, so that a second run on a full disk still passes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from agent.findings import Finding, failed, passed, warned
from agent.preflight.check import PreflightCheck
from agent.preflight.words import size
from setup.preflight.subject import SetupSubject

TOOL = 160 << 20  # bytes: libraries, their compiled form, and room for the next version beside
LOGS = 100 << 20  # bytes; journald takes up to a tenth of the disk, this is for the first days
LEFT_OVER = 64 << 20  # bytes that must stay free on a machine already set up
INODES = 6000  # libraries and tool have some 3,000 files
WALK_CAP = 20_000  # entries of a payload that are counted; the rest is taken as of the same size


@dataclass(frozen=True, slots=True)
class Room:
    """A place, and what it will take; `order` decides who is told when one disk is short."""

    code: str
    path: Path
    wanted: int


def rooms(subject: SetupSubject) -> list[Room]:
    """What will be written where, in the order in which it is asked for."""
    layout, data = subject.layout, int(subject.manifest.requirements.disk)
    if subject.installed:
        # Enough to rewrite files and to log that a disk is full.
        return [
            Room(code, path, LEFT_OVER)
            for code, path in (
                ("tool", layout.tool),
                ("releases", layout.releases),
                ("data", layout.generations),
                ("logs", layout.logs),
            )
        ]
    return [
        Room("tool", layout.tool, LEFT_OVER if (layout.tool / "venv").exists() else TOOL),
        Room("releases", layout.releases, payload_size(subject)),
        Room("data", layout.generations, data),
        Room("logs", layout.logs, LOGS),
    ]


def payload_size(subject: SetupSubject) -> int:
    """Bytes of the payload folder; 0 where it is not there (another check says so)."""
    total = count = 0
    for folder, _, names in os.walk(subject.source / subject.manifest.release.payload):
        for name in names:
            total += os.lstat(f"{folder}/{name}").st_size
            count += 1
            if count == WALK_CAP:
                return 4 * total
    return total


def _look(subject: SetupSubject, code: str) -> Finding:
    everything = rooms(subject)
    place = next(room for room in everything if room.code == code)
    standing = subject.standing(place.path)
    device = standing.stat().st_dev
    wanted = 0
    for room in everything:
        if subject.installed:
            wanted = room.wanted
        elif subject.standing(room.path).stat().st_dev == device:
            wanted += room.wanted
        if room.code == code:
            break
    disk = subject.host.facts.file_system(standing)
    facts: dict[str, str | int] = {"path": str(standing), "wanted": size(wanted)}
    text = f"{size(disk.free)} free at {standing}"
    if disk.free >= wanted:
        return passed(text, observed=disk.free, unit="B")
    text += f"; {size(wanted)} are needed there"
    if code == "logs" or subject.installed:
        return warned("disk-low", text, observed=disk.free, unit="B", **facts)
    return failed("disk-short", text, observed=disk.free, unit="B", **facts)


def _check(code: str, title: str, why: str) -> PreflightCheck[SetupSubject]:
    return PreflightCheck(
        code=f"disk-{code}",
        title=title,
        why=why,
        fix="free space, or enlarge the disk: {wanted} are needed at {path} (df -h {path})",
        look=lambda subject: _look(subject, code),
    )


FOR_TOOL = _check("tool", "Disk for the tool", "Caretaker's libraries would not fit.")
FOR_RELEASES = _check("releases", "Disk for releases", "The application's files would not fit.")
FOR_DATA = _check("data", "Disk for data", "The application would stop on a full disk.")
FOR_LOGS = _check("logs", "Disk for logs", "Nobody could tell afterwards what happened.")


def _inodes(subject: SetupSubject) -> Finding:
    wanted = 100 if subject.installed else INODES
    least: tuple[int, Path] | None = None
    for room in rooms(subject):
        standing = subject.standing(room.path)
        disk = subject.host.facts.file_system(standing)
        # btrfs and some network file systems make inodes as they go and say 0.
        if disk.inodes and (least is None or disk.inodes_free < least[0]):
            least = disk.inodes_free, standing
    if least is None:
        return passed("the file systems have no fixed number of inodes")
    free, path = least
    if free < wanted:
        text = f"{free} inodes free at {path}; {wanted} are needed"
        return failed("inodes-short", text, observed=free, path=str(path))
    return passed(f"{free} inodes free at {path}", observed=free)


INODE_ROOM = PreflightCheck(
    code="inodes",
    title="Inodes",
    why="A disk with room left but no inodes takes no new file.",
    fix="find the folder with too many files: du --inodes -xd2 {path} | sort -n | tail",
    look=_inodes,
)
