"""Ledgerbook upgraded, sent back and spoilt on real systemd, with PostgreSQL, SQLite and files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.faults.watch import watching
from tests.machine import ledgerbook
from tests.machine.conftest import Boot
from tests.machine.counterparts import start_haproxy
from tests.machine.ledgerbook import BUNDLES, Vendor, book, books, story, upgrade, version
from tests.machine.machine import Machine

HAPROXY = """
listen ledgerbook
    bind 127.0.0.1:8000
    option httpchk GET /healthz
    server ledgerbook 127.0.0.1:8090 check port 8086 inter 200ms fall 2 rise 1
"""
pytestmark = pytest.mark.timeout(300)  # several changes, each with a proof of seconds


@pytest.fixture(scope="module")
def vendor(
    tmp_path_factory: pytest.TempPathFactory, wheelhouse: Path, ledgerbook_vendor: Vendor
) -> Vendor:
    """Everything the tests offer, built before any machine boots."""
    made = ledgerbook_vendor
    for name, spoil in SPOILT.items():
        folder = made.assemble("2.0", name)
        spoil(folder)
        made.build(folder)
    stranger = Vendor(tmp_path_factory.mktemp("stranger"), wheelhouse)
    shutil.copy(stranger.build(made.folder / "2.0"), made.folder / "stranger.bundle")
    return made


def _never_healthy(folder: Path) -> None:
    (folder / "payload/ledgerbook.py").write_text("import time\n\ntime.sleep(3600)\n")


def _fails_half_way(folder: Path) -> None:
    up = folder / "migrations/0002-receipts-by-year/up.py"
    up.write_text(
        up.read_text().replace("tell(min(", "sys.exit('no receipt 7')\n        tell(min(")
    )


def _fills_the_disk(folder: Path) -> None:
    up = folder / "migrations/0002-receipts-by-year/up.py"
    fill = "main()\n    with open(DATA / 'fill', 'wb') as full:\n        while True:\n"
    fill += "            full.write(bytes(1 << 20))"
    up.write_text(up.read_text().replace("sys.exit(main())", fill))


def _reads_newer_data_only(folder: Path) -> None:
    path = folder / "release.toml"
    path.write_text(path.read_text().replace("reads = [1, 2, 3]", "reads = [3]"))


def _another_appliance(folder: Path) -> None:
    path = folder / "appliance.toml"
    path.write_text(path.read_text().replace('name = "ledgerbook"', 'name = "cashbook"', 1))


SPOILT: dict[str, Callable[[Path], None]] = {
    "never-healthy": _never_healthy,
    "fails-half-way": _fails_half_way,
    "fills-the-disk": _fills_the_disk,
    "newer-data": _reads_newer_data_only,
    "another": _another_appliance,
}


@pytest.fixture
def machine(ledgerbook_disk: Path, machines: Boot, vendor: Vendor) -> Machine:
    found: Machine = machines(ledgerbook_disk, binds_ro={BUNDLES: vendor.folder})
    found.run(["caretaker", "health", "--wait", "30s"], timeout=40)
    return found


def _still_as_before(machine: Machine) -> None:
    machine.run(["caretaker", "health", "--wait", "20s"], timeout=30)
    assert version(machine) == "1.0"
    assert [entry["memo"] for entry in books(machine)] == ["March", "April", "May"]
    generations = machine.run(["ls", "/var/lib/ledgerbook/generations"]).out.split()
    deployments = machine.run(["ls", "/var/lib/ledgerbook/deployments"]).out.split()
    assert generations == deployments


def test_up_with_its_data_and_back_with_its_data(machine: Machine) -> None:
    start_haproxy(machine, HAPROXY)
    before = books(machine)
    with watching(machine.leader) as watch:
        done = upgrade(machine, f"{BUNDLES}/2.0.bundle", "--json")
        assert version(machine) == "2.0"
        assert books(machine) == before
        machine.run(["curl", "-sSf", "http://127.0.0.1:8090/receipts/2"])
        assert machine.exists(f"{ledgerbook.DATA}/receipts/2025/2.txt")
        assert book(machine, "June", on="2026-06-01") == 4
    assert watch.status() == 200
    assert json.loads(done.out.splitlines()[-1])["outcome"]["changed"] is True
    assert story(machine) == [
        "upgrade: begun", "upgrade migration: done", "upgrade migration: done",
        "upgrade flip: done", "upgrade gate: done", "upgrade: done",
    ]  # fmt: skip
    assert upgrade(machine, f"{BUNDLES}/2.0.bundle").code == 0  # again: nothing to do
    back = machine.run(["caretaker", "rollback", "--yes"], timeout=100)
    assert "1.0 runs and is healthy" in back.out
    assert books(machine) == before
    assert [each["standing"] for each in _releases(machine)] == ["abandoned", "active"]
    machine.run(["caretaker", "rollback", "--to", "2", "--yes", "--accept-data-loss"], timeout=100)
    assert [entry["memo"] for entry in books(machine)][-1] == "June"


def _releases(machine: Machine) -> list[dict[str, str]]:
    return list(json.loads(machine.run(["caretaker", "releases", "--json"]).out)["deployments"])


def test_one_step_at_a_time_goes_as_well(machine: Machine) -> None:
    before = books(machine)
    for each in ("1.1", "2.0"):
        upgrade(machine, f"{BUNDLES}/{each}.bundle")
        assert version(machine) == each
    assert books(machine) == before
    older = upgrade(machine, f"{BUNDLES}/1.1.bundle", check=False)
    assert older.code == 7
    assert "older" in older.err


def test_one_that_never_gets_healthy_goes_back_by_itself(machine: Machine) -> None:
    done = upgrade(machine, f"{BUNDLES}/never-healthy.bundle", check=False)
    assert done.code == 8
    assert "1.0 runs again" in done.err
    _still_as_before(machine)
    assert story(machine)[-1] == "upgrade: rolled-back"
    told = machine.run(["caretaker", "ledger"]).out
    assert "web" in told


@pytest.mark.parametrize(
    ("name", "says"), [("fails-half-way", "no receipt 7"), ("fills-the-disk", "No space left")]
)
def test_a_migration_that_fails_costs_nothing(machine: Machine, name: str, says: str) -> None:
    if name == "fills-the-disk":
        _small_disk(machine)
    done = upgrade(machine, f"{BUNDLES}/{name}.bundle", check=False)
    assert done.code == 8, done
    assert says in done.err
    _still_as_before(machine)


def _small_disk(machine: Machine) -> None:
    """The data on a disk of its own that is soon full."""
    machine.sh(
        "systemctl stop caretaker ledgerbook-web ledgerbook-db; mkdir /mnt/data;"
        "mount -t tmpfs -o size=400m tmpfs /mnt/data;"
        "cp -a /var/lib/ledgerbook/. /mnt/data/; mount --bind /mnt/data /var/lib/ledgerbook;"
        "systemctl start ledgerbook-db ledgerbook-web caretaker"
    )
    machine.run(["caretaker", "health", "--wait", "30s"], timeout=40)


@pytest.mark.parametrize(
    ("name", "says"),
    [("stranger", "signed"), ("newer-data", "epoch"), ("another", "cashbook")],
)
def test_what_must_not_be_installed_is_refused_untouched(
    machine: Machine, name: str, says: str
) -> None:
    pids = machine.show("ledgerbook-web.service", "MainPID")
    done = upgrade(machine, f"{BUNDLES}/{name}.bundle", check=False)
    assert done.code == 7, done
    assert says in done.err
    assert machine.show("ledgerbook-web.service", "MainPID") == pids
    assert machine.run(["ls", "/opt/ledgerbook/releases"]).out.count("\n") == 1
