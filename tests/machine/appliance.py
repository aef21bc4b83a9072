"""The whole appliance, SochDB inside, set up on a machine whose disk outlives it.

Owns the example's payload (fetched here, outside, once), a copy of the example whose checks look
every second, disks that keep what a machine writes, and setting up. Refuses to say what must hold
afterwards: tests do.

    with disk(root) as tree:                       # an overlay over the cached root
        with boot(tree, options=KEEP) as machine:  # what it writes stays in `tree`
        with boot(tree) as machine:                # what it writes is gone with it
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from tests.machine import checkout, container
from tests.machine.machine import Machine, Ran
from tests.machine.rootfs import cache_folder, locked

EXAMPLE = checkout.REPOSITORY / "examples/sochdb"
KEEP = ("--volatile=no",)  # nspawn heeds the last one said
DISKS = Path("/run/caretaker-test-disks")
APPLIANCE, WHEELS = "/image/sochdb", "/image/wheels"
SETUP = f"{checkout.SOURCE}/setup/setup.sh"

AGENT, SERVICE = "caretaker.service", "sochdb-sochdb.service"
HEALTHZ = "http://127.0.0.1:8086/healthz"
AGENT_PORT = 8087  # HAProxy's agent-check

EVERY, FALL = 1.0, 2  # of the quickened checks: seconds between two looks, bad looks that count
_QUICKENED = (
    ('type = "unit",', 'type = "unit", every = "1s", timeout = "900ms",'),
    ('type = "http",', 'type = "http", every = "1s", timeout = "900ms",'),
    ('path = "{data}", every = "30s"', 'path = "{data}", every = "1s", timeout = "900ms"'),
    ('type = "grpc"\n', 'type = "grpc"\nevery = "1s"\ntimeout = "900ms"\n'),
    ('type = "postgres"\n', 'type = "postgres"\nevery = "1s"\ntimeout = "900ms"\n'),
)
_MORE = f'\n[probe]\nagent_port = {AGENT_PORT}\n\n[daemon]\ndrain = "1s"\n'

_numbers = count(1)


class ApplianceError(Exception):
    """The appliance could not be made ready for a test."""


def payload() -> Path:
    """The example's payload, whole and with the right hashes; fetched when it is not there."""
    folder = cache_folder() / "sochdb-payload"
    fetch = [sys.executable, str(EXAMPLE / "fetch-payload"), "--to", str(folder)]
    done = subprocess.run(fetch, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise ApplianceError(done.stderr.strip())
    return folder


def copy_example(folder: Path, *, quick: bool) -> Path:
    """The example as a vendor's build leaves it.

    ``quick``: its checks look every second, the daemon drains for one, HAProxy's agent port is on.
    """
    manifest = (EXAMPLE / "appliance.toml").read_text()
    for old, new in _QUICKENED if quick else ():
        if manifest.count(old) != 1:
            raise ApplianceError(f"the example's checks are not written as expected: {old!r}")
        manifest = manifest.replace(old, new)
    folder.mkdir(parents=True)
    (folder / "appliance.toml").write_text(manifest + (_MORE if quick else ""))
    shutil.copytree(payload(), folder / "payload")
    return folder


def image(example: Path, wheelhouse: Path) -> dict[str, Path]:
    """What a golden image brings besides the tool, as ``binds_ro``."""
    return {APPLIANCE: example, WHEELS: wheelhouse}


def set_up(machine: Machine, *more: str, timeout: float = 100, check: bool = True) -> Ran:
    """Run setup as an image does: with what is on the disk, and nobody there to answer."""
    argv = [SETUP, APPLIANCE, "--offline", "--wheelhouse", WHEELS, "--yes", *more]
    return machine.run(argv, timeout=timeout, check=check)


@contextmanager
def disk(root: Path) -> Iterator[Path]:
    """A file system that starts as ``root`` and keeps what is written to it, until the block ends.

    Machines booted from it without ``KEEP`` may run at once, as from any root.
    """
    _sweep()
    folder = DISKS / f"{os.getpid()}-{container.start_time(os.getpid())}-{next(_numbers)}"
    for part in ("upper", "work", "tree"):
        (folder / part).mkdir(parents=True)
    tree = folder / "tree"
    options = f"lowerdir={root},upperdir={folder / 'upper'},workdir={folder / 'work'}"
    try:
        _run("mount", "-t", "overlay", "-o", options, "caretaker-test", str(tree))
        yield tree
    finally:
        _remove(folder)


def _sweep() -> None:
    """Take away the disks of test processes that were killed."""
    DISKS.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(DISKS / "lock"):
        for folder in DISKS.glob("*-*-*"):
            owner, started = map(int, folder.name.split("-")[:2])
            if container.start_time(owner) != started:
                _remove(folder)


def _remove(folder: Path) -> None:
    if os.path.ismount(folder / "tree"):
        _run("umount", "--lazy", str(folder / "tree"))
    shutil.rmtree(folder)


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode:
        raise ApplianceError(f"{' '.join(argv)}: {done.stderr.strip()}")
