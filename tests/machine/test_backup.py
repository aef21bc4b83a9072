"""Backups on real systemd: the daily task's own unit, hooks as the application's user, and an
application that is let go whoever was killed; a restore by the change's unit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.machine import by_hand
from tests.machine.by_hand import LAYOUT, install
from tests.machine.conftest import Boot
from tests.machine.machine import Machine

SAID = f"{LAYOUT.data}/said"
MANIFEST = (
    by_hand.MANIFEST
    + """
[checks.web]
type = "tcp"
address = "127.0.0.1"
port = 8443
every = "500ms"
timeout = "400ms"
[upgrade]
healthy = 2
within = "30s"
[stores.app]
path = "{data}/app.db"
[backup]
exclude = ["said"]
freeze = ["/bin/sh", "-c", "echo freeze by $(id -un) >> {data}/said"]
thaw = ["/bin/sh", "-c", "echo thaw by $(id -un) >> {data}/said"]
"""
)
MAKE_STORE = (
    "import sqlite3; db = sqlite3.connect('{path}'); db.execute('PRAGMA journal_mode = WAL');"
    "db.execute('CREATE TABLE t (x)'); db.execute('INSERT INTO t VALUES (42)'); db.commit()"
)


@pytest.fixture
def machine(machines: Boot, tool: Any) -> Machine:
    found = machines(binds_ro=by_hand.binds(tool))
    install(found, MANIFEST)
    store = MAKE_STORE.format(path=f"{LAYOUT.data}/app.db")
    found.sh(f"""
        chmod 0755 {LAYOUT.data_home}
        runuser -u shop -- /usr/bin/python3 -c "{store}"
        echo hello > {LAYOUT.data}/note && chown shop: {LAYOUT.data}/note
        install -d -m 0700 /srv/backups
    """)
    found.systemctl("enable", "caretaker-thaw.service")
    return found


def said(machine: Machine) -> list[str]:
    return machine.read(SAID).splitlines() if machine.exists(SAID) else []


def test_the_daily_task_makes_one_and_it_can_be_restored(machine: Machine) -> None:
    machine.caretaker("backup", "connect", "/srv/backups")
    machine.systemctl("start", "caretaker-task@backup.service", timeout=90)
    listed = machine.caretaker("backup", "list", "--json").out.splitlines()
    assert len(listed) == 1, machine.journal("-u", "caretaker-backup.service")
    backup = json.loads(listed[0])["id"]
    assert said(machine) == ["freeze by shop", "thaw by shop"]
    assert machine.caretaker("backup", "verify", "--full").ok
    machine.systemctl("start", "caretaker.service", "shop-web.service")
    machine.caretaker("health", "--wait", "30s", timeout=60)
    machine.sh(f"""
        echo spoilt > {LAYOUT.data}/note
        rm {LAYOUT.data}/app.db*
        echo new > {LAYOUT.secrets}/key
    """)
    done = machine.caretaker("backup", "restore", backup, "--yes", timeout=90)
    assert "restored" in done.out
    assert machine.read(f"{LAYOUT.data}/note") == "hello\n"
    assert machine.read(f"{LAYOUT.secrets}/key") == "correct horse battery\n"
    owner = machine.sh(f"stat -c %U {LAYOUT.data}/note {LAYOUT.data}/app.db").out.split()
    assert owner == ["shop", "shop"]
    assert machine.is_active("shop-web.service")
    assert machine.read(f"{LAYOUT.generations}/1/note") == "spoilt\n"


def test_it_goes_on_though_everybody_who_knew_was_killed(machine: Machine) -> None:
    machine.caretaker("freeze", "--for", "3s")
    assert said(machine) == ["freeze by shop"]
    assert machine.is_active("caretaker-thaw.service")
    machine.systemctl("kill", "-s", "KILL", "caretaker-thaw.service")
    machine.wait_for(lambda: len(said(machine)) == 2, what="the thaw", timeout=20)
    assert said(machine) == ["freeze by shop", "thaw by shop"]
    machine.wait_for(lambda: not machine.is_active("caretaker-thaw.service"), what="its end")
    assert machine.failed_units() == []
    assert machine.caretaker("thaw").out == "nothing was held\n"
