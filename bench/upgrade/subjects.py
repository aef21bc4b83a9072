"""What is upgraded: SochDB with 1 GB of rows, and Ledgerbook with its three stores.

Owns the vendor's releases, a machine whose data lies on XFS with shared blocks, the data, and how
a customer asks. Refuses to upgrade (`__main__`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.faults.watch import ask
from bench.rollback.disks import disk
from tests.machine import appliance as sochdb
from tests.machine import ledgerbook, rootfs
from tests.machine import wheelhouse as wheels
from tests.machine.counterparts import start_haproxy, wait_for_haproxy
from tests.machine.machine import Machine, boot
from tests.machine.vendor import Vendor

BUNDLES = "/bundles"
_SCRATCH = Path("/var/tmp")  # not /tmp, which may be memory: a clone is of a disk
_PREFIX = "caretaker-bench-upgrade-"
_IMAGE = 8 << 30  # bytes of the disk, of which it takes what is written
_DATA = "/var/lib/sochdb/generations/1"
_ROW = 8_000_000  # bytes of text in one of SochDB's rows
ENTRIES = 200  # of Ledgerbook's books
_SQL, _WEB = 15433, 8000
# A balancer that asks five times a second, takes it out after two bad answers and in after one.
_CHECK = "check port 8086 inter 200ms fall 2 rise 1"
_SOCHDB = f"""
listen app
    bind 127.0.0.1:{_SQL}
    mode tcp
    retries 0
    option httpchk GET /healthz
    server app 127.0.0.1:5433 {_CHECK}
"""
_LEDGERBOOK = f"""
listen app
    bind 127.0.0.1:{_WEB}
    retries 0
    option httpchk GET /healthz
    server app 127.0.0.1:{ledgerbook.PORT} {_CHECK}
"""


@dataclass(frozen=True)
class Subject:
    """A machine that is ready. `answers` asks as a customer does, through the balancer."""

    machine: Machine
    bundle: str
    answers: Callable[[], bool]
    data: str  # what it consists of, in words
    opening: float = 0.0  # seconds that the application itself needs to open it


@contextmanager
def sochdb_with_data(rows: int, files: int) -> Iterator[Subject]:
    """SochDB 0.8.1 and 0.8.3 as a bundle. Megabytes of rows in its log, and of files beside it."""
    with _scratch() as scratch:
        vendor = Vendor(scratch / "vendor")
        for version in ("0.8.1", ""):
            name = version or "0.8.3"
            vendor.give_root(
                sochdb.assemble(vendor.folder / name, version, quick=True),
            )
        bundle = vendor.build(vendor.folder / "0.8.3", version="0.8.3")
        image = vendor.image("0.8.1", scratch / "image", "sochdb")
        brought = sochdb.binds(image, wheels.locked_wheels())
        with _machine(scratch, "sochdb", vendor, brought) as machine:
            sochdb.set_up(machine)
            password = machine.read("/etc/sochdb/secrets/sql").strip()
            count = _fill(machine, password, rows)
            _put_files(machine, files)
            warm, cold = (_opening(machine, cold=cold) for cold in (False, True))
            size = int(machine.run(["du", "-sb", _DATA]).out.split()[0])
            words = (
                f"{size / 1e6:.0f} MB: {count} rows of {_ROW / 1e6:.0f} MB of text in the server's"
                f" own log, and {files} MB of files beside it; the server itself needs {warm:.2f} s"
                f" to open them, {cold:.2f} s where the log is not in memory, as a clone's is not"
            )
            _behind_haproxy(machine, _SOCHDB)
            yield Subject(machine, f"{BUNDLES}/{bundle.name}", _sql(password), words, cold)


@contextmanager
def ledgerbook_with_data() -> Iterator[Subject]:
    """Ledgerbook 1.0 with some books, and 2.0 as a bundle: two migrations, over three stores."""
    with _scratch() as scratch:
        wheelhouse = scratch / "wheels"
        wheelhouse.mkdir()
        for wheel in wheels.locked_wheels().glob("*.whl"):
            (wheelhouse / wheel.name).write_bytes(wheel.read_bytes())
        wheels.build_ours(wheelhouse)
        vendor = ledgerbook.Vendor(scratch / "vendor", wheelhouse)
        vendor.assemble("1.0")
        bundle = vendor.build(vendor.assemble("2.0"))
        image = vendor.image("1.0", scratch / "image", "ledgerbook")
        brought = sochdb.binds(image, wheelhouse)
        with _machine(scratch, "ledgerbook", vendor, brought) as machine:
            ledgerbook.set_up(machine)
            _books(machine)
            words = f"{ENTRIES} entries in PostgreSQL and SQLite, and {ENTRIES} files"
            _behind_haproxy(machine, _LEDGERBOOK)
            yield Subject(machine, f"{BUNDLES}/{bundle.name}", _web, words)


@contextmanager
def _scratch() -> Iterator[Path]:
    prefix = f"{_PREFIX}{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=_SCRATCH) as name:
        yield Path(name)


@contextmanager
def _machine(
    scratch: Path, app: str, vendor: Vendor, brought: dict[str, Path]
) -> Iterator[Machine]:
    with disk("xfs", scratch, _IMAGE) as point, sochdb.disk(rootfs.build("bookworm")) as tree:
        data = point / "data"
        data.mkdir()
        with boot(
            tree,
            label=f"upgrade-{app}",
            binds={f"/var/lib/{app}": data},
            binds_ro={**brought, BUNDLES: vendor.folder},
            options=sochdb.KEEP,
        ) as machine:
            yield machine


def _behind_haproxy(machine: Machine, sections: str) -> None:
    machine.run(["caretaker", "health", "--wait", "60s"], timeout=70)
    start_haproxy(machine, sections)
    wait_for_haproxy(machine, "app/app", "UP")


def _sql(password: str) -> Callable[[], bool]:
    """A connection of its own and one question, as a customer's program would."""
    place = f"host=127.0.0.1 port={_SQL} user=app dbname=sochdb connect_timeout=2"

    def answers() -> bool:
        try:
            with psycopg.connect(place, password=password, autocommit=True) as session:
                return session.execute("SELECT COUNT(*) FROM health").fetchone() == ("0",)
        except psycopg.Error:
            return False

    return answers


def _web() -> bool:
    return ask(_WEB, "/status") == 200


def _fill(machine: Machine, password: str, megabytes: int) -> int:
    """How many rows it took."""
    rows = max(1, megabytes * 1_000_000 // _ROW)
    script = (
        "import sys, psycopg\n"
        "where = 'host=127.0.0.1 port=5433 user=app dbname=sochdb'\n"
        "session = psycopg.connect(where, password=sys.stdin.read(), autocommit=True)\n"
        "session.execute('CREATE TABLE IF NOT EXISTS orders (id INT, item TEXT)')\n"
        f"for number in range({rows}):\n"
        f"    item = format(number, '08d') * {_ROW // 8}\n"
        "    session.execute(f\"INSERT INTO orders (id, item) VALUES ({number}, '{item}')\")\n"
    )
    python = "/opt/caretaker/venv/bin/python3"
    machine.run([python, "-I", "-c", script], stdin=password, timeout=300)
    return rows


def _put_files(machine: Machine, megabytes: int) -> None:
    machine.sh(
        f"mkdir {_DATA}/exports; for i in $(seq {megabytes // 10}); do"
        f" head -c 10000000 /dev/urandom > {_DATA}/exports/$i; done;"
        f" chown -R sochdb: {_DATA}/exports; sync -f {_DATA}",
        timeout=120,
    )


def _opening(machine: Machine, *, cold: bool) -> float:
    """Seconds from the server's start until its SQL port listens; the best of three."""
    took = []
    forget = (
        "import os; log = os.open('wal.log', os.O_RDONLY);"
        " os.posix_fadvise(log, 0, 0, os.POSIX_FADV_DONTNEED)"
    )
    for _ in range(3):
        machine.systemctl("stop", sochdb.SERVICE)
        if cold:
            machine.run(["python3", "-I", "-c", forget], cwd=_DATA)
        machine.systemctl("start", sochdb.SERVICE)
        begun = time.monotonic()
        wait = "until ss -Hltn 'sport = :5433' | grep -q .; do sleep 0.02; done"
        machine.sh(wait, timeout=60)
        took.append(time.monotonic() - begun)
    return min(took)


def _books(machine: Machine) -> None:
    entry = '{"on": "2025-03-04", "account": "rent", "cents": -90000, "memo": "n"}'
    one = f"curl -sSf -o /dev/null --max-time 5 -d '{entry}' {ledgerbook.BOOKS}/entries"
    machine.sh(f"for i in $(seq {ENTRIES}); do {one}; done", timeout=200)


def tidy() -> None:
    """Take away what a run that was killed left: mounts, with them loop devices, and files."""
    mounted = Path("/proc/self/mounts").read_text().splitlines()
    for folder in _SCRATCH.glob(f"{_PREFIX}*-*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if Path("/proc", pid).exists():
            continue
        for point in [line.split()[1] for line in mounted]:
            if Path(point).is_relative_to(folder):
                subprocess.run(["umount", "--lazy", point], check=False)
        if not any(os.path.ismount(each) for each in folder.iterdir()):
            shutil.rmtree(folder)
