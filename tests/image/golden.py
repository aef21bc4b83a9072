"""The image under test: the one that is named, or the one that the command builds, once.

Owns finding and building it. `CARETAKER_TEST_IMAGE` names a disk; the vendor's bundle is looked for
beside it (`new.bundle`). Otherwise SochDB 0.8.1 is built with a test vendor's keys, and kept under
the digest of the tool. Refuses to change an image.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.image import vendor
from tests.machine import wheelhouse as wheels
from tests.machine.checkout import REPOSITORY
from tests.machine.rootfs import cache_folder, locked

TOOL = ("agent", "packer", "setup", "support", "systemd", "requirements")
PATIENCE = 1800.0  # seconds; the bar of a build is 720


class NoImage(Exception):
    """There is none, and none could be built; why."""


@dataclass(frozen=True)
class Golden:
    """`bundle` is a signed release that the image must take, where there is one."""

    disk: Path
    bundle: Path | None


def find() -> Golden:
    """Raises NoImage."""
    if named := os.environ.get("CARETAKER_TEST_IMAGE"):
        disk = Path(named).resolve()
        if not disk.is_file():
            raise NoImage(f"CARETAKER_TEST_IMAGE: there is no {disk}")
        bundle = disk.with_name("new.bundle")
        return Golden(disk, bundle if bundle.is_file() else None)
    made = vendor.folder()
    place = cache_folder() / f"golden-{_digest()}"
    with locked(cache_folder() / "golden.lock"):
        if not place.exists():
            _build(made / vendor.APPLICATION, place)
    (disk,) = place.glob("*.qcow2")
    return Golden(disk, made / "new.bundle")


def _build(folder: Path, place: Path) -> None:
    for old in place.parent.glob("golden-*"):
        if old.is_dir():
            shutil.rmtree(old)
    part = place.with_suffix(".part")
    argv = [sys.executable, "-m", "agent", "image", "build", str(folder), "--output", str(part)]
    argv += ["--wheelhouse", str(wheels.locked_wheels()), "--key", str(vendor.image_key())]
    argv += ["--cache", str(cache_folder() / "image")]
    done = subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode:
        raise NoImage(f"the image could not be built: {done.stderr.strip()[-2000:]}")
    part.rename(place)


def _digest() -> str:
    """Of the tool and the recipes: another one is another image."""
    found = hashlib.sha256(vendor.folder().name.encode())
    for top in TOOL:
        for path in sorted((REPOSITORY / top).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                found.update(str(path.relative_to(REPOSITORY)).encode() + b"\0")
                found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:12]
