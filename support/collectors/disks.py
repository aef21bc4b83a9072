"""`disks`: file systems and the room on them, devices, what is large, what is deleted and open.

Owns the shape. A mount that does not answer costs its own line and half a second. Refuses SMART,
which wakes disks and asks controllers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from agent.host.impatient import within
from agent.host.kernel import Kernel
from agent.host.largest import largest
from agent.host.mounts import Mount, mount_of, parse_mounts
from agent.host.unlinked import Unlinked, unlinked_files
from support.collectors import kernel_files
from support.collectors.collector import FIRST, Collector, Source
from support.collectors.document import below_root, copied, made, value
from support.collectors.programs import Programs
from support.scene import Scene

# Nothing of these is room for anybody's data; asked for all the same where ours stands on one.
_UNREAL = (
    "proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "debugfs", "tracefs", "securityfs",
    "pstore", "bpf", "configfs", "hugetlbfs", "fusectl", "binfmt_misc", "autofs", "efivarfs",
    "rpc_pipefs", "nsfs", "devtmpfs", "selinuxfs",
)  # fmt: skip
_FAR = ("nfs", "nfs4", "cifs", "smb3", "ceph", "glusterfs", "lustre", "9p", "afs")
_PATIENCE = 0.5  # seconds for one mount
_MOST = 200  # mounts
_SILENT_MOST = 5  # of them, then no far one is asked any more
_LOOK = 0.7  # seconds of walking for large folders, of each place
_LSBLK = "NAME,KNAME,TYPE,SIZE,FSTYPE,MOUNTPOINT,RO,ROTA,MODEL,STATE,PARTTYPENAME,UUID"
_MEMORY = ("/memfd:", "/SYSV", "/dev/", "/[aio]", "/drm ", "/i915")
_DELETED_MOST = 50
_DELETED_LEAST = 1 << 20  # bytes


def sources(scene: Scene) -> Iterable[Source]:
    kernel = scene.host.kernel
    if not scene.rescue:
        yield value("disks/filesystems.json", "statvfs(2)", lambda: list(_systems(scene)))
        for name, path in (("mounts", "/proc/self/mounts"), ("diskstats", "/proc/diskstats")):
            yield made(f"disks/{name}.txt", path, partial(kernel_files.raw, kernel, path))
    yield from copied(scene, "/etc/fstab", "disks/fstab.txt")
    if not scene.rescue:
        yield value("disks/deleted-open.json", "/proc/*/fd", _deleted)
        lsblk = ["lsblk", "--json", "--bytes", "--output", _LSBLK]
        yield Programs(scene).text("disks/blocks.json", lsblk)
    yield value("disks/largest.json", "du", lambda: list(_largest(scene)))


def _systems(scene: Scene) -> Iterator[dict[str, object]]:
    mounts = _mounts(scene.host.kernel)
    holds = _holders(scene, mounts)
    silent: set[tuple[int, int]] = set()
    for mount in list({mount.point: mount for mount in mounts}.values())[:_MOST]:
        ours = sorted(holds.get(mount.point, ()))
        if mount.kind in _UNREAL and not ours:
            continue
        told: dict[str, object] = {
            "mount": mount.point,
            "source": mount.source,
            "kind": mount.kind,
            "options": sorted(mount.options),
            "read_only": mount.read_only,
            "holds": ours,
        }
        yield {**told, **_room(scene, mount, silent)}


def _room(scene: Scene, mount: Mount, silent: set[tuple[int, int]]) -> dict[str, object]:
    """A network's file system may hang for ever; one that did is not asked again."""
    far = mount.kind in _FAR or mount.kind.startswith("fuse")
    if mount.device in silent or (far and len(silent) >= _SILENT_MOST):
        return {"error": "no answer" if mount.device in silent else "not asked"}
    look = scene.host.facts.file_system
    try:
        if far:
            room = within(partial(look, Path(mount.point)), seconds=_PATIENCE)
        else:
            room = look(Path(mount.point))
    except TimeoutError:
        silent.add(mount.device)
        return {"error": "no answer"}
    except OSError as error:
        return {"error": error.strerror or str(error)}
    used, inodes_used = room.size - room.free, room.inodes - room.inodes_free
    return {
        "size": room.size,
        "available": room.free,
        "used_percent": _percent(used, room.size),
        "inodes": room.inodes,
        "inodes_free": room.inodes_free,
        "inodes_used_percent": _percent(inodes_used, room.inodes),
    }


def _percent(part: int, of: int) -> float | None:
    return round(100 * part / of, 1) if of else None


def _mounts(kernel: Kernel) -> list[Mount]:
    return parse_mounts(kernel_files.text(kernel, "/proc/self/mountinfo").splitlines())


def _holders(scene: Scene, mounts: list[Mount]) -> dict[str, set[str]]:
    """Which of our places stand on which mount."""
    layout = scene.layout
    places = {"root": layout.root, "state": layout.state, "logs": layout.logs,
              "bundles": layout.bundles, "run": layout.run, "temporary": layout.root / "tmp",
              "journal": layout.root / "var/log/journal"}  # fmt: skip
    if layout.app:
        places |= {"data": layout.data_home, "releases": layout.releases, "config": layout.config}
    found: dict[str, set[str]] = {}
    for name, place in places.items():
        mount = mount_of(place, mounts)
        if mount is not None:
            found.setdefault(mount.point, set()).add(name)
    return found


def _largest(scene: Scene) -> Iterator[dict[str, object]]:
    layout = scene.layout
    tops = [layout.root / "var/log", layout.state]
    tops = [layout.data_home, *tops] if layout.app else tops
    for top in tops:
        walked = largest(str(top), number=15, seconds=_LOOK)
        yield {
            "top": below_root(scene, top),
            "whole": walked.whole,
            "largest": [
                {"path": below_root(scene, each.path), "bytes": each.bytes, "files": each.files}
                for each in walked.largest
            ],
        }


def _deleted() -> list[Unlinked]:
    """What lives in memory only was never on a disk."""
    found = unlinked_files(None)
    real = [each for each in found if not each.path.startswith(_MEMORY)]
    return [each for each in real if each.bytes >= _DELETED_LEAST][:_DELETED_MOST]


def guess(scene: Scene) -> int:
    return 5000 if scene.rescue else 14_000


COLLECTOR = Collector(
    code="disks",
    title="file systems, room, block devices, large folders",
    reads="statvfs of each mount, /proc/mounts, diskstats, lsblk, /etc/fstab",
    sources=sources,
    guess=guess,
    cap=2 << 20,
    priority=FIRST,
)
