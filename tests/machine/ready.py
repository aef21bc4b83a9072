"""A root on which Caretaker's libraries stand already, as on a golden image.

Owns building it: one setup on bookworm, of which only `/opt/caretaker`'s environment is taken over.
A test that is about something else than building the environment boots from this one and is some
ten seconds of processor quicker. Refuses the tool and an appliance: those a test sets up itself.
"""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from bench.setup import appliance as tiny
from bench.setup.arena import copy_tool
from tests.machine import checkout, container, rootfs
from tests.machine import wheelhouse as wheels
from tests.machine.appliance import KEEP, disk
from tests.machine.machine import boot

NAME = "ready"
HOME = "opt/caretaker"
TAKEN = ("environments", "venv")
BUILDER = 2
"""Raise it when the way of building changes."""
_MADE_BY = ("setup/environment", "agent/host/trees.py")


def build() -> Path:
    """The path of the root, made first when there is none. RootfsError, WheelError."""
    base = rootfs.build("bookworm")
    target = rootfs.cache_folder() / f"root-{NAME}-{_key(base)}"
    with rootfs.locked(rootfs.cache_folder() / f"root-{NAME}.lock"):
        if not target.is_dir():
            _make(base, target)
            for old in rootfs.cache_folder().glob(f"root-{NAME}-*"):
                if old != target:
                    shutil.rmtree(old)
    return target


def _make(base: Path, target: Path) -> None:
    container.sweep()
    part = target.with_suffix(".part")
    if part.exists():
        shutil.rmtree(part)
    # No hard links: of a file with a second name, overlayfs shows another inode than its locks do.
    subprocess.run(["cp", "-a", "--reflink=auto", str(base), str(part)], check=True)
    with tempfile.TemporaryDirectory(prefix="caretaker-ready-") as scratch, disk(base) as tree:
        brought = {
            "/tiny": tiny.write(Path(scratch) / "tiny", probe=8086, port=8080),
            "/wheels": wheels.locked_wheels(),
            "/checkout": copy_tool(Path(scratch) / "checkout"),
        }
        with boot(tree, label="ready", binds_ro=brought, options=KEEP) as machine:
            setup = ["/checkout/setup/setup.sh", "/tiny", "--offline", "--wheelhouse", "/wheels"]
            machine.run([*setup, "--yes"], timeout=180)
            machine.poweroff()
        home = part / HOME
        home.mkdir()
        for name in TAKEN:
            subprocess.run(["cp", "-a", str(tree / HOME / name), str(home / name)], check=True)
    part.rename(target)


def _key(base: Path) -> str:
    """Changes with the root below it, the locked packages, and the code that makes it count."""
    digest = hashlib.sha256(f"{BUILDER}\0{base.name}\0{wheels.locked_wheels().name}".encode())
    for name in _MADE_BY:
        place = checkout.REPOSITORY / name
        for path in sorted(place.glob("*.py")) if place.is_dir() else [place]:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


if __name__ == "__main__":
    print(build())
