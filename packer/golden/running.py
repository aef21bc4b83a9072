"""Programs that a build runs, and the one error for those that fail.

Owns the words: which program, on what, why, and where its log is. Refuses shells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.errors import MachineError
from agent.host.machine import Host

PACKAGES = {
    "packer": "packer",
    "zstd": "zstd",
    "qemu-img": "qemu-utils",
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-system-aarch64": "qemu-system-arm",
    "tar": "tar",
}


def must(
    host: Host,
    argv: Sequence[str],
    *,
    timeout: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> str:
    """Its output. Raises MachineError `build-failed`, or `command-missing` with its package."""
    done = host.run(argv, timeout=timeout, env=env, cwd=cwd)
    if done.missing:
        package = PACKAGES.get(argv[0], argv[0])
        raise MachineError("command-missing", f"there is no {argv[0]} here",
                           hint=f"sudo apt-get install {package}")  # fmt: skip
    if not done.ok:
        message = f"{argv[0]}: {done.reason}"
        raise MachineError("build-failed", message, hint="see build.jsonl in the output folder")
    return done.stdout
