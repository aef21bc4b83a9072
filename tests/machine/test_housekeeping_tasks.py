"""Caretaker's own tasks in their units on real systemd: each has the rights that it needs."""

import json
from pathlib import Path

import msgspec
import pytest

from agent.deployment import Deployment
from agent.housekeeping.tasks import TASKS
from agent.housekeeping.timers import task_units
from agent.housekeeping.tmpfiles import rules
from agent.manifest.model import Manifest
from agent.manifest.reader import parse
from agent.services.one_shots import one_shot_drop_ins
from agent.values import values_for
from tests.machine import by_hand
from tests.machine.by_hand import LAYOUT, install
from tests.machine.conftest import Boot
from tests.machine.machine import Machine

MANIFEST = """
[appliance]
name = "shop"
version = "1.0"
[services.web]
command = ["/usr/bin/python3", "-I", "{release}/web.py", "8443"]
[paths.queue]
path = "{run}/queue"
[purge.tmp]
path = "{data}/tmp"
older_than = "1s"
[purge.run]
path = "{run}/tmp"
older_than = "1s"
[logs.app]
files = ["{data}/log/*.log"]
size = "1KiB"
how = "reload"
service = "web"
[logs.odd]
files = ["/var/log/shop/*.log"]
size = "1KiB"
every = "2h"
[housekeeping]
sqlite = ["{data}/app.db"]
vacuum = ["sh", "-c", "id -un > {data}/who"]
journal = "8MiB"
"""

AS_APP = """
cd {data}
mkdir -p tmp/deep log ../../../../../run/shop/tmp 2>/dev/null; mkdir -p tmp/deep log
touch tmp/deep/old tmp/held
head -c 5000 /dev/zero > log/a.log
python3 -c 'import sqlite3; d = sqlite3.connect("app.db"); d.execute("PRAGMA journal_mode=WAL");
d.execute("CREATE TABLE a (b)"); d.commit()'
"""


@pytest.fixture
def machine(machines: Boot, tool: Path) -> Machine:
    machine = machines(binds_ro=by_hand.binds(tool))
    manifest = install(machine, MANIFEST)
    put(machine, manifest)
    return machine


def put(machine: Machine, manifest: Manifest) -> None:
    values = values_for(manifest, LAYOUT)
    for each in task_units(manifest, LAYOUT, values):
        machine.put(str(each.path), each.text)
    for name, text in one_shot_drop_ins(manifest, LAYOUT, values).items():
        machine.put(f"{LAYOUT.units}/{name}.d/10-appliance.conf", text)
    tidy = rules(manifest, LAYOUT, values)
    assert tidy is not None
    machine.put(str(tidy.path), tidy.text)
    machine.run(["systemd-tmpfiles", "--create", tidy.path.name])
    machine.systemctl("daemon-reload")
    record = Deployment(1, "1.0", "d", "s", "1.0", 1, 0.0)
    machine.put(f"{LAYOUT.deployments}/1/deployment.json", msgspec.json.encode(record).decode())


def run(machine: Machine, task: str) -> dict[str, str]:
    """How the ledger says it ended."""
    machine.systemctl("start", f"caretaker-task@{task}.service", timeout=90)
    lines = machine.caretaker("housekeeping", "history", "--json").out.splitlines()
    entries = [each for each in map(json.loads, lines) if each["target"] == task]
    assert entries, machine.journal("-u", f"caretaker-task@{task}.service")
    last: dict[str, str] = entries[-1]
    assert last["outcome"] == "done", (last, machine.journal("-t", "caretaker-task"))
    return last


def test_every_task_does_its_work_within_its_sandbox(machine: Machine) -> None:
    data = str(LAYOUT.data)
    assert machine.sh("stat -c '%U %a' /run/shop /run/shop/queue").out == "shop 755\nshop 750\n"
    machine.sh("install -d -o shop -g shop /run/shop/tmp /var/log/shop")
    machine.run(["sh", "-c", AS_APP.format(data=data)], user="shop")
    machine.run(["sh", "-c", "touch /run/shop/tmp/old"], user="shop")
    machine.run(["sh", "-c", "head -c 5000 /dev/zero > /var/log/shop/b.log"], user="shop")
    machine.systemctl("start", "shop-web.service")
    machine.spawn(["sh", "-c", f"exec sleep 300 < {data}/tmp/held"])
    machine.sh("for i in 1 2 3 4; do head -c 6000000 /dev/urandom | base64 | logger; done")
    machine.sh("sleep 1.5")
    wanted = [task.name for task in TASKS if task.wanted(parse(MANIFEST))]
    assert {"purge", "logs", "database", "releases"} <= set(wanted)
    wanted.remove("system-updates")  # asks an agent whether all is well; test_patching has one
    for name in wanted:
        run(machine, name)
    assert machine.failed_units() == []
    # purge: the old went, what is open stayed
    left = machine.sh(f"find {data}/tmp /run/shop/tmp -type f").out
    assert left == f"{data}/tmp/held\n"
    # logs: by logrotate where it is there, and ourselves where it knows no such time
    assert machine.sh(f"stat -c '%n %U %s' {data}/log/* /var/log/shop/*").out.splitlines() == [
        f"{data}/log/a.log shop 0",
        f"{data}/log/a.log.1 shop 5000",
        "/var/log/shop/b.log shop 0",
        "/var/log/shop/b.log.1 shop 5000",
    ]
    # database: whatever was made is the application's
    assert machine.read(f"{data}/who") == "shop\n"
    assert set(machine.sh(f"stat -c %U {data}/app.db*").out.split()) == {"shop"}
    assert json.loads(machine.read("/var/lib/caretaker/samples/samples.jsonl"))["processes"] > 1
    assert json.loads(machine.read("/var/lib/caretaker/patches.json"))["pending"] >= 0
    taken = machine.sh("journalctl --disk-usage").out
    assert " 8.0M" in taken or float(taken.split("take up ")[1].split("M")[0]) <= 16, taken
