"""A program of the machine that builds, run to its end, or an error that says what to do.

Owns the one way in which a build's steps run short programs, and the packages that bring them.
Refuses shells.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.errors import MachineError
from agent.host.machine import Host
from agent.host.spawn import Completed

# Which Debian package brings a program, for the hint; else one of its name.
PACKAGES = {
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
    "cp": "coreutils",
    "chroot": "coreutils",
    "ssh-keygen": "openssh-client",
}
_LONGEST = 800  # characters of a command that anybody would run by hand


def program(
    host: Host,
    argv: Sequence[str],
    *,
    timeout: float,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Completed:
    """Run it, in UTC. Raises MachineError where it is missing, fails or takes over `timeout` s."""
    told = {"TZ": "UTC", **(env or {})}
    done = host.run(argv, timeout=timeout, stdin=stdin, env=told, cwd=cwd)
    if not done.ok:
        raise failed(done)
    return done


def failed(done: Completed, *, hint: str = "") -> MachineError:
    """The error for how a program of the build ended; without a `hint`, to run it by hand."""
    name = done.argv[0]
    if done.missing:
        package = PACKAGES.get(name, name)
        return MachineError(
            "command-missing", f"{name} is not installed here", hint=f"apt-get install {package}"
        )
    code = "command-timeout" if done.timed_out else "build-failed"
    by_hand = shlex.join(done.argv)
    if len(by_hand) > _LONGEST:  # names of a thousand files: what tar lacks then is room
        by_hand = "df -h"
    return MachineError(code, f"{name}: {done.reason}", hint=hint or by_hand)
