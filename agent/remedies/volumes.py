"""The file systems that an appliance lives on, and how full each is.

Owns which are looked at. What is mounted read-only is left out: an image is full by design, and
a disk that turned read-only is another remedy's. Refuses to say what to do about a full one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.errors import CaretakerError
from agent.health.words import amount
from agent.host.facts import FileSystem
from agent.host.mounts import Mount, mount_of, parse_mounts
from agent.manifest.checks import DiskCheck, InodesCheck
from agent.manifest.placeholders import expand
from agent.remedies.remedy import Scene

# Besides the data: where logs, journal, packages and temporary files grow.
_MACHINE = (
    *("/", "/var", "/var/log", "/var/log/journal", "/run/log/journal"),
    *("/tmp", "/var/tmp"),  # noqa: S108  (looked at, never written to)
)


@dataclass(frozen=True, slots=True)
class Volume:
    """One file system, by where it is mounted; a path on it where that is not known."""

    point: str
    kind: str
    room: FileSystem

    @property
    def used(self) -> float:
        """Percent of the bytes that the application could have and has not got any more.

        What ext4 keeps back for root counts as used, as in the `disk` check.
        """
        return 100 * (1 - self.room.free / self.room.size) if self.room.size > 0 else 0.0

    @property
    def inodes_used(self) -> float:
        """Percent; 0 where there is no fixed number (btrfs)."""
        room = self.room
        return 100 * (1 - room.inodes_free / room.inodes) if room.inodes > 0 else 0.0

    @property
    def words(self) -> str:
        memory = " (it is kept in memory)" if self.kind == "tmpfs" else ""
        return f"{amount(self.room.free)} of {amount(self.room.size)} free at {self.point}{memory}"


def volumes(scene: Scene) -> list[Volume]:
    """Each once, the one with the data first. One that does not answer is left out."""
    mounts = _mounts(scene)
    found: dict[object, Volume] = {}
    for path in _paths(scene):
        try:
            real = path.resolve(strict=True)
            room = scene.host.facts.file_system(real)
        except (OSError, RuntimeError):
            continue  # Not there, or a loop of links: nothing can be said of it.
        mount = mount_of(real, mounts)
        # Our own sandbox mounts much read-only; what the machine's table says counts.
        if room.size <= 0 or (room.read_only if mount is None else mount.read_only):
            continue
        key = (mount.device if any(mount.device) else mount.point) if mount else str(real)
        if key not in found:
            point = mount.point if mount else str(real)
            found[key] = Volume(point, mount.kind if mount else "", room)
    return list(found.values())


def _mounts(scene: Scene) -> list[Mount]:
    for table in ("/proc/1/mountinfo", "/proc/self/mountinfo"):
        with contextlib.suppress(OSError):
            return parse_mounts(scene.host.kernel.lines(table))
    return []


def _paths(scene: Scene) -> Iterator[Path]:
    layout = scene.layout
    yield from (layout.data, layout.data_home, layout.state)
    for check in scene.manifest.checks.values():
        if isinstance(check, DiskCheck | InodesCheck):
            with contextlib.suppress(CaretakerError):
                yield Path(expand(check.path, scene.values))
    if not layout.embedded:
        # Below a root of its own, nothing of the machine is ours to tidy.
        yield from map(scene.host.path, _MACHINE)
