"""`disk`: a file system has room, and the machine can write to it.

Owns the thresholds. `free` is what an ordinary user can have, so the blocks that ext4 keeps for
root count as used: the application can't have them. Refuses to write a test file: the daemon has
no right to write where the application's data lies.
"""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

from agent.findings import Finding, failed, passed, warned
from agent.health.context import CheckType, Context
from agent.health.filling import full_soon, words
from agent.health.forecast import DAY, Forecast
from agent.health.words import amount
from agent.host.facts import FileSystem
from agent.host.mounts import Mount, mount_of, parse_mounts
from agent.manifest.checks import DiskCheck


def look(check: DiskCheck, context: Context) -> Finding:
    try:
        found = context.host.facts.file_system(Path(check.path))
    except OSError as error:
        return unreadable(check.path, error, "disk")
    if found.read_only and (mount := _read_only_mount(check.path, context)):
        why = "the kernel made it so, see dmesg" if mount.frozen else "it is mounted so"
        summary = f"the file system of {check.path} ({mount.source}) is read-only: {why}"
        return failed("disk-read-only", summary)
    if found.size <= 0:
        return passed(f"the file system of {check.path} has no size of its own")
    within = float(check.full_within)
    soon = full_soon(context, free=found.free, size=found.size, within=within)
    return _judge(check, found, soon)


def _judge(check: DiskCheck, found: FileSystem, soon: Forecast | None) -> Finding:
    used = 100 * (1 - found.free / found.size)
    left = f"{amount(found.free)} of {amount(found.size)} free at {check.path}"
    facts: dict[str, Any] = {"free": found.free, "size": found.size}
    if found.free <= 0:
        return failed(
            "disk-full", f"the disk is full: {left}", observed=used, unit="percent", **facts
        )
    if used >= check.fail_used or found.free < check.fail_free:
        return failed("disk-low", f"only {left}", observed=used, unit="percent", **facts)
    filling = words(soon, amount(soon.rate * DAY)) if soon else ""
    if used >= check.warn_used:
        summary = f"only {left}{f'; {filling}' if filling else ''}"
        return warned("disk-low", summary, observed=used, unit="percent", **facts)
    if soon:
        facts |= {"full_in": round(soon.seconds), "confidence": round(soon.confidence, 2)}
        summary = f"{left}, but {filling}"
        return warned("disk-filling", summary, observed=used, unit="percent", **facts)
    return passed(left, observed=used, unit="percent", **facts)


def _read_only_mount(path: str, context: Context) -> Mount | None:
    """The mount, if it is read-only for the machine and not only for ourselves.

    `ProtectSystem=strict` makes every mount of the daemon's namespace read-only while the
    application next door writes happily, so PID 1's table counts. Where /proc hides that
    (`hidepid`), only a file system that is read-only itself is believed.
    """
    kernel = context.host.kernel
    try:
        mount = mount_of(Path(path).resolve(), parse_mounts(kernel.lines("/proc/1/mountinfo")))
        return mount if mount is not None and mount.read_only else None
    except OSError:
        mount = mount_of(Path(path).resolve(), parse_mounts(kernel.lines("/proc/self/mountinfo")))
        return mount if mount is not None and mount.frozen else None


def unreadable(path: str, error: OSError, kind: str) -> Finding:
    """A path that does not lead to a file system (`kind` begins the code)."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return failed(f"{kind}-missing", f"{path} is not there; is its disk mounted?")
    why = (error.strerror or "no reason given").lower()
    return failed(f"{kind}-unreadable", f"the file system of {path} can't be asked: {why}")


TYPE = CheckType(
    code="disk",
    params=DiskCheck,
    look=look,
    codes=(
        "disk-full",
        "disk-low",
        "disk-filling",
        "disk-read-only",
        "disk-missing",
        "disk-unreadable",
    ),
    hang="the file system does not answer; is it a network mount whose server is gone?",
    cost="one statvfs; a millisecond of arithmetic once a minute",
)
