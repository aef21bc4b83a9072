"""Every collector of the machine, on real systemd with the appliance set up."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.machine.appliance import SERVICE
from tests.machine.machine import Machine
from tests.unit.support_machine import documented, is_documented

OUT = "/tmp/collected"
BROKEN, SLOW = "sochdb-broken.service", "soon.timer"
OOM = "Out of memory: Killed process 812 (java) total-vm:1kB"

# As the refinery does it: each collector in a process apart, its events written to a folder.
COLLECT = f"""
import json, resource, sys, time
from pathlib import Path
from agent.cli.appliance import manifest_of
from agent.host.machine import Host
from agent.layout import Layout
from support.collectors import COLLECTORS
from support.collectors.declared import declared
from support.collectors.events import Block, Closed, Ended, Opened
from support.collectors.limits import Limits
from support.collectors.running import run
from support.scene import Scene

root = Path(sys.argv[1])
rescue = root != Path("/")
layout = Layout(root)
manifest, layout = manifest_of(layout)
host = Host(root=root)
now = time.time()
scene = Scene(host, layout, manifest, now - 3600, now + 60, rescue=rescue)
limits = Limits(host.clock, host.clock.monotonic() + 60)
out, told = Path("{OUT}"), dict()
for collector in (*COLLECTORS, *declared(scene)):
    if collector.consent or collector.code.startswith(("journal", "logs")):
        continue
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    guess, size, files, why = collector.guess(scene), 0, dict(), ""
    for event in run(collector, scene, limits):
        if isinstance(event, Opened):
            name = out / event.name
            name.parent.mkdir(parents=True, exist_ok=True)
            stream = name.open("wb")
            opened = event.name
        elif isinstance(event, Block):
            stream.write(event.data)
            size += len(event.data)
        elif isinstance(event, Closed):
            stream.close()
            files[opened] = [event.why, event.exit_code]
        else:
            how, seconds, why = event.how, event.seconds, event.why
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    told[collector.code] = dict(
        how=how, why=why, seconds=seconds, cpu=cpu, size=size, guess=guess, files=files
    )
print(json.dumps(told))
"""


@pytest.fixture
def troubled(appliance: Machine) -> Machine:
    """With a service that fails, a timer, and an OOM kill in the journal."""
    machine = appliance
    machine.put(f"/etc/systemd/system/{BROKEN}", "[Service]\nExecStart=/bin/false\n")
    machine.put("/etc/systemd/system/soon.service", "[Service]\nExecStart=/bin/true\n")
    machine.put(
        f"/etc/systemd/system/{SLOW}", "[Timer]\nOnCalendar=hourly\n[Install]\n"
    )  # fmt: skip
    machine.put("/etc/sochdb/extra.ini", "[web]\npassword = hunter2hunter2\n")
    machine.sh(f"systemctl daemon-reload; systemctl start {SLOW}; systemctl start {BROKEN} || true")
    machine.run(["systemd-cat", "-t", "kernel"], stdin=f"{OOM}\n")
    machine.run(["journalctl", "--sync"])
    return machine


def collect(machine: Machine, root: str = "/") -> dict[str, Any]:
    """How each collector fared; what they gave lies in the machine, in OUT."""
    machine.put("/tmp/collect.py", COLLECT)
    python = "/opt/caretaker/venv/bin/python"
    done = machine.run([python, "-I", "/tmp/collect.py", root], timeout=90)
    told: dict[str, Any] = json.loads(done.out.splitlines()[-1])
    return told


def read(machine: Machine, name: str) -> Any:
    return json.loads(machine.read(f"{OUT}/{name}"))


def test_every_file_is_there_and_has_its_shape(troubled: Machine) -> None:
    machine = troubled
    told = collect(machine)
    for code, one in told.items():
        print(f"{code:14} {one['cpu']:.3f} s cpu {one['seconds']:.3f} s {one['size']:7} bytes, "
              f"guess {one['guess']}")  # fmt: skip
        assert one["how"] == "done", (code, one)
        for name in one["files"]:
            assert is_documented(name, code), f"{name} of {code} is not on the page"
    print(f"together {sum(one['cpu'] for one in told.values()):.2f} s cpu")
    complaints = {name: why for one in told.values() for name, (why, _) in one["files"].items()}
    assert {name: why for name, why in complaints.items() if why} == {}
    given = {name for one in told.values() for name in one["files"]}
    for name, code, _ in documented():
        if code in told and not set("*[") & set(name) and name not in RARE:
            assert name in given, f"{name} of {code} is not given"
    parsed(machine, given)
    health(machine)
    units(machine)
    rest(machine)


# What a machine may be without: no such state here, or a program that is not installed.
RARE = (
    *("changes/change.json", "changes/boots.json", "changes/clones.json"),
    *("changes/os-upgrade.log", "caretaker/left-stopped.json", "caretaker/remedies.json"),
    *(
        "caretaker/tasks.json",
        "caretaker/tls.json",
        "caretaker/asked.json",
        "caretaker/drift.json",
        "caretaker/setup.json",
    ),
    *("health/modes.json", "samples/hourly.jsonl", "configuration/settings.toml"),
    *("time/chrony.txt", "time/timesync.txt", "packages/pending.json", "packages/simulate.txt"),
    *("packages/history.log", "cloud/status.json", "cloud/result.json", "cloud/instance.json"),
    *("database/status.json", "database/activity.json", "database/settings.json"),
    *("database/tables.json", "database/stores.json", "crashes/coredumpctl.txt"),
    *("security/sshd.txt", "cron/crontab", "cron/anacrontab", "disks/fstab.txt"),
    *(
        "network/hosts.allow",
        "network/hosts.deny",
        "network/resolv.conf",
        "kernel/modules.txt",
        "network/hostname",
    ),
)


def parsed(machine: Machine, given: set[str]) -> None:
    for name in given:
        if name.endswith(".json"):
            read(machine, name)
        elif name.endswith(".jsonl"):
            for line in machine.read(f"{OUT}/{name}").splitlines():
                json.loads(line)


def health(machine: Machine) -> None:
    verdict = read(machine, "health/verdict.json")
    assert verdict["from"] == "api"
    assert verdict["report"]["ready"] == "pass"
    assert {"sql", "certificate"} <= {each["name"] for each in verdict["report"]["checks"]}
    deployments = read(machine, "changes/deployments.json")
    assert deployments["active"] == 1
    assert deployments["deployments"][0]["standing"] == "active"
    entries = [json.loads(line) for line in machine.read(f"{OUT}/ledger/ledger.jsonl").splitlines()]
    assert {"root", "daemon"} & {each["by"] for each in entries}


def units(machine: Machine) -> None:
    services = {each["Id"]: each for each in read(machine, "systemd/services.json")}
    assert services[BROKEN]["ActiveState"] == "failed"
    assert services[BROKEN]["ExecMainStatus"] == 1
    assert services[SERVICE]["service"] == "sochdb"
    assert services[SERVICE]["MainPID"] > 1
    listed = {each["unit"]: each for each in read(machine, "systemd/units.json")}
    assert listed[BROKEN]["active"] == "failed"
    timers = {each["Id"]: each for each in read(machine, "systemd/timers.json")}
    assert timers[SLOW]["NextElapseUSecRealtime"]
    kernel = machine.read(f"{OUT}/crashes/kernel.jsonl").splitlines()
    told = [json.loads(line) for line in kernel]
    assert [(each["kind"], each["program"], each["pid"]) for each in told] == [("oom", "java", 812)]


def rest(machine: Machine) -> None:
    (certificate, *_) = read(machine, "certificates/certificates.json")
    assert certificate["key_matches"] is True
    assert certificate["days_left"] > 300
    sockets = read(machine, "network/sockets.json")
    assert {each["port"]: each["service"] for each in sockets}[8086] == "caretaker"
    limits = read(machine, "system/limits.json")
    assert any(each["unit"] == SERVICE for each in limits["processes"])
    assert any("data" in each["holds"] for each in read(machine, "disks/filesystems.json"))
    processes = machine.read(f"{OUT}/system/processes.txt")
    assert processes.splitlines()[0].split()[:3] == ["PID", "PPID", "USER"]
    files = {each["path"]: each for each in read(machine, "configuration/files.json")}
    assert files["/etc/sochdb/extra.ini"]["copied"]
    assert not any(each["copied"] for path, each in files.items() if "/secrets/" in path)
    assert "bash" in machine.read(f"{OUT}/packages/installed.txt")
    assert Path(read(machine, "caretaker/versions.json")["prefix"]).parts[1] == "opt"


def test_the_same_disk_mounted_elsewhere(troubled: Machine) -> None:
    """Rescue: only what stands on the disk, and nothing of the machine that looks."""
    machine = troubled
    machine.sh("mkdir /mnt/disk && mount --bind / /mnt/disk && hostname rescuer")
    told = collect(machine, "/mnt/disk")
    assert {code for code, one in told.items() if one["how"] == "skipped"} == {
        "memory", "processes", "limits", "time", "kernel"
    }  # fmt: skip
    given = {name for one in told.values() for name in one["files"]}
    assert {"ledger/ledger.jsonl", "packages/installed.txt", "certificates/certificates.json",
            "configuration/appliance.toml", "changes/deployments.json"} <= given  # fmt: skip
    assert not {"health/verdict.json", "network/sockets.json", "disks/mounts.txt"} & given
    assert read(machine, "certificates/certificates.json")[0]["key_matches"] is True
    assert read(machine, "changes/deployments.json")["active"] == 1
    assert read(machine, "system/environment.json")["hostname"] != "rescuer"
    assert OOM in machine.read(f"{OUT}/crashes/kernel.jsonl")
