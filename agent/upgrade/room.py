"""The room that an upgrade takes: its files and the clone of the data, on which file system.

Owns the sum and the margin. Refuses to measure anything but what the machine says is free.
"""

from __future__ import annotations

from pathlib import Path

from agent.data.forecast import Forecast
from agent.host.facts import Facts
from agent.layout import Layout
from agent.release.record import ReleaseRecord
from agent.upgrade.plan import Refusal, Room

# Kept free besides: the application goes on writing, and a full disk breaks more than an upgrade.
MARGIN = 0.05
LEAST_MARGIN = 32 << 20
_BLOCK = 4096
_BESIDE = 4  # the folder itself, .release/, its record and manifest


def of_release(record: ReleaseRecord) -> int:
    """Bytes on the disk of a release's files, each in whole blocks."""
    payload = sum(_BLOCK if each.folder else _blocks(each.size) for each in record.files)
    scripts = sum(1 + len(each.checksums) for each in record.migrations)
    return payload + (_BESIDE + bool(scripts) + scripts) * _BLOCK


def rooms(
    layout: Layout, facts: Facts, release: int, record: ReleaseRecord, data: Forecast
) -> tuple[Room, ...]:
    """The file systems written to; `release` is 0 where it is staged already. OSError."""
    wanted = {
        layout.releases: (release, len(record.files) + _BESIDE if release else 0),
        layout.generations: (data.disk, data.inodes),
    }
    found: dict[int, Room] = {}
    for place, (size, inodes) in wanted.items():
        there = _standing(place)
        device = there.stat().st_dev
        before = found.get(device)
        if before is not None:
            size, inodes = size + before.wanted, inodes + before.inodes
        here = facts.file_system(there)
        found[device] = Room(
            path=before.path if before else str(there),
            wanted=size,
            free=here.free,
            inodes=inodes,
            inodes_free=here.inodes_free if here.inodes else -1,
        )
    return tuple(found.values())


def refusals(rooms: tuple[Room, ...]) -> list[Refusal]:
    """Where there is too little of it."""
    found = []
    for room in rooms:
        margin = max(LEAST_MARGIN, int(room.wanted * MARGIN))
        if room.wanted + margin > room.free:
            text = f"{room.path}: it takes {_mb(room.wanted)}, {_mb(room.free)} are free"
            found.append(
                Refusal("disk-short", text, f"sudo caretaker housekeeping run; df -h {room.path}")
            )
        elif 0 <= room.inodes_free < room.inodes:
            text = f"{room.path}: it takes {room.inodes} inodes, {room.inodes_free} are free"
            found.append(Refusal("disk-short", text, f"df -i {room.path}"))
    return found


def _blocks(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _standing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _mb(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
