"""`systemd-analyze security` of every unit that Caretaker installs or writes, on a booted machine.

Prints the figures of docs/explanation/privilege.md. tests/unit/test_unit_files.py holds the same
bars without a machine, for one manifest that asks for everything.
"""

from pathlib import Path

from agent.housekeeping.tasks import TASKS
from agent.housekeeping.timers import task_units
from agent.manifest.reader import parse
from agent.manifest.upkeep_rules import REMEDIES
from agent.values import values_for
from tests.machine import by_hand
from tests.machine.by_hand import LAYOUT, install
from tests.machine.conftest import Boot
from tests.machine.machine import Machine
from tests.unit.test_unit_files import BAR, LOOSER

DAEMON = 1.5
# Everything that gives the daemon, a service or a one-shot more rights than usual.
SHOP = f"""{by_hand.MANIFEST}
[services.db]
command = ["/usr/lib/postgresql/15/bin/postgres", "-D", "{{data}}/pg", "-k", "{{run}}"]
ports = [5433]
[services.front]
command = ["/usr/sbin/nginx", "-c", "{{release}}/nginx.conf"]
requires = ["db"]
ports = [443]
[certificates.web]
services = ["front"]
[certificates.public]
names = ["shop.example.org"]
[certificates.public.acme]
directory = "https://ca.example.org/dir"
terms = true
[probe]
certificate = "web"
[checks.clock]
type = "clock"
[checks.certificate]
type = "certificate"
certificate = "web"
[checks.far]
type = "tcp"
address = "192.0.2.1"
port = 443
restart = "front"
[checks.told]
type = "command"
command = ["/bin/true"]
environment = {{ KEY = "{{secret:key}}" }}
[locks.db]
path = "{{data}}/pg/postmaster.pid"
kind = "postgres"
service = "db"
protects = ["{{data}}/pg"]
[paths.queue]
path = "{{data}}/queue"
[purge.queue]
path = "{{data}}/queue"
older_than = "1d"
[remedies.cache]
checks = ["told"]
command = ["/bin/true"]
[tasks.sweep]
calendar = "daily"
command = ["/bin/true"]
[logs.app]
files = ["{{data}}/log/*.log"]
[housekeeping]
sqlite = ["{{data}}/app.db"]
"""


def measured(machine: Machine, app: str) -> dict[str, float]:
    """Every service of ours there is: by its file, its drop-ins, or its name in the lists."""
    found = machine.sh("cd /etc/systemd/system; ls -d *.service *.service.d").out.split()
    names = {name.removesuffix(".d") for name in found}
    names |= {f"caretaker-remedy@{name}.service" for name in REMEDIES}
    names |= {f"caretaker-task@{task.name}.service" for task in TASKS}
    # A template alone is what an instance without drop-ins gets.
    ours = {
        name.replace("@.", "@x.") for name in names if name.startswith(("caretaker", f"{app}-"))
    }
    ask = "for unit in {}; do systemd-analyze security --no-pager $unit | tail -1; done"
    lines = machine.sh(ask.format(" ".join(sorted(ours))), timeout=60).out.splitlines()
    told = [line.rpartition("level for ")[2].split() for line in lines]
    figures = {unit.rstrip(":"): float(figure) for unit, figure, *_ in told}
    assert set(figures) == ours
    for unit, figure in sorted(figures.items()):
        print(f"{app}: {unit}: {figure}")
    return figures


def above(figures: dict[str, float]) -> list[str]:
    bars = {**LOOSER, "caretaker.service": DAEMON}
    return [unit for unit, figure in figures.items() if figure > bars.get(unit, BAR)]


def test_every_unit_of_sochdb_as_setup_left_it(appliance: Machine) -> None:
    figures = measured(appliance, "sochdb")
    assert {"caretaker.service", "sochdb-sochdb.service"} <= set(figures)
    assert above(figures) == []


def test_every_unit_of_a_manifest_that_asks_for_much(machines: Boot, tool: Path) -> None:
    machine = machines(binds_ro=by_hand.binds(tool))
    manifest = install(machine, SHOP)
    for each in task_units(manifest, LAYOUT, values_for(parse(SHOP), LAYOUT)):
        machine.put(str(each.path), each.text)
    machine.systemctl("daemon-reload")
    figures = measured(machine, "shop")
    assert {"caretaker-remedy@cache.service", "caretaker-task@sweep.service"} <= set(figures)
    assert above(figures) == []
