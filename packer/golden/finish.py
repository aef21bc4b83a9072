"""The disks that customers get, from the one that the machine left.

Owns their names and formats. Refuses to leave one under its name that is not whole.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agent.host import files
from packer.disk import formats
from packer.golden import digests, free_space
from packer.golden.build import Build
from packer.program import program

_PATIENCE = 900.0  # seconds


def disks(build: Build) -> str:
    """The qcow2, and what else was asked for. A raw disk stays for what looks into it."""
    out, epoch = build.places.out, build.epoch
    raw = build.places.work / f"{build.stem}.raw"
    argv = ["qemu-img", "convert", "-O", "raw", str(build.golden), str(raw)]
    program(build.host, argv, timeout=_PATIENCE)
    build.golden = raw
    free_space.clear(raw)
    qcow2 = out / f"{build.stem}.qcow2"
    _whole(build, qcow2, lambda part: formats.to_qcow2(build.host, raw, part))
    if "vhd" in build.wanted.formats:
        vhd = out / f"{build.stem}.vhd"
        _whole(build, vhd, lambda part: formats.to_vhd(raw, part, epoch=epoch))
    if "gce" in build.wanted.formats:
        gce = out / f"{build.stem}.tar.gz"
        _whole(build, gce, lambda part: formats.to_gce(raw, part, epoch=epoch))
    if "raw" in build.wanted.formats:
        target = out / raw.name
        files.rename(raw, target)
        build.golden = target
        build.keep("disk", target, digests.of_file(target))
    return f"{qcow2.name}, {qcow2.stat().st_size / (1 << 20):.0f} MiB"


def _whole(build: Build, target: Path, make: Callable[[Path], None]) -> None:
    part = target.with_name(f"{target.name}.part")
    files.remove(part)
    make(part)
    files.rename(part, target)
    build.keep("disk", target, digests.of_file(target))
