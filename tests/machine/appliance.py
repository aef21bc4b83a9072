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

from bench.setup.arena import copy_tool
from tests.machine import checkout, container
from tests.machine.machine import Machine, Ran
from tests.machine.rootfs import cache_folder, locked

EXAMPLE = checkout.REPOSITORY / "examples/sochdb"
KEEP = ("--volatile=no",)  # nspawn heeds the last one said
DISKS = Path("/run/caretaker-test-disks")
IMAGE, WHEELS = "/image", "/image-wheels"
SETUP = (f"{IMAGE}/checkout/setup/setup.sh", f"{IMAGE}/sochdb")
OFFLINE = ("--offline", "--wheelhouse", WHEELS, "--yes")

AGENT, SERVICE = "caretaker.service", "sochdb-sochdb.service"
HEALTHZ = "http://127.0.0.1:8086/healthz"
AGENT_PORT = 8087  # HAProxy's agent-check
SQL = 5433
ASK = "SELECT COUNT(*) FROM health"  # it wants a FROM; a table that is not there counts 0

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


def payload(version: str = "") -> Path:
    """The example's payload, whole and with the right hashes; fetched when it is not there.

    ``version``: another one than the newest.
    """
    folder = cache_folder() / (f"sochdb-payload-{version}" if version else "sochdb-payload")
    fetch = [sys.executable, str(EXAMPLE / "fetch-payload"), "--to", str(folder)]
    fetch += ["--version", version] if version else []
    done = subprocess.run(fetch, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise ApplianceError(done.stderr.strip())
    return folder


def make_image(folder: Path, *, quick: bool) -> Path:
    """What a vendor's build puts on an image: the tool, and the example with its payload.

    ``quick``: its checks look every second, the daemon drains for one, HAProxy's agent port is on.
    The tool is a copy: an edit of ours in the middle of a test would be a new version to install.
    """
    assemble(folder / "sochdb", quick=quick)
    copy_tool(folder / "checkout")
    return folder


def assemble(folder: Path, version: str = "", *, quick: bool) -> Path:
    """The vendor's folder of one version, by default the newest."""
    manifest = (EXAMPLE / "appliance.toml").read_text()
    changes = list(_QUICKENED) if quick else []
    if version:
        changes += [('version = "0.8.3"', f'version = "{version}"')]
    for old, new in changes:
        if manifest.count(old) != 1:
            raise ApplianceError(f"the example is not written as expected: {old!r}")
        manifest = manifest.replace(old, new)
    folder.mkdir(parents=True)
    (folder / "appliance.toml").write_text(manifest + (_MORE if quick else ""))
    shutil.copy(EXAMPLE / "release.toml", folder)
    shutil.copytree(payload(version), folder / "payload")
    return folder


def binds(image: Path, wheels: Path) -> dict[str, Path]:
    """An image and the libraries for it, as ``binds_ro``."""
    return {IMAGE: image, WHEELS: wheels}


def set_up(machine: Machine, *more: str, check: bool = True) -> Ran:
    """Run setup as an image does: with what is on the disk, and nobody there to answer."""
    return machine.run([*SETUP, *OFFLINE, *more], timeout=110, check=check)


def main_pids(machine: Machine) -> dict[str, str]:
    units = (AGENT, SERVICE, "systemd-journald.service")
    return {unit: machine.show(unit, "MainPID")["MainPID"] for unit in units}


def healthz(machine: Machine) -> str:
    """Status and body of /healthz: ``200 pass``."""
    ask = ["curl", "-sS", "--max-time", "2", "-o", "-", "-w", "%{http_code}", HEALTHZ]
    body, _, code = machine.run(ask).out.rpartition("\n")
    return f"{code} {body}"


def sql(machine: Machine, script: str = ASK, *, port: int = SQL, check: bool = True) -> list[str]:
    """Lines SochDB answers over the PostgreSQL wire, asked as a customer's program would."""
    ask = ["psql", "-h", "127.0.0.1", "-p", str(port), "-U", "app", "-d", "sochdb", "-Atq"]
    secret = {"PGPASSWORD": machine.read("/etc/sochdb/secrets/sql").strip()}
    return machine.run(ask, stdin=f"{script};\n", env=secret, check=check).out.split()


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
