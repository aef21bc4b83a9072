"""Ledgerbook backed up with restic, restored where it was, and on a machine that never saw it."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.machine import ledgerbook, ready
from tests.machine.conftest import Boot
from tests.machine.ledgerbook import book, books, story
from tests.machine.machine import Machine, Ran

REPOSITORY, EXPORTED = "/mnt/ledgerbook", "/mnt/ledgerbook.tar.zst"
pytestmark = pytest.mark.timeout(300)  # several changes, each with a proof of seconds


def backup(machine: Machine, *words: str, check: bool = True) -> Ran:
    return machine.run(["caretaker", "backup", *words], timeout=120, check=check)


def memos(machine: Machine) -> list[object]:
    return [entry["memo"] for entry in books(machine)]


def healthy(machine: Machine) -> None:
    machine.run(["caretaker", "health", "--wait", "30s"], timeout=40)


@pytest.fixture
def machine(books_machine: Machine) -> Machine:
    return books_machine


def test_restored_here_and_on_a_fresh_machine(
    machine: Machine, machines: Boot, ledgerbook_binds: dict[str, Path]
) -> None:
    fresh = machines(ready.NAME, binds_ro=ledgerbook_binds)
    with ThreadPoolExecutor() as beside:
        settled = beside.submit(ledgerbook.set_up, fresh)
        password, before = _restored_and_back(machine)
        settled.result()
    assert fresh.read("/etc/machine-id") != machine.read("/etc/machine-id")
    assert books(fresh) == []
    carry(machine, fresh, "ledgerbook", "ledgerbook.tar.zst")
    stranger = backup(fresh, "restore", "--from", EXPORTED, "--yes", check=False)
    assert (stranger.code, "--unsealed" in stranger.err) == (7, True), stranger
    fresh.put("/root/password", password, mode=0o600)
    backup(fresh, "connect", REPOSITORY, "--password-file", "/root/password")
    backup(fresh, "restore", "latest", "--yes")
    assert books(fresh) == before
    healthy(fresh)
    assert book(fresh, "July") == 4
    assert fresh.failed_units() == []


def _restored_and_back(machine: Machine) -> tuple[str, list[dict[str, object]]]:
    """The repository's password, and the entries that the backup in it has."""
    assert "(restic)" in backup(machine, "connect", REPOSITORY).out
    password = backup(machine, "password", "--print").out
    before = books(machine)
    backup(machine, "create")
    backup(machine, "export", "latest", "--output", EXPORTED)
    book(machine, "June")
    assert "is kept" in backup(machine, "restore", "latest", "--plan").out
    assert memos(machine)[-1] == "June"
    backup(machine, "restore", "latest", "--yes")
    assert books(machine) == before
    healthy(machine)
    machine.run(["caretaker", "rollback", "--yes"], timeout=100)
    assert memos(machine)[-1] == "June"
    done = [line for line in story(machine) if line.endswith(": done") and " " not in line[:-6]]
    assert done == ["restore: done", "rollback: done"]
    return password, before


def carry(one: Machine, other: Machine, *names: str) -> None:
    """Carry files from one machine's /mnt to the other's."""
    pack = f"nsenter --target={one.leader} --mount -- tar -C /mnt -c {' '.join(names)}"
    unpack = f"nsenter --target={other.leader} --mount -- tar -C /mnt -x"
    subprocess.run(["sh", "-euc", f"{pack} | {unpack}"], check=True, timeout=60)


def test_a_copy_of_the_disk_made_while_it_holds_still(machine: Machine) -> None:
    before = books(machine)
    machine.run(["caretaker", "freeze", "--for", "60s"])
    machine.sh("cp -a /var/lib/ledgerbook /srv/copy")
    machine.run(["caretaker", "thaw"])
    book(machine, "June")
    units = "caretaker.service ledgerbook-web.service ledgerbook-db.service"
    machine.sh(
        f"systemctl stop {units}; mount --bind /srv/copy /var/lib/ledgerbook; "
        f"systemctl start {units}"
    )
    healthy(machine)
    assert books(machine) == before
    assert book(machine, "July") == 4
