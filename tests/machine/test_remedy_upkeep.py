"""Upkeep's remedies on real systemd, in their own sandboxes: packages, a full disk, wrong modes."""

from pathlib import Path

import pytest

from agent.housekeeping.timers import task_units
from tests.machine import by_hand
from tests.machine.by_hand import LAYOUT, install, values_of
from tests.machine.conftest import Boot
from tests.machine.machine import Machine

MANIFEST = """
[appliance]
name = "shop"
title = "Shop"
version = "1.0"
[services.web]
command = ["/usr/bin/python3", "-I", "{release}/web.py", "8443"]
ports = [8443]
[paths.uploads]
path = "{data}/uploads"
mode = "0750"
[paths.queue]
path = "{run}/queue"
[purge.old]
path = "/srv/small/old"
older_than = "100ms"
[checks.small]
type = "disk"
path = "/srv/small"
"""


@pytest.fixture
def machine(machines: Boot, tool: Path) -> Machine:
    machine = machines(binds_ro=by_hand.binds(tool))
    manifest = install(machine, MANIFEST)
    for each in task_units(manifest, LAYOUT, values_of()):
        machine.put(str(each.path), each.text)
    machine.systemctl("daemon-reload")
    return machine


def mend(machine: Machine, name: str, *, by: str = "") -> str:
    """The remedy in its own unit, as the daemon has it started; the lines of the journal."""
    unit = by or f"caretaker-remedy@{name}.service"
    ran = machine.run(["systemctl", "start", unit], timeout=120, check=False)
    said = machine.journal("-u", unit, lines=40)
    assert ran.ok, f"{ran.err}\n{said}"
    return said


def package(machine: Machine, version: str) -> str:
    """A package whose script ends dpkg itself while /run/break is there."""
    top = f"/tmp/probe-{version}"
    control = f"Package: probe\nVersion: {version}\nArchitecture: all\n"
    control += "Maintainer: Nobody <nobody@example.com>\nDescription: breaks\n"
    script = "#!/bin/sh\nif test -e /run/break; then kill -9 $PPID; sleep 1; fi\n"
    machine.put(f"{top}/DEBIAN/control", control)
    machine.put(f"{top}/DEBIAN/conffiles", "/etc/probe.conf\n")
    machine.put(
        f"{top}/DEBIAN/postinst", f"{script}touch /run/configured-$2-{version}\n", mode=0o755
    )
    machine.put(f"{top}/etc/probe.conf", f"version={version}\n")
    machine.run(["dpkg-deb", "--build", "--root-owner-group", top, f"{top}.deb"])
    return f"{top}.deb"


@pytest.mark.parametrize("by", ["", "caretaker-task@look-round.service"])
def test_an_interrupted_installation_is_finished(machine: Machine, by: str) -> None:
    machine.run(["dpkg", "--install", package(machine, "1")])
    machine.put("/etc/probe.conf", "the admin's own\n")
    machine.put("/run/break", "")
    machine.run(["dpkg", "--install", "--force-confold", package(machine, "2")], check=False)
    assert "probe" in machine.run(["dpkg", "--audit"]).out
    machine.run(["rm", "/run/break"])
    mend(machine, "packages", by=by)
    said = machine.journal("-u", "caretaker-remedy@packages.service", lines=40)
    assert "packages dpkg: mended" in said
    assert "apt-get check still says" not in said
    assert machine.run(["dpkg", "--audit"]).out == ""
    asked = machine.run(["dpkg-query", "--show", "--showformat=${Version} ${Status}", "probe"])
    assert asked.out == "2 install ok installed"
    assert machine.read("/etc/probe.conf") == "the admin's own\n"
    assert machine.exists("/run/configured-1-2")
    assert "nothing is wrong" in mend(machine, "packages")


@pytest.mark.parametrize("by", ["", "caretaker-task@look-round.service"])
def test_a_full_disk_is_mended_by_a_task_in_its_own_unit(machine: Machine, by: str) -> None:
    machine.sh("""
        mkdir -p /srv/small && mount -t tmpfs -o size=64m small /srv/small && mkdir /srv/small/old
        head -c 40M /dev/zero > /srv/small/old/dump
        touch -d '2 days ago' /srv/small/old/dump
        cat /dev/zero > /srv/small/data || true
    """)
    mend(machine, "disk", by=by)

    def told() -> str:
        return machine.journal("-u", "caretaker-remedy@disk.service", lines=40)

    machine.wait_for(lambda: "disk /srv/small:" in told(), timeout=60, what="the remedy's word")
    said = told()
    assert "disk /srv/small: mended" in said
    assert "purge: freed 40.0 MiB" in said
    assert not machine.exists("/srv/small/old/dump")
    assert machine.exists("/srv/small/data")
    machine.sh("cat /dev/zero > /srv/small/more || true")
    said = mend(machine, "disk")
    assert "disk /srv/small: refused" in said
    assert "/srv/small/more" in said
    assert machine.exists("/srv/small/more")


@pytest.mark.parametrize("by", ["", "caretaker-boot.service"])
def test_folders_and_modes_are_put_right(machine: Machine, by: str) -> None:
    machine.sh(f"""
        chmod 0777 {LAYOUT.secrets}; chown nobody {LAYOUT.config}
        rm -rf /etc/caretaker/keys /var/log/caretaker; chmod 0755 /var/lib/caretaker/agent
        install -d -m 0777 {LAYOUT.data}/uploads
        ln -s /etc /run/shop-elsewhere
    """)
    mend(machine, "paths", by=by)

    def stands(path: object) -> str:
        return machine.run(["stat", "--format=%a %U:%G", str(path)]).out.strip()

    assert stands(LAYOUT.secrets) == "700 root:root"
    assert stands(LAYOUT.config) == "755 root:root"
    assert stands("/etc/caretaker/keys") == "755 root:root"
    assert stands("/var/log/caretaker") == "750 root:root"
    assert stands("/var/lib/caretaker/agent") == "700 caretaker:caretaker"
    assert stands(f"{LAYOUT.data}/uploads/.") == "750 shop:shop"
    assert stands("/run/shop/queue") == "750 shop:shop"
    assert "nothing is wrong" in mend(machine, "paths")


def test_a_broken_ledger_is_begun_anew(machine: Machine) -> None:
    machine.sh("yes 'no database' | head -c 20000 > /var/lib/caretaker/ledger.db")
    assert "ledger.db: mended" in mend(machine, "state")
    kept = machine.sh("ls /var/lib/caretaker").out
    assert "ledger.db.corrupt-" in kept


def test_a_disk_that_turned_read_only_is_told_of_and_left_alone(machine: Machine) -> None:
    machine.sh("""
        mkdir -p /srv/small && mount -t tmpfs -o size=1m small /srv/small
        echo 'small /srv/small tmpfs defaults 0 0' >> /etc/fstab
    """)
    assert "nothing is wrong" in mend(machine, "readonly")
    machine.run(["mount", "-o", "remount,ro", "/srv/small"])
    assert "readonly /srv/small: refused" in mend(machine, "readonly")
    options = machine.run(["findmnt", "-no", "OPTIONS", "/srv/small"]).out
    assert "ro" in options.strip().split(",")


def test_the_daemon_puts_its_own_files_in_order_when_it_starts(machine: Machine) -> None:
    folder = "/var/lib/caretaker/agent"
    machine.sh(f"""
        for name in ledger.db history.db modes.json; do
            yes 'no database' | head -c 20000 > {folder}/$name; chown caretaker: {folder}/$name
        done
    """)
    machine.systemctl("start", "caretaker.service")
    query = (
        "import sqlite3; db = sqlite3.connect('file:/var/lib/caretaker/agent/ledger.db?mode=ro',"
    )
    query += ' uri=True); print(*[row[0] for row in db.execute("SELECT target FROM ledger WHERE'
    query += " act = 'state-rebuilt' ORDER BY target\")])"

    def told() -> bool:
        asked = machine.run(["python3", "-c", query], check=False)
        return asked.out.split() == ["history.db", "ledger.db", "modes.json"]

    machine.wait_for(told, what="three rebuilt files in the ledger")
    kept = machine.sh(f"ls {folder}").out
    assert [
        kept.count(f"{name}.corrupt-") for name in ("ledger.db", "history.db", "modes.json")
    ] == [1] * 3
    assert "/agent/" not in mend(machine, "state")
