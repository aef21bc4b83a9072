"""`readonly`: a file system that should be writable is not. It only reports.

Owns telling that from one that is meant to be read-only, and the kernel's last words on it.
Refuses to mount anything anew: writing to a damaged file system makes the damage larger.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from agent.errors import CaretakerError, RefusedError
from agent.host.mounts import Mount, mount_of, parse_mounts
from agent.manifest.checks import DiskCheck
from agent.manifest.placeholders import expand
from agent.remedies.codes import CODES
from agent.remedies.remedy import Fault, Remedy, Scene

_MACHINE = ("/", "/var", "/etc", "/tmp", "/var/log")  # noqa: S108 (looked at, never used)
# Nobody can write to these, so nobody expects to.
_IMAGES = ("squashfs", "erofs", "iso9660", "cramfs", "udf", "romfs")
_LINES = 8  # of the kernel's log
_TIMEOUT = 10.0
_REFUSAL = "a damaged disk is not written to by itself: save the data first"


def find(scene: Scene) -> list[Fault]:
    kernel = scene.host.kernel
    try:
        mounts = parse_mounts(kernel.lines("/proc/1/mountinfo"))
    except OSError:  # hidden: then our own view, of which only a frozen file system is believed
        mounts = [m for m in parse_mounts(kernel.lines("/proc/self/mountinfo")) if m.frozen]
    fstab = _fstab(scene)
    found: dict[str, Mount] = {}
    for path in _paths(scene):
        mount = mount_of(path, mounts)
        if mount is not None and mount.read_only and _should_be_writable(mount, fstab):
            found[mount.point] = mount
    return [_fault(scene, mount) for mount in found.values()]


def mend(scene: Scene, fault: Fault) -> str:
    raise RefusedError("refused", f"{fault.target}: {_REFUSAL}", hint=fault.hint)


def _should_be_writable(mount: Mount, fstab: dict[str, set[str]]) -> bool:
    if mount.kind in _IMAGES:
        return False
    if mount.point in fstab:
        return "ro" not in fstab[mount.point]
    # Not in the table: whoever mounted it may have wanted that, unless the kernel did it.
    return mount.frozen


def _fault(scene: Scene, mount: Mount) -> Fault:
    who = "the kernel made it so" if mount.frozen else "it is mounted so"
    device = PurePosixPath(mount.source).name
    return Fault(
        target=mount.point,
        code="disk-read-only",
        summary=f"the file system of {mount.point} ({mount.source}) is read-only: {who}",
        refusal=_REFUSAL,
        hint=f"journalctl --dmesg --grep {device}; then check it at the next start:"
        f" systemctl reboot, with fsck.mode=force on the kernel's command line",
        detail={
            "device": mount.source,
            "kind": mount.kind,
            "kernel": "\n".join(_last_words(scene, device)),
        },
    )


def _last_words(scene: Scene, device: str) -> list[str]:
    """What the kernel said of a device last; its log is root's and may be gone."""
    for argv in (
        ["journalctl", "--dmesg", "--no-pager", "--output=short-iso", "--lines=2000"],
        ["dmesg"],
    ):
        done = scene.host.run(argv, timeout=_TIMEOUT)
        if done.ok:
            lines = [line for line in done.stdout.splitlines() if device in line]
            return [line[:300] for line in lines[-_LINES:]]
    return []


def _fstab(scene: Scene) -> dict[str, set[str]]:
    """Mount point -> options."""
    try:
        lines = scene.host.kernel.text(str(scene.host.path("/etc/fstab"))).splitlines()
    except OSError:
        return {}
    rows = [line.split() for line in lines if not line.lstrip().startswith("#")]
    return {row[1]: set(row[3].split(",")) for row in rows if len(row) > 3}


def _paths(scene: Scene) -> Iterator[Path]:
    """Real paths: a mount is looked up by them."""
    wanted = [scene.layout.data, scene.layout.data_home, scene.layout.state]
    for check in scene.manifest.checks.values():
        if isinstance(check, DiskCheck):
            with contextlib.suppress(CaretakerError):
                wanted.append(Path(expand(check.path, scene.values)))
    if not scene.layout.embedded:
        wanted += map(scene.host.path, _MACHINE)
    for path in wanted:
        with contextlib.suppress(OSError, RuntimeError):
            yield path.resolve()


REMEDY = Remedy(
    name="readonly",
    title="a file system that turned read-only (report only)",
    cures=CODES["readonly"],
    find=find,
    mend=mend,
    refuses="always: a person saves the data and has the disk checked",
    undo="nothing to undo: it changes nothing",
)
