"""What fills a disk, as evidence for the person who must decide: the largest, and the unseen.

Owns the words and the limits of looking. Refuses to delete anything: what is large may be what
the machine is for.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from agent.errors import CaretakerError
from agent.health.words import amount
from agent.host.largest import largest
from agent.host.unlinked import Unlinked, unlinked_files
from agent.remedies.remedy import Scene
from agent.remedies.volumes import Volume

_SECONDS = 5.0  # for the walk: this is evidence, not an inventory
_SHOWN = 10
_UNSEEN = 16 << 20  # bytes; a deleted file smaller than this fills no disk


@dataclass(frozen=True, slots=True)
class Evidence:
    """`largest` and `unseen` in lines for people; `hint` is the first thing to do."""

    largest: str
    unseen: str
    hint: str

    @property
    def words(self) -> str:
        """The first of it."""
        if self.unseen:
            return f"deleted files hold room: {self.unseen.splitlines()[0]}"
        return f"largest: {', '.join(self.largest.splitlines()[:3]) or 'nothing could be seen'}"


def evidence(scene: Scene, volume: Volume, *, inodes: bool) -> Evidence:
    """What takes the room of a volume. Reads names and sizes only, for a few seconds."""
    walked = largest(volume.point, number=_SHOWN, seconds=_SECONDS, by_files=inodes)
    lines = [
        f"{each.files} files  {each.path}" if inodes else f"{amount(each.bytes)}  {each.path}"
        for each in walked.largest
    ]
    if not walked.whole:
        lines.append(f"(of what could be seen in {_SECONDS:.0f} seconds)")
    hint = f"du --one-file-system --human-readable {volume.point} | sort --human-numeric-sort"
    if inodes:
        hint = f"du --one-file-system --inodes {volume.point} | sort --numeric-sort"
    unseen = _unseen(volume)
    if unseen:
        hint = _who(scene, unseen[0])
    told = "\n".join(
        f"{amount(each.bytes)}  {each.path}, deleted, still open in {each.program}"
        f" (pid {each.pids[0]})"
        for each in unseen[:_SHOWN]
    )
    return Evidence("\n".join(lines), told, hint)


def _unseen(volume: Volume) -> list[Unlinked]:
    try:
        device = Path(volume.point).stat().st_dev
    except OSError:
        return []
    return [each for each in unlinked_files(device) if each.bytes >= _UNSEEN]


def _who(scene: Scene, file: Unlinked) -> str:
    """The command that gives the room of a deleted file back."""
    for name in scene.manifest.services:
        with contextlib.suppress(CaretakerError):
            if set(file.pids) & set(scene.services.pids(name)):
                return f"caretaker restart {name}"
    unit = _unit(scene, file.pids[0])
    return f"systemctl restart {unit}" if unit else f"kill {file.pids[0]}"


def _unit(scene: Scene, pid: int) -> str:
    with contextlib.suppress(OSError):
        for line in scene.host.kernel.lines(f"/proc/{pid}/cgroup"):
            parts = [part for part in line.strip().split("/") if part.endswith(".service")]
            # A user's own services are below `user@1000.service`: systemctl without --user knows
            # only that one.
            if parts:
                return parts[0]
    return ""
