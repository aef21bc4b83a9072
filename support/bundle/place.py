"""Where a bundle is put: the folder asked for, or the first one with room.

Owns the order of places and how much of a disk may be taken. Refuses to fill a disk to the brim:
an application that can't write is worse than a bundle that lacks a log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.errors import MachineError, UsageError
from agent.host import files, growing
from agent.host.failures import FileFailure
from agent.host.machine import Host
from agent.layout import Layout

MIB = 1 << 20
HEADROOM = 64 * MIB  # left to the machine where there is more
LEAST = 3 * MIB  # below that no bundle is begun
_SHARE_OF_MEMORY = 8  # /run is memory: an eighth of what is available


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that may be written to, and how many bytes of its disk a bundle may take."""

    folder: Path
    room: int
    why: str = ""


def asked(host: Host, folder: Path) -> Place:
    """The folder that somebody named. UsageError, MachineError."""
    if not folder.is_dir():
        if folder.exists():
            message = f"--output names a folder, and {folder} is none"
            raise UsageError("usage", message, hint=f"--output {folder.parent}")
        raise UsageError("usage", f"there is no folder {folder}", hint=f"mkdir {folder}")
    if why := _refusing(host, folder):
        raise _short([(folder, why)])
    room = _room(host, folder)
    if room < LEAST:
        raise _short([(folder, "its disk is full")])
    return Place(folder, room)


def default(host: Host, layout: Layout, *, rescue: bool, wanted: int) -> Place:
    """The bundles' own folder; where its disk is full, another one's. MachineError.

    On a disk that was mounted to be rescued, nothing is written unless there is nowhere else.
    """
    found: list[Place] = []
    refused: list[tuple[Path, str]] = []
    for folder in _folders(layout, rescue=rescue):
        if why := _unfit(layout, folder):
            refused.append((folder, why))
            continue
        room = _room(host, folder)
        if folder.is_relative_to("/run"):
            room = min(room, host.facts.memory().available // _SHARE_OF_MEMORY)
        found.append(Place(folder, room))
        if room >= wanted:
            break
    best = max(found, key=lambda each: (each.room >= wanted, each.room), default=None)
    if best is None or best.room < LEAST:
        raise _short([*refused, *((each.folder, "its disk is full") for each in found)])
    if best is found[0] and not refused:
        return best
    first = [*(path for path, _ in refused), found[0].folder][0]
    return Place(best.folder, best.room, f"there is little room in {first}")


def _refusing(host: Host, folder: Path) -> str:
    try:
        found = host.facts.file_system(folder)
    except OSError as error:
        return error.strerror or str(error)
    if found.read_only:
        return "it is mounted read-only"
    return "" if found.size else "nothing can be kept there"


def _folders(layout: Layout, *, rescue: bool) -> Iterator[Path]:
    elsewhere = (Path("/var/tmp/caretaker-bundles"), Path("/run/caretaker-bundles"))  # noqa: S108 - a folder of our own in there, looked at before
    if rescue:
        yield from elsewhere
        yield layout.bundles
        return
    yield layout.bundles
    if not layout.embedded:
        yield from elsewhere


def _unfit(layout: Layout, folder: Path) -> str:
    if folder == layout.bundles:
        try:
            files.ensure_folder(folder, mode=0o700)
        except FileFailure as error:
            return error.why
    return growing.own_folder(folder)


def _room(host: Host, folder: Path) -> int:
    """Of a disk with plenty, all but the headroom; of one that is nearly full, a half."""
    try:
        free = host.facts.file_system(folder).free
    except OSError:
        return 0
    return max(free - HEADROOM, free // 2)


def _short(places: list[tuple[Path, str]]) -> MachineError:
    told = "; ".join(f"{path}: {why}" for path, why in dict(places).items())
    return MachineError(
        "disk-short",
        f"there is no place for a support bundle: {told}",
        hint="ssh HOST sudo caretaker support-bundle --output - > bundle  # or --output FOLDER",
    )
