"""A program of the build run to its end, or an error that says what to do.

Owns the one way the disk's steps run programs: in UTC, with one date for whatever asks. Refuses
shells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.errors import MachineError
from agent.host.machine import Host
from agent.host.spawn import Completed

# Which Debian package brings a program, for the hint.
PACKAGES = {
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "dumpe2fs": "e2fsprogs",
    "debugfs": "e2fsprogs",
    "mkfs.xfs": "xfsprogs",
    "mkfs.vfat": "dosfstools",
    "mmd": "mtools",
    "mcopy": "mtools",
    "grub-mkimage": "grub-common",
    "qemu-img": "qemu-utils",
    "dpkg-deb": "dpkg",
    "tar": "tar",
}


def program(
    host: Host,
    argv: Sequence[str],
    *,
    timeout: float,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Completed:
    """Run it. Raises MachineError where it is missing, fails or takes more than `timeout` s."""
    told = {"TZ": "UTC", "LC_ALL": "C.UTF-8", **(env or {})}
    done = host.run(argv, timeout=timeout, stdin=stdin, env=told, cwd=cwd)
    if not done.ok:
        raise failed(done)
    return done


def failed(done: Completed) -> MachineError:
    """The error for how a program of the build ended."""
    name = done.argv[0]
    if done.missing:
        package = PACKAGES.get(name, name)
        return MachineError(
            "command-missing", f"{name} is not installed here", hint=f"apt-get install {package}"
        )
    code = "command-timeout" if done.timed_out else "build-failed"
    return MachineError(code, f"{name}: {done.reason}", hint=" ".join(done.argv[:6]))
