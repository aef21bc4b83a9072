"""Migrations and rehearsals on real systemd: in the sandbox of the change's own unit, in a scope of
their own, killed; and a candidate that starts unseen on the port that the running version holds.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.machine import by_hand
from tests.machine.by_hand import APP, LAYOUT, VENV, install
from tests.machine.checkout import REPOSITORY
from tests.machine.machine import Machine

MANIFEST = """
[appliance]
name = "shop"
title = "Shop"
version = "1.0"
[secrets.key]
[stores.books]
path = "{data}/books.db"
[services.web]
command = ["/usr/bin/python3", "-I", "{release}/web.py", "8443"]
ports = [8443]
[checks.web]
type = "http"
url = "http://127.0.0.1:8443/"
[upgrade]
healthy = 2
within = "30s"
"""
UNIT = "caretaker-migration-test.service"
RELEASE = f"{LAYOUT.releases}/2.0-abc"
LIVE, PART = f"{LAYOUT.generations}/1", f"{LAYOUT.generations}/3.part"
# Stages the release in `RELEASE`, then does what it is told to.
DRIVE = f"""
import json, os, subprocess, sys
from dataclasses import replace
from pathlib import Path
import msgspec
from agent.change.change import Draft
from agent.deployment import Deployment
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.reader import parse
from agent.migrations.folder import read_folder
from agent.migrations.run import migrate
from agent.migrations.stores import kinds_of
from agent.progress import Silent
from agent.release.record import ReleaseRecord
from agent.remedies.remedy import Scene
from agent.services.open import open_services
from agent.upgrade.rehearsal import rehearse
from agent.values import values_for

layout, release, part = Layout(Path("/"), "shop"), Path({RELEASE!r}), Path({PART!r})
text = Path("/etc/caretaker/appliance.toml").read_text()
manifest = parse(text)
records = read_folder(release / ".release/migrations", kinds_of(manifest))
record = ReleaseRecord(app="shop", version="2.0", sequence=2, digest="abc", created=0,
                       migrations=tuple(records), manifest_sha256="")
(release / ".release/release.json").write_bytes(msgspec.json.encode(record))
(release / ".release/appliance.toml").write_text(text)
host, values = Host(), values_for(manifest, layout)
scene = Scene(host, manifest, layout, values, open_services(manifest, layout, host))
if sys.argv[1] == "migrate":
    subprocess.run(["cp", "-a", {LIVE!r}, part], check=True)
    own = replace(values, paths={{**values.paths, "data": str(part), "release": str(release)}})
    before = Deployment(1, "1.0", "", "", "1.0", 1, 0.0)
    draft = Draft(replace(scene, values=own), 3, before, Path({LIVE!r}), part, Silent())
    found = migrate(draft, release, progress=Silent())
else:
    found = rehearse(scene, release, progress=Silent())
print(msgspec.json.encode(found).decode())
"""
SQL = "UPDATE book SET pages = pages + 1;"


@pytest.fixture
def shop(machines: Callable[..., Machine], tool: Path) -> Machine:
    found = machines(binds_ro=by_hand.binds(tool))
    install(found, MANIFEST)
    found.put("/root/drive.py", DRIVE)
    change = (REPOSITORY / "systemd/caretaker-change.service").read_text().splitlines()
    kept = [line for line in change if not line.startswith(("Exec", "Restart", "StandardOutput"))]
    at = kept.index("[Service]") + 1
    own = [f"ExecStart={VENV}/bin/python3 -I /root/drive.py migrate",
           "StandardOutput=truncate:/root/out"]  # fmt: skip
    found.put(f"/etc/systemd/system/{UNIT}", "\n".join([*kept[:at], *own, *kept[at:]]) + "\n")
    found.systemctl("daemon-reload")
    found.sh(f"""
        install -d {RELEASE}/.release/migrations
        cp {LAYOUT.releases}/1.0/web.py {RELEASE}/
        python3 -c 'import sqlite3; d = sqlite3.connect("{LIVE}/books.db")
d.execute("CREATE TABLE book (pages INT)"); d.execute("INSERT INTO book VALUES (1)"); d.commit()'
        chown {APP}: {LIVE}/books.db
    """)
    return found


def put(machine: Machine, **scripts: str) -> None:
    """Scripts of the one migration, by file name."""
    for name, text in scripts.items():
        file = name.replace("_", ".")
        machine.put(f"{RELEASE}/.release/migrations/0001-more/{file}", text)


def processes(machine: Machine) -> list[str]:
    """The application's user's."""
    return machine.sh(f"ps -o args= -u {APP} || true").out.split("\n")[:-1]


def test_in_the_sandbox_of_a_change_as_the_application_in_a_scope(shop: Machine) -> None:
    up = f"""
import os, pathlib, sqlite3
db = sqlite3.connect(os.environ["CARETAKER_STORE_BOOKS"])
db.execute("UPDATE book SET pages = pages + 1"); db.commit()
told = [os.environ["CARETAKER_DATA"], str(os.getuid()), str(os.listdir("/run"))]
for path in ("{LIVE}/evil", "/etc/evil", "{RELEASE}/evil"):
    try:
        open(path, "w")
    except OSError as error:
        told.append(error.strerror)
pathlib.Path(told[0], "told").write_text("\\n".join(told))
print(pathlib.Path("/proc/self/cgroup").read_text())
pathlib.Path(told[0], "group").write_text(pathlib.Path("/proc/self/cgroup").read_text())
"""
    put(shop, up_py=up, verify_py="")
    shop.systemctl("start", UNIT)
    ran = json.loads(shop.read("/root/out"))
    assert [each["name"] for each in ran] == ["more"]
    told = shop.read(f"{PART}/told").splitlines()
    assert told[1] == shop.run(["id", "-u", APP]).out.strip()
    # The data in use is not even to be seen: whoever sees it could talk to its sockets.
    hidden, *closed = told[3:]
    assert told[2] == "[]"
    assert [hidden, *closed] == ["No such file or directory", *["Read-only file system"] * 2]
    assert "caretaker-migration.slice/run-" in shop.read(f"{PART}/group")
    assert "more" in shop.read(f"{PART}/.caretaker/migrations.json")
    assert shop.failed_units() == []


def test_killed_with_9_leaves_no_process(shop: Machine) -> None:
    up = """
import os, time
for _ in range(2):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
open(os.environ["CARETAKER_DATA"] + "/begun", "w").close()
time.sleep(600)
"""
    put(shop, up_py=up, verify_py="")
    shop.systemctl("start", "--no-block", UNIT)
    shop.wait_for(lambda: shop.exists(f"{PART}/begun"), what="the migration")
    assert len(processes(shop)) >= 3
    main = shop.show(UNIT, "MainPID")["MainPID"]
    shop.run(["kill", "-KILL", main])
    shop.wait_for(lambda: processes(shop) == [], timeout=5, what="the end of them all")
    empty = "systemctl list-units --plain --no-legend 'run-*.scope'"
    shop.wait_for(lambda: shop.sh(empty).out == "", timeout=5, what="the end of the scope")


def test_a_rehearsal_beside_the_running_version(shop: Machine) -> None:
    put(shop, up_sql=SQL, verify_sql="SELECT 'few pages' FROM book WHERE pages < 2;")
    shop.systemctl("start", f"{APP}-web.service")
    shop.wait_for_port(8443)
    before = shop.show(f"{APP}-web.service", "MainPID")
    drive = f"{VENV}/bin/python3 -I /root/drive.py rehearse"
    found = json.loads(shop.sh(drive, timeout=120).out)
    assert (found["good"], found["started"], found["failures"]) == (True, True, [])
    assert shop.show(f"{APP}-web.service", "MainPID") == before
    assert shop.sh(f"ls -A {LAYOUT.generations}").out.split() == ["1", "2"]
    assert len(processes(shop)) == 1
