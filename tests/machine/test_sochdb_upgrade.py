"""SochDB 0.8.1 to 0.8.3 on real systemd, its own programs from its own wheels, and back again.

Its data is written and read over its PostgreSQL port, with a balancer in front. A table's
definition lives in memory only, so it is declared again after each start
(docs/explanation/sochdb.md).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.faults.watch import watching
from tests.machine import appliance as appliances
from tests.machine import ready
from tests.machine import wheelhouse as wheels
from tests.machine.appliance import KEEP, SERVICE, sql
from tests.machine.conftest import Boot
from tests.machine.counterparts import start_haproxy, wait_for_haproxy
from tests.machine.machine import Machine, boot
from tests.machine.vendor import Vendor

OLD, NEW = "0.8.1", "0.8.3"
SERVERS = {OLD: "2.0.12", NEW: "2.1.0"}  # what each wheel holds
BUNDLES = "/bundles"
BALANCED_SQL = 15433
CHECKED = "check port 8086 inter 200ms fall 2 rise 1"
# Clients of SQL come over the first; the second is for the stopwatch, which speaks HTTP.
HAPROXY = f"""
listen sql
    bind 127.0.0.1:{BALANCED_SQL}
    mode tcp
    retries 0
    option httpchk GET /healthz
    server sochdb 127.0.0.1:5433 {CHECKED}
listen metrics
    bind 127.0.0.1:8000
    retries 0
    option httpchk GET /healthz
    http-request set-path /health
    server sochdb 127.0.0.1:9090 {CHECKED}
"""
DECLARE = "CREATE TABLE IF NOT EXISTS orders (id INT, item TEXT)"
ROWS = 30


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Vendor:
    made = Vendor(tmp_path_factory.mktemp("vendor"))
    for version in (OLD, NEW):
        folder = appliances.assemble(made.folder / version, version * (version != NEW), quick=True)
        made.give_root(folder)
    made.build(made.folder / NEW, version=NEW)
    return made


@pytest.fixture(scope="module")
def disk(
    vendor: Vendor, roots: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A disk with SochDB 0.8.1 on it."""
    image = vendor.image(OLD, tmp_path_factory.mktemp("image") / "image", "sochdb")
    brought = appliances.binds(image, wheels.locked_wheels())
    with appliances.disk(roots(ready.NAME)) as tree:
        with boot(tree, label="sochdb-old", binds_ro=brought, options=KEEP) as machine:
            appliances.set_up(machine)
            machine.poweroff()
        yield tree


@pytest.fixture
def machine(disk: Path, machines: Boot, vendor: Vendor) -> Iterator[Machine]:
    found: Machine = machines(disk, binds_ro={BUNDLES: vendor.folder})
    found.run(["caretaker", "health", "--wait", "30s"], timeout=40)
    start_haproxy(found, HAPROXY)
    for server in ("sql/sochdb", "metrics/sochdb"):
        wait_for_haproxy(found, server, "UP")
    yield found
    found.kill()


def _insert(machine: Machine, first: int, count: int) -> None:
    rows = [
        f"INSERT INTO orders (id, item) VALUES ({number}, 'item-{number}')"
        for number in range(first, first + count)
    ]
    sql(machine, ";\n".join([DECLARE, *rows]), port=BALANCED_SQL)


def _orders(machine: Machine) -> list[str]:
    """Every row, read through the balancer by somebody who has just come."""
    found = sql(machine, f"{DECLARE};\nSELECT id, item FROM orders", port=BALANCED_SQL)
    return sorted(row for row in found if "|" in row)


def _server(machine: Machine) -> str:
    """What the program that runs says of itself."""
    pid = machine.show(SERVICE, "MainPID")["MainPID"]
    return machine.run([f"/proc/{pid}/exe", "--version"]).out.split()[-1]


def test_up_with_its_rows_and_back_with_them(machine: Machine) -> None:
    _insert(machine, 1, ROWS)
    before = _orders(machine)
    assert len(before) == ROWS
    assert _server(machine) == SERVERS[OLD]

    with watching(machine.leader) as watch:
        upgrade = ["caretaker", "upgrade", f"{BUNDLES}/{NEW}.bundle", "--yes", "--json"]
        done = machine.run(upgrade, timeout=120)
        machine.wait_for(lambda: watch.status() == 200, what="the probe to say 200")
    outcome = json.loads(done.out.splitlines()[-1])["outcome"]
    assert outcome["changed"] is True
    assert outcome["version"] == NEW
    print(f"down for {outcome['downtime']:.2f} s, {watch.lost} of {watch.asked} answers lost")
    # One gap: 503 from the drain on, and 200 again once it is good.
    assert [status for _, status in watch.healthz] == [200, 503, 200]
    assert 0 < watch.lost < watch.asked

    # The agent knew that the service was stopped on purpose, and asked nobody to mend it.
    assert "setup is at work" not in machine.journal("--unit=caretaker.service")

    assert _server(machine) == SERVERS[NEW]
    wait_for_haproxy(machine, "sql/sochdb", "UP")
    assert _orders(machine) == before
    _insert(machine, 1000, 5)
    assert len(_orders(machine)) == ROWS + 5

    back = machine.run(["caretaker", "rollback", "--yes"], timeout=100)
    assert f"{OLD} runs and is healthy" in back.out
    assert _server(machine) == SERVERS[OLD]
    wait_for_haproxy(machine, "sql/sochdb", "UP")
    assert _orders(machine) == before

    # Nothing is lost for good: what was written to the newer one went with its data.
    again = ["caretaker", "rollback", "--to", "2", "--yes", "--accept-data-loss"]
    machine.run(again, timeout=100)
    wait_for_haproxy(machine, "sql/sochdb", "UP")
    assert len(_orders(machine)) == ROWS + 5
