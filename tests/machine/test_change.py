"""A change on real systemd: forward, back, killed in every phase, and a machine that goes down.

A hand-made release is handed in where a bundle would be prepared; everything after that, the unit,
its recovery and the one at boot, is what `caretaker upgrade` uses.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.machine import by_hand
from tests.machine.appliance import KEEP, disk
from tests.machine.by_hand import LAYOUT
from tests.machine.conftest import Boot
from tests.machine.machine import Machine

UNIT = "caretaker-change.service"
WEB = """
import http.server, sys
VERSION, BAD = "{version}", {bad}
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        rows = open(sys.argv[2] + "/rows").read()
        body = f"{{VERSION}} on {{rows}}".encode()
        self.send_response(500 if BAD else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        print("asked", flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""
MANIFEST = """
[appliance]
name = "shop"
title = "Shop"
version = "{version}"
[secrets.key]
[services.web]
command = ["/usr/bin/python3", "-I", "{{release}}/web.py", "8443", "{{data}}"]
ports = [8443]
environment = {{ VERSION = "{version}" }}
[checks.web]
type = "http"
url = "http://127.0.0.1:8443/"
every = "1s"
timeout = "900ms"
[daemon]
drain = "0s"
[upgrade]
healthy = 2
within = "8s"
"""
# In place of verifying and staging a bundle; the data takes long enough to be met in the middle.
DRIVE = """
import shutil, sys, time
from pathlib import Path
from agent.change import __main__, kinds, run
from agent.change.change import Change, Target

def make(draft):
    shutil.copytree(draft.source, draft.data)
    rows = draft.data / "rows"
    rows.write_text(rows.read_text() + "+")
    shutil.chown(draft.data, "shop", "shop")
    time.sleep(1)

def prepare(scene, request, progress):
    if type(request).__name__ != "UpgradeRequest":
        return kinds.prepare(scene, request, progress)
    version = request.bundle
    text = Path(f"/root/{version}.toml").read_bytes()
    return Change("upgrade", f"upgrade to {version}",
                  Target(version=version, digest="d" * 64, release=version, manifest=text), make)

run.prepare = prepare
sys.exit(__main__.main(sys.argv[1:]))
"""
ASK = """
import sys
from agent.change.ask import ask_for
from agent.change.request import RollbackRequest, UpgradeRequest
from agent.errors import CaretakerError
from agent.layout import Layout
from pathlib import Path

class Told:
    def step(self, code, title): print("step", code, flush=True)
    def advance(self, done, total, unit): pass
    def note(self, text): print("note", text, flush=True)

what = sys.argv[1]
request = RollbackRequest(accept_data_loss=True) if what == "back" else UpgradeRequest(bundle=what)
try:
    outcome = ask_for(request, Layout(Path("/")), progress=Told())
except CaretakerError as error:
    print("failed", error.code, error.message)
    sys.exit(error.exit_status)
print("done", outcome.deployment, f"downtime {outcome.downtime:.2f} flip {outcome.flip:.4f}")
"""
PYTHON = f"{by_hand.VENV}/bin/python3"


def prepare(machine: Machine) -> None:
    """1.0 runs, 1.1 and a bad 1.2 are staged."""
    by_hand.install(machine, MANIFEST.format(version="1.0"))
    for version in ("1.0", "1.1", "1.2"):
        text = WEB.format(version=version, bad=version == "1.2")
        machine.put(f"{LAYOUT.releases}/{version}/web.py", text)
        machine.put(f"/root/{version}.toml", MANIFEST.format(version=version))
    machine.sh(f"rm -r {LAYOUT.deployments}/2 {LAYOUT.generations}/2")
    machine.put(f"{LAYOUT.data}/rows", "x", owner="shop:shop")
    machine.put("/root/drive.py", DRIVE)
    machine.put("/root/ask.py", ASK)
    machine.put(
        f"/etc/systemd/system/{UNIT}.d/drive.conf",
        f"[Service]\nExecStart=\nExecStart={PYTHON} -I /root/drive.py run\n",
    )
    machine.systemctl("daemon-reload")
    units = ("caretaker.target", "caretaker.service", "caretaker-boot.service", "shop.target")
    machine.systemctl("enable", "--now", *units)
    settled(machine, "1.0 on x")


def settled(machine: Machine, body: str) -> None:
    """Nothing is under way, and just this is served, healthy."""

    def so() -> bool:
        under_way = machine.exists(str(LAYOUT.change)) and phase(machine) != "done"
        return not under_way and healthz(machine) == "200" and served(machine) == body

    machine.wait_for(so, timeout=45, what=f"{body!r} served, healthy, and nothing under way")
    assert machine.sh(f"ls -d {LAYOUT.data_home}/*/*.part 2>/dev/null || true").out == ""
    version = body.partition(" ")[0]
    assert f'version = "{version}"' in machine.read(str(LAYOUT.manifest))
    assert f"VERSION={version}" in machine.read("/etc/systemd/system/shop-web.service")
    assert machine.failed_units() == []


def phase(machine: Machine) -> str:
    return str(json.loads(machine.read(str(LAYOUT.change)))["phase"])


def healthz(machine: Machine) -> str:
    url = "http://127.0.0.1:8086/healthz"
    ask = ["curl", "-s", "--max-time", "2", "-o", "/dev/null", "-w", "%{http_code}", url]
    return machine.run(ask, check=False).out


def served(machine: Machine) -> str:
    return machine.run(["curl", "-s", "--max-time", "2", "http://127.0.0.1:8443/"], check=False).out


def asked(machine: Machine, what: str) -> tuple[int, str]:
    done = machine.run([PYTHON, "-I", "/root/ask.py", what], timeout=60, check=False)
    print(done.out.strip().splitlines()[-1] if done.out else done.err)
    return done.code, done.out


def reached(machine: Machine, what: str, step: str) -> None:
    """Have it begin, and return when it is at that step."""
    machine.run(["rm", "-f", str(LAYOUT.change_progress)])
    machine.spawn([PYTHON, "-I", "/root/ask.py", what])
    machine.wait_for(
        lambda: machine.exists(str(LAYOUT.change_progress))
        and f'"code":"{step}"' in machine.read(str(LAYOUT.change_progress)),
        timeout=20, what=f"step {step}",
    )  # fmt: skip


@pytest.fixture
def shop(machines: Boot, tool: Path) -> Machine:
    machine = machines(binds_ro=by_hand.binds(tool))
    prepare(machine)
    return machine


def test_forward_and_back_and_a_bad_one(shop: Machine) -> None:
    code, said = asked(shop, "1.1")
    assert code == 0, said
    settled(shop, "1.1 on x+")
    assert [line.split()[1] for line in said.splitlines() if line.startswith("step")] == [
        "drain", "stop", "data", "flip", "settle", "start", "gate", "commit",
    ]  # fmt: skip
    code, said = asked(shop, "1.2")
    assert code == 8, said
    assert "1.1 runs again" in said
    assert shop.read(f"{LAYOUT.generations}/3/rows") == "x++"  # abandoned, and kept
    code, said = asked(shop, "back")  # at once, while the unit of the one before still ends
    assert code == 0, said
    settled(shop, "1.0 on x")
    told = shop.caretaker("ledger", "--json").out
    assert "upgrade back" in told
    assert "rolled-back" in told


def test_killed_in_every_phase_it_converges_by_itself(shop: Machine) -> None:
    body, rows, version = "1.0 on x", "x", "1.0"
    for step, forward in [
        ("data", False), ("settle", True), ("gate", True),
    ]:  # fmt: skip
        target = "1.1" if version == "1.0" else "1.0"
        reached(shop, target, step)
        shop.systemctl("kill", "--kill-who=main", "--signal=KILL", UNIT)
        if forward:
            version, rows = target, rows + "+"
            body = f"{version} on {rows}"
        settled(shop, body)
        print(f"killed at {step}: {body}")


@contextmanager
def on_a_disk(machines: Boot, tree: Path, tool: Path) -> Iterator[Machine]:
    machine = machines(tree, binds_ro=by_hand.binds(tool), options=KEEP)
    yield machine
    machine.kill()


def test_a_machine_that_goes_down_converges_at_boot(
    machines: Boot, roots: Callable[[str], Path], tool: Path
) -> None:
    with disk(roots("bookworm")) as tree:
        with on_a_disk(machines, tree, tool) as machine:
            prepare(machine)
            reached(machine, "1.1", "data")
            machine.sh("sync")
        with on_a_disk(machines, tree, tool) as machine:
            settled(machine, "1.0 on x")
            reached(machine, "1.1", "gate")
            machine.sh("sync")
        with on_a_disk(machines, tree, tool) as machine:
            settled(machine, "1.1 on x+")
