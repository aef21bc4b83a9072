"""An application that was taken over, against what root does in its folders.

Its user owns {data} and {run}. It swaps folders and files there for links as fast as it can, while
remedies and tasks run in their units; nothing that the links lead to may be touched. What they lead
to lies where the units may write, so that the code has to hold, and not only the sandbox.
"""

from pathlib import Path

import msgspec
import pytest

from agent.deployment import Deployment
from agent.housekeeping.timers import task_units
from agent.manifest.reader import parse
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
[checks.disk]
type = "disk"
path = "{data}"
warn_used = 0.1
[locks.db]
path = "{data}/lock/db.pid"
kind = "pidfile"
service = "web"
[locks.other]
path = "{run}/lock/db.pid"
kind = "pidfile"
service = "web"
[paths.uploads]
path = "{data}/uploads"
mode = "0750"
[paths.queue]
path = "{run}/queue"
[paths.note]
path = "{data}/note"
type = "file"
mode = "0640"
[purge.tmp]
path = "{data}/tmp"
older_than = "1s"
[purge.run]
path = "{run}/tmp"
older_than = "1s"
[logs.app]
files = ["{data}/log/*.log", "{run}/log/*.log"]
size = "1KiB"
[housekeeping]
sqlite = ["{data}/app.db"]
"""

# {data} and {run}: each name is a folder or file of the user's, and in turn a link to root's.
FOLDERS = ("tmp", "uploads", "log", "queue", "lock", "tmp/deep")
FILES = ("note", "app.db", "log/x.log", "lock/db.pid", "tmp/x")
CANARIES = ("/etc/shop/canary", "/var/lib/shop/canary", "/opt/shop/releases/canary")
ATTACK = f"""
import ctypes, itertools, os, sys, time
libc = ctypes.CDLL(None, use_errno=True)
homes, canaries = sys.argv[1].split(","), itertools.cycle({CANARIES!r})
pairs = []
for home in homes:
    for name in {FOLDERS!r}:
        os.makedirs(f"{{home}}/{{name}}", exist_ok=True)
    for name in ("db.pid", "a.log", "old.tmp", "secret"):
        for folder in {FOLDERS!r}:
            with open(f"{{home}}/{{folder}}/{{name}}", "w") as file:
                file.write("999999\\n" if name == "db.pid" else "x" * 5000)
    for folder in {FOLDERS!r}:
        os.mkfifo(f"{{home}}/{{folder}}/pipe.log")
    for name in {FILES!r}:
        with open(f"{{home}}/{{name}}", "w") as file:
            file.write("999999\\n" if name == "lock/db.pid" else "x")
    for n, name in enumerate((*{FOLDERS!r}, *{FILES!r})):
        canary = next(canaries)
        link = f"{{home}}/.link{{n}}"
        os.symlink(canary if name in {FOLDERS!r} else f"{{canary}}/secret", link)
        pairs.append((f"{{home}}/{{name}}".encode(), link.encode()))
print("ready", flush=True)
time.sleep(1.5)
end = time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    for name, link in pairs:
        libc.renameat2(-100, name, -100, link, 2)  # RENAME_EXCHANGE
"""
UNITS = tuple(
    f"caretaker-{unit}.service"
    for unit in (
        *("remedy@paths", "remedy@locks", "remedy@disk", "remedy@services"),
        *("task@purge", "task@leftovers", "task@generations", "task@releases", "task@logs"),
        *("task@database", "boot"),
    )
)
ROUNDS = 2
# Everything of root's that none of these units has a reason to change; times of change tell all.
LOOK = (
    "find {} /etc /root /home /usr/local /opt/shop -printf '%p %U %G %m %s %T@ %C@\\n' | sort -u;"
    "cat {}"
).format(" ".join(CANARIES), " ".join(f"{each}/*.*" for each in CANARIES))


@pytest.fixture
def machine(machines: Boot, tool: Path) -> Machine:
    machine = machines(binds_ro=by_hand.binds(tool))
    manifest = install(machine, MANIFEST)
    for each in task_units(manifest, LAYOUT, values_for(parse(MANIFEST), LAYOUT)):
        machine.put(str(each.path), each.text)
    machine.systemctl("daemon-reload")
    record = Deployment(1, "1.0", "d", "s", "1.0", 1, 0.0)
    machine.put(f"{LAYOUT.deployments}/1/deployment.json", msgspec.json.encode(record).decode())
    for canary in CANARIES:
        machine.sh(
            f"mkdir -p -m 0700 {canary}/deep; cd {canary};"
            "echo secret > secret; head -c 5000 /dev/zero > a.log; echo 999999 > db.pid;"
            "touch old.tmp x.log deep/old.tmp; chmod 0600 secret a.log"
        )
    machine.run(["install", "-d", "-o", by_hand.APP, "-g", by_hand.APP, str(LAYOUT.app_run)])
    # What is missing of root's own folders is made before the test looks.
    machine.systemctl("start", UNITS[0])
    return machine


def test_root_goes_nowhere_by_links_of_the_application(machine: Machine) -> None:
    before = machine.sh(LOOK).out
    homes = f"{machine.run(['readlink', '-f', str(LAYOUT.data)]).out.strip()},{LAYOUT.app_run}"
    attack = ["/usr/bin/python3", "-I", "-c", ATTACK, homes, "60"]
    attacker = machine.spawn(attack, user=by_hand.APP)
    assert attacker.stdout is not None
    assert attacker.stdout.readline() == b"ready\n"
    for _ in range(ROUNDS):
        for unit in UNITS:
            machine.systemctl("restart", unit, timeout=60, check=False)
    assert attacker.poll() is None, "the attack went on all the time"
    assert machine.sh(LOOK).out == before
    ended = machine.sh(
        "journalctl --no-pager -t caretaker-task -t caretaker-remedy -t caretaker-boot"
    ).out
    print(ended)
    assert "Traceback" not in ended
    assert "a defect of Caretaker" not in ended
    assert machine.failed_units() == []
