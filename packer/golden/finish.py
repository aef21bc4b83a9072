"""The disks that customers get, from the one that the machine left.

Owns their names and formats. Refuses to leave one under its name that is not whole.
"""

from __future__ import annotations

from pathlib import Path

from agent.host import files
from packer.golden import digests
from packer.golden.build import Build
from packer.golden.running import must

_PATIENCE = 900.0  # seconds


def disks(build: Build) -> str:
    """The qcow2, compressed, and a sparse raw disk that is certified and converted further."""
    out = build.places.out
    raw, qcow2 = out / f"{build.stem}.raw", out / f"{build.stem}.qcow2"
    _convert(build, build.golden, raw, ["-O", "raw"])
    _convert(build, raw, qcow2, ["-O", "qcow2", "-c", "-m", "4"])
    build.keep("disk", qcow2, digests.of_file(qcow2))
    build.golden = raw
    return f"{qcow2.name}, {qcow2.stat().st_size / (1 << 20):.0f} MiB"


def _convert(build: Build, source: Path, target: Path, how: list[str]) -> None:
    part = target.with_name(f"{target.name}.part")
    files.remove(part)
    must(build.host, ["qemu-img", "convert", *how, str(source), str(part)], timeout=_PATIENCE)
    files.rename(part, target)
